/* A response drawn at random, and the convolution with it. */
#include "voice_deid/baseline_room.h"
#include "core/error.h"
#include "core/memory.h"
#include "tensor/fourier.h"
#include <math.h>
#include <string.h>

enum { RATE = 16000, FIRST_REFLECTION = RATE / 400 }; /* 2.5 ms behind the direct sound */

/* response [taps]: 1, then exponentially decaying noise of so much less energy in all. */
static void draw_response(float *response, size_t taps, double decay, double ratio, random_source *random) {
  double energy = 0;
  memset(response, 0, taps * sizeof *response);
  for (size_t i = FIRST_REFLECTION; i < taps; i++) {
    response[i] = (float)(random_normal(random) * pow(10, -3 * (double)i / (decay * RATE)));
    energy += (double)response[i] * response[i];
  }
  const double scale = energy > 0 ? sqrt(pow(10, -ratio / 10) / energy) : 0;
  for (size_t i = FIRST_REFLECTION; i < taps; i++) response[i] *= (float)scale;
  response[0] = 1;
}

/* What a convolution needs: transforms of one length, a signal and two spectra. */
typedef struct room_space {
  fourier *transform;
  float *signal;            /* [length] */
  fourier_bin *spectrum[2]; /* [length / 2 + 1] */
} room_space;

/* signal = x [n] * response [taps], the first n samples of it */
static void convolve(room_space *s, const float *x, size_t n, size_t length) {
  fourier_forward(s->transform, s->signal, s->spectrum[0]);
  memset(s->signal, 0, length * sizeof *s->signal);
  memcpy(s->signal, x, n * sizeof *x);
  fourier_forward(s->transform, s->signal, s->spectrum[1]);
  for (int k = 0; k < fourier_bins(s->transform); k++) {
    const float *a = s->spectrum[0][k];
    float *b = s->spectrum[1][k];
    const float re = a[0] * b[0] - a[1] * b[1];
    b[1] = a[0] * b[1] + a[1] * b[0];
    b[0] = re;
  }
  fourier_inverse(s->transform, s->spectrum[1], s->signal);
}

static double energy_of(const float *x, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += (double)x[i] * x[i];
  return sum;
}

scrim_status baseline_room(const float *x, size_t n, double decay, double ratio, random_source *random, float *y,
                           scrim_error *error) {
  const size_t taps = (size_t)(decay * RATE) + 1, length = (size_t)fourier_good_length((int)(n + taps));
  room_space s = {
      fourier_create((int)length),
      memory_zalloc(length, sizeof *s.signal),
      {memory_zalloc(length / 2 + 1, sizeof(fourier_bin)), memory_zalloc(length / 2 + 1, sizeof(fourier_bin))}};
  scrim_status status = SCRIM_OK;
  if (!s.transform || !s.signal || !s.spectrum[0] || !s.spectrum[1])
    status = fail(error, SCRIM_E_MEMORY, "out of memory for a room of %zu samples", n);
  if (status == SCRIM_OK) {
    draw_response(s.signal, taps, decay, ratio, random);
    convolve(&s, x, n, length);
    const double before = energy_of(x, n), after = energy_of(s.signal, n);
    const float scale = after > 0 ? (float)sqrt(before / after) : 0;
    for (size_t i = 0; i < n; i++) y[i] = scale * s.signal[i];
    status = random_status(random, error);
  }
  fourier_free(s.transform);
  memory_wipe_free(s.signal, length * sizeof *s.signal);
  memory_wipe_free(s.spectrum[0], (length / 2 + 1) * sizeof(fourier_bin));
  memory_wipe_free(s.spectrum[1], (length / 2 + 1) * sizeof(fourier_bin));
  return status;
}
