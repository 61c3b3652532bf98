/*
 * lab voice-picture: spectrograms of recordings before the filter (left) and after it (right), 0 to 8 kHz, one above
 * the other.
 */
#include "core/error.h"
#include "core/memory.h"
#include "lab.h"
#include "lab_picture.h"
#include "voice_deid/speech_corpus.h"
#include "voice_deid/stft.h"
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOP = 128, WINDOW = 512, WIDTH = 500, HEIGHT = WINDOW / 4, GAP = 12, MOST_CLIPS = 12, NAME = 256 };
static const double range = 60; /* dB between the darkest and the brightest */

/* ---- which recordings ---- */

typedef struct clip_names {
  char name[MOST_CLIPS][NAME];
  size_t n;
} clip_names;

static int is_sound(const char *name) {
  const char *end = strrchr(name, '.');
  return end && (strcmp(end, ".flac") == 0 || strcmp(end, ".wav") == 0 || strcmp(end, ".ogg") == 0);
}

static int by_name(const void *a, const void *b) {
  return strcmp(a, b);
}

static scrim_status list_clips(clip_names *names, const char *folder, scrim_error *error) {
  DIR *directory = opendir(folder);
  if (!directory) return fail_errno(error, SCRIM_E_IO, "cannot read folder '%s'", folder);
  names->n = 0;
  for (struct dirent *entry; names->n < MOST_CLIPS && (entry = readdir(directory)) != NULL;)
    if (is_sound(entry->d_name)) snprintf(names->name[names->n++], NAME, "%s", entry->d_name);
  closedir(directory);
  qsort(names->name, names->n, NAME, by_name);
  return names->n > 0 ? SCRIM_OK : fail(error, SCRIM_E_DATA, "no recordings in '%s'", folder);
}

/* ---- pictures ---- */

/* The brightness 0 to 1 of `power` beside the loudest. */
static double brightness(double power, double loudest) {
  return fmin(fmax(1 + 10 * log10(power / loudest + 1e-12) / range, 0), 1);
}

static double find_loudest(stft *s, const float *x, size_t n) {
  float power[WINDOW / 2 + 1];
  double loudest = 1e-12;
  for (size_t f = 0; f < stft_frames(s, n, HOP); f++) {
    stft_forward(s, x + f * HOP);
    stft_power(s, power);
    for (int k = 0; k < s->bins; k++) loudest = fmax(loudest, power[k]);
  }
  return loudest;
}

static void draw(lab_picture *p, stft *s, const float *x, size_t n, double loudest, size_t left, size_t top) {
  float power[WINDOW / 2 + 1];
  const size_t frames = stft_frames(s, n, HOP);
  for (size_t f = 0; f < frames && f < WIDTH; f++) {
    stft_forward(s, x + f * HOP);
    stft_power(s, power);
    for (size_t row = 0; row < HEIGHT; row++) { /* two bins a pixel, the lowest at the bottom */
      const size_t bin = 2 * (HEIGHT - 1 - row);
      const double shade = brightness(fmaxf(power[bin], power[bin + 1]), loudest);
      p->pixel[(top + row) * p->width + left + f] = lab_picture_shade(shade);
    }
  }
}

/* *loudest 0: becomes this recording's. */
static scrim_status draw_file(lab_picture *p, stft *s, const char *folder, const char *name, double *loudest,
                              size_t left, size_t top, scrim_error *error) {
  char path[4096];
  float *x;
  size_t n;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  scrim_status status = speech_read(&x, &n, path, error);
  if (status != SCRIM_OK) return status;
  if (*loudest == 0) *loudest = find_loudest(s, x, n);
  draw(p, s, x, n, *loudest, left, top);
  memory_wipe_free(x, n * sizeof *x);
  return SCRIM_OK;
}

scrim_status lab_voice_picture(const lab_options *o, scrim_error *error) {
  clip_names names;
  lab_picture p = {0};
  stft s = {0};
  char path[4096];
  if (!o->filtered || !o->out) return fail(error, SCRIM_E_ARGUMENT, "voice-picture needs --filtered DIR and -o OUT/");
  scrim_status status = list_clips(&names, o->data, error);
  if (status == SCRIM_OK) status = lab_picture_create(&p, 2 * WIDTH + 3 * GAP, names.n * (HEIGHT + GAP) + GAP, error);
  if (status == SCRIM_OK) status = stft_open(&s, WINDOW, WINDOW, error);
  for (size_t i = 0; i < names.n && status == SCRIM_OK; i++) {
    const size_t top = GAP + i * (HEIGHT + GAP);
    double loudest = 0;
    status = draw_file(&p, &s, o->data, names.name[i], &loudest, GAP, top, error);
    if (status == SCRIM_OK)
      status = draw_file(&p, &s, o->filtered, names.name[i], &loudest, 2 * GAP + WIDTH, top, error);
  }
  snprintf(path, sizeof path, "%s/voice.png", o->out);
  if (status == SCRIM_OK) status = lab_picture_write(&p, path, error);
  stft_close(&s);
  lab_picture_free(&p);
  return status;
}
