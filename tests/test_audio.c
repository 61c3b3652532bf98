/* Sound through the reader and the writer: every container, depth, rate and width comes back, to the frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/memory.h"
#include "sound_world.h"
#include "support/files.h"
#include <cmocka.h>
#include <math.h>
#include <scrim/audio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads `from`, writes what was read to `to`, in blocks of `block` frames. */
static scrim_status copy(const char *from, const char *to, size_t block, int keep_tags, scrim_error *error) {
  scrim_audio_reader *reader;
  scrim_audio_writer *writer = NULL;
  scrim_status status = scrim_audio_reader_open(&reader, from, error);
  if (status != SCRIM_OK) return status;
  const size_t channels = scrim_audio_reader_info(reader)->channels;
  float *data = malloc(block * channels * sizeof *data);
  assert_non_null(data);
  status = scrim_audio_writer_open(&writer, to, reader, keep_tags, error);
  for (size_t n = 1; n > 0 && status == SCRIM_OK;) {
    status = scrim_audio_reader_read(reader, data, block, &n, error);
    if (status == SCRIM_OK && n > 0) status = scrim_audio_writer_write(writer, data, n, error);
  }
  const scrim_status closed = scrim_audio_writer_close(writer, status == SCRIM_OK, status == SCRIM_OK ? error : NULL);
  scrim_audio_reader_close(reader);
  free(data);
  return status != SCRIM_OK ? status : closed;
}

static void expect_same_kind(const SF_INFO *a, const SF_INFO *b) {
  assert_int_equal(a->frames, b->frames);
  assert_int_equal(a->samplerate, b->samplerate);
  assert_int_equal(a->channels, b->channels);
  assert_int_equal(a->format, b->format);
}

/* Every sample of a lossless file comes back exactly; of a lossy one, about. */
static void expect_copy(const char *folder, int format, int rate, int channels, size_t frames) {
  const char *from = files_path(folder, "from"), *to = files_path(folder, "to");
  scrim_error error = {.message = ""};
  SF_INFO before, after;
  sound_write(from, format, rate, channels, frames);
  const scrim_status status = copy(from, to, 1000, 0, &error);
  if (status != SCRIM_OK)
    print_error("%x %d Hz, %d channels, %zu frames: %s\n", format, rate, channels, frames, error.message);
  assert_int_equal(status, SCRIM_OK);
  int *x = sound_read_ints(from, &before), *y = sound_read_ints(to, &after);
  if (before.frames != after.frames) print_error("%x %d Hz, %d channels, %zu frames\n", format, rate, channels, frames);
  expect_same_kind(&before, &after);
  if (!sound_is_lossy(format)) assert_memory_equal(x, y, (size_t)before.frames * channels * sizeof *x);
  free(x);
  free(y);
}

static void every_depth_rate_and_width(void **state) {
  static const int rates[] = {8000, 11025, 16000, 44100, 48000, 96000};
  static const int depths[] = {SF_FORMAT_PCM_U8, SF_FORMAT_PCM_16, SF_FORMAT_PCM_24,
                               SF_FORMAT_PCM_32, SF_FORMAT_FLOAT,  SF_FORMAT_DOUBLE};
  static const size_t lengths[] = {1, 2, 1009};
  for (size_t r = 0; r < sizeof rates / sizeof *rates; r++)
    for (size_t d = 0; d < sizeof depths / sizeof *depths; d++)
      for (int channels = 1; channels <= 6; channels++)
        expect_copy(*state, SF_FORMAT_WAV | depths[d], rates[r], channels, lengths[(r + d) % 3]);
}

static void every_container(void **state) {
  static const int formats[] = {
      SF_FORMAT_WAVEX | SF_FORMAT_PCM_24,
      SF_FORMAT_WAV | SF_ENDIAN_BIG | SF_FORMAT_PCM_16,
      SF_FORMAT_RF64 | SF_FORMAT_PCM_16,
      SF_FORMAT_W64 | SF_FORMAT_PCM_24,
      SF_FORMAT_AIFF | SF_FORMAT_PCM_16,
      SF_FORMAT_AIFF | SF_FORMAT_PCM_S8,
      SF_FORMAT_AIFF | SF_FORMAT_FLOAT,
      SF_FORMAT_AIFF | SF_ENDIAN_LITTLE | SF_FORMAT_PCM_24,
      SF_FORMAT_CAF | SF_FORMAT_PCM_24,
      SF_FORMAT_CAF | SF_FORMAT_ALAC_16,
      SF_FORMAT_CAF | SF_FORMAT_ALAC_24,
      SF_FORMAT_AU | SF_FORMAT_PCM_16,
      SF_FORMAT_AU | SF_FORMAT_FLOAT,
      SF_FORMAT_FLAC | SF_FORMAT_PCM_S8,
      SF_FORMAT_FLAC | SF_FORMAT_PCM_16,
      SF_FORMAT_FLAC | SF_FORMAT_PCM_24,
      SF_FORMAT_NIST | SF_FORMAT_PCM_16,
      SF_FORMAT_VOC | SF_FORMAT_PCM_16,
      SF_FORMAT_WAV | SF_FORMAT_ULAW,
      SF_FORMAT_AU | SF_FORMAT_ALAW,
      SF_FORMAT_OGG | SF_FORMAT_VORBIS,
      SF_FORMAT_OGG | SF_FORMAT_OPUS,
      SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III,
  };
  static const size_t lengths[] = {1, 999, 16001};
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++)
      for (int channels = 1; channels <= 2; channels++) {
        /* libsndfile's ALAC drops bits of a single frame of two channels, whoever writes it. */
        if (lengths[l] == 1 && (formats[i] & SF_FORMAT_SUBMASK) == SF_FORMAT_ALAC_24) continue;
        expect_copy(*state, formats[i], 16000, channels, lengths[l]);
      }
}

