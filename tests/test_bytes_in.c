/* Buffered input: look-ahead, lines, sizes, and what cannot be opened. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/memory.h"
#include "formats/bytes_in.h"
#include "support/files.h"
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MEGABYTE = 1 << 20 };

static void expect_line(bytes_in *in, size_t limit, const char *text) {
  bytes_line line;
  assert_int_equal(bytes_in_line(in, limit, &line, NULL), SCRIM_OK);
  assert_int_equal(line.n, strlen(text));
  assert_memory_equal(line.text, text, line.n);
  assert_true(line.taken > 0);
  bytes_in_skip(in, line.taken);
}

static void expect_end(bytes_in *in) {
  bytes_line line;
  assert_int_equal(bytes_in_line(in, 10, &line, NULL), SCRIM_OK);
  assert_int_equal(line.taken, 0);
  assert_int_equal(bytes_in_left(in), 0);
}

static void lines_end_in_three_ways(void **state) {
  (void)state;
  const char *text = "one\r\ntwo\n\n\r\nlast";
  bytes_in *in;
  assert_int_equal(bytes_in_open_memory(&in, text, strlen(text), NULL), SCRIM_OK);
  expect_line(in, 100, "one");
  expect_line(in, 100, "two");
  expect_line(in, 100, "");
  expect_line(in, 100, "");
  expect_line(in, 100, "last");
  expect_end(in);
  bytes_in_close(in);
}

static void long_lines_are_cut(void **state) {
  (void)state;
  char *text = malloc(3 * MEGABYTE);
  memset(text, 'x', 3 * MEGABYTE);
  text[MEGABYTE] = '\n';
  bytes_in *in;
  bytes_line line;
  assert_int_equal(bytes_in_open_memory(&in, text, 3 * MEGABYTE, NULL), SCRIM_OK);
  assert_int_equal(bytes_in_line(in, MEGABYTE, &line, NULL), SCRIM_OK);
  assert_int_equal(line.n, MEGABYTE);
  assert_int_equal(line.taken, MEGABYTE + 1);
  bytes_in_skip(in, line.taken);
  assert_int_equal(bytes_in_line(in, MEGABYTE, &line, NULL), SCRIM_OK);
  assert_true(line.n > MEGABYTE);
  bytes_in_close(in);
  free(text);
}

/* Reads everything in steps that do not divide the buffer, and compares. */
static void expect_bytes(bytes_in *in, const char *expected, size_t n) {
  size_t at = 0, seen;
  const char *bytes;
  for (;;) {
    assert_int_equal(bytes_in_peek(in, 1001, &bytes, &seen, NULL), SCRIM_OK);
    if (seen == 0) break;
    assert_true(seen >= 1001 || at + seen == n);
    size_t some = seen < 777 ? seen : 777;
    assert_memory_equal(bytes, expected + at, some);
    bytes_in_skip(in, some);
    at += some;
  }
  assert_int_equal(at, n);
}

static void files_and_memory_give_the_same(void **state) {
  size_t n = MEGABYTE + 12345;
  char *bytes = malloc(n);
  for (size_t i = 0; i < n; i++) bytes[i] = (char)(i * i >> 7);
  const char *path = files_path(*state, "x");
  files_write(path, bytes, n);
  bytes_in *file, *memory;
  assert_int_equal(bytes_in_open(&file, path, NULL), SCRIM_OK);
  assert_int_equal(bytes_in_open_memory(&memory, bytes, n, NULL), SCRIM_OK);
  assert_int_equal(bytes_in_left(file), n);
  assert_int_equal(bytes_in_left(memory), n);
  expect_bytes(file, bytes, n);
  expect_bytes(memory, bytes, n);
  bytes_in_close(file);
  bytes_in_close(memory);
  free(bytes);
}

static void pipes_do_not_tell_their_size(void **state) {
  (void)state;
  int fd;
  bytes_in *in;
  const char *path = files_pipe("hello\nyou", 9, &fd);
  assert_int_equal(bytes_in_open(&in, path, NULL), SCRIM_OK);
  assert_int_equal(bytes_in_left(in), -1);
  expect_line(in, 100, "hello");
  expect_line(in, 100, "you");
  expect_end(in);
  bytes_in_close(in);
  close(fd);
}

static void stdin_is_a_dash(void **state) {
  const char *path = files_path(*state, "x");
  files_write(path, "skipped\nread", 12);
  int before = dup(STDIN_FILENO);
  assert_non_null(freopen(path, "rb", stdin));
  assert_int_equal(lseek(STDIN_FILENO, 8, SEEK_SET), 8);
  bytes_in *in;
  assert_int_equal(bytes_in_open(&in, "-", NULL), SCRIM_OK);
  assert_string_equal(bytes_in_name(in), "stdin");
  assert_int_equal(bytes_in_left(in), 4);
  expect_line(in, 100, "read");
  bytes_in_close(in);
  assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0); /* not ours to close */
  dup2(before, STDIN_FILENO);
  close(before);
}

static void expect_refused(const char *path, const char *why) {
  bytes_in *in;
  scrim_error error;
  assert_int_equal(bytes_in_open(&in, path, &error), SCRIM_E_IO);
  assert_null(in);
  assert_non_null(strstr(error.message, why));
}

static void what_cannot_be_read_is_refused(void **state) {
  expect_refused("/no/such/file", "No such file");
  expect_refused(*state, "folder");
  const char *secret = files_path(*state, "secret");
  files_write(secret, "x", 1);
  assert_int_equal(chmod(secret, 0), 0);
  int is_root = geteuid() == 0;
  if (is_root) {
    assert_int_equal(chmod(*state, 0755), 0);
    assert_int_equal(seteuid(65534), 0);
  }
  expect_refused(secret, "Permission denied");
  if (is_root) assert_int_equal(seteuid(0), 0);
}

static void denied_memory_is_an_error(void **state) {
  (void)state;
  bytes_in *in;
  for (unsigned long n = 1; n <= 2; n++) {
    memory_fail_at(n, 0);
    scrim_status status = bytes_in_open_memory(&in, "x", 1, NULL);
    memory_fail_at(0, 0);
    assert_int_equal(status, SCRIM_E_MEMORY);
    assert_null(in);
  }
  char *text = calloc(1, MEGABYTE);
  const char *bytes;
  size_t seen;
  assert_int_equal(bytes_in_open_memory(&in, text, MEGABYTE, NULL), SCRIM_OK);
  memory_fail_at(1, 0);
  scrim_status status = bytes_in_peek(in, MEGABYTE, &bytes, &seen, NULL);
  memory_fail_at(0, 0);
  assert_int_equal(status, SCRIM_E_MEMORY);
  assert_int_equal(bytes_in_peek(in, MEGABYTE, &bytes, &seen, NULL), SCRIM_OK);
  assert_int_equal(seen, MEGABYTE);
  bytes_in_close(in);
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lines_end_in_three_ways),
      cmocka_unit_test(long_lines_are_cut),
      cmocka_unit_test_setup_teardown(files_and_memory_give_the_same, files_setup, files_teardown),
      cmocka_unit_test(pipes_do_not_tell_their_size),
      cmocka_unit_test_setup_teardown(stdin_is_a_dash, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(what_cannot_be_read_is_refused, files_setup, files_teardown),
      cmocka_unit_test(denied_memory_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
