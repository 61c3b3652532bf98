/* The strict reader: what it takes, and a hostile file for every rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "core/tensorfile.h"
#include <cmocka.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file in memory: length, header (padded with spaces to 8 bytes), data. */
typedef struct image {
  unsigned char *bytes;
  size_t n;
} image;

static image image_new(const char *header, size_t n_header, const void *data, size_t n_data) {
  size_t padded = (n_header + 7) / 8 * 8;
  image i = {malloc(8 + padded + n_data), 8 + padded + n_data};
  assert_non_null(i.bytes);
  uint64_t length = padded;
  memcpy(i.bytes, &length, 8);
  memset(i.bytes + 8, ' ', padded);
  memcpy(i.bytes + 8, header, n_header);
  if (n_data > 0) memcpy(i.bytes + 8 + padded, data, n_data);
  return i;
}

/* The status of reading the header with `n_data` zero bytes behind it; the message must hold `words`. */
static scrim_status read_header(const char *header, size_t n_header, size_t n_data, const char *words) {
  unsigned char *zeroes = calloc(1, n_data + 1);
  image i = image_new(header, n_header, zeroes, n_data);
  tensorfile *file;
  scrim_error error = {.message = ""};
  scrim_status status = tensorfile_parse(&file, i.bytes, i.n, &error);
  if (status != SCRIM_OK) {
    assert_null(file);
    if (strstr(error.message, words) == NULL) print_error("'%s' lacks '%s'\n", error.message, words);
    assert_non_null(strstr(error.message, words));
  }
  tensorfile_close(file);
  free(i.bytes);
  free(zeroes);
  return status;
}

static const char good_header[] = "{\"__metadata__\":{\"b\":\"2\",\"a\":\"\\u00e9\\n\"},"
                                  "\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[8,32]},"
                                  "\"n\":{\"data_offsets\":[0,8],\"dtype\":\"I64\",\"shape\":[]},"
                                  "\"empty\":{\"dtype\":\"U8\",\"shape\":[0,5],\"data_offsets\":[32,32]},"
                                  "\"u\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[32,33]}}";

static image good_image(void) {
  unsigned char data[33];
  int64_t n = -5;
  float w[6] = {0, 1, 2, 3, 4, 5};
  memcpy(data, &n, 8);
  memcpy(data + 8, w, 24);
  data[32] = 200;
  return image_new(good_header, strlen(good_header), data, sizeof data);
}

static void check_good(const tensorfile *file) {
  scrim_error error;
  const void *data;
  int64_t shape[4] = {-1, 3};
  assert_int_equal(tensorfile_get(file, "w", TENSORFILE_F32, 2, shape, &data, &error), SCRIM_OK);
  assert_int_equal(shape[0], 2);
  assert_true(((const float *)data)[5] == 5.0f);
  assert_int_equal(tensorfile_get(file, "n", TENSORFILE_I64, 0, shape, &data, &error), SCRIM_OK);
  assert_int_equal(*(const int64_t *)data, -5);
  assert_int_equal(tensorfile_get(file, "empty", TENSORFILE_U8, 2, (int64_t[]){-1, -1}, &data, &error), SCRIM_OK);
  assert_int_equal(tensorfile_get(file, "u", TENSORFILE_U8, 1, (int64_t[]){1}, &data, &error), SCRIM_OK);
  assert_int_equal(*(const unsigned char *)data, 200);
  assert_true(tensorfile_has(file, "u"));
  assert_false(tensorfile_has(file, "v"));

  const char *name, *value;
  assert_string_equal(tensorfile_meta(file, "a"), "\xc3\xa9\n");
  assert_null(tensorfile_meta(file, "c"));
  assert_true(tensorfile_meta_at(file, 1, &name, &value));
  assert_string_equal(name, "b");
  assert_string_equal(value, "2");
  assert_false(tensorfile_meta_at(file, 2, &name, &value));
}

static void reads_what_the_format_allows(void **state) {
  (void)state;
  image i = good_image();
  tensorfile *file;
  scrim_error error;
  assert_int_equal(tensorfile_parse(&file, i.bytes, i.n, &error), SCRIM_OK);
  size_t n;
  assert_memory_equal(tensorfile_raw(file, &n), i.bytes, i.n);
  assert_int_equal(n, i.n);
  free(i.bytes); /* the reader has its own copy */
  check_good(file);
  tensorfile_close(file);
  tensorfile_close(NULL);
  assert_int_equal(read_header("{}", 2, 0, ""), SCRIM_OK);
}

