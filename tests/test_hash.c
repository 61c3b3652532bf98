/* SHA-256 of bytes and files, and bytes as digits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/hash.h"
#include "support/files.h"
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static const char of_abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; /* FIPS 180-4 */
static const char of_nothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static void known_answers(void **state) {
  (void)state;
  unsigned char digest[HASH_BYTES];
  char text[HASH_TEXT];
  assert_int_equal(hash_bytes("abc", 3, digest, NULL), SCRIM_OK);
  hash_print(digest, sizeof digest, text);
  assert_string_equal(text, of_abc);
  assert_int_equal(hash_bytes(NULL, 0, digest, NULL), SCRIM_OK);
  hash_print(digest, sizeof digest, text);
  assert_string_equal(text, of_nothing);
}

/* Lengths around the pieces in which a file is read. */
static void files_have_the_hash_of_their_bytes(void **state) {
  const char *path = files_path(*state, "data");
  static const size_t lengths[] = {0, 1, 16383, 16384, 16385, 32768, 50000};
  char *bytes = malloc(50000);
  for (size_t i = 0; i < 50000; i++) bytes[i] = (char)(i * 7 / 3);
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
    unsigned char of_file[HASH_BYTES], of_bytes[HASH_BYTES];
    files_write(path, bytes, lengths[i]);
    assert_int_equal(hash_file(path, of_file, NULL), SCRIM_OK);
    assert_int_equal(hash_bytes(bytes, lengths[i], of_bytes, NULL), SCRIM_OK);
    assert_memory_equal(of_file, of_bytes, HASH_BYTES);
  }
  free(bytes);
}

static void what_cannot_be_read(void **state) {
  unsigned char digest[HASH_BYTES];
  scrim_error error;
  assert_int_equal(hash_file(files_path(*state, "none"), digest, &error), SCRIM_E_IO);
  assert_non_null(strstr(error.message, "none': No such file"));
  assert_int_equal(hash_file(*state, digest, &error), SCRIM_E_IO);
  assert_non_null(strstr(error.message, "directory"));
}

static void digits_have_one_spelling(void **state) {
  (void)state;
  unsigned char bytes[3];
  assert_true(hash_parse("00ff7a", 3, bytes));
  assert_memory_equal(bytes, "\x00\xff\x7a", 3);
  static const char *const bad[] = {"00FF7a", "00ff7", "00ff7g", "", "0 ff7a", "/0ff7a", ":0ff7a", "`0ff7a"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_false(hash_parse(bad[i], 3, bytes));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(known_answers),
      cmocka_unit_test_setup_teardown(files_have_the_hash_of_their_bytes, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(what_cannot_be_read, files_setup, files_teardown),
      cmocka_unit_test(digits_have_one_spelling),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
