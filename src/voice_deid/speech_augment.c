#include "voice_deid/speech_augment.h"

#include "core/error.h"
#include "core/memory.h"
#include "formats/resample.h"
#include "tensor/fourier.h"
#include "voice_deid/front_end.h"
#include <math.h>
#include <string.h>

enum {
  NOISE_SAMPLES = 20 * SPEECH_RATE, /* of each kind, cut anew for each crop */
  KNOTS = 8                         /* of a channel's curve, one octave apart below 8 kHz */
};

static const double speeds[SPEECH_SPEEDS] = {1, 0.9, 1.1};

/* How often each thing happens to a crop, at a share of 1. */
static const double room_share = 0.5, channel_share = 0.5, noise_share = 0.6, quantised_share = 0.15;

struct speech_augment {
  const speech_corpus *corpus;
  double share;
  size_t n;            /* samples of a crop */
  size_t length;       /* of a transform: a crop and a room's tail */
  fourier *transform;  /* [length] */
  float *time;         /* [length] */
  fourier_bin *x, *h;  /* [bins] */
  float *source;       /* what a fast crop is made of, and a babbler */
  float *noise;        /* [n] */
  float *white, *pink; /* [NOISE_SAMPLES], root mean square 1 */
};

static double between(random_source *r, double low, double high) {
  return low + (high - low) * random_uniform(r);
}

/* ---- making ---- */

static size_t source_length(size_t n) {
  return (size_t)(1.1 * (double)n) + 64;
}

static double root_mean_square(const float *x, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += (double)x[i] * x[i];
  return sqrt(sum / (double)n);
}

static void scale_by(float *x, size_t n, double factor) {
  for (size_t i = 0; i < n; i++) x[i] = (float)(x[i] * factor);
}

/* Sums of uniform numbers are normal enough for noise. Pink: three leaky integrators fit -3 dB an octave. */
static void make_noise(float *white, float *pink, random_source *r) {
  double state[3] = {0};
  for (size_t i = 0; i < NOISE_SAMPLES; i++) {
    const uint64_t bits = random_u64(r);
    double sum = 0;
    for (int k = 0; k < 4; k++) sum += (double)(bits >> (16 * k) & 0xffff) / 65536 - 0.5;
    white[i] = (float)sum;
    state[0] = 0.99765 * state[0] + 0.0990460 * sum;
    state[1] = 0.96300 * state[1] + 0.2965164 * sum;
    state[2] = 0.57000 * state[2] + 1.0526913 * sum;
    pink[i] = (float)(state[0] + state[1] + state[2] + 0.1848 * sum);
  }
  scale_by(white, NOISE_SAMPLES, 1 / root_mean_square(white, NOISE_SAMPLES));
  scale_by(pink, NOISE_SAMPLES, 1 / root_mean_square(pink, NOISE_SAMPLES));
}

