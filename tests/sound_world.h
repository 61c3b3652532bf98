/* Files of sound for tests, made by libsndfile itself. */
#ifndef SOUND_WORLD_H
#define SOUND_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <sndfile.h>
#include <stdlib.h>

/* A few tones that fill two thirds of full scale, another in each channel. */
static inline void sound_write(const char *path, int format, int rate, int channels, size_t frames) {
  SF_INFO info = {.samplerate = rate, .channels = channels, .format = format};
  SNDFILE *file = sf_open(path, SFM_WRITE, &info);
  assert_non_null(file);
  double *x = calloc(frames * (size_t)channels + 1, sizeof *x);
  assert_non_null(x);
  for (size_t i = 0; i < frames; i++)
    for (int c = 0; c < channels; c++)
      x[i * (size_t)channels + (size_t)c] = 0.4 * sin(0.05 * (c + 1) * (double)i + 1) + 0.2 * sin(0.31 * (double)i) +
                                            0.05 * sin(1.7 * (double)(i * i % 97));
  if (frames > 0) assert_int_equal(sf_writef_double(file, x, (sf_count_t)frames), frames);
  free(x);
  assert_int_equal(sf_close(file), 0);
}

/* All samples as whole numbers, or as the bits of floats where those are more, or all that is kept. free(). */
static inline int *sound_read_ints(const char *path, SF_INFO *info) {
  *info = (SF_INFO){0};
  SNDFILE *file = sf_open(path, SFM_READ, info);
  assert_non_null(file);
  int *x = calloc((size_t)info->frames * (size_t)info->channels + 1, sizeof *x);
  assert_non_null(x);
  const int sub = info->format & SF_FORMAT_SUBMASK;
  if (sub == SF_FORMAT_FLOAT || sub == SF_FORMAT_DOUBLE || sub == SF_FORMAT_PCM_32)
    assert_int_equal(sf_readf_float(file, (float *)x, info->frames), info->frames);
  else
    assert_int_equal(sf_readf_int(file, x, info->frames), info->frames);
  sf_close(file);
  return x;
}

static inline int sound_is_lossy(int format) {
  const int sub = format & SF_FORMAT_SUBMASK;
  return sub == SF_FORMAT_VORBIS || sub == SF_FORMAT_OPUS || sub == SF_FORMAT_MPEG_LAYER_III ||
         (sub >= SF_FORMAT_ULAW && sub <= SF_FORMAT_G723_40);
}

#endif
