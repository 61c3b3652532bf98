/* File names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/memory.h"
#include "core/path.h"
#include "support/files.h"
#include <cmocka.h>
#include <string.h>
#include <unistd.h>

static void long_paths_show_their_end(void **state) {
  (void)state;
  char path[PATH_SHOWN + 50];
  memset(path, 'a', sizeof path);
  memcpy(path + sizeof path - 7, "/x.npy", 7);
  assert_int_equal(strlen(path_shown(path)), PATH_SHOWN);
  assert_string_equal(path_shown(path) + PATH_SHOWN - 6, "/x.npy");
  assert_string_equal(path_shown("x.npy"), "x.npy");
}

static void extension_is_that_of_the_last_component(void **state) {
  (void)state;
  assert_string_equal(path_extension("x.npy"), "npy");
  assert_string_equal(path_extension("a.b/x"), "");
  assert_string_equal(path_extension("a.b/x.y.csv"), "csv");
  assert_string_equal(path_extension(""), "");
  assert_string_equal(path_extension("x."), "");
}

static void links_are_followed(void **state) {
  const char *file = files_path(*state, "file"), *link = files_path(*state, "link");
  files_write(file, "x", 1);
  assert_int_equal(symlink("file", link), 0);
  char *resolved = path_resolve(link), *absent = path_resolve("no/such/file");
  assert_string_equal(strrchr(resolved, '/'), "/file");
  assert_string_equal(absent, "no/such/file");
  memory_free(resolved);
  memory_free(absent);
}

static void folder_ends_at_the_last_slash(void **state) {
  (void)state;
  assert_int_equal(path_folder_length("a/b/x.npy"), 4);
  assert_int_equal(path_folder_length("/x"), 1);
  assert_int_equal(path_folder_length("x"), 0);
}

static void denied_memory_gives_null(void **state) {
  (void)state;
  memory_fail_at(1, 1);
  char *resolved = path_resolve("x");
  memory_fail_at(0, 0);
  assert_null(resolved);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(long_paths_show_their_end),
      cmocka_unit_test(extension_is_that_of_the_last_component),
      cmocka_unit_test_setup_teardown(links_are_followed, files_setup, files_teardown),
      cmocka_unit_test(folder_ends_at_the_last_slash),
      cmocka_unit_test(denied_memory_gives_null),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
