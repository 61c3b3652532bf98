#include "voice_deid/voice_piece.h"
#include "core/error.h"
#include "core/memory.h"
#include "formats/resample.h"
#include <math.h>
#include <string.h>

static const double speech_level = 0.06;          /* root mean square of what encoders hear */
static const double quiet_mean = 0.1;             /* of the channels' energy: below it the mean of channels cancels */
static const float full_scale = 1 - 1 / 32768.0f; /* largest positive number of 16 bit */
static const double fade_seconds = 0.005;         /* over which a difference comes and goes */
static const double silence_seconds = 0.01;       /* shortest run of zeros that is silence, not a crossing */

struct voice_piece {
  perturb *perturb;
  tape *tape;
  const float *in; /* [frames, channels] */
  size_t frames, channels, n, n_speech;
  double rate;
  float *sound;  /* [channels, n] 16 kHz */
  float *sent;   /* [channels, n] the same in the room */
  float *speech; /* [n_speech] what the response is worked out from; at least SPEAKER_LEAST_SAMPLES, then repeated */
  float *spoken; /* [n_speech] the same in the room */
};

static void forget_sound(voice_piece *p) {
  memory_wipe_free(p->sound, p->channels * p->n * sizeof *p->sound);
  memory_wipe_free(p->sent, p->channels * p->n * sizeof *p->sent);
  memory_wipe_free(p->speech, p->n_speech * sizeof *p->speech);
  memory_wipe_free(p->spoken, p->n_speech * sizeof *p->spoken);
  p->sound = p->sent = p->speech = p->spoken = NULL;
}

scrim_status voice_piece_create(voice_piece **out, const speaker_encoder *const *encoders, int n_encoders,
                                const perturb_settings *settings, scrim_error *error) {
  *out = NULL;
  voice_piece *p = memory_zalloc(1, sizeof *p);
  if (p == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a piece of speech");
  scrim_status status = perturb_create(&p->perturb, encoders, n_encoders, settings, error);
  if (status == SCRIM_OK) status = tape_create(&p->tape, settings->backend, error);
  if (status == SCRIM_OK)
    *out = p;
  else
    voice_piece_free(p);
  return status;
}

void voice_piece_free(voice_piece *p) {
  if (p == NULL) return;
  forget_sound(p);
  perturb_free(p->perturb);
  tape_free(p->tape);
  memory_free(p);
}

perturb *voice_piece_perturb(const voice_piece *p) {
  return p->perturb;
}

const float *voice_piece_speech(const voice_piece *p, size_t *n) {
  *n = p->n_speech;
  return p->speech;
}

static double energy(const float *x, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
  return sum;
}

void voice_level(float *x, size_t n) {
  const double level = energy(x, n), scale = level > 0 ? speech_level / sqrt(level / (double)n) : 0;
  for (size_t i = 0; i < n; i++) x[i] = (float)(scale * (double)x[i]);
}

/* ---- listening ---- */

/* to [columns, rows] from [rows, columns] */
static void turn(float *to, const float *from, size_t rows, size_t columns) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < columns; c++) to[c * rows + r] = from[r * columns + c];
  }
}

static int allocate_sound(voice_piece *p) {
  p->n = resample_length(p->frames, p->rate, SPEECH_RATE);
  p->n_speech = p->n < SPEAKER_LEAST_SAMPLES ? SPEAKER_LEAST_SAMPLES : p->n;
  p->sound = memory_zalloc(p->channels * p->n, sizeof *p->sound);
  p->sent = memory_zalloc(p->channels * p->n, sizeof *p->sent);
  p->speech = memory_zalloc(p->n_speech, sizeof *p->speech);
  p->spoken = memory_zalloc(p->n_speech, sizeof *p->spoken);
  return p->sound && p->sent && p->speech && p->spoken;
}

/* The mean of the channels or, where they cancel, the loudest; of fixed loudness, repeated if too short. */
static void fill_speech(voice_piece *p) {
  const float *loudest = p->sound;
  double most = 0, all = 0;
  for (size_t c = 0; c < p->channels; c++) {
    const double one = energy(p->sound + c * p->n, p->n);
    if (one > most) most = one, loudest = p->sound + c * p->n;
    all += one;
    for (size_t i = 0; i < p->n; i++) p->speech[i] += p->sound[c * p->n + i] / (float)p->channels;
  }
  if (energy(p->speech, p->n) < quiet_mean * all / (double)p->channels)
    memcpy(p->speech, loudest, p->n * sizeof *loudest);
  voice_level(p->speech, p->n);
  for (size_t i = p->n; i < p->n_speech; i++) p->speech[i] = p->speech[i - p->n];
}

scrim_status voice_piece_listen(voice_piece *p, const float *in, size_t frames, size_t channels, double rate, int deaf,
                                int *is_silent, scrim_error *error) {
  forget_sound(p);
  p->in = in;
  p->frames = frames;
  p->channels = channels;
  p->rate = rate;
  *is_silent = 1;
  for (size_t i = 0; i < frames * channels && *is_silent; i++) *is_silent = in[i] == 0;
  if (*is_silent) return SCRIM_OK;
  if (!allocate_sound(p)) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu frames of speech", frames);
  scrim_status status = resample_all(in, frames, channels, rate, SPEECH_RATE, p->sent, p->n, error);
  if (status != SCRIM_OK) return status;
  turn(p->sound, p->sent, p->n, channels);
  fill_speech(p);
  return deaf ? perturb_begin_deaf(p->perturb, p->speech, p->n_speech, error)
              : perturb_begin(p->perturb, p->speech, p->n_speech, error);
}