static void names_what_does_not_match(void **state) {
  (void)state;
  image i = good_image();
  tensorfile *file;
  scrim_error error;
  const void *data;
  assert_int_equal(tensorfile_parse(&file, i.bytes, i.n, &error), SCRIM_OK);
  assert_int_equal(tensorfile_get(file, "v", TENSORFILE_F32, 0, NULL, &data, &error), SCRIM_E_FORMAT);
  assert_string_equal(error.message, "tensor 'v' is missing");
  int64_t shape[2] = {-1, 4};
  assert_int_equal(tensorfile_get(file, "w", TENSORFILE_F32, 2, shape, &data, &error), SCRIM_E_FORMAT);
  assert_string_equal(error.message, "tensor 'w' is F32 [2, 3] where F32 [any, 4] is due");
  assert_int_equal(shape[0], -1); /* untouched */
  assert_int_equal(tensorfile_get(file, "w", TENSORFILE_I32, 2, (int64_t[]){2, 3}, &data, &error), SCRIM_E_FORMAT);
  assert_int_equal(tensorfile_get(file, "w", TENSORFILE_F32, 1, (int64_t[]){-1}, &data, &error), SCRIM_E_FORMAT);
  assert_null(data);
  tensorfile_close(file);
  free(i.bytes);
}

/* One tensor of `shape` at `offsets`, type `dtype`, with n_data bytes. */
static scrim_status read_tensor(const char *dtype, const char *shape, const char *offsets, size_t n_data,
                                const char *words) {
  char header[400];
  int n = snprintf(header, sizeof header, "{\"x\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":%s}}", dtype, shape,
                   offsets);
  return read_header(header, (size_t)n, n_data, words);
}

static void refuses_hostile_tensors(void **state) {
  (void)state;
  static const struct {
    const char *dtype, *shape, *offsets;
    size_t n_data;
    const char *words;
  } hostile[] = {
      {"F16", "[2]", "[0,4]", 4, "type 'F16' is not supported"},
      {"f32", "[1]", "[0,4]", 4, "type 'f32'"},
      {"F32", "[-1]", "[0,4]", 4, "0x2d outside a string"},
      {"F32", "[1.5]", "[0,6]", 6, "0x2e outside a string"},
      {"F32", "[1e0]", "[0,4]", 4, "0x65 outside a string"},
      {"F32", "[01]", "[0,4]", 4, "leading zero"},
      {"F32", "[1]", "[0.0,4]", 4, "outside a string"},
      {"F32", "[1]", "[0,4.5]", 4, "outside a string"},
      {"F32", "[\"1\"]", "[0,4]", 4, "shape is not a list"},
      {"F32", "[[1]]", "[0,4]", 4, "nested deeper"},
      {"F32", "[1,1,1,1,1]", "[0,4]", 4, "at most 4 whole"},
      {"F32", "1", "[0,4]", 4, "shape is not a list"},
      {"F32", "{}", "[0,4]", 4, "shape is not a list"},
      {"F32", "[4294967296,4294967296]", "[0,0]", 0, "match its shape"},
      {"F32", "[4611686018427387905]", "[0,4]", 4, "shape is not a list"}, /* 4 * this wraps to 4 */
      {"F32", "[9007199254740992,2048]", "[0,0]", 0, "match its shape"},   /* 2^66 bytes */
      {"F32", "[2]", "[0,4]", 4, "match its shape"},
      {"F32", "[1]", "[4,0]", 4, "in order"},
      {"F32", "[1]", "[0]", 4, "pair"},
      {"F32", "[1]", "[0,4,8]", 4, "pair"},
      {"F32", "[1]", "4", 4, "pair"},
      {"F32", "[1]", "[4,8]", 8, "begins at byte 4 of the data where 0 is due"},
      {"F32", "[1]", "[0,4]", 3, "3 bytes of data where the header says 4"},
      {"F32", "[1]", "[0,4]", 5, "5 bytes of data where the header says 4"},
      {"F32", "[1]", "[9007199254740993,9007199254740997]", 4, "pair"},
      {"F32", "[1]", "[0,100000000000000000000000000000000000000000000000000000000000000000000000]", 4, ""},
  };
  assert_int_equal(read_tensor("F32", "[1]", "[0,4]", 4, ""), SCRIM_OK);
  for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++)
    assert_int_equal(
        read_tensor(hostile[i].dtype, hostile[i].shape, hostile[i].offsets, hostile[i].n_data, hostile[i].words),
        SCRIM_E_FORMAT);
}

