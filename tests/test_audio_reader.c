/* What is no sound, or not all of it, is refused with the reason; what comes through a pipe is read to its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "sound_world.h"
#include "support/files.h"
#include <cmocka.h>
#include <fcntl.h>
#include <scrim/audio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void expect_refused(const char *path, scrim_status wanted, const char *why) {
  scrim_audio audio;
  scrim_error error = {.message = ""};
  const scrim_status status = scrim_audio_read(&audio, path, 0, &error);
  if (status != wanted || strstr(error.message, why) == NULL) print_error("%d, %s\n", status, error.message);
  assert_int_equal(status, wanted);
  assert_non_null(strstr(error.message, why));
  assert_null(audio.data);
}

static void what_is_no_sound(void **state) {
  const char *text = files_path(*state, "text.wav"), *empty = files_path(*state, "empty.wav");
  const char *head = files_path(*state, "head.wav"), *none = files_path(*state, "none.wav");
  files_write(text, "These are words, not sound.\n", 28);
  expect_refused(text, SCRIM_E_FORMAT, "not sound in any format");
  files_write(empty, "", 0);
  expect_refused(empty, SCRIM_E_FORMAT, "is empty");
  files_write(head, "RIFF\x24\0\0\0WAVEfmt ", 16);
  expect_refused(head, SCRIM_E_FORMAT, "is broken");
  sound_write(none, SF_FORMAT_WAV | SF_FORMAT_PCM_16, 8000, 1, 0);
  expect_refused(none, SCRIM_E_DATA, "holds no frame");
  expect_refused(files_path(*state, "missing.wav"), SCRIM_E_IO, "No such file");
  expect_refused(*state, SCRIM_E_IO, "is a folder");
}

static void what_is_of_another_kind(void **state) {
  const char *path = files_path(*state, "matlab");
  sound_write(path, SF_FORMAT_MAT5 | SF_FORMAT_PCM_16, 8000, 1, 100);
  expect_refused(path, SCRIM_E_UNSUPPORTED, "which is not taken");
  sound_write(path, SF_FORMAT_AIFF | SF_FORMAT_DWVW_16, 8000, 1, 100);
  expect_refused(path, SCRIM_E_UNSUPPORTED, "which is not taken");
}

/* Cut at every so many bytes: each of them is refused, and none is taken for a shorter recording. */
static void what_was_cut(void **state) {
  static const int formats[] = {SF_FORMAT_WAV | SF_FORMAT_PCM_16,  SF_FORMAT_WAVEX | SF_FORMAT_PCM_24,
                                SF_FORMAT_RF64 | SF_FORMAT_PCM_16, SF_FORMAT_W64 | SF_FORMAT_PCM_16,
                                SF_FORMAT_AIFF | SF_FORMAT_PCM_16, SF_FORMAT_CAF | SF_FORMAT_PCM_16,
                                SF_FORMAT_AU | SF_FORMAT_PCM_16,   SF_FORMAT_FLAC | SF_FORMAT_PCM_16,
                                SF_FORMAT_OGG | SF_FORMAT_VORBIS,  SF_FORMAT_OGG | SF_FORMAT_OPUS};
  const char *whole = files_path(*state, "whole"), *cut = files_path(*state, "cut");
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
    size_t n;
    sound_write(whole, formats[i], 16000, 1, 4001);
    char *bytes = files_read(whole, &n);
    for (size_t k = 1; k < 40; k++) {
      scrim_audio audio;
      scrim_error error = {.message = ""};
      files_write(cut, bytes, k < 39 ? n * k / 40 : n - 2); /* the last byte may be padding */
      const scrim_status status = scrim_audio_read(&audio, cut, 0, &error);
      if (status != SCRIM_E_FORMAT) print_error("%x cut to %zu of 40: %d, %s\n", formats[i], k, status, error.message);
      assert_int_equal(status, SCRIM_E_FORMAT);
    }
    free(bytes);
  }
}

/*
 * Bytes are changed one after the other: whatever libsndfile makes of it, there is an answer, and the memory is given
 * back. (Of a broken Vorbis header it keeps some itself.)
 */
