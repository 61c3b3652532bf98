/* What a lossy codec makes of a sound: written and read again, in memory. */
#ifndef FORMATS_AUDIO_CODEC_H
#define FORMATS_AUDIO_CODEC_H

#include <scrim/status.h>
#include <stddef.h>

typedef enum audio_codec { AUDIO_CODEC_MP3, AUDIO_CODEC_VORBIS, AUDIO_CODEC_OPUS } audio_codec;

/*
 * x [n] at `rate` Hz, one channel -> y [n]: the same time, cut or filled up with silence where the codec gives more or
 * less. `compression`: 0, the best, to 1. SCRIM_E_UNSUPPORTED: libsndfile was built without it, or the codec does not
 * have the rate (opus: 8000, 12000, 16000, 24000 and 48000).
 */
scrim_status audio_codec_pass(const float *x, size_t n, double rate, audio_codec codec, double compression, float *y,
                              scrim_error *error);

#endif