#define BYTE(from, to) "{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[" #from "," #to "]}"

static void refuses_hostile_headers(void **state) {
  (void)state;
  static const struct {
    const char *header;
    size_t n_data;
    const char *words;
  } hostile[] = {
      {"[]", 0, "begin with '{'"},
      {" {}", 0, "begin with '{'"},
      {"\xef\xbb\xbf{}", 0, "begin with '{'"},
      {"{", 0, "not valid JSON"},
      {"{} {}", 0, "after its closing brace"},
      {"{}\n", 0, "after its closing brace"},
      {"{}0", 0, "after its closing brace"},
      {"{\"a\":", 0, "not valid JSON"},
      {"{\"a", 0, "inside a string"},
      {"{\"a\\", 0, "inside a string"},
      {"{\"a\":true}", 0, "outside a string"},
      {"{\"a\":null}", 0, "outside a string"},
      {"{\"a\":1}", 0, "is not an object"},
      {"{\"a\":\"F32\"}", 0, "is not an object"},
      {"{\"a\":[]}", 0, "is not an object"},
      {"{\"a\":{}}", 0, "is not an object"},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4]}}", 4, "is not an object of"},
      {"{\"a\":{\"dtype\":1,\"shape\":[4],\"data_offsets\":[0,4]}}", 4, "is not an object of"},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4],\"x\":1}}", 4, "is not an object of"},
      {"{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}", 4, "is not an object of"},
      {"{\"a\":{\"DType\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}", 4, "is not an object of"},
      {"{\"a\":" BYTE(0, 4) ",\"a\":" BYTE(4, 8) "}", 8, "two tensors are named 'a'"},
      {"{\"a\":" BYTE(0, 4) ",\"b\":" BYTE(3, 7) "}", 7, "begins at byte 3 of the data where 4"},
      {"{\"a\":" BYTE(0, 4) ",\"b\":" BYTE(0, 4) "}", 4, "begins at byte 0 of the data where 4"},
      {"{\"a\":" BYTE(0, 4) ",\"b\":" BYTE(8, 12) "}", 12, "begins at byte 8 of the data where 4"},
      {"{\"a\\u0000\":" BYTE(0, 4) "}", 4, "NUL inside a string"},
      {"{\"a\xff\":" BYTE(0, 4) "}", 4, "not UTF-8"},
      {"{\"a\xc3\":" BYTE(0, 4) "}", 4, "not UTF-8"},
      {"{\"\xc0\xaf\":" BYTE(0, 4) "}", 4, "not UTF-8"},
      {"{\"\xed\xa0\x80\":" BYTE(0, 4) "}", 4, "not UTF-8"},
      {"{\"\xf4\x90\x80\x80\":" BYTE(0, 4) "}", 4, "not UTF-8"},
      {"{\"\\ud800\":" BYTE(0, 4) "}", 4, "not valid JSON"},
      {"{\"a\nb\":" BYTE(0, 4) "}", 4, "not UTF-8 text"},
      {"{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0, "two metadata values are named 'a'"},
      {"{\"__metadata__\":{\"a\":1}}", 0, "metadata 'a' is not a string"},
      {"{\"__metadata__\":{\"a\":{\"b\":\"c\"}}}", 0, "metadata 'a' is not a string"},
      {"{\"__metadata__\":\"a\"}", 0, "metadata is not an object"},
      {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "two metadata blocks"},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
       "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[1,5]}}",
       5, "'b' is not aligned to its 4-byte values"},
  };
  for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++)
    assert_int_equal(read_header(hostile[i].header, strlen(hostile[i].header), hostile[i].n_data, hostile[i].words),
                     SCRIM_E_FORMAT);
  static const char nul[] = "{\"a\0\":" BYTE(0, 4) "}", outside[] = "{\0}";
  assert_int_equal(read_header(nul, sizeof nul - 1, 4, "not UTF-8 text"), SCRIM_E_FORMAT);
  assert_int_equal(read_header(outside, sizeof outside - 1, 0, "outside a string"), SCRIM_E_FORMAT);
}

