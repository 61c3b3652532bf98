/* A file that is nothing but memory, and libsndfile writing and reading it. */
#include "formats/audio_codec.h"
#include "core/error.h"
#include "core/memory.h"
#include "formats/audio_parts.h"
#include <string.h>

/* ---- the file ---- */

typedef struct codec_file {
  unsigned char *bytes;
  sf_count_t n, at, capacity;
  int is_short; /* 1: there was no memory for all of it */
} codec_file;

static sf_count_t codec_length(void *context) {
  return ((codec_file *)context)->n;
}

static sf_count_t codec_tell(void *context) {
  return ((codec_file *)context)->at;
}

static sf_count_t codec_seek(sf_count_t offset, int whence, void *context) {
  codec_file *f = context;
  const sf_count_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? f->at : f->n;
  if (from + offset >= 0) f->at = from + offset;
  return f->at;
}

static sf_count_t codec_read(void *to, sf_count_t count, void *context) {
  codec_file *f = context;
  const sf_count_t left = f->at < f->n ? f->n - f->at : 0, taken = count < left ? count : left;
  if (taken > 0) memcpy(to, f->bytes + f->at, (size_t)taken);
  f->at += taken;
  return taken;
}

/* Says that all is well when out of memory: libsndfile leaks what it holds if it cannot write the first bytes. */
static sf_count_t codec_write(const void *from, sf_count_t count, void *context) {
  codec_file *f = context;
  const sf_count_t end = f->at + count;
  if (end > f->capacity) {
    const sf_count_t room = end + end / 2 + 4096;
    unsigned char *grown = memory_grow(f->bytes, (size_t)f->capacity, (size_t)room);
    f->is_short |= !grown;
    if (!grown) return count;
    f->bytes = grown;
    f->capacity = room;
  }
  if (f->at > f->n) memset(f->bytes + f->n, 0, (size_t)(f->at - f->n));
  memcpy(f->bytes + f->at, from, (size_t)count);
  f->at = end;
  if (end > f->n) f->n = end;
  return count;
}

static SF_VIRTUAL_IO codec_io(void) {
  return (SF_VIRTUAL_IO){codec_length, codec_seek, codec_read, codec_write, codec_tell};
}

/* ---- there and back ---- */

static const struct {
  const char *name;
  int format;
} codecs[] = {
    [AUDIO_CODEC_MP3] = {"mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III},
    [AUDIO_CODEC_VORBIS] = {"vorbis", SF_FORMAT_OGG | SF_FORMAT_VORBIS},
    [AUDIO_CODEC_OPUS] = {"opus", SF_FORMAT_OGG | SF_FORMAT_OPUS},
};

static scrim_status encode(codec_file *f, const float *x, size_t n, double rate, audio_codec codec, double compression,
                           scrim_error *error) {
  SF_INFO info = {.samplerate = (int)rate, .channels = 1, .format = codecs[codec].format};
  SF_VIRTUAL_IO io = codec_io();
  SNDFILE *file;
  if (audio_library_open(&file, &info, SFM_WRITE, -1, &io, f, codecs[codec].name, NULL) != SCRIM_OK)
    return fail(error, SCRIM_E_UNSUPPORTED, "libsndfile does not write %s at %g Hz", codecs[codec].name, rate);
  sf_command(file, SFC_SET_COMPRESSION_LEVEL, &compression, sizeof compression);
  const int is_written = sf_write_float(file, x, (sf_count_t)n) == (sf_count_t)n;
  if (sf_close(file) != 0 || !is_written || f->is_short)
    return fail(error, SCRIM_E_MEMORY, "cannot encode %zu samples as %s", n, codecs[codec].name);
  return SCRIM_OK;
}

static scrim_status decode(codec_file *f, size_t n, audio_codec codec, float *y, scrim_error *error) {
  SF_INFO info = {0};
  SF_VIRTUAL_IO io = codec_io();
  SNDFILE *file;
  f->at = 0;
  scrim_status status = audio_library_open(&file, &info, SFM_READ, -1, &io, f, codecs[codec].name, error);
  if (status != SCRIM_OK) return status;
  size_t done = 0;
  for (sf_count_t got; done < n && (got = sf_read_float(file, y + done, (sf_count_t)(n - done))) > 0;)
    done += (size_t)got;
  memset(y + done, 0, (n - done) * sizeof *y);
  sf_close(file);
  return SCRIM_OK;
}

scrim_status audio_codec_pass(const float *x, size_t n, double rate, audio_codec codec, double compression, float *y,
                              scrim_error *error) {
  codec_file f = {0};
  scrim_status status = encode(&f, x, n, rate, codec, compression, error);
  if (status == SCRIM_OK) status = decode(&f, n, codec, y, error);
  memory_wipe_free(f.bytes, (size_t)f.capacity);
  return status;
}