/* libsndfile pads a last block of these: a file of theirs has a whole number of blocks, and keeps it. */
static void encodings_in_blocks(void **state) {
  static const int formats[] = {SF_FORMAT_WAV | SF_FORMAT_IMA_ADPCM, SF_FORMAT_WAV | SF_FORMAT_MS_ADPCM,
                                SF_FORMAT_WAV | SF_FORMAT_GSM610};
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) expect_copy(*state, formats[i], 8000, 1, 8001);
}

static void the_same_sound_gives_the_same_bytes(void **state) {
  static const int formats[] = {SF_FORMAT_OGG | SF_FORMAT_VORBIS,          SF_FORMAT_OGG | SF_FORMAT_OPUS,
                                SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, SF_FORMAT_WAV | SF_FORMAT_FLOAT,
                                SF_FORMAT_AIFF | SF_FORMAT_FLOAT,          SF_FORMAT_CAF | SF_FORMAT_FLOAT,
                                SF_FORMAT_FLAC | SF_FORMAT_PCM_16,         SF_FORMAT_W64 | SF_FORMAT_PCM_24};
  const char *from = files_path(*state, "from"), *to[] = {files_path(*state, "to0"), files_path(*state, "to1")};
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
    char *bytes[2];
    size_t n[2];
    sound_write(from, formats[i], 16000, 1, 5000);
    for (size_t k = 0; k < 2; k++) {
      assert_int_equal(copy(from, to[k], k ? 999 : 4096, 0, NULL), SCRIM_OK);
      bytes[k] = files_read(to[k], &n[k]);
    }
    assert_int_equal(n[0], n[1]);
    assert_memory_equal(bytes[0], bytes[1], n[0]);
    free(bytes[0]);
    free(bytes[1]);
  }
}

static void what_is_beyond_full_scale_is_clipped(void **state) {
  const char *path = files_path(*state, "loud.wav"), *again = files_path(*state, "again.wav");
  const float loud[] = {1.5f, -1.5f, 1, -1, 0.9999f, 0, 0.4f / 32768, 0.6f / 32768};
  const float clipped[] = {32767.0f / 32768, -1, 32767.0f / 32768, -1, 32765.0f / 32768, 0, 0, 1.0f / 32768};
  scrim_audio audio;
  assert_int_equal(scrim_audio_write(path, loud, 8, 1, 16000, 16, NULL), SCRIM_OK);
  assert_int_equal(scrim_audio_read(&audio, path, 0, NULL), SCRIM_OK);
  assert_int_equal(audio.info.frames, 8);
  assert_string_equal(audio.info.encoding, "16 bit");
  assert_memory_equal(audio.data, clipped, sizeof clipped);
  scrim_audio_free(&audio);
  assert_int_equal(scrim_audio_write(path, loud, 8, 1, 16000, 32, NULL), SCRIM_OK);
  assert_int_equal(copy(path, again, 3, 0, NULL), SCRIM_OK);
  assert_int_equal(scrim_audio_read(&audio, again, 0, NULL), SCRIM_OK);
  assert_memory_equal(audio.data, loud, sizeof loud);
  scrim_audio_free(&audio);
}

static void a_whole_file_fits_or_is_refused(void **state) {
  const char *path = files_path(*state, "long.flac");
  scrim_audio audio;
  scrim_error error;
  sound_write(path, SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 16000, 2, 70001);
  assert_int_equal(scrim_audio_read(&audio, path, 70001 * 2 * sizeof(float), NULL), SCRIM_OK);
  assert_int_equal(audio.info.frames, 70001);
  assert_true(audio.info.rate == 16000 && audio.info.channels == 2 && !audio.info.is_lossy);
  assert_string_equal(audio.info.container, "flac");
  scrim_audio_free(&audio);
  assert_int_equal(scrim_audio_read(&audio, path, 70001 * 2 * sizeof(float) - 1, &error), SCRIM_E_DATA);
  assert_null(audio.data);
  assert_non_null(strstr(error.message, "more than 70001 frames") != NULL ? error.message
                                                                          : strstr(error.message, "more than 70000"));
  assert_int_equal(scrim_audio_write(path, (float[]){0}, 1, 1, 16000, 17, &error), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_audio_write(path, (float[]){0}, 1, 257, 16000, 16, &error), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_audio_write(path, (float[]){0}, 1, 1, NAN, 16, &error), SCRIM_E_ARGUMENT);
}

static void failing_memory_is_an_error_and_leaves_nothing(void **state) {
  const char *from = files_path(*state, "from.ogg"), *to = files_path(*state, "to.ogg");
  sound_write(from, SF_FORMAT_OGG | SF_FORMAT_VORBIS, 16000, 1, 3000);
  int failures = 0;
  for (unsigned long at = 1;; at++) {
    memory_fail_at(at, 0);
    const scrim_status status = copy(from, to, 1000, 0, NULL);
    memory_fail_at(0, 0);
    if (status == SCRIM_OK) break;
    assert_int_equal(status, SCRIM_E_MEMORY);
    assert_int_equal(files_count(*state), 1);
    failures++;
  }
  assert_true(failures >= 6);
  assert_int_equal(files_count(*state), 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(every_depth_rate_and_width, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(every_container, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(encodings_in_blocks, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(the_same_sound_gives_the_same_bytes, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(what_is_beyond_full_scale_is_clipped, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(a_whole_file_fits_or_is_refused, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(failing_memory_is_an_error_and_leaves_nothing, files_setup, files_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
