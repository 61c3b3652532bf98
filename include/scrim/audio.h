/*
 * scrim/audio.h: sound in and out of files by libsndfile, in blocks of float frames, written back as it was: the same
 * container, encoding, byte order, rate, channels, and exactly as many frames.
 *
 *     containers  wav, wavex, rf64, w64, aiff, caf, au, flac, ogg, mp3, nist (sphere), voc
 *     encodings   8, 16, 20, 24 and 32 bit, float, double, mu-law, A-law, ADPCM, GSM 6.10, ALAC, Vorbis, Opus, MP3
 *
 * What libsndfile reads besides (raw, headerless, matlab, two-file formats) is refused. Whole numbers become x /
 * 2^(b-1) for b bits, exactly up to 24 bits; written back they are rounded to the nearest and clipped. Floats are not
 * clipped.
 *
 * Tags (names, dates, devices, places, broadcast and cart chunks, cover pictures) stay behind unless they are asked
 * for. What libsndfile would put in by itself is kept out: times of day, random stream numbers. The same frames give
 * the same bytes.
 *
 * A file whose header promises more than there is, that ends within itself or that holds no frame is refused. "-" is
 * standard input or output: wav there, and in pipes au too; a header that leaves the length open (0 or near 2^31 or
 * 2^32) is taken at its word, and written when the length is not known.
 *
 * Memory is bounded by the caller's blocks and libsndfile's tables, never by the length.
 *
 * Thread safety: a reader or writer belongs to one thread at a time.
 */
#ifndef SCRIM_AUDIO_H
#define SCRIM_AUDIO_H

#include <scrim/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SCRIM_AUDIO_CHANNELS 256 /* at most */
#define SCRIM_AUDIO_RATE 768000  /* Hz, at most */

typedef struct scrim_audio_info {
  const char *container; /* "wav"; static storage */
  const char *encoding;  /* "16 bit"; static storage */
  int is_lossy;          /* 1: what is written and read again is not quite the same */
  size_t channels;
  double rate;    /* Hz */
  int64_t frames; /* or -1: known at the end only */
} scrim_audio_info;

typedef struct scrim_audio_reader scrim_audio_reader;

/* SCRIM_E_IO; SCRIM_E_FORMAT: no sound, broken or cut; SCRIM_E_UNSUPPORTED: a container or encoding of another kind. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_audio_reader_open(scrim_audio_reader **out, const char *path,
                                                                scrim_error *error);
SCRIM_API const scrim_audio_info *scrim_audio_reader_info(const scrim_audio_reader *reader);
/*
 * Up to `capacity` frames into data [capacity, channels]; *frames = 0 at the end. Floats are given as they stand,
 * whatever they are. SCRIM_E_FORMAT: what can be decoded ends before what the file promised; SCRIM_E_DATA: not a single
 * frame.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_audio_reader_read(scrim_audio_reader *reader, float *data,
                                                                size_t capacity, size_t *frames, scrim_error *error);
SCRIM_API void scrim_audio_reader_close(scrim_audio_reader *reader); /* NULL is fine */

typedef struct scrim_audio_writer scrim_audio_writer;

/*
 * Writes as `like` reads, to a temporary file beside `path` that takes its name only in scrim_audio_writer_close with
 * `commit` 1. `keep_tags` 1: tags go along as far as the container has room for them. "-", pipes and devices are
 * streamed: wav of 8 to 32 bits, float, double, mu-law and A-law only. `like` stays the caller's and must stay open
 * until the writer is closed. SCRIM_E_IO, SCRIM_E_MEMORY; SCRIM_E_UNSUPPORTED: libsndfile reads this encoding but
 * cannot write it.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_audio_writer_open(scrim_audio_writer **out, const char *path,
                                                                const scrim_audio_reader *like, int keep_tags,
                                                                scrim_error *error);
/* data [frames, channels] */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_audio_writer_write(scrim_audio_writer *writer, const float *data,
                                                                 size_t frames, scrim_error *error);
/*
 * Always frees. commit 1: flush, fsync, rename; every write error shows here at the latest, and a number of frames that
 * is not that of `like` is SCRIM_E_STATE. commit 0: nothing stays.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_audio_writer_close(scrim_audio_writer *writer, int commit,
                                                                 scrim_error *error);

/* A whole file in memory: for training and audits. */
typedef struct scrim_audio {
  scrim_audio_info info; /* frames is known */
  float *data;           /* [info.frames, info.channels] */
} scrim_audio;

/* SCRIM_E_DATA: more than `max_bytes` of floats (0: 4 GiB). Free with scrim_audio_free. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_audio_read(scrim_audio *out, const char *path, size_t max_bytes,
                                                         scrim_error *error);
/* wav, 16 or 24 bit, or 32 for float; data [frames, channels] */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_audio_write(const char *path, const float *data, size_t frames,
                                                          size_t channels, double rate, int bits, scrim_error *error);
SCRIM_API void scrim_audio_free(scrim_audio *audio); /* wipes: recordings are of people */

#ifdef __cplusplus
}
#endif
#endif