scrim_status speech_augment_create(speech_augment **out, const speech_corpus *corpus, size_t n, double share,
                                   random_source *r, scrim_error *error) {
  speech_augment *a = memory_zalloc(1, sizeof *a);
  if (a == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for crops");
  a->corpus = corpus;
  a->share = share;
  a->n = n;
  a->length = (size_t)fourier_good_length((int)n + SPEECH_MOST_ROOM);
  a->transform = fourier_create((int)a->length);
  a->time = memory_zalloc(a->length, sizeof *a->time);
  a->x = memory_zalloc(a->length / 2 + 1, sizeof *a->x);
  a->h = memory_zalloc(a->length / 2 + 1, sizeof *a->h);
  a->source = memory_zalloc(source_length(n), sizeof *a->source);
  a->noise = memory_zalloc(n, sizeof *a->noise);
  a->white = memory_zalloc(NOISE_SAMPLES, sizeof *a->white);
  a->pink = memory_zalloc(NOISE_SAMPLES, sizeof *a->pink);
  if (a->transform == NULL || a->time == NULL || a->x == NULL || a->h == NULL || a->source == NULL ||
      a->noise == NULL || a->white == NULL || a->pink == NULL) {
    speech_augment_free(a);
    return fail(error, SCRIM_E_MEMORY, "out of memory for crops of %zu samples", n);
  }
  make_noise(a->white, a->pink, r);
  *out = a;
  return SCRIM_OK;
}

void speech_augment_free(speech_augment *a) {
  if (a == NULL) return;
  fourier_free(a->transform);
  memory_free(a->time);
  memory_free(a->x);
  memory_free(a->h);
  memory_free(a->source);
  memory_free(a->noise);
  memory_free(a->white);
  memory_free(a->pink);
  memory_free(a);
}

/* ---- speech ---- */

void speech_clean_crop(const speech_corpus *corpus, size_t speaker, size_t start, float *out, size_t n) {
  const size_t first = corpus->first[speaker], end = corpus->first[speaker + 1];
  size_t clip = first;
  start %= speech_corpus_length(corpus, speaker);
  for (; start >= corpus->clips[clip].n; clip++) start -= corpus->clips[clip].n;
  for (size_t i = 0; i < n; i++) {
    out[i] = (float)corpus->clips[clip].samples[start] / 32768;
    if (++start < corpus->clips[clip].n) continue;
    start = 0;
    if (++clip == end) clip = first;
  }
}

/* n samples from a place that leaves all of them in one clip where a clip is long enough. */
static void draw_speech(const speech_corpus *corpus, size_t speaker, random_source *r, float *out, size_t n) {
  const size_t first = corpus->first[speaker], clips = corpus->first[speaker + 1] - first;
  const size_t chosen = (size_t)random_below(r, clips), length = corpus->clips[first + chosen].n;
  size_t start = length > n ? (size_t)random_below(r, length - n + 1) : 0;
  for (size_t i = 0; i < chosen; i++) start += corpus->clips[first + i].n;
  speech_clean_crop(corpus, speaker, start, out, n);
}

static scrim_status draw_at_speed(speech_augment *a, size_t speaker, size_t speed, random_source *r, float *out,
                                  scrim_error *error) {
  if (speeds[speed] == 1) {
    draw_speech(a->corpus, speaker, r, out, a->n);
    return SCRIM_OK;
  }
  const size_t needed = (size_t)(speeds[speed] * (double)a->n) + 32;
  draw_speech(a->corpus, speaker, r, a->source, needed);
  return resample_all(a->source, needed, 1, speeds[speed] * SPEECH_RATE, SPEECH_RATE, out, a->n, error);
}

/* ---- rooms and channels: one product of spectra ---- */

/* A channel: a curve of up to 6 dB either way, and in half of the cases a band's upper end at 3.4 to 7 kHz. */
static void shape_spectrum(speech_augment *a, random_source *r) {
  const size_t bins = a->length / 2 + 1;
  double knot[KNOTS + 1];
  for (int i = 0; i <= KNOTS; i++) knot[i] = between(r, -6, 6);
  const double edge = random_uniform(r) < 0.5 ? between(r, 3400, 7000) : SPEECH_RATE;
  for (size_t k = 0; k < bins; k++) {
    const double hz = (double)k * SPEECH_RATE / (double)a->length;
    const double octave = fmin(KNOTS - 1e-6, fmax(0, log2((hz + 1) / 31.25)));
    const int i = (int)octave;
    double level = knot[i] + (octave - i) * (knot[i + 1] - knot[i]);
    if (hz > edge) level -= fmin(60, (hz - edge) * 0.12); /* 60 dB down 500 Hz on */
    const float gain = (float)exp2(level / 6.0206);
    a->x[k][0] *= gain;
    a->x[k][1] *= gain;
  }
}

static void multiply(fourier_bin *x, const fourier_bin *h, size_t bins) {
  for (size_t k = 0; k < bins; k++) {
    const float re = x[k][0] * h[k][0] - x[k][1] * h[k][1];
    x[k][1] = x[k][0] * h[k][1] + x[k][1] * h[k][0];
    x[k][0] = re;
  }
}

static void to_spectrum(speech_augment *a, const float *from, size_t n, fourier_bin *to) {
  memcpy(a->time, from, n * sizeof *from);
  memset(a->time + n, 0, (a->length - n) * sizeof *from);
  fourier_forward(a->transform, a->time, to);
}

static void play_in_room(speech_augment *a, random_source *r, float *x) {
  const int in_room = a->corpus->n_rooms > 0 && random_uniform(r) < a->share * room_share;
  const int in_channel = random_uniform(r) < a->share * channel_share;
  if (!in_room && !in_channel) return;
  to_spectrum(a, x, a->n, a->x);
  if (in_room) {
    to_spectrum(a, a->corpus->room[random_below(r, a->corpus->n_rooms)], SPEECH_MOST_ROOM, a->h);
    multiply(a->x, a->h, a->length / 2 + 1);
  }
  if (in_channel) shape_spectrum(a, r);
  fourier_inverse(a->transform, a->x, a->time);
  for (size_t i = 0; i < a->n; i++) x[i] = a->time[i] / (float)a->length;
}

/* ---- noise, quantisation, level ---- */

static void fill_babble(speech_augment *a, random_source *r) {
  const size_t voices = 3 + (size_t)random_below(r, 4);
  memset(a->noise, 0, a->n * sizeof *a->noise);
  for (size_t v = 0; v < voices; v++) {
    draw_speech(a->corpus, (size_t)random_below(r, a->corpus->n_speakers), r, a->source, a->n);
    const double level = root_mean_square(a->source, a->n);
    for (size_t i = 0; level > 0 && i < a->n; i++) a->noise[i] += (float)(a->source[i] / level);
  }
}

static void fill_stationary(speech_augment *a, const float *from, random_source *r) {
  size_t at = (size_t)random_below(r, NOISE_SAMPLES);
  for (size_t i = 0; i < a->n; i++) {
    a->noise[i] = from[at];
    if (++at == NOISE_SAMPLES) at = 0;
  }
}

static void add_noise(speech_augment *a, random_source *r, float *x) {
  if (random_uniform(r) >= a->share * noise_share) return;
  const uint64_t kind = random_below(r, 3);
  if (kind == 0)
    fill_babble(a, r);
  else
    fill_stationary(a, kind == 1 ? a->white : a->pink, r);
  const double speech = root_mean_square(x, a->n), noise = root_mean_square(a->noise, a->n);
  const double ratio = exp2(-between(r, 5, 30) / 6.0206); /* 5 to 30 dB below the speech */
  if (!(noise > 0)) return;
  for (size_t i = 0; i < a->n; i++) x[i] += (float)(a->noise[i] * (ratio * speech / noise));
}

/* The logarithmic steps of a telephone codec (mu-law), with 6 to 8 bits, full scale being the peak. */
static void quantise(const speech_augment *a, random_source *r, float *x) {
  const size_t n = a->n;
  if (random_uniform(r) >= a->share * quantised_share) return;
  const double steps = exp2(5 + (double)random_below(r, 3)), log_mu = log(256);
  double peak = 0;
  for (size_t i = 0; i < n; i++) peak = fmax(peak, fabsf(x[i]));
  for (size_t i = 0; peak > 0 && i < n; i++) {
    const double y = rint(log1p(255 * fabs(x[i]) / peak) / log_mu * steps) / steps;
    x[i] = (float)copysign(peak * expm1(y * log_mu) / 255, x[i]);
  }
}

scrim_status speech_augment_crop(speech_augment *a, size_t speaker, size_t speed, random_source *r, float *out,
                                 scrim_error *error) {
  const scrim_status status = draw_at_speed(a, speaker, speed, r, out, error);
  if (status != SCRIM_OK) return status;
  play_in_room(a, r, out);
  add_noise(a, r, out);
  quantise(a, r, out);
  const double level = root_mean_square(out, a->n), wanted = exp2(between(r, -36, -14) / 6.0206);
  if (level > 0) scale_by(out, a->n, wanted / level);
  return random_status(r, error);
}
