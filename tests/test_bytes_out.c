/* Buffered output: atomic files, streams, and disks that are full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/memory.h"
#include "formats/bytes_out.h"
#include "support/files.h"
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LARGE = 3 * BYTES_OUT_BUFFER + 17 };

static void expect_content(const char *path, const void *bytes, size_t n) {
  size_t found;
  char *content = files_read(path, &found);
  assert_int_equal(found, n);
  assert_memory_equal(content, bytes, n);
  free(content);
}

static void write_file(const char *path, const char *text, int commit) {
  bytes_out *out;
  assert_int_equal(bytes_out_open(&out, path, NULL), SCRIM_OK);
  assert_int_equal(bytes_out_write(out, text, strlen(text), NULL), SCRIM_OK);
  assert_int_equal(bytes_out_close(out, commit, NULL), SCRIM_OK);
}

static void committed_files_appear_whole(void **state) {
  const char *path = files_path(*state, "x");
  char *bytes = malloc(LARGE), *room;
  for (size_t i = 0; i < LARGE; i++) bytes[i] = (char)(i * i >> 5);
  bytes_out *out;
  assert_int_equal(bytes_out_open(&out, path, NULL), SCRIM_OK);
  assert_false(bytes_out_is_stream(out));
  assert_int_equal(bytes_out_write(out, bytes, LARGE - 100, NULL), SCRIM_OK);
  assert_int_equal(bytes_out_reserve(out, BYTES_OUT_BUFFER, &room, NULL), SCRIM_OK);
  memcpy(room, bytes + LARGE - 100, 100);
  bytes_out_advance(out, 100);
  assert_int_equal(bytes_out_rewrite(out, 3, "abc", 3, NULL), SCRIM_OK);
  memcpy(bytes + 3, "abc", 3);
  assert_false(files_exists(path)); /* not before the commit */
  assert_int_equal(bytes_out_close(out, 1, NULL), SCRIM_OK);
  expect_content(path, bytes, LARGE);
  assert_int_equal(files_count(*state), 1);
  free(bytes);
}

static void uncommitted_files_leave_nothing(void **state) {
  write_file(files_path(*state, "x"), "lost", 0);
  assert_int_equal(files_count(*state), 0);
}

static void old_file_stays_until_the_commit(void **state) {
  const char *path = files_path(*state, "x");
  files_write(path, "old", 3);
  assert_int_equal(chmod(path, 0640), 0);
  write_file(path, "lost", 0);
  expect_content(path, "old", 3);
  write_file(path, "new!", 1);
  expect_content(path, "new!", 4);
  struct stat status;
  assert_int_equal(stat(path, &status), 0);
  assert_int_equal(status.st_mode & 0777, 0640);
  assert_int_equal(files_count(*state), 1);
}

static void links_are_written_through(void **state) {
  const char *path = files_path(*state, "x"), *link = files_path(*state, "link");
  files_write(path, "old", 3);
  assert_int_equal(symlink("x", link), 0);
  write_file(link, "new!", 1);
  expect_content(path, "new!", 4);
  struct stat status;
  assert_int_equal(lstat(link, &status), 0);
  assert_true(S_ISLNK(status.st_mode));
}

static void two_writers_do_not_meet(void **state) {
  const char *path = files_path(*state, "x");
  bytes_out *first, *second;
  assert_int_equal(bytes_out_open(&first, path, NULL), SCRIM_OK);
  assert_int_equal(bytes_out_open(&second, path, NULL), SCRIM_OK);
  assert_int_equal(bytes_out_write(first, "first", 5, NULL), SCRIM_OK);
  assert_int_equal(bytes_out_write(second, "2nd", 3, NULL), SCRIM_OK);
  assert_int_equal(bytes_out_close(first, 1, NULL), SCRIM_OK);
  expect_content(path, "first", 5);
  assert_int_equal(bytes_out_close(second, 1, NULL), SCRIM_OK);
  expect_content(path, "2nd", 3);
  assert_int_equal(files_count(*state), 1);
}

/* Devices keep their place in /dev: they are written, not replaced. */
static void devices_are_streamed(void **state) {
  (void)state;
  bytes_out *out;
  scrim_error error;
  assert_int_equal(bytes_out_open(&out, "/dev/null", NULL), SCRIM_OK);
  assert_true(bytes_out_is_stream(out));
  assert_int_equal(bytes_out_write(out, "x", 1, NULL), SCRIM_OK);
  assert_int_equal(bytes_out_rewrite(out, 0, "x", 1, NULL), SCRIM_E_UNSUPPORTED);
  assert_int_equal(bytes_out_close(out, 1, NULL), SCRIM_OK);
  assert_int_equal(bytes_out_open(&out, "/dev/full", NULL), SCRIM_OK);
  assert_int_equal(bytes_out_write(out, "x", 1, NULL), SCRIM_OK);
  assert_int_equal(bytes_out_close(out, 1, &error), SCRIM_E_IO);
  assert_non_null(strstr(error.message, "No space left"));
  struct stat status;
  assert_int_equal(stat("/dev/null", &status), 0);
  assert_true(S_ISCHR(status.st_mode));
}

