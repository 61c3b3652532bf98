/* The writer: the same content gives the same bytes, the reader takes all of them, and nothing half-written is left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "core/tensorfile.h"
#include "support/files.h"
#include <cmocka.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const float weights[6] = {1, 2, 3, 4, 5, 6};
static const double wide[2] = {0.25, -1e300};
static const int64_t counts[3] = {-1, 0, INT64_MAX};
static const uint64_t hashes[1] = {UINT64_MAX};
static const int32_t labels[2] = {-7, 7};
static const unsigned char bytes_u8[5] = {0, 1, 2, 254, 255};

static const struct {
  const char *name;
  tensorfile_dtype dtype;
  int rank;
  int64_t shape[4];
  const void *data;
  size_t bytes;
} tensors[] = {
    {"w", TENSORFILE_F32, 2, {2, 3}, weights, sizeof weights},
    {"wide", TENSORFILE_F64, 1, {2}, wide, sizeof wide},
    {"counts", TENSORFILE_I64, 4, {1, 3, 1, 1}, counts, sizeof counts},
    {"hash", TENSORFILE_U64, 0, {0}, hashes, sizeof hashes},
    {"labels", TENSORFILE_I32, 1, {2}, labels, sizeof labels},
    {"bytes \"\\ \xc3\xa9", TENSORFILE_U8, 1, {5}, bytes_u8, sizeof bytes_u8},
    {"none", TENSORFILE_F32, 2, {0, 3}, NULL, 0},
};
enum { TENSORS = sizeof tensors / sizeof tensors[0] };

static const char *const meta[][2] = {{"b", "two\nlines"}, {"a", ""}, {"\xc3\xa9", "\"quoted\" \\ / \xe2\x82\xac"}};
enum { META = sizeof meta / sizeof meta[0] };

static scrim_status put_all(tensorfile_writer *writer, int backwards, scrim_error *error) {
  scrim_status status = SCRIM_OK;
  for (int i = 0; status == SCRIM_OK && i < TENSORS; i++) {
    int t = backwards ? TENSORS - 1 - i : i;
    status = tensorfile_put(writer, tensors[t].name, tensors[t].dtype, tensors[t].rank, tensors[t].shape,
                            tensors[t].data, error);
  }
  for (int i = 0; status == SCRIM_OK && i < META; i++) {
    int m = backwards ? META - 1 - i : i;
    status = tensorfile_put_meta(writer, meta[m][0], meta[m][1], error);
  }
  return status;
}

static tensorfile_writer *writer_new(void) {
  tensorfile_writer *writer;
  assert_int_equal(tensorfile_writer_create(&writer, NULL), SCRIM_OK);
  return writer;
}

static void assert_holds_all(const tensorfile *file) {
  for (int i = 0; i < TENSORS; i++) {
    const void *data;
    int64_t shape[4];
    memcpy(shape, tensors[i].shape, sizeof shape);
    assert_int_equal(tensorfile_get(file, tensors[i].name, tensors[i].dtype, tensors[i].rank, shape, &data, NULL),
                     SCRIM_OK);
    if (tensors[i].bytes > 0) assert_memory_equal(data, tensors[i].data, tensors[i].bytes);
  }
  for (int i = 0; i < META; i++) assert_string_equal(tensorfile_meta(file, meta[i][0]), meta[i][1]);
}

static void what_is_written_is_read(void **state) {
  const char *path = files_path(*state, "x.scrim");
  tensorfile_writer *writer = writer_new();
  tensorfile *file;
  assert_int_equal(put_all(writer, 0, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_save(writer, path, NULL), SCRIM_OK);
  assert_int_equal(files_count(*state), 1);
  assert_int_equal(tensorfile_open(&file, path, NULL), SCRIM_OK);
  assert_holds_all(file);
  tensorfile_close(file);
  tensorfile_writer_free(writer);
  tensorfile_writer_free(NULL);
}

static void same_content_gives_same_bytes(void **state) {
  const char *path = files_path(*state, "x.scrim");
  unsigned char *bytes[2];
  size_t n[2], n_saved;
  for (int backwards = 0; backwards < 2; backwards++) {
    tensorfile_writer *writer = writer_new();
    assert_int_equal(put_all(writer, backwards, NULL), SCRIM_OK);
    assert_int_equal(tensorfile_bytes(writer, &bytes[backwards], &n[backwards], NULL), SCRIM_OK);
    assert_int_equal(tensorfile_save(writer, path, NULL), SCRIM_OK);
    tensorfile_writer_free(writer);
  }
  assert_int_equal(n[0], n[1]);
  assert_memory_equal(bytes[0], bytes[1], n[0]);
  char *saved = files_read(path, &n_saved);
  assert_int_equal(n_saved, n[0]);
  assert_memory_equal(saved, bytes[0], n_saved);

  uint64_t header;
  memcpy(&header, bytes[0], 8);
  assert_int_equal((8 + header) % 64, 0); /* data begins on a line */
  free(saved);
  memory_free(bytes[0]);
  memory_free(bytes[1]);
}

