/* Key files: made private and once, refused when malformed or open to others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/key_bytes.h"
#include "core/memory.h"
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[40], path[64];

static int make_folder(void **state) {
  (void)state;
  strcpy(folder, "/tmp/scrim-key-XXXXXX");
  if (mkdtemp(folder) == NULL) return -1;
  snprintf(path, sizeof path, "%s/my.key", folder);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  unlink(path);
  return rmdir(folder);
}

static void write_path(const char *text, size_t n, mode_t mode) {
  unlink(path);
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(text, 1, n, f), n);
  assert_int_equal(fclose(f), 0);
  assert_int_equal(chmod(path, mode), 0);
}

#define DIGITS "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F"

static void new_keys_are_private_and_differ(void **state) {
  (void)state;
  unsigned char first[SCRIM_KEY_BYTES];
  mode_t before = umask(0); /* the mode must not hang on it */
  for (int i = 0; i < 2; i++) {
    scrim_key *key;
    struct stat info;
    assert_int_equal(scrim_key_new(path, NULL), SCRIM_OK);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(info.st_size, 12 + 64 + 1);
    assert_int_equal(scrim_key_open(&key, path, NULL), SCRIM_OK);
    if (i == 0) memcpy(first, key_bytes(key), SCRIM_KEY_BYTES);
    if (i == 1) assert_memory_not_equal(first, key_bytes(key), SCRIM_KEY_BYTES);
    scrim_key_free(key);
    unlink(path);
  }
  umask(before);
}

static void an_old_key_is_never_overwritten(void **state) {
  (void)state;
  scrim_error error;
  write_path("precious", 8, 0600);
  assert_int_equal(scrim_key_new(path, &error), SCRIM_E_IO);
  assert_non_null(strstr(error.message, "File exists"));
  char text[9] = "";
  FILE *f = fopen(path, "rb");
  assert_int_equal(fread(text, 1, 8, f), 8);
  fclose(f);
  assert_string_equal(text, "precious");
}

static void a_full_disk_leaves_no_key(void **state) {
  (void)state;
  struct rlimit before, limit;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  limit = (struct rlimit){.rlim_cur = 20, .rlim_max = before.rlim_max};
  void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
  scrim_status status = scrim_key_new(path, NULL);
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, handler);
  assert_int_equal(status, SCRIM_E_IO);
  assert_int_equal(access(path, F_OK), -1);
}

static void reads_both_cases_and_a_missing_newline(void **state) {
  (void)state;
  static const char *const good[] = {"scrim-key-1 " DIGITS "\n", "scrim-key-1 " DIGITS};
  for (int i = 0; i < 2; i++) {
    scrim_key *key;
    write_path(good[i], strlen(good[i]), 0400);
    assert_int_equal(scrim_key_open(&key, path, NULL), SCRIM_OK);
    for (int b = 0; b < SCRIM_KEY_BYTES; b++) assert_int_equal(key_bytes(key)[b], b);
    scrim_key_free(key);
  }
}

static void refuses_malformed_files(void **state) {
  (void)state;
  static const char *const bad[] = {
      "",
      "\n",
      "scrim-key-1 ",
      DIGITS "\n",
      "scrim-key-2 " DIGITS "\n",
      "scrim-key-1\t" DIGITS "\n",
      "scrim-key-1 " DIGITS "\n\n",
      "scrim-key-1 " DIGITS "\r\n",
      "scrim-key-1 " DIGITS "0",
      "scrim-key-1 " DIGITS " and more, much more than a key file may hold",
      "scrim-key-1 g00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n",
  };
  scrim_key *key;
  scrim_error error;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    write_path(bad[i], strlen(bad[i]), 0600);
    assert_int_equal(scrim_key_open(&key, path, &error), SCRIM_E_KEY);
    assert_null(key);
    assert_non_null(strstr(error.message, path));
    assert_null(strstr(error.message, "0a0b")); /* no part of a key in a message */
  }
  assert_non_null(strstr(error.message, "column 13"));

  static const char good[] = "scrim-key-1 " DIGITS "\n";
  for (size_t n = 0; n + 2 < sizeof good; n++) {
    write_path(good, n, 0600);
    assert_int_equal(scrim_key_open(&key, path, &error), SCRIM_E_KEY);
  }
}

static void refuses_files_open_to_others(void **state) {
  (void)state;
  static const char good[] = "scrim-key-1 " DIGITS "\n";
  static const mode_t modes[] = {0640, 0604, 0620, 0602, 0610, 0601, 0644, 0777};
  for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
    scrim_key *key;
    scrim_error error;
    write_path(good, sizeof good - 1, modes[i]);
    assert_int_equal(scrim_key_open(&key, path, &error), SCRIM_E_KEY);
    assert_null(key);
    assert_non_null(strstr(error.message, "must be 0600"));
  }
}

static void refuses_what_is_no_file(void **state) {
  (void)state;
  scrim_key *key;
  scrim_error error;
  assert_int_equal(scrim_key_open(&key, path, &error), SCRIM_E_IO);
  assert_non_null(strstr(error.message, "No such file"));
  assert_int_equal(scrim_key_open(&key, folder, &error), SCRIM_E_KEY);
  assert_int_equal(mkfifo(path, 0600), 0);
  assert_int_equal(scrim_key_open(&key, path, &error), SCRIM_E_KEY); /* and does not hang */
  assert_non_null(strstr(error.message, "not a regular file"));
  assert_int_equal(scrim_key_new("/nonexistent/x", &error), SCRIM_E_IO);
}

static void arguments_and_memory(void **state) {
  (void)state;
  static const unsigned char bytes[SCRIM_KEY_BYTES] = {1};
  scrim_key *key;
  assert_int_equal(scrim_key_new(NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_key_open(NULL, path, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_key_open(&key, NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_key_create(NULL, bytes, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_key_create(&key, NULL, NULL), SCRIM_E_ARGUMENT);
  scrim_key_free(NULL);

  memory_fail_at(1, 1);
  scrim_status status = scrim_key_create(&key, bytes, NULL);
  memory_fail_at(0, 0);
  assert_int_equal(status, SCRIM_E_MEMORY);
  assert_null(key);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(new_keys_are_private_and_differ, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(an_old_key_is_never_overwritten, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(a_full_disk_leaves_no_key, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(reads_both_cases_and_a_missing_newline, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(refuses_malformed_files, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(refuses_files_open_to_others, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(refuses_what_is_no_file, make_folder, remove_folder),
      cmocka_unit_test(arguments_and_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
