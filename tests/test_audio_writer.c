/* Output that cannot be written leaves nothing; tags stay behind; a stream tells its length if it is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "sound_world.h"
#include "support/files.h"
#include <cmocka.h>
#include <scrim/audio.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FRAMES = 4000 };
static const float silence[2 * FRAMES];

static scrim_audio_reader *open_like(const char *folder, int format, size_t frames) {
  scrim_audio_reader *reader;
  const char *path = files_path(folder, "like");
  sound_write(path, format, 16000, 1, frames);
  assert_int_equal(scrim_audio_reader_open(&reader, path, NULL), SCRIM_OK);
  return reader;
}

/* Opens `path`, writes `frames` of silence and commits; the first status that is not OK. */
static scrim_status write_all(const char *path, const scrim_audio_reader *like, size_t frames, scrim_error *error) {
  scrim_audio_writer *writer;
  scrim_status status = scrim_audio_writer_open(&writer, path, like, 0, error);
  if (status != SCRIM_OK) return status;
  status = scrim_audio_writer_write(writer, silence, frames, error);
  const scrim_status closed = scrim_audio_writer_close(writer, status == SCRIM_OK, status == SCRIM_OK ? error : NULL);
  return status != SCRIM_OK ? status : closed;
}

static void a_number_of_frames_that_is_not_kept_to(void **state) {
  const char *path = files_path(*state, "out.wav");
  scrim_audio_reader *like = open_like(*state, SF_FORMAT_WAV | SF_FORMAT_PCM_16, 100);
  scrim_error error;
  assert_int_equal(write_all(path, like, 99, &error), SCRIM_E_STATE);
  assert_non_null(strstr(error.message, "100 frames, not 99"));
  assert_int_equal(write_all(path, like, 101, &error), SCRIM_E_STATE);
  assert_non_null(strstr(error.message, "100 frames, not 101"));
  assert_int_equal(files_count(*state), 1);
  assert_int_equal(write_all(path, like, 100, &error), SCRIM_OK);
  scrim_audio_reader_close(like);
}

static void places_that_cannot_be_written(void **state) {
  scrim_audio_reader *like = open_like(*state, SF_FORMAT_WAV | SF_FORMAT_PCM_16, 100);
  scrim_error error;
  assert_int_equal(write_all(files_path(*state, "no/such/folder.wav"), like, 100, &error), SCRIM_E_IO);
  assert_int_equal(write_all(*state, like, 100, &error), SCRIM_E_IO);
  assert_non_null(strstr(error.message, "it is a folder"));
  scrim_audio_reader_close(like);
  like = open_like(*state, SF_FORMAT_WAV | SF_FORMAT_PCM_16, FRAMES);
  assert_int_equal(write_all("/dev/full", like, FRAMES, &error), SCRIM_E_IO);
  assert_non_null(strstr(error.message, "No space left"));
  assert_int_equal(files_count(*state), 1);
  scrim_audio_reader_close(like);
}

/* A limit on the size of files stands for a disk that is full. */
static void a_disk_that_fills_up(void **state) {
  static const int formats[] = {SF_FORMAT_WAV | SF_FORMAT_PCM_16, SF_FORMAT_FLAC | SF_FORMAT_PCM_24,
                                SF_FORMAT_OGG | SF_FORMAT_VORBIS, SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III,
                                SF_FORMAT_CAF | SF_FORMAT_FLOAT};
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
    scrim_audio_reader *like = open_like(*state, formats[i], FRAMES);
    struct rlimit before, small = {.rlim_cur = 40};
    scrim_error error;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const scrim_status status = write_all(files_path(*state, "out"), like, FRAMES, &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(status, SCRIM_E_IO);
    assert_non_null(strstr(error.message, "File too large"));
    assert_int_equal(files_count(*state), 1);
    scrim_audio_reader_close(like);
  }
}