static void refuses_deep_nesting(void **state) {
  (void)state;
  enum { N = 500000 };
  char *header = malloc(N);
  memset(header, '[', N);
  memcpy(header, "{\"a\":", 5);
  assert_int_equal(read_header(header, N, 0, "nested deeper than 3"), SCRIM_E_FORMAT);
  for (int i = 0; i + 5 <= N; i += 5) memcpy(header + i, "{\"a\":", 5);
  assert_int_equal(read_header(header, N, 0, "nested deeper than 3"), SCRIM_E_FORMAT);
  free(header);
}

static void refuses_too_many_tensors(void **state) {
  (void)state;
  for (int n = TENSORFILE_MAX_TENSORS; n <= TENSORFILE_MAX_TENSORS + 1; n++) {
    char *header = malloc((size_t)n * 70 + 10), *at = header;
    for (int i = 0; i < n; i++)
      at += sprintf(at, "%c\"%d\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}", i == 0 ? '{' : ',', i);
    *at++ = '}';
    scrim_status due = n > TENSORFILE_MAX_TENSORS ? SCRIM_E_FORMAT : SCRIM_OK;
    assert_int_equal(read_header(header, (size_t)(at - header), 0, "4097 tensors"), due);
    free(header);
  }
}

static scrim_status read_length(uint64_t length, size_t n_bytes, const char *words) {
  unsigned char *bytes = calloc(1, n_bytes + 8);
  memcpy(bytes, &length, 8);
  tensorfile *file;
  scrim_error error = {.message = ""};
  scrim_status status = tensorfile_parse(&file, bytes, n_bytes, &error);
  assert_non_null(strstr(error.message, words));
  free(bytes);
  return status;
}

static void refuses_lying_lengths(void **state) {
  (void)state;
  assert_int_equal(read_length(100, 20, "header of 100 bytes in a file of 20"), SCRIM_E_FORMAT);
  assert_int_equal(read_length(13, 20, "header of 13 bytes"), SCRIM_E_FORMAT);
  assert_int_equal(read_length(0, 8, "begin with '{'"), SCRIM_E_FORMAT);
  assert_int_equal(read_length(UINT64_MAX, 20, "at most 1048576"), SCRIM_E_FORMAT);
  assert_int_equal(read_length((1 << 20) + 1, 2 << 20, "header of 1048577 bytes, at most 1048576"), SCRIM_E_FORMAT);
  assert_int_equal(read_length(1 << 20, 2 << 20, "begin with '{'"), SCRIM_E_FORMAT); /* the limit itself is fine */
  for (size_t n = 0; n < 8; n++) assert_int_equal(read_length(0, n, "too few"), SCRIM_E_FORMAT);
}

static void refuses_every_truncation_and_a_tail(void **state) {
  (void)state;
  image i = good_image();
  tensorfile *file;
  for (size_t n = 0; n < i.n; n++) {
    unsigned char *cut = malloc(n + 1); /* its own block, so that reading past the end shows */
    memcpy(cut, i.bytes, n);
    assert_int_equal(tensorfile_parse(&file, cut, n, NULL), SCRIM_E_FORMAT);
    assert_null(file);
    free(cut);
  }
  unsigned char *longer = calloc(1, i.n + 1);
  memcpy(longer, i.bytes, i.n);
  assert_int_equal(tensorfile_parse(&file, longer, i.n + 1, NULL), SCRIM_E_FORMAT);
  free(longer);
  free(i.bytes);
}

/* No flip of a bit may crash the reader or make it read outside; most are refused, those in values may pass. */
static void survives_every_flipped_bit(void **state) {
  (void)state;
  image i = good_image();
  for (size_t bit = 0; bit < 8 * i.n; bit++) {
    i.bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
    tensorfile *file;
    scrim_status status = tensorfile_parse(&file, i.bytes, i.n, NULL);
    assert_true(status == SCRIM_OK || status == SCRIM_E_FORMAT);
    assert_true((status == SCRIM_OK) == (file != NULL));
    tensorfile_close(file);
    i.bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
  }
  free(i.bytes);
}

