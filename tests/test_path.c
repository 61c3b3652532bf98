/* File names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/memory.h"
#include "formats/path.h"
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

static void temporary_names_differ_and_stay_in_the_folder(void **state) {
  (void)state;
  char *first = path_temporary("a/b/x.npy", 0), *second = path_temporary("a/b/x.npy", 1),
       *here = path_temporary("x", 0);
  assert_memory_equal(first, "a/b/.scrim-", 11);
  assert_string_not_equal(first, second);
  assert_null(strchr(here, '/'));
  memory_free(first);
  memory_free(second);
  memory_free(here);
}

static void folder_is_synced(void **state) {
  assert_int_equal(path_sync_folder(files_path(*state, "x")), 0);
  assert_int_equal(path_sync_folder("x"), 0);
  assert_int_equal(path_sync_folder("/x"), 0);
  assert_int_equal(path_sync_folder("/no/such/folder/x"), -1);
}

static void denied_memory_gives_null(void **state) {
  (void)state;
  memory_fail_at(1, 1);
  char *resolved = path_resolve("x"), *temporary = path_temporary("x", 0);
  memory_fail_at(0, 0);
  assert_null(resolved);
  assert_null(temporary);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(long_paths_show_their_end),
      cmocka_unit_test(extension_is_that_of_the_last_component),
      cmocka_unit_test_setup_teardown(links_are_followed, files_setup, files_teardown),
      cmocka_unit_test(temporary_names_differ_and_stay_in_the_folder),
      cmocka_unit_test_setup_teardown(folder_is_synced, files_setup, files_teardown),
      cmocka_unit_test(denied_memory_gives_null),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
