/* Figures of a training in a file's metadata: rounded as asked, counts and seeds to the last digit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/figures.h"
#include "core/memory.h"
#include <cmocka.h>

/* What a writer holds, as a file. */
static tensorfile *written(tensorfile_writer *writer) {
  unsigned char *bytes;
  size_t n;
  tensorfile *file;
  assert_int_equal(tensorfile_bytes(writer, &bytes, &n, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_parse(&file, bytes, n, NULL), SCRIM_OK);
  memory_free(bytes);
  tensorfile_writer_free(writer);
  return file;
}

static void each_is_rounded_as_it_asks(void **state) {
  (void)state;
  const figure figures[] = {{"share", 2.0 / 3, 4}, {"count", 2888, 0}, {"exact", 0.1, 0}, {"small", 0.00012345, 3}};
  tensorfile_writer *writer;
  assert_int_equal(tensorfile_writer_create(&writer, NULL), SCRIM_OK);
  assert_int_equal(figures_put(figures, sizeof figures / sizeof *figures, writer, NULL), SCRIM_OK);
  tensorfile *file = written(writer);
  assert_string_equal(tensorfile_meta(file, "share"), "0.6667");
  assert_string_equal(tensorfile_meta(file, "count"), "2888");
  assert_string_equal(tensorfile_meta(file, "exact"), "0.1");
  assert_string_equal(tensorfile_meta(file, "small"), "0.000123");
  tensorfile_close(file);
}

static void a_seed_keeps_its_64_bits(void **state) {
  (void)state;
  tensorfile_writer *writer;
  assert_int_equal(tensorfile_writer_create(&writer, NULL), SCRIM_OK);
  assert_int_equal(figures_put_seed("seed", UINT64_MAX - 1, writer, NULL), SCRIM_OK);
  tensorfile *file = written(writer);
  assert_string_equal(tensorfile_meta(file, "seed"), "18446744073709551614");
  tensorfile_close(file);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_is_rounded_as_it_asks),
      cmocka_unit_test(a_seed_keeps_its_64_bits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