static void tags_stay_behind_unless_asked_for(void **state) {
  const char *from = files_path(*state, "from.wav"), *to = files_path(*state, "to.wav");
  SF_INFO info = {.samplerate = 16000, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
  SF_BROADCAST_INFO broadcast = {.description = "a secret place", .version = 1};
  const short x[100] = {1, 2, 3};
  SNDFILE *file = sf_open(from, SFM_WRITE, &info);
  assert_non_null(file);
  assert_int_equal(sf_command(file, SFC_SET_BROADCAST_INFO, &broadcast, sizeof broadcast), SF_TRUE);
  assert_int_equal(sf_set_string(file, SF_STR_ARTIST, "a secret name"), 0);
  sf_write_short(file, x, 100);
  sf_close(file);
  for (int keep = 0; keep <= 1; keep++) {
    scrim_audio_reader *reader;
    scrim_audio_writer *writer;
    float y[100];
    size_t n;
    assert_int_equal(scrim_audio_reader_open(&reader, from, NULL), SCRIM_OK);
    assert_int_equal(scrim_audio_writer_open(&writer, to, reader, keep, NULL), SCRIM_OK);
    assert_int_equal(scrim_audio_reader_read(reader, y, 100, &n, NULL), SCRIM_OK);
    assert_int_equal(n, 100);
    assert_int_equal(scrim_audio_writer_write(writer, y, n, NULL), SCRIM_OK);
    assert_int_equal(scrim_audio_writer_close(writer, 1, NULL), SCRIM_OK);
    scrim_audio_reader_close(reader);
    char *bytes = files_read(to, &n);
    size_t secrets = 0;
    for (size_t i = 0; i + 8 < n; i++) secrets += memcmp(bytes + i, "a secret", 8) == 0;
    assert_int_equal(secrets, keep ? 2 : 0);
    free(bytes);
    info = (SF_INFO){0};
    assert_non_null(file = sf_open(to, SFM_READ, &info));
    assert_int_equal(info.frames, 100);
    sf_close(file);
  }
}

/* Runs write_all with standard output in a file of its own. */
static scrim_status write_stdout(const char *path, const scrim_audio_reader *like, size_t frames, scrim_error *error) {
  fflush(stdout);
  const int saved = dup(STDOUT_FILENO);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_int_equal(dup2(fileno(file), STDOUT_FILENO), STDOUT_FILENO);
  const scrim_status status = write_all("-", like, frames, error);
  assert_int_equal(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
  close(saved);
  fclose(file);
  return status;
}

static void a_stream_is_the_file_that_would_have_been_written(void **state) {
  static const int subs[] = {SF_FORMAT_PCM_U8, SF_FORMAT_PCM_16, SF_FORMAT_PCM_24, SF_FORMAT_ULAW, SF_FORMAT_FLOAT};
  const char *file = files_path(*state, "file.wav"), *stream = files_path(*state, "stream.wav");
  for (size_t i = 0; i < sizeof subs / sizeof *subs; i++) {
    scrim_audio_reader *like = open_like(*state, SF_FORMAT_WAV | subs[i], 1001);
    size_t n[2];
    assert_int_equal(write_all(file, like, 1001, NULL), SCRIM_OK);
    assert_int_equal(write_stdout(stream, like, 1001, NULL), SCRIM_OK);
    char *bytes[] = {files_read(file, &n[0]), files_read(stream, &n[1])};
    assert_int_equal(n[0], n[1]);
    /* Where there is a chunk `fact`, it counts frames a second time, and a stream has no number there. */
    if (subs[i] != SF_FORMAT_ULAW && subs[i] != SF_FORMAT_FLOAT) assert_memory_equal(bytes[0], bytes[1], n[0]);
    SF_INFO info;
    free(sound_read_ints(stream, &info));
    assert_int_equal(info.frames, 1001);
    free(bytes[0]);
    free(bytes[1]);
    scrim_audio_reader_close(like);
  }
  scrim_audio_reader *like = open_like(*state, SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 10);
  scrim_error error;
  assert_int_equal(write_stdout(stream, like, 10, &error), SCRIM_E_UNSUPPORTED);
  assert_non_null(strstr(error.message, "only wav"));
  scrim_audio_reader_close(like);
}

static void calls_that_break_the_contract(void **state) {
  scrim_audio_writer *writer;
  scrim_audio_reader *like = open_like(*state, SF_FORMAT_WAV | SF_FORMAT_PCM_16, 1);
  assert_int_equal(scrim_audio_writer_open(NULL, "x", like, 0, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_audio_writer_open(&writer, NULL, like, 0, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_audio_writer_open(&writer, "x", NULL, 0, NULL), SCRIM_E_ARGUMENT);
  assert_null(writer);
  assert_int_equal(scrim_audio_writer_write(NULL, silence, 1, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_audio_writer_close(NULL, 1, NULL), SCRIM_OK);
  scrim_audio_reader_close(like);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_number_of_frames_that_is_not_kept_to, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(places_that_cannot_be_written, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(a_disk_that_fills_up, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(tags_stay_behind_unless_asked_for, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(a_stream_is_the_file_that_would_have_been_written, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(calls_that_break_the_contract, files_setup, files_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