static void what_is_broken(void **state) {
  static const int formats[] = {SF_FORMAT_WAV | SF_FORMAT_PCM_16, SF_FORMAT_FLAC | SF_FORMAT_PCM_16,
                                SF_FORMAT_AIFF | SF_FORMAT_PCM_16};
  const char *whole = files_path(*state, "whole"), *broken = files_path(*state, "broken");
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
    size_t n, refused = 0;
    sound_write(whole, formats[i], 16000, 1, 500);
    char *bytes = files_read(whole, &n);
    for (size_t at = 0; at < 60 && at < n; at++) {
      scrim_audio audio;
      bytes[at] ^= 0x55;
      files_write(broken, bytes, n);
      bytes[at] ^= 0x55;
      refused += scrim_audio_read(&audio, broken, 1 << 26, NULL) != SCRIM_OK;
      scrim_audio_free(&audio);
    }
    assert_true(refused >= 10);
    free(bytes);
  }
}

/* Reads standard input, which holds these bytes, and is not the reader's to close. */
static scrim_status read_stdin(const char *bytes, size_t n, scrim_audio *audio, scrim_error *error) {
  int ends[2];
  const int saved = dup(STDIN_FILENO);
  assert_int_equal(pipe(ends), 0);
  assert_int_equal(write(ends[1], bytes, n), n);
  close(ends[1]);
  assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
  close(ends[0]);
  const scrim_status status = scrim_audio_read(audio, "-", 0, error);
  assert_int_equal(fcntl(STDIN_FILENO, F_GETFD), 0);
  assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
  close(saved);
  return status;
}

static void pipes(void **state) {
  static const unsigned char open_sizes[][4] = {{255, 255, 255, 255}, {0, 0, 255, 127}, {0, 240, 255, 255}};
  const char *path = files_path(*state, "a.wav");
  scrim_audio whole, piped;
  scrim_error error = {.message = ""};
  size_t n;
  sound_write(path, SF_FORMAT_WAV | SF_FORMAT_PCM_16, 16000, 2, 3001);
  assert_int_equal(scrim_audio_read(&whole, path, 0, NULL), SCRIM_OK);
  char *bytes = files_read(path, &n);
  assert_int_equal(read_stdin(bytes, n, &piped, &error), SCRIM_OK);
  assert_int_equal(piped.info.frames, 3001);
  assert_memory_equal(piped.data, whole.data, 3001 * 2 * sizeof(float));
  scrim_audio_free(&piped);
  assert_int_equal(read_stdin(bytes, n - 5, &piped, &error), SCRIM_E_FORMAT);
  assert_non_null(strstr(error.message, "ends after 2999 of 3001 frames"));
  for (size_t i = 0; i < sizeof open_sizes / sizeof *open_sizes; i++) {
    memcpy(bytes + 40, open_sizes[i], 4);
    assert_int_equal(read_stdin(bytes, n, &piped, &error), SCRIM_OK);
    assert_int_equal(piped.info.frames, 3001);
    assert_memory_equal(piped.data, whole.data, 3001 * 2 * sizeof(float));
    scrim_audio_free(&piped);
  }
  assert_int_equal(read_stdin("RIFF", 4, &piped, &error), SCRIM_E_FORMAT);
  assert_int_equal(read_stdin(bytes, 44, &piped, &error), SCRIM_E_DATA);
  free(bytes);
  scrim_audio_free(&whole);
}

static void calls_that_break_the_contract(void **state) {
  (void)state;
  scrim_audio_reader *reader;
  float x;
  size_t n = 7;
  assert_int_equal(scrim_audio_reader_open(NULL, "x", NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_audio_reader_open(&reader, NULL, NULL), SCRIM_E_ARGUMENT);
  assert_null(reader);
  assert_int_equal(scrim_audio_reader_read(NULL, &x, 1, &n, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(n, 0);
  assert_int_equal(scrim_audio_reader_read(NULL, &x, 1, NULL, NULL), SCRIM_E_ARGUMENT);
  scrim_audio_reader_close(NULL);
  scrim_audio_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(what_is_no_sound, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(what_is_of_another_kind, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(what_was_cut, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(what_is_broken, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(pipes, files_setup, files_teardown),
      cmocka_unit_test(calls_that_break_the_contract),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
