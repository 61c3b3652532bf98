/* Encrypted files on disk: private when decrypted, absent when refused, and opened as filters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/memory.h"
#include "support/files.h"
#include "toy_filter.h"
#include <cmocka.h>
#include <scrim/encryption.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const unsigned char secret[SCRIM_KEY_BYTES] = {7};

static scrim_key *make_key(const unsigned char bytes[SCRIM_KEY_BYTES]) {
  scrim_key *key;
  assert_int_equal(scrim_key_create(&key, bytes, NULL), SCRIM_OK);
  return key;
}

static void there_and_back(void **state) {
  const char *plain = files_path(*state, "plain"), *sealed = files_path(*state, "sealed");
  const char *back = files_path(*state, "back");
  scrim_key *key = make_key(secret);
  struct stat info;
  size_t n;
  files_write(plain, "abc", 3);
  mode_t before = umask(0); /* the mode must not hang on it */
  assert_int_equal(scrim_encrypt_file(plain, sealed, key, NULL), SCRIM_OK);
  assert_int_equal(scrim_decrypt_file(sealed, back, key, NULL), SCRIM_OK);
  umask(before);
  char *bytes = files_read(back, &n);
  assert_int_equal(n, 3);
  assert_memory_equal(bytes, "abc", 3);
  free(bytes);
  assert_int_equal(stat(back, &info), 0);
  assert_int_equal(info.st_mode & 07777, 0600);
  assert_int_equal(files_count(*state), 3);
  scrim_key_free(key);
}

static void a_refused_file_leaves_nothing(void **state) {
  const char *sealed = files_path(*state, "sealed"), *back = files_path(*state, "back");
  static const unsigned char others[SCRIM_KEY_BYTES] = {8};
  scrim_key *key = make_key(secret), *other = make_key(others);
  scrim_error error;
  files_write(back, "precious", 8);
  files_write(sealed, "abc", 3);
  assert_int_equal(scrim_encrypt_file(sealed, sealed, key, NULL), SCRIM_OK); /* in place */
  assert_int_equal(scrim_decrypt_file(sealed, back, key, &error), SCRIM_E_IO);
  assert_non_null(strstr(error.message, "back': File exists"));
  assert_int_equal(remove(back), 0);
  assert_int_equal(scrim_decrypt_file(sealed, back, other, &error), SCRIM_E_KEY);
  assert_non_null(strstr(error.message, "sealed': encrypted under another key"));
  size_t n;
  char *bytes = files_read(sealed, &n);
  bytes[n - 1] ^= 1;
  files_write(sealed, bytes, n);
  free(bytes);
  assert_int_equal(scrim_decrypt_file(sealed, back, key, &error), SCRIM_E_FORMAT);
  assert_int_equal(scrim_decrypt_file(files_path(*state, "none"), back, key, &error), SCRIM_E_IO);
  assert_int_equal(scrim_encrypt_file(files_path(*state, "none"), back, key, &error), SCRIM_E_IO);
  assert_int_equal(scrim_encrypt_file(sealed, back, NULL, &error), SCRIM_E_KEY);
  assert_int_equal(scrim_encrypt_file(sealed, "/nonexistent/x", key, &error), SCRIM_E_IO);
  assert_int_equal(files_count(*state), 1);
  scrim_key_free(key);
  scrim_key_free(other);
}

/* A toy filter in a file, encrypted; answers its path. */
static const char *make_filter(const char *folder, const scrim_key *key) {
  const char *plain = files_path(folder, "toy"), *sealed = files_path(folder, "toy.enc");
  scrim_filter *filter;
  assert_int_equal(toy_build(&filter, &toy_filter, NULL, NULL), SCRIM_OK);
  assert_int_equal(scrim_filter_save(filter, plain, NULL), SCRIM_OK);
  scrim_filter_free(filter);
  assert_int_equal(scrim_encrypt_file(plain, sealed, key, NULL), SCRIM_OK);
  return sealed;
}

static void filters_open_from_encrypted_files(void **state) {
  scrim_key *key = make_key(secret);
  const char *sealed = make_filter(*state, key);
  scrim_filter *filter;
  scrim_error error;
  assert_int_equal(scrim_filter_open_encrypted(&filter, sealed, key, NULL), SCRIM_OK);
  assert_string_equal(scrim_filter_kind(filter), "toy");
  scrim_filter_free(filter);
  /* What is inside must be a filter, and the plain file is no encrypted one. */
  assert_int_equal(scrim_filter_open_encrypted(&filter, files_path(*state, "toy"), key, &error), SCRIM_E_FORMAT);
  assert_null(filter);
  assert_non_null(strstr(error.message, "toy': no encrypted file"));
  assert_int_equal(scrim_encrypt_file(sealed, sealed, key, NULL), SCRIM_OK);
  assert_int_equal(scrim_filter_open_encrypted(&filter, sealed, key, &error), SCRIM_E_KEY);
  assert_non_null(strstr(error.message, "toy.enc': an encrypted file"));
  scrim_key_free(key);
}

static void opened_as_a_plain_one_it_says_what_it_is(void **state) {
  scrim_key *key = make_key(secret);
  const char *sealed = make_filter(*state, key);
  scrim_filter *filter;
  scrim_error error = {.message = ""};
  size_t n;
  char *bytes = files_read(sealed, &n);
  assert_int_equal(scrim_filter_open(&filter, sealed, &error), SCRIM_E_KEY);
  assert_non_null(strstr(error.message, "an encrypted file"));
  assert_non_null(strstr(error.message, sealed));
  assert_int_equal(scrim_filter_open_memory(&filter, bytes, n, &error), SCRIM_E_KEY);
  assert_null(filter);
  free(bytes);
  scrim_key_free(key);
}

static void arguments_and_memory(void **state) {
  scrim_key *key = make_key(secret);
  const char *sealed = make_filter(*state, key), *again = files_path(*state, "again");
  scrim_filter *filter;
  assert_int_equal(scrim_encrypt_file(NULL, "x", key, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_encrypt_file("x", NULL, key, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_decrypt_file(NULL, "x", key, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_decrypt_file("x", NULL, key, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_filter_open_encrypted(NULL, "x", key, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_filter_open_encrypted(&filter, NULL, key, NULL), SCRIM_E_ARGUMENT);

  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long n = 1; status == SCRIM_E_MEMORY; n++) {
    memory_fail_at(n, 0);
    status = scrim_filter_open_encrypted(&filter, sealed, key, NULL);
    memory_fail_at(0, 0);
    assert_int_equal(filter != NULL, status == SCRIM_OK);
    scrim_filter_free(filter);
    assert_true(n < 60);
  }
  status = SCRIM_E_MEMORY;
  for (unsigned long n = 1; status == SCRIM_E_MEMORY; n++) {
    memory_fail_at(n, 0);
    status = scrim_decrypt_file(sealed, again, key, NULL);
    memory_fail_at(0, 0);
    assert_int_equal(files_exists(again), status == SCRIM_OK);
    assert_true(n < 60);
  }
  assert_int_equal(status, SCRIM_OK);
  scrim_key_free(key);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(there_and_back, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(a_refused_file_leaves_nothing, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(filters_open_from_encrypted_files, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(opened_as_a_plain_one_it_says_what_it_is, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(arguments_and_memory, files_setup, files_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
