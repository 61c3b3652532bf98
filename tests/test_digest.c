/* SHA-256 of a file and HMAC-SHA-256, against values made with OpenSSL's command. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "support/files.h"
#include <cmocka.h>
#include <scrim/digest.h>
#include <string.h>

static void files_are_digested(void **state) {
  const char *path = files_path(*state, "abc");
  unsigned char digest[SCRIM_DIGEST_BYTES];
  char text[SCRIM_DIGEST_TEXT];
  files_write(path, "abc", 3);
  assert_int_equal(scrim_digest_file(path, digest, NULL), SCRIM_OK);
  scrim_digest_print(digest, text);
  assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"); /* FIPS 180-2, B.1 */
  assert_int_equal(scrim_digest_file(files_path(*state, "missing"), digest, NULL), SCRIM_E_IO);
  assert_int_equal(scrim_digest_file(NULL, digest, NULL), SCRIM_E_ARGUMENT);
}

/* printf 'Test\0abc' | openssl dgst -sha256 -mac HMAC -macopt hexkey:000102...1f */
static void a_keyed_digest_is_an_hmac(void **state) {
  (void)state;
  unsigned char bytes[SCRIM_KEY_BYTES], digest[SCRIM_DIGEST_BYTES];
  char text[SCRIM_DIGEST_TEXT];
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)i;
  scrim_key *key;
  assert_int_equal(scrim_key_create(&key, bytes, NULL), SCRIM_OK);
  assert_int_equal(scrim_digest_keyed(key, "Test", "abc", 3, digest, NULL), SCRIM_OK);
  scrim_digest_print(digest, text);
  assert_string_equal(text, "7eb88d5b7eee56df7517861667220eff3e2ec4bf2840b0170bcf88e42c9c7810");
  assert_int_equal(scrim_digest_keyed(key, "Test", NULL, 0, digest, NULL), SCRIM_OK);
  assert_int_equal(scrim_digest_keyed(key, "Test", NULL, 1, digest, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_digest_keyed(NULL, "Test", "abc", 3, digest, NULL), SCRIM_E_ARGUMENT);
  scrim_key_free(key);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(files_are_digested, files_setup, files_teardown),
      cmocka_unit_test(a_keyed_digest_is_an_hmac),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