static void refuses_weights_that_are_not_finite(void **state) {
  (void)state;
  static const float wild32[] = {NAN, INFINITY, -INFINITY};
  static const char header32[] = "{\"w\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}}";
  static const char header64[] = "{\"w\":{\"dtype\":\"F64\",\"shape\":[3],\"data_offsets\":[0,24]}}";
  for (size_t w = 0; w < 3; w++)
    for (size_t at = 0; at < 3; at++) {
      float value32[3] = {1, 2, 3};
      double value64[3] = {1, 2, 3};
      value32[at] = wild32[w];
      value64[at] = (double)wild32[w];
      image images[2] = {image_new(header32, strlen(header32), value32, sizeof value32),
                         image_new(header64, strlen(header64), value64, sizeof value64)};
      for (int i = 0; i < 2; i++) {
        char words[40];
        snprintf(words, sizeof words, "'w': value %zu of 3 is not finite", at);
        tensorfile *file;
        scrim_error error;
        assert_int_equal(tensorfile_parse(&file, images[i].bytes, images[i].n, &error), SCRIM_E_FORMAT);
        assert_non_null(strstr(error.message, words));
        free(images[i].bytes);
      }
    }
}

/* ---- from a path ---- */

static char folder[40];
static char path[64];

static int make_folder(void **state) {
  (void)state;
  strcpy(folder, "/tmp/scrim-reader-XXXXXX");
  if (mkdtemp(folder) == NULL) return -1;
  snprintf(path, sizeof path, "%s/x.scrim", folder);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  unlink(path);
  return rmdir(folder);
}

static void write_path(const void *bytes, size_t n) {
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(bytes, 1, n, f), n);
  assert_int_equal(fclose(f), 0);
}

static void opens_from_a_path(void **state) {
  (void)state;
  image i = good_image();
  write_path(i.bytes, i.n);
  tensorfile *file;
  scrim_error error;
  assert_int_equal(tensorfile_open(&file, path, &error), SCRIM_OK);
  check_good(file);
  unlink(path); /* the map stays */
  check_good(file);
  tensorfile_close(file);

  write_path(i.bytes, i.n - 1);
  assert_int_equal(tensorfile_open(&file, path, &error), SCRIM_E_FORMAT);
  assert_null(file);
  assert_non_null(strstr(error.message, path)); /* the path and the cause */
  assert_non_null(strstr(error.message, "32 bytes of data where the header says 33"));
  assert_int_equal(tensorfile_open(&file, path, NULL), SCRIM_E_FORMAT);
  free(i.bytes);
}

static void refuses_what_is_no_file(void **state) {
  (void)state;
  tensorfile *file;
  scrim_error error;
  assert_int_equal(tensorfile_open(&file, "/nonexistent/x", &error), SCRIM_E_IO);
  assert_non_null(strstr(error.message, "No such file"));
  assert_int_equal(tensorfile_open(&file, folder, &error), SCRIM_E_IO);
  assert_non_null(strstr(error.message, "not a regular file"));
  write_path("", 0);
  assert_int_equal(tensorfile_open(&file, path, &error), SCRIM_E_FORMAT);
  assert_non_null(strstr(error.message, "is empty"));
  unlink(path);
  assert_int_equal(mkfifo(path, 0600), 0);
  assert_int_equal(tensorfile_open(&file, path, &error), SCRIM_E_IO); /* and does not hang */
  assert_null(file);
}

static void every_failed_request_is_reported(void **state) {
  (void)state;
  image i = good_image();
  write_path(i.bytes, i.n);
  for (int from_path = 0; from_path < 2; from_path++)
    for (int lasting = 0; lasting < 2; lasting++) {
      scrim_status status = SCRIM_E_MEMORY;
      unsigned long n = 1;
      for (; status != SCRIM_OK; n++) {
        tensorfile *file;
        memory_fail_at(n, lasting);
        status = from_path ? tensorfile_open(&file, path, NULL) : tensorfile_parse(&file, i.bytes, i.n, NULL);
        memory_fail_at(0, 0);
        assert_true(status == SCRIM_OK || status == SCRIM_E_MEMORY);
        tensorfile_close(file);
      }
      assert_true(n > 3);
    }
  free(i.bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_what_the_format_allows),
      cmocka_unit_test(names_what_does_not_match),
      cmocka_unit_test(refuses_hostile_tensors),
      cmocka_unit_test(refuses_hostile_headers),
      cmocka_unit_test(refuses_deep_nesting),
      cmocka_unit_test(refuses_too_many_tensors),
      cmocka_unit_test(refuses_lying_lengths),
      cmocka_unit_test(refuses_every_truncation_and_a_tail),
      cmocka_unit_test(survives_every_flipped_bit),
      cmocka_unit_test(refuses_weights_that_are_not_finite),
      cmocka_unit_test_setup_teardown(opens_from_a_path, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(refuses_what_is_no_file, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(every_failed_request_is_reported, make_folder, remove_folder),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
