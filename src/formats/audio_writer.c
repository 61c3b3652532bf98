/* Sound into files and standard output, as it was read. */
#include "core/error.h"
#include "core/memory.h"
#include "formats/audio_parts.h"
#include "formats/audio_sink.h"
#include "formats/audio_tags.h"
#include "formats/ogg_serial.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

/* Samples that are encoded at a time: what Vorbis makes of a sound depends on how it is cut. */
enum { PIECE = 4096 };

struct scrim_audio_writer {
  SNDFILE *file;
  audio_sink *sink;
  SF_INFO sf;
  const audio_encoding *encoding;
  int64_t expected, frames; /* expected -1: any number */
  size_t held;              /* frames that wait in `piece` */
  float piece[PIECE];
  int rounded[PIECE];
};

/* ---- opening ---- */

/*
 * The bit rate of an mp3 stays about what it was. libsndfile takes the place of a rate on the scale that MPEG allows
 * for the sample rate: 0 is its top.
 */
static void audio_set_bit_rate(SNDFILE *to, const scrim_audio_reader *like) {
  if ((like->sf.format & SF_FORMAT_TYPEMASK) != SF_FORMAT_MPEG || like->file_bytes <= 0 || like->info.frames <= 0)
    return;
  const double low = like->info.rate >= 32000 ? 32 : 8;
  const double high = like->info.rate >= 32000 ? 320 : like->info.rate >= 16000 ? 160 : 64;
  const double kilobits = 8e-3 * (double)like->file_bytes * like->info.rate / (double)like->info.frames;
  double level = fmin(fmax((high - kilobits) / (high - low), 0), 1);
  int mode = sf_command(like->file, SFC_GET_BITRATE_MODE, NULL, 0) == SF_BITRATE_MODE_CONSTANT
                 ? SF_BITRATE_MODE_CONSTANT
                 : SF_BITRATE_MODE_AVERAGE;
  sf_command(to, SFC_SET_BITRATE_MODE, &mode, sizeof mode);
  sf_command(to, SFC_SET_COMPRESSION_LEVEL, &level, sizeof level);
}

static scrim_status audio_check_writable(const scrim_audio_writer *w, scrim_error *error) {
  const int container = w->sf.format & SF_FORMAT_TYPEMASK;
  const char *name = audio_sink_name(w->sink);
  if (!sf_format_check(&w->sf))
    return fail(error, SCRIM_E_UNSUPPORTED, "cannot write '%s': libsndfile reads %s as %s, but does not write it", name,
                audio_format_container(w->sf.format), w->encoding->name);
  if (audio_sink_is_stream(w->sink) &&
      ((container != SF_FORMAT_WAV && container != SF_FORMAT_WAVEX) || w->encoding->stream_bytes == 0 ||
       (w->sf.format & SF_FORMAT_ENDMASK) == SF_ENDIAN_BIG))
    return fail(error, SCRIM_E_UNSUPPORTED, "cannot stream %s as %s to '%s': only wav, or write to a file",
                audio_format_container(w->sf.format), w->encoding->name, name);
  return SCRIM_OK;
}

static scrim_status audio_begin(scrim_audio_writer *w, const scrim_audio_reader *like, int keep_tags,
                                scrim_error *error) {
  SF_VIRTUAL_IO io = audio_sink_io;
  scrim_status status = audio_check_writable(w, error);
  if (status == SCRIM_OK)
    status = audio_library_open(&w->file, &w->sf, SFM_WRITE, -1, &io, w->sink, audio_sink_name(w->sink), error);
  if (status != SCRIM_OK) {
    scrim_status written = audio_sink_status(w->sink, error); /* the cause, where there is one */
    return written != SCRIM_OK ? written : status;
  }
  /* It would hold the time of day. */
  sf_command(w->file, SFC_SET_ADD_PEAK_CHUNK, NULL, SF_FALSE);
  if (like != NULL) {
    audio_set_bit_rate(w->file, like);
    audio_tags_copy_layout(like->file, w->file, w->sf.channels);
    if (keep_tags) audio_tags_copy(like->file, w->file);
  }
  if (!audio_sink_is_stream(w->sink)) return SCRIM_OK;
  sf_command(w->file, SFC_UPDATE_HEADER_NOW, NULL, 0);
  const int64_t frame_bytes = w->encoding->stream_bytes * w->sf.channels;
  const int64_t bytes = w->expected < 0 || w->expected > UINT32_MAX ? -1 : w->expected * frame_bytes;
  return audio_sink_start(w->sink, bytes, error);
}

/* What is still there of it; nothing gets a name. */
static void audio_writer_free(scrim_audio_writer *w) {
  if (w->file != NULL) sf_close(w->file);
  if (w->sink != NULL) (void)audio_sink_close(w->sink, 0, NULL);
  memory_wipe_free(w, sizeof *w);
}

