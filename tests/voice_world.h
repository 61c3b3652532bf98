/* Signals that stand for speech in tests: harmonics of a voice whose loudness goes up and down, and noise. */
#ifndef TESTS_VOICE_WORLD_H
#define TESTS_VOICE_WORLD_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

static const double voice_turn = 6.283185307179586;

/* x [n] at `rate` Hz: a voice of `pitch` Hz with pauses, peak well below 1. */
static inline void voice_speech(float *x, size_t n, double rate, double pitch) {
  for (size_t i = 0; i < n; i++) {
    const double t = (double)i / rate;
    double sum = 0;
    for (int h = 1; h < 20; h++)
      sum += sin(voice_turn * pitch * h * t + 0.7 * h * h) / h * (0.6 + 0.4 * sin(voice_turn * (2 + 0.37 * h) * t));
    x[i] = (float)(sin(voice_turn * 0.9 * t) > -0.8 ? 0.1 * sum : 0);
  }
}

/* One number in [-0.5, 0.5). */
static inline double voice_noise(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (double)(*state >> 11) * 0x1p-53 - 0.5;
}

#endif
