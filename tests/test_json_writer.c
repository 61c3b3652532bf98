/* What the writer writes, and what it does when memory ends. */
#include "serve/json_writer.h"

#include "core/memory.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <float.h>
#include <stdlib.h>
#include <string.h>

static void assert_written(json_writer *writer, const char *due) {
  assert_false(writer->failed);
  json_write_bytes(writer, "", 1);
  assert_string_equal(writer->bytes, due);
  json_write_free(writer);
  assert_null(writer->bytes);
  assert_int_equal(writer->n, 0);
}

static void writes_pieces(void **state) {
  (void)state;
  json_writer w = {0};
  json_write(&w, "[");
  for (int i = 0; i < 2; i++) {
    json_write_comma(&w);
    json_write(&w, "{");
    json_write_comma(&w);
    json_write_string(&w, "a\"\\\n\x01\xc3\xa9");
    json_write(&w, ":");
    json_write_whole(&w, i ? UINT64_MAX : 0);
    json_write_comma(&w);
    json_write_value(&w, json_root(" \"b\" ", 5));
    json_write(&w, ":[]}");
  }
  json_write(&w, "]");
  assert_written(&w, "[{\"a\\\"\\\\\\u000a\\u0001\xc3\xa9\":0,\"b\":[]},{\"a\\\"\\\\\\u000a\\u0001\xc3\xa9\":"
                     "18446744073709551615,\"b\":[]}]");
}

static void writes_numbers(void **state) {
  (void)state;
  const float values[] = {0, -0.0f, 1, 0.1f, 0.333333343f, -20.7232666f, 1e-9f, FLT_MAX, 123456};
  const size_t n = sizeof values / sizeof *values;
  json_writer w = {0};
  json_write_numbers(&w, values, n);
  json_write_numbers(&w, values, 0);
  assert_written(&w, "0,-0,1,0.1,0.33333334,-20.723267,1e-09,3.4028235e+38,123456");
}

static void grows_and_keeps(void **state) {
  (void)state;
  json_writer w = {0};
  float value = 0.5f;
  for (int i = 0; i < 10000; i++) json_write_numbers(&w, &value, 1);
  assert_int_equal(w.n, 30000);
  memcpy(json_write_room(&w, 3), "end", 3);
  for (size_t i = 0; i < 30000; i++) assert_int_equal(w.bytes[i], "0.5"[i % 3]);
  assert_memory_equal(w.bytes + 30000, "end", 3);
  json_write_free(&w);
}

static void stays_failed(void **state) {
  (void)state;
  json_writer w = {0};
  json_write(&w, "a");
  memory_fail_at(1, 0);
  assert_null(json_write_room(&w, 1000));
  memory_fail_at(0, 0);
  assert_true(w.failed);
  json_write(&w, "b");
  json_write_numbers(&w, (const float[]){1}, 1);
  assert_null(json_write_room(&w, 1));
  assert_int_equal(w.n, 1);
  json_write_free(&w);
  assert_null(json_write_room(&w, SIZE_MAX / 2));
  assert_true(w.failed);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(writes_pieces),
      cmocka_unit_test(writes_numbers),
      cmocka_unit_test(grows_and_keeps),
      cmocka_unit_test(stays_failed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