/* The process neither dies of the signal nor keeps it. */
static void closed_pipe_is_an_error(void **state) {
  (void)state;
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  char path[32];
  snprintf(path, sizeof path, "/dev/fd/%d", ends[1]);
  bytes_out *out;
  scrim_error error;
  assert_int_equal(bytes_out_open(&out, path, NULL), SCRIM_OK);
  close(ends[0]);
  close(ends[1]);
  assert_int_equal(bytes_out_write(out, "x", 1, NULL), SCRIM_OK);
  assert_int_equal(bytes_out_close(out, 1, &error), SCRIM_E_IO);
  assert_non_null(strstr(error.message, "Broken pipe"));
  sigset_t pending;
  sigpending(&pending);
  assert_false(sigismember(&pending, SIGPIPE));
}

/* A limit on the size of files stands for a full disk. */
static void full_disk_is_an_error_and_leaves_nothing(void **state) {
  struct rlimit before, small;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  small = before;
  small.rlim_cur = BYTES_OUT_BUFFER + 1000;
  char *bytes = calloc(1, LARGE);
  bytes_out *out;
  scrim_error error;
  assert_int_equal(bytes_out_open(&out, files_path(*state, "x"), NULL), SCRIM_OK);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  scrim_status written = bytes_out_write(out, bytes, LARGE, &error);
  char *room;
  scrim_status again = bytes_out_write(out, bytes, 1, NULL), reserved = bytes_out_reserve(out, 1, &room, NULL);
  scrim_status closed = bytes_out_close(out, 1, NULL);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  assert_int_equal(written, SCRIM_E_IO);
  assert_non_null(strstr(error.message, "File too large"));
  assert_int_equal(again, SCRIM_E_IO);
  assert_int_equal(reserved, SCRIM_E_IO);
  assert_int_equal(closed, SCRIM_E_IO);
  assert_int_equal(files_count(*state), 0);
  free(bytes);
}

static void stdout_is_a_dash(void **state) {
  const char *path = files_path(*state, "x");
  fflush(stdout);
  int before = dup(STDOUT_FILENO), file = open(path, O_WRONLY | O_CREAT, 0600);
  dup2(file, STDOUT_FILENO);
  bytes_out *out;
  scrim_status opened = bytes_out_open(&out, "-", NULL);
  int stream = opened == SCRIM_OK && bytes_out_is_stream(out);
  scrim_status written = opened == SCRIM_OK ? bytes_out_write(out, "hello", 5, NULL) : opened;
  scrim_status closed = opened == SCRIM_OK ? bytes_out_close(out, 1, NULL) : opened;
  int open_still = fcntl(STDOUT_FILENO, F_GETFD) >= 0;
  dup2(before, STDOUT_FILENO);
  close(before);
  close(file);
  assert_true(stream && open_still);
  assert_int_equal(written, SCRIM_OK);
  assert_int_equal(closed, SCRIM_OK);
  expect_content(path, "hello", 5);
}

static void expect_refused(const char *path, const char *why) {
  bytes_out *out;
  scrim_error error;
  assert_int_equal(bytes_out_open(&out, path, &error), SCRIM_E_IO);
  assert_null(out);
  assert_non_null(strstr(error.message, why));
}

static void what_cannot_be_written_is_refused(void **state) {
  expect_refused("/no/such/folder/x", "No such file");
  expect_refused(*state, "folder");
  expect_refused("", "no file name");
  expect_refused(files_path(*state, "new/"), "no file name");
  files_write(files_path(*state, "file"), "x", 1);
  expect_refused(files_path(*state, "file/x"), "Not a directory");
  int is_root = geteuid() == 0;
  assert_int_equal(chmod(*state, 0555), 0);
  if (is_root) assert_int_equal(seteuid(65534), 0);
  expect_refused(files_path(*state, "x"), "Permission denied");
  if (is_root) assert_int_equal(seteuid(0), 0);
}

static void denied_memory_is_an_error(void **state) {
  const char *path = files_path(*state, "x");
  bytes_out *out = NULL;
  unsigned long n = 0;
  scrim_status status;
  do {
    memory_fail_at(++n, 0);
    status = bytes_out_open(&out, path, NULL);
    memory_fail_at(0, 0);
    assert_true(status == SCRIM_OK || (status == SCRIM_E_MEMORY && out == NULL));
    assert_int_equal(files_count(*state), status == SCRIM_OK);
  } while (status != SCRIM_OK);
  assert_true(n > 4);
  assert_int_equal(bytes_out_close(out, 0, NULL), SCRIM_OK);
  assert_int_equal(files_count(*state), 0);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, files_setup, files_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      IN_FOLDER(committed_files_appear_whole),
      IN_FOLDER(uncommitted_files_leave_nothing),
      IN_FOLDER(old_file_stays_until_the_commit),
      IN_FOLDER(links_are_written_through),
      IN_FOLDER(two_writers_do_not_meet),
      cmocka_unit_test(devices_are_streamed),
      cmocka_unit_test(closed_pipe_is_an_error),
      IN_FOLDER(full_disk_is_an_error_and_leaves_nothing),
      IN_FOLDER(stdout_is_a_dash),
      IN_FOLDER(what_cannot_be_written_is_refused),
      IN_FOLDER(denied_memory_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
