/*
 * speech FILE FORMAT RATE CHANNELS FRAMES SPEAKER SEED: writes a recording of made-up speech: syllables of a buzz with
 * the pitch and the two resonances of a speaker, pauses between them. FORMAT is wav8, wav16, wav24, wav32, wavf, flac,
 * flac24, aiff, w64, caf, ogg, opus or mp3.
 */
#include <math.h>
#include <sndfile.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  const char *name;
  int format;
} formats[] = {
    {"wav8", SF_FORMAT_WAV | SF_FORMAT_PCM_U8},         {"wav16", SF_FORMAT_WAV | SF_FORMAT_PCM_16},
    {"wav24", SF_FORMAT_WAV | SF_FORMAT_PCM_24},        {"wav32", SF_FORMAT_WAV | SF_FORMAT_PCM_32},
    {"wavf", SF_FORMAT_WAV | SF_FORMAT_FLOAT},          {"flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16},
    {"flac24", SF_FORMAT_FLAC | SF_FORMAT_PCM_24},      {"aiff", SF_FORMAT_AIFF | SF_FORMAT_PCM_16},
    {"w64", SF_FORMAT_W64 | SF_FORMAT_PCM_16},          {"caf", SF_FORMAT_CAF | SF_FORMAT_PCM_16},
    {"ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS},          {"opus", SF_FORMAT_OGG | SF_FORMAT_OPUS},
    {"mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III},
};

/* 0..1, the same on every machine. */
static double chance(uint32_t *state) {
  *state = *state * 1664525u + 1013904223u;
  return (double)(*state >> 8) / (1 << 24);
}

typedef struct resonance {
  double a1, a2, gain, y1, y2;
} resonance;

static void tune(resonance *r, double hertz, double width, double rate) {
  const double pi = 3.14159265358979, radius = exp(-pi * width / rate);
  r->a1 = 2 * radius * cos(2 * pi * hertz / rate);
  r->a2 = -radius * radius;
  r->gain = 1 - radius;
}

static double pass(resonance *r, double x) {
  const double y = r->gain * x + r->a1 * r->y1 + r->a2 * r->y2;
  r->y2 = r->y1;
  r->y1 = y;
  return y;
}

int main(int argc, char **argv) {
  if (argc != 8) return 64;
  SF_INFO info = {.samplerate = atoi(argv[3]), .channels = atoi(argv[4])};
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
    if (strcmp(formats[i].name, argv[2]) == 0) info.format = formats[i].format;
  SNDFILE *file = sf_open(argv[1], SFM_WRITE, &info);
  if (!file) return 74;
  uint32_t speaker = (uint32_t)atoi(argv[6]) * 7919u + 1, state = (uint32_t)atoi(argv[7]) * 104729u + speaker;
  for (int i = 0; i < 8; i++) chance(&speaker);
  const double rate = info.samplerate, pitch = 90 + 160 * chance(&speaker), length = 0.8 + 0.4 * chance(&speaker);
  resonance low = {0}, high = {0};
  double phase = 0, frame[256];
  long until = 0, voiced = 0;
  for (long n = atol(argv[5]), i = 0; i < n; i++) {
    if (i >= until) { /* the next syllable, or a pause */
      voiced = !voiced;
      until = i + (long)(rate * (voiced ? 0.12 : 0.05) * (0.6 + 0.8 * chance(&state)));
      tune(&low, length * (300 + 500 * chance(&state)), 80, rate);
      tune(&high, fmin(length * (900 + 1400 * chance(&state)), 0.45 * rate), 120, rate);
    }
    phase += pitch * (1 + 0.05 * sin(3 * (double)i / rate)) / rate;
    const double pulse = phase >= 1 ? 1 : 0, noise = 0.004 * (chance(&state) - 0.5);
    phase -= floor(phase);
    const double x = (voiced ? pulse + noise : 0.2 * noise);
    const double y = 4 * pass(&low, x) + 3 * pass(&high, x);
    for (int c = 0; c < info.channels; c++) frame[c % 256] = (c ? 0.7 : 1) * fmax(-0.9, fmin(y, 0.9));
    if (sf_writef_double(file, frame, 1) != 1) return 74;
  }
  return sf_close(file) ? 74 : 0;
}