/* ---- changing ---- */

/* to [rows, n] = from through the room, whose direct path is 1 */
static void through_room(float *to, const float *from, size_t rows, size_t n, const float *early, size_t n_early) {
  memcpy(to, from, rows * n * sizeof *from);
  for (size_t row = 0; row < rows; row++) {
    const float *x = from + row * n;
    float *y = to + row * n;
    for (size_t k = 1; k <= n_early && k < n; k++) {
      for (size_t i = k; i < n; i++) y[i] += early[k - 1] * x[i - k];
    }
  }
}

/* All channels through the response -> what changes in them, of the same loudness, [channels, n] into p->sent. */
static scrim_status filter_sound(voice_piece *p, const perturb_result *found, scrim_error *error) {
  tape_reset(p->tape);
  const int sound[] = {(int)p->channels, (int)p->n}, responses[] = {found->nodes, ENVELOPE_TAPS};
  const float *filtered =
      tensor_values(op_moving_filter(p->tape, tape_input(p->tape, p->sent, 2, sound),
                                     tape_input(p->tape, found->responses, 2, responses), ENVELOPE_HOP));
  scrim_status status = tape_status(p->tape, error);
  if (status != SCRIM_OK) return status;
  const size_t n = p->channels * p->n;
  const double before = energy(p->sound, n), after = energy(filtered, n);
  const float gain = after > 0 ? (float)sqrt(before / after) : 0;
  for (size_t i = 0; i < n; i++) p->sent[i] = gain * filtered[i] - p->sound[i];
  return SCRIM_OK;
}

/* How much of the difference a frame may have, 0 to 1, to stay within `limit` in all channels. */
static float room_for(const float *x, const float *difference, size_t channels, float limit) {
  float share = 1;
  for (size_t c = 0; c < channels; c++) {
    const float sum = x[c] + difference[c];
    if (fabsf(sum) > limit) share = fminf(share, fmaxf(0, (limit - fabsf(x[c])) / (fabsf(sum) - fabsf(x[c]))));
  }
  return share;
}

/* Shares of frames in runs of zeros become 0. */
static void keep_silence(const voice_piece *p, float *share) {
  const size_t least = (size_t)ceil(silence_seconds * p->rate);
  size_t run = 0;
  for (size_t i = 0; i <= p->frames; i++) {
    int is_zero = i < p->frames;
    for (size_t c = 0; c < p->channels && is_zero; c++) is_zero = p->in[i * p->channels + c] == 0;
    if (is_zero) {
      run++;
      continue;
    }
    const int at_edge = run == i || i == p->frames; /* the run may go on in the next piece */
    if (run >= least || at_edge) memset(share + i - run, 0, run * sizeof *share);
    run = 0;
  }
}

/* Makes the difference smaller where it must be, fading in time; answers the share of frames that full scale cost. */
static double limit_difference(const voice_piece *p, float *difference, float *share) {
  float limit = full_scale;
  size_t limited = 0;
  for (size_t i = 0; i < p->frames * p->channels; i++) limit = fmaxf(limit, fabsf(p->in[i]));
  for (size_t i = 0; i < p->frames; i++) {
    share[i] = room_for(p->in + i * p->channels, difference + i * p->channels, p->channels, limit);
    limited += share[i] < 1;
  }
  keep_silence(p, share);
  const float slope = (float)(1 / (fade_seconds * p->rate));
  for (size_t i = 1; i < p->frames; i++) share[i] = fminf(share[i], share[i - 1] + slope);
  for (size_t i = p->frames; i-- > 1;) share[i - 1] = fminf(share[i - 1], share[i] + slope);
  for (size_t i = 0; i < p->frames; i++) {
    for (size_t c = 0; c < p->channels; c++) difference[i * p->channels + c] *= share[i];
  }
  return (double)limited / (double)p->frames;
}

/* From p->sent [channels, n] to the piece's own rate. */
static scrim_status bring_back(voice_piece *p, float *difference, double *limited, scrim_error *error) {
  float *share = memory_zalloc(p->frames, sizeof *share);
  if (share == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu frames of speech", p->frames);
  turn(p->sound, p->sent, p->channels, p->n);
  scrim_status status = resample_all(p->sound, p->n, p->channels, SPEECH_RATE, p->rate, difference, p->frames, error);
  if (status == SCRIM_OK) *limited = limit_difference(p, difference, share);
  memory_free(share);
  return status;
}

scrim_status voice_piece_change(voice_piece *p, const float *early, size_t n_early, const float *const *targets,
                                int steps, random_source *random, float *difference, voice_piece_result *result,
                                scrim_error *error) {
  through_room(p->sent, p->sound, p->channels, p->n, early, n_early);
  through_room(p->spoken, p->speech, 1, p->n_speech, early, n_early);
  scrim_status status = perturb_run(p->perturb, p->spoken, targets, steps, random, &result->perturb, error);
  if (status == SCRIM_OK) status = filter_sound(p, &result->perturb, error);
  if (status == SCRIM_OK) status = bring_back(p, difference, &result->limited, error);
  forget_sound(p);
  return status;
}
