/* Which containers and encodings of libsndfile are taken, their names, and how numbers are written in them. */
#ifndef FORMATS_AUDIO_FORMAT_H
#define FORMATS_AUDIO_FORMAT_H

#include <scrim/audio.h>
#include <sndfile.h>

typedef struct audio_encoding {
  int id; /* SF_FORMAT_PCM_16 ... */
  const char *name;
  int bits;         /* what a sample is rounded to before the encoder gets it; 0: it gets floats */
  int stream_bytes; /* of a sample, the same for all: 1 to 8; 0: not so, and no stream can be written */
  int is_lossy;
} audio_encoding;

/* NULL: not one of ours. `format` is that of an SF_INFO. */
const char *audio_format_container(int format);
const audio_encoding *audio_format_encoding(int format);

/* Fills all of *out but frames. SCRIM_E_UNSUPPORTED names what is not taken; SCRIM_E_FORMAT: a rate out of range. */
scrim_status audio_format_describe(scrim_audio_info *out, const SF_INFO *sf, const char *name, scrim_error *error);

#endif
