/* Cuts, channels and noise on the tape. */
#include "voice_deid/channel.h"
#include "core/error.h"
#include "core/memory.h"
#include "voice_deid/envelope.h"
#include <math.h>

enum { KNOTS = 6 }; /* of a channel's gain over the mel scale, straight lines between them */

struct channel {
  envelope *envelope;                       /* for its table */
  float gain[CHANNEL_MOST][ENVELOPE_BANDS]; /* dB */
  float noise[CHANNEL_MOST];                /* log variance */
};

scrim_status channel_create(channel **out, scrim_error *error) {
  *out = NULL;
  channel *c = memory_zalloc(1, sizeof *c);
  if (c == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a channel");
  scrim_status status = envelope_create(&c->envelope, error);
  if (status == SCRIM_OK)
    *out = c;
  else
    memory_free(c);
  return status;
}

void channel_free(channel *c) {
  if (c == NULL) return;
  envelope_free(c->envelope);
  memory_free(c);
}

static tensor *pass_cut(tape *t, tensor *sound, int length, random_source *random) {
  if (sound == NULL || length <= 0 || length >= sound->dim[1]) return sound;
  return op_slice(t, sound, 1, (int)random_below(random, (uint64_t)(sound->dim[1] - length + 1)), length);
}

static void draw_gains(float *gain, double spread, random_source *random) {
  double knot[KNOTS + 1];
  for (int k = 0; k <= KNOTS; k++) knot[k] = spread * random_normal(random);
  for (int b = 0; b < ENVELOPE_BANDS; b++) {
    const double at = (double)b * KNOTS / ENVELOPE_BANDS, share = at - floor(at);
    gain[b] = (float)((1 - share) * knot[(int)at] + share * knot[(int)at + 1]);
  }
}

/* Through a response of minimum phase whose level is undone. */
static tensor *pass_gains(channel *c, tape *t, int slot, tensor *sound) {
  tensor *gains = tape_input(t, c->gain[slot], 2, (int[]){1, ENVELOPE_BANDS});
  tensor *table = tape_input(t, envelope_cepstra(c->envelope), 2, (int[]){ENVELOPE_BANDS, ENVELOPE_ORDER});
  return op_fft_conv(t, sound, op_minimum_phase(t, op_matmul(t, gains, table), ENVELOPE_TAPS));
}

static tensor *pass_noise(channel *c, tape *t, int slot, tensor *sound, double below) {
  const float *values = tensor_values(sound);
  if (values == NULL) return NULL;
  double power = 1e-12;
  for (size_t i = 0; i < sound->n; i++) power += (double)values[i] * (double)values[i];
  c->noise[slot] = (float)(log(power / (double)sound->n) - below * log(10) / 10);
  tensor *level = op_add(t, tape_zeros(t, 2, sound->dim), tape_input(t, &c->noise[slot], 1, (int[]){1}));
  return op_gaussian(t, sound, level);
}

tensor *channel_pass(channel *c, tape *t, int slot, tensor *sound, const channel_settings *settings,
                     random_source *random) {
  sound = pass_cut(t, sound, settings->cut, random);
  if (settings->spread > 0) {
    draw_gains(c->gain[slot], settings->spread, random);
    sound = pass_gains(c, t, slot, sound);
  }
  if (settings->noise > 0) sound = pass_noise(c, t, slot, sound, settings->noise + 20 * random_uniform(random));
  return sound;
}
