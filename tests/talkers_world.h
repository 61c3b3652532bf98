/* Talkers for tests: each has a pitch and a length of vocal tract of his own, and says other vowels every time. */
#ifndef TESTS_TALKERS_WORLD_H
#define TESTS_TALKERS_WORLD_H

#include "voice_world.h"
#include <string.h>

enum { TALKERS_RATE = 16000 };

/* A pulse train through three resonances, x [n] at 16 kHz; `take` chooses what is said. */
static inline void talkers_speak(int talker, unsigned take, float *x, size_t n) {
  static const double vowel[5][3] = {
      {730, 1090, 2440}, {530, 1840, 2480}, {270, 2290, 3010}, {570, 840, 2410}, {300, 870, 2240}};
  uint64_t state = 77u * (uint64_t)(talker + 1) + 1009u * take + 5;
  const double pitch = 90 + 23 * (talker * 5 % 8), tract = 0.8 + 0.06 * (talker % 8);
  double memory[3][2] = {{0}}, phase = 0;
  size_t left = 0;
  int said = 0;
  for (int i = 0; i < 20; i++) voice_noise(&state);
  for (size_t i = 0; i < n; i++) {
    if (left == 0) {
      said = (int)((voice_noise(&state) + 0.5) * 5);
      left = 1600 + (size_t)((voice_noise(&state) + 0.5) * 1600);
    }
    left--;
    phase += pitch * (1 + 0.05 * sin((double)i / 3000)) / TALKERS_RATE;
    double y = 0.02 * voice_noise(&state);
    if (phase >= 1) y += 1, phase -= 1;
    for (int f = 0; f < 3; f++) {
      const double radius = 0.97, angle = voice_turn * vowel[said][f] * tract / TALKERS_RATE;
      const double out = y + 2 * radius * cos(angle) * memory[f][0] - radius * radius * memory[f][1];
      memory[f][1] = memory[f][0];
      memory[f][0] = out;
      y = out * (1 - radius);
    }
    x[i] = (float)y;
  }
  double peak = 1e-9;
  for (size_t i = 0; i < n; i++) peak = fmax(peak, fabs(x[i]));
  for (size_t i = 0; i < n; i++) x[i] = (float)(0.5 * x[i] / peak);
}

#endif