scrim_status audio_writer_create(scrim_audio_writer **out, const char *path, const SF_INFO *sf, int64_t frames,
                                 const scrim_audio_reader *like, int keep_tags, scrim_error *error) {
  scrim_audio_writer *w = memory_zalloc(1, sizeof *w);
  if (w == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory to write '%s'", path_shown(path));
  w->sf = (SF_INFO){.samplerate = sf->samplerate, .channels = sf->channels, .format = sf->format};
  w->encoding = audio_format_encoding(sf->format);
  w->expected = frames;
  scrim_status status = audio_sink_open(&w->sink, path, error);
  if (status == SCRIM_OK) status = audio_begin(w, like, keep_tags, error);
  if (status == SCRIM_OK)
    *out = w;
  else
    audio_writer_free(w);
  return status;
}

scrim_status scrim_audio_writer_open(scrim_audio_writer **out, const char *path, const scrim_audio_reader *like,
                                     int keep_tags, scrim_error *error) {
  if (out == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_audio_writer_open: out is NULL");
  *out = NULL;
  if (path == NULL || like == NULL)
    return fail(error, SCRIM_E_ARGUMENT, "scrim_audio_writer_open: path or like is NULL");
  return audio_writer_create(out, path, &like->sf, like->info.frames, like, keep_tags, error);
}

/* ---- writing ---- */

/* To whole numbers of `bits` bits, left in 32 as libsndfile takes them: half a step at most, and clipped. */
static void audio_round(const float *x, size_t n, int bits, int *y) {
  const double scale = ldexp(1, bits - 1);
  for (size_t i = 0; i < n; i++) {
    const long value = lrint(fmin(fmax(scale * x[i], -scale), scale - 1));
    y[i] = (int)((uint32_t)(int32_t)value << (32 - bits));
  }
}

static scrim_status audio_encode(scrim_audio_writer *w, scrim_error *error) {
  if (w->encoding->bits > 0) audio_round(w->piece, w->held * (size_t)w->sf.channels, w->encoding->bits, w->rounded);
  const sf_count_t got = w->encoding->bits > 0 ? sf_writef_int(w->file, w->rounded, (sf_count_t)w->held)
                                               : sf_writef_float(w->file, w->piece, (sf_count_t)w->held);
  scrim_status status = audio_sink_status(w->sink, error);
  if (status == SCRIM_OK && got != (sf_count_t)w->held)
    status = fail(error, SCRIM_E_IO, "cannot write '%s': %s", audio_sink_name(w->sink), sf_strerror(w->file));
  if (status == SCRIM_OK) status = audio_sink_start(w->sink, -1, error);
  w->held = 0;
  return status;
}

scrim_status scrim_audio_writer_write(scrim_audio_writer *writer, const float *data, size_t frames,
                                      scrim_error *error) {
  if (writer == NULL || data == NULL)
    return fail(error, SCRIM_E_ARGUMENT, "scrim_audio_writer_write: writer or data is NULL");
  scrim_audio_writer *w = writer;
  if (w->expected >= 0 && (int64_t)frames > w->expected - w->frames)
    return fail(error, SCRIM_E_STATE, "'%s' is to have %" PRId64 " frames, not %" PRId64, audio_sink_name(w->sink),
                w->expected, w->frames + (int64_t)frames);
  const size_t channels = (size_t)w->sf.channels, capacity = PIECE / channels;
  const int is_stream = audio_sink_is_stream(w->sink);
  scrim_status status = SCRIM_OK;
  for (size_t at = 0; at < frames && status == SCRIM_OK;) {
    const size_t room = capacity - w->held, some = frames - at < room ? frames - at : room;
    memcpy(w->piece + w->held * channels, data + at * channels, some * channels * sizeof *data);
    w->held += some;
    at += some;
    if (w->held == capacity || (is_stream && at == frames)) status = audio_encode(w, error);
  }
  if (status != SCRIM_OK) return status;
  w->frames += (int64_t)frames;
  if (is_stream) audio_sink_flush(w->sink);
  return audio_sink_status(w->sink, error);
}

/* ---- closing ---- */

static scrim_status audio_finish(scrim_audio_writer *w, scrim_error *error) {
  const char *name = audio_sink_name(w->sink);
  if (w->expected >= 0 && w->frames != w->expected)
    return fail(error, SCRIM_E_STATE, "'%s' is to have %" PRId64 " frames, not %" PRId64, name, w->expected, w->frames);
  scrim_status status = w->held > 0 ? audio_encode(w, error) : SCRIM_OK;
  if (status != SCRIM_OK) return status;
  const int reason = sf_close(w->file);
  w->file = NULL;
  status = audio_sink_status(w->sink, error);
  if (status != SCRIM_OK) return status;
  if (reason != SF_ERR_NO_ERROR)
    return fail(error, SCRIM_E_IO, "cannot finish '%s': %s", name, sf_error_number(reason));
  if ((w->sf.format & SF_FORMAT_TYPEMASK) != SF_FORMAT_OGG) return SCRIM_OK;
  const int fd = audio_sink_reopen(w->sink, error);
  if (fd < 0) return SCRIM_E_IO;
  status = ogg_serial_set(fd, name, error);
  close(fd);
  return status;
}

scrim_status scrim_audio_writer_close(scrim_audio_writer *writer, int commit, scrim_error *error) {
  if (writer == NULL) return SCRIM_OK;
  scrim_status status = commit ? audio_finish(writer, error) : SCRIM_OK;
  if (commit && status == SCRIM_OK) {
    status = audio_sink_close(writer->sink, 1, error);
    writer->sink = NULL;
  }
  audio_writer_free(writer);
  return status;
}