static void an_empty_file_is_a_file(void **state) {
  (void)state;
  tensorfile_writer *writer = writer_new();
  unsigned char *bytes;
  size_t n;
  tensorfile *file;
  assert_int_equal(tensorfile_bytes(writer, &bytes, &n, NULL), SCRIM_OK);
  assert_int_equal(n, 64);
  assert_int_equal(tensorfile_parse(&file, bytes, n, NULL), SCRIM_OK);
  tensorfile_close(file);
  memory_free(bytes);
  tensorfile_writer_free(writer);
}

static void metadata_is_replaced_tensors_are_not(void **state) {
  (void)state;
  tensorfile_writer *writer = writer_new();
  unsigned char *bytes;
  size_t n;
  tensorfile *file;
  scrim_error error;
  assert_int_equal(tensorfile_put_meta(writer, "a", "1", NULL), SCRIM_OK);
  assert_int_equal(tensorfile_put_meta(writer, "a", "2", NULL), SCRIM_OK);
  assert_int_equal(tensorfile_put(writer, "w", TENSORFILE_F32, 1, (int64_t[]){6}, weights, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_put(writer, "w", TENSORFILE_U8, 1, (int64_t[]){5}, bytes_u8, &error), SCRIM_E_ARGUMENT);
  assert_string_equal(error.message, "tensor 'w' is there already");
  assert_int_equal(tensorfile_bytes(writer, &bytes, &n, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_parse(&file, bytes, n, NULL), SCRIM_OK);
  assert_string_equal(tensorfile_meta(file, "a"), "2");
  tensorfile_close(file);
  memory_free(bytes);
  tensorfile_writer_free(writer);
}

static void what_cannot_be_read_is_not_written(void **state) {
  (void)state;
  tensorfile_writer *writer = writer_new();
  const int64_t one[5] = {1, 1, 1, 1, 1}, negative[1] = {-1}, huge[2] = {INT64_MAX, 4};
  assert_int_equal(tensorfile_put(writer, "x", (tensorfile_dtype)0, 1, one, weights, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(tensorfile_put(writer, "x", (tensorfile_dtype)99, 1, one, weights, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(tensorfile_put(writer, "x", TENSORFILE_F32, 5, one, weights, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(tensorfile_put(writer, "x", TENSORFILE_F32, -1, one, weights, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(tensorfile_put(writer, "x", TENSORFILE_F32, 1, negative, weights, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(tensorfile_put(writer, "x", TENSORFILE_F32, 2, huge, weights, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(tensorfile_put(writer, "x", TENSORFILE_F32, 1, one, NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(tensorfile_put(writer, "\xff", TENSORFILE_F32, 1, one, weights, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(tensorfile_put(writer, "__metadata__", TENSORFILE_F32, 1, one, weights, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(tensorfile_put_meta(writer, "\xff", "", NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(tensorfile_put_meta(writer, "a", "\xc3", NULL), SCRIM_E_ARGUMENT);
  tensorfile_writer_free(writer);
}

static void wild_values_are_not_written(void **state) {
  const char *path = files_path(*state, "x.scrim");
  float value[3] = {1, NAN, 3};
  tensorfile_writer *writer = writer_new();
  unsigned char *bytes;
  size_t n;
  scrim_error error;
  assert_int_equal(tensorfile_put(writer, "w", TENSORFILE_F32, 1, (int64_t[]){3}, value, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_bytes(writer, &bytes, &n, &error), SCRIM_E_DATA);
  assert_null(bytes);
  assert_string_equal(error.message, "tensor 'w': value 1 of 3 is not finite");
  assert_int_equal(tensorfile_save(writer, path, NULL), SCRIM_E_DATA);
  assert_int_equal(files_count(*state), 0);
  value[1] = 2; /* data is read when the file is made */
  assert_int_equal(tensorfile_save(writer, path, NULL), SCRIM_OK);
  tensorfile_writer_free(writer);
}

static void limits_hold_for_the_writer_too(void **state) {
  (void)state;
  tensorfile_writer *writer = writer_new();
  scrim_error error;
  char name[20];
  for (int i = 0; i < TENSORFILE_MAX_TENSORS; i++) {
    snprintf(name, sizeof name, "%d", i);
    assert_int_equal(tensorfile_put(writer, name, TENSORFILE_F32, 1, (int64_t[]){0}, NULL, NULL), SCRIM_OK);
  }
  assert_int_equal(tensorfile_put(writer, "x", TENSORFILE_F32, 1, (int64_t[]){0}, NULL, &error), SCRIM_E_ARGUMENT);
  assert_non_null(strstr(error.message, "4096"));

  char *value = malloc(TENSORFILE_MAX_HEADER);
  memset(value, 'v', TENSORFILE_MAX_HEADER - 1);
  value[TENSORFILE_MAX_HEADER - 1] = '\0';
  unsigned char *bytes;
  size_t n;
  assert_int_equal(tensorfile_put_meta(writer, "long", value, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_bytes(writer, &bytes, &n, &error), SCRIM_E_ARGUMENT);
  assert_non_null(strstr(error.message, "at most 1048576"));
  free(value);
  tensorfile_writer_free(writer);
}

static void a_full_disk_leaves_the_old_file(void **state) {
  const char *path = files_path(*state, "x.scrim");
  tensorfile_writer *writer = writer_new();
  assert_int_equal(put_all(writer, 0, NULL), SCRIM_OK);
  files_write(path, "old", 3);
  unsigned char *bytes;
  size_t n_bytes;
  assert_int_equal(tensorfile_bytes(writer, &bytes, &n_bytes, NULL), SCRIM_OK);
  memory_free(bytes);
  struct rlimit before, limit;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlim_t room[] = {0, 100, n_bytes - 1}; /* before the header, inside it, and before the last byte of data */
  void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
  for (int i = 0; i < 3; i++) {
    limit = (struct rlimit){.rlim_cur = room[i], .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    scrim_status status = tensorfile_save(writer, path, NULL);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(status, SCRIM_E_IO);
    assert_int_equal(files_count(*state), 1);
  }
  signal(SIGXFSZ, handler);
  size_t n;
  char *old = files_read(path, &n);
  assert_string_equal(old, "old");
  free(old);
  tensorfile_writer_free(writer);
}

static void every_failed_request_is_reported(void **state) {
  const char *path = files_path(*state, "x.scrim");
  for (int lasting = 0; lasting < 2; lasting++) {
    scrim_status status = SCRIM_E_MEMORY;
    unsigned long n = 1;
    for (; status != SCRIM_OK; n++) {
      tensorfile_writer *writer = NULL;
      unsigned char *bytes = NULL;
      size_t n_bytes;
      memory_fail_at(n, lasting);
      status = tensorfile_writer_create(&writer, NULL);
      if (status == SCRIM_OK) status = put_all(writer, 0, NULL);
      if (status == SCRIM_OK) status = tensorfile_put_meta(writer, "a", "again", NULL);
      if (status == SCRIM_OK) status = tensorfile_bytes(writer, &bytes, &n_bytes, NULL);
      if (status == SCRIM_OK) status = tensorfile_save(writer, path, NULL);
      memory_fail_at(0, 0);
      assert_true(status == SCRIM_OK || status == SCRIM_E_MEMORY);
      memory_free(bytes);
      tensorfile_writer_free(writer);
    }
    assert_true(n > 15);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(what_is_written_is_read, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(same_content_gives_same_bytes, files_setup, files_teardown),
      cmocka_unit_test(an_empty_file_is_a_file),
      cmocka_unit_test(metadata_is_replaced_tensors_are_not),
      cmocka_unit_test(what_cannot_be_read_is_not_written),
      cmocka_unit_test_setup_teardown(wild_values_are_not_written, files_setup, files_teardown),
      cmocka_unit_test(limits_hold_for_the_writer_too),
      cmocka_unit_test_setup_teardown(a_full_disk_leaves_the_old_file, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(every_failed_request_is_reported, files_setup, files_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
