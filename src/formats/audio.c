/* Whole files of sound in memory. */
#include "core/error.h"
#include "core/memory.h"
#include "formats/audio_parts.h"
#include <inttypes.h>

enum { FIRST_FRAMES = 1 << 16 };

/* Makes room for twice as many frames, but for one more than `most` at most: that is how the end is found. */
static scrim_status audio_grow(scrim_audio *audio, size_t *capacity, size_t most, const char *path,
                               scrim_error *error) {
  const size_t frame_bytes = audio->info.channels * sizeof *audio->data;
  if (*capacity > most)
    return fail(error, SCRIM_E_DATA, "'%s' has more than %zu frames of %zu channels", path_shown(path), most,
                audio->info.channels);
  const size_t wanted = *capacity == 0 ? FIRST_FRAMES : 2 * *capacity, larger = wanted <= most ? wanted : most + 1;
  float *data = memory_grow(audio->data, *capacity * frame_bytes, larger * frame_bytes);
  if (data == NULL)
    return fail(error, SCRIM_E_MEMORY, "out of memory for %zu frames of '%s'", larger, path_shown(path));
  audio->data = data;
  *capacity = larger;
  return SCRIM_OK;
}

static scrim_status audio_read_all(scrim_audio *audio, scrim_audio_reader *reader, const char *path, size_t max_bytes,
                                   scrim_error *error) {
  size_t capacity = 0, got = 1;
  audio->info = reader->info;
  audio->info.frames = 0;
  const size_t most = max_bytes / (audio->info.channels * sizeof *audio->data);
  while (got > 0) {
    const size_t frames = (size_t)audio->info.frames;
    scrim_status status = frames < capacity ? SCRIM_OK : audio_grow(audio, &capacity, most, path, error);
    if (status == SCRIM_OK)
      status =
          scrim_audio_reader_read(reader, audio->data + frames * audio->info.channels, capacity - frames, &got, error);
    if (status != SCRIM_OK) return status;
    audio->info.frames += (int64_t)got;
  }
  return SCRIM_OK;
}

scrim_status scrim_audio_read(scrim_audio *out, const char *path, size_t max_bytes, scrim_error *error) {
  if (out == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_audio_read: out is NULL");
  *out = (scrim_audio){.data = NULL};
  scrim_audio_reader *reader;
  scrim_status status = scrim_audio_reader_open(&reader, path, error);
  if (status != SCRIM_OK) return status;
  status = audio_read_all(out, reader, path, max_bytes > 0 ? max_bytes : (size_t)1 << 32, error);
  scrim_audio_reader_close(reader);
  if (status != SCRIM_OK) scrim_audio_free(out);
  return status;
}

void scrim_audio_free(scrim_audio *audio) {
  if (audio == NULL) return;
  memory_wipe_free(audio->data, (size_t)audio->info.frames * audio->info.channels * sizeof *audio->data);
  *audio = (scrim_audio){.data = NULL};
}

scrim_status scrim_audio_write(const char *path, const float *data, size_t frames, size_t channels, double rate,
                               int bits, scrim_error *error) {
  if (path == NULL || data == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_audio_write: path or data is NULL");
  const int format = bits == 16 ? SF_FORMAT_PCM_16 : bits == 24 ? SF_FORMAT_PCM_24 : bits == 32 ? SF_FORMAT_FLOAT : 0;
  if (format == 0 || channels < 1 || channels > SCRIM_AUDIO_CHANNELS || !(rate >= 1 && rate <= SCRIM_AUDIO_RATE))
    return fail(error, SCRIM_E_ARGUMENT, "cannot write '%s' with %d bits, %zu channels and %g Hz", path_shown(path),
                bits, channels, rate);
  const SF_INFO sf = {.samplerate = (int)rate, .channels = (int)channels, .format = SF_FORMAT_WAV | format};
  scrim_audio_writer *writer;
  scrim_status status = audio_writer_create(&writer, path, &sf, (int64_t)frames, NULL, 0, error);
  if (status != SCRIM_OK) return status;
  status = scrim_audio_writer_write(writer, data, frames, error);
  scrim_status closed = scrim_audio_writer_close(writer, status == SCRIM_OK, status == SCRIM_OK ? error : NULL);
  return status != SCRIM_OK ? status : closed;
}
