/* Encrypted bytes: all lengths come back, and every cut, move, repetition and bit flip is refused as a whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/encryption.h"
#include "core/memory.h"
#include "core/whole_file.h"
#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

enum { FULL = ENCRYPTION_CHUNK + ENCRYPTION_TAG }; /* a full chunk as it is stored */

static const unsigned char secret[SCRIM_KEY_BYTES] = {1, 2, 3};

static scrim_key *make_key(const unsigned char bytes[SCRIM_KEY_BYTES]) {
  scrim_key *key;
  assert_int_equal(scrim_key_create(&key, bytes, NULL), SCRIM_OK);
  return key;
}

static unsigned char *make_plain(size_t n) {
  unsigned char *plain = malloc(n + 1);
  assert_non_null(plain);
  for (size_t i = 0; i < n; i++) plain[i] = (unsigned char)(i * 31 + i / 251);
  return plain;
}

static void all_lengths_come_back(void **state) {
  (void)state;
  static const size_t lengths[] = {0, 1, 15, 16, 17, 65535, 65536, 65537, 131072, 131073, 200000};
  static const size_t chunks[] = {1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 4};
  scrim_key *key = make_key(secret);
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
    unsigned char *plain = make_plain(lengths[i]), *sealed, *opened;
    size_t n_sealed, n_opened;
    assert_int_equal(encryption_seal(&sealed, &n_sealed, plain, lengths[i], key, NULL), SCRIM_OK);
    assert_int_equal(n_sealed, ENCRYPTION_HEADER + lengths[i] + chunks[i] * ENCRYPTION_TAG);
    assert_true(encryption_is_sealed(sealed, n_sealed));
    assert_int_equal(encryption_open(&opened, &n_opened, sealed, n_sealed, key, NULL), SCRIM_OK);
    assert_int_equal(n_opened, lengths[i]);
    assert_memory_equal(opened, plain, lengths[i]);
    whole_file_free(sealed, n_sealed);
    whole_file_free(opened, n_opened);
    free(plain);
  }
  scrim_key_free(key);
}

/* Read back by hand from the description in scrim/encryption.h, with OpenSSL's calls only. */
static void the_format_is_as_described(void **state) {
  (void)state;
  scrim_key *key = make_key(secret);
  unsigned char *plain = make_plain(70000), *sealed;
  size_t n_sealed;
  assert_int_equal(encryption_seal(&sealed, &n_sealed, plain, 70000, key, NULL), SCRIM_OK);
  assert_memory_equal(sealed, "scrim-encrypt-1\n\0\0\1\0\0\0\0\0", 24);

  unsigned char wrap[32], id[32], data_key[32], extra[33], nonce[12] = {0}, out[ENCRYPTION_CHUNK];
  HMAC(EVP_sha256(), secret, sizeof secret, (const unsigned char *)"encryption wrap", 16, wrap, NULL);
  HMAC(EVP_sha256(), secret, sizeof secret, (const unsigned char *)"encryption id", 14, id, NULL);
  assert_memory_equal(sealed + 24, id, 16);
  EVP_CIPHER_CTX *gcm = EVP_CIPHER_CTX_new();
  int n;
  assert_int_equal(EVP_DecryptInit_ex(gcm, EVP_aes_256_gcm(), NULL, wrap, sealed + 48), 1);
  assert_int_equal(EVP_DecryptUpdate(gcm, NULL, &n, sealed, 60), 1);
  assert_int_equal(EVP_DecryptUpdate(gcm, data_key, &n, sealed + 60, 32), 1);
  assert_int_equal(EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_SET_TAG, 16, sealed + 92), 1);
  assert_int_equal(EVP_DecryptFinal_ex(gcm, out, &n), 1);

  SHA256(sealed, 108, extra);
  extra[32] = 1;
  memcpy(nonce, sealed + 40, 8);
  nonce[11] = 1; /* the second chunk, and the last */
  size_t at = 108 + FULL, rest = 70000 - 65536;
  assert_int_equal(EVP_DecryptInit_ex(gcm, EVP_aes_256_gcm(), NULL, data_key, nonce), 1);
  assert_int_equal(EVP_DecryptUpdate(gcm, NULL, &n, extra, 33), 1);
  assert_int_equal(EVP_DecryptUpdate(gcm, out, &n, sealed + at, (int)rest), 1);
  assert_int_equal(EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_SET_TAG, 16, sealed + at + rest), 1);
  assert_int_equal(EVP_DecryptFinal_ex(gcm, out + rest, &n), 1);
  assert_memory_equal(out, plain + 65536, rest);
  EVP_CIPHER_CTX_free(gcm);
  whole_file_free(sealed, n_sealed);
  free(plain);
  scrim_key_free(key);
}

static void never_the_same_twice(void **state) {
  (void)state;
  scrim_key *key = make_key(secret);
  unsigned char *first, *second;
  size_t n;
  assert_int_equal(encryption_seal(&first, &n, "abc", 3, key, NULL), SCRIM_OK);
  assert_int_equal(encryption_seal(&second, &n, "abc", 3, key, NULL), SCRIM_OK);
  assert_memory_equal(first, second, 40); /* up to the key's id */
  assert_memory_not_equal(first + 40, second + 40, 8);
  assert_memory_not_equal(first + 48, second + 48, 12);
  assert_memory_not_equal(first + 60, second + 60, 48);
  assert_memory_not_equal(first + 108, second + 108, 3);
  whole_file_free(first, n);
  whole_file_free(second, n);
  scrim_key_free(key);
}

/* Nothing comes out, and the message has these words. */
static void refused(const unsigned char *sealed, size_t n, const scrim_key *key, scrim_status wanted,
                    const char *words) {
  unsigned char *out = (unsigned char *)"", *exact = malloc(n + (n == 0));
  size_t n_out = 1;
  scrim_error error = {.message = ""};
  assert_non_null(exact);
  memcpy(exact, sealed, n); /* ASan sees a read behind the end */
  assert_int_equal(encryption_open(&out, &n_out, exact, n, key, &error), wanted);
  assert_null(out);
  assert_int_equal(n_out, 0);
  if (strstr(error.message, words) == NULL) fail_msg("'%s' does not say '%s'", error.message, words);
  free(exact);
}

static void every_bit_counts(void **state) {
  (void)state;
  scrim_key *key = make_key(secret);
  unsigned char *sealed;
  size_t n;
  assert_int_equal(encryption_seal(&sealed, &n, "some bytes to hide", 18, key, NULL), SCRIM_OK);
  for (size_t i = 0; i < 8 * n; i++) {
    sealed[i / 8] ^= (unsigned char)(1 << i % 8);
    refused(sealed, n, key, i / 8 >= 24 && i / 8 < 40 ? SCRIM_E_KEY : SCRIM_E_FORMAT, "");
    sealed[i / 8] ^= (unsigned char)(1 << i % 8);
  }
  whole_file_free(sealed, n);
  scrim_key_free(key);
}

static void every_cut_shows(void **state) {
  (void)state;
  scrim_key *key = make_key(secret);
  unsigned char *plain = make_plain(2 * ENCRYPTION_CHUNK + 40), *sealed;
  size_t n;
  assert_int_equal(encryption_seal(&sealed, &n, plain, 2 * ENCRYPTION_CHUNK + 40, key, NULL), SCRIM_OK);
  for (size_t length = 0; length < ENCRYPTION_HEADER + 60; length++) refused(sealed, length, key, SCRIM_E_FORMAT, "");
  refused(sealed, ENCRYPTION_HEADER + FULL, key, SCRIM_E_FORMAT, "chunk 0"); /* at the border of two chunks */
  refused(sealed, ENCRYPTION_HEADER + 2 * FULL, key, SCRIM_E_FORMAT, "chunk 1");
  refused(sealed, ENCRYPTION_HEADER + 2 * FULL + ENCRYPTION_TAG, key, SCRIM_E_FORMAT, "was cut");
  refused(sealed, n - 1, key, SCRIM_E_FORMAT, "chunk 2");
  whole_file_free(sealed, n);
  free(plain);
  scrim_key_free(key);
}

/* Exchanged, left out, repeated, and from another file under the same key. */
static void chunks_know_their_place(void **state) {
  (void)state;
  scrim_key *key = make_key(secret);
  size_t n_plain = 3 * ENCRYPTION_CHUNK, n;
  unsigned char *plain = make_plain(n_plain), *sealed, *other, *changed;
  assert_int_equal(encryption_seal(&sealed, &n, plain, n_plain, key, NULL), SCRIM_OK);
  assert_int_equal(encryption_seal(&other, &n, plain, n_plain, key, NULL), SCRIM_OK);
  changed = malloc(n + FULL);
  assert_non_null(changed);
  unsigned char *first = changed + ENCRYPTION_HEADER, *second = first + FULL, *third = second + FULL;

  memcpy(changed, sealed, n);
  memcpy(first, sealed + ENCRYPTION_HEADER + FULL, FULL);
  memcpy(second, sealed + ENCRYPTION_HEADER, FULL);
  refused(changed, n, key, SCRIM_E_FORMAT, "chunk 0");
  memcpy(changed, sealed, n);
  memcpy(second, sealed + ENCRYPTION_HEADER + 2 * FULL, FULL);
  refused(changed, n - FULL, key, SCRIM_E_FORMAT, "chunk 1");
  memcpy(changed, sealed, n);
  memcpy(third + FULL, third, FULL);
  refused(changed, n + FULL, key, SCRIM_E_FORMAT, "chunk 2");
  memcpy(changed, sealed, n);
  memcpy(second, other + ENCRYPTION_HEADER + FULL, FULL);
  refused(changed, n, key, SCRIM_E_FORMAT, "chunk 1");
  memcpy(changed, other, ENCRYPTION_HEADER);
  memcpy(first, sealed + ENCRYPTION_HEADER, n - ENCRYPTION_HEADER);
  refused(changed, n, key, SCRIM_E_FORMAT, "chunk 0");

  free(changed);
  whole_file_free(sealed, n);
  whole_file_free(other, n);
  free(plain);
  scrim_key_free(key);
}

static void other_keys_and_other_files(void **state) {
  (void)state;
  static const unsigned char others[SCRIM_KEY_BYTES] = {1, 2, 4};
  scrim_key *key = make_key(secret), *other = make_key(others);
  unsigned char *sealed, *out;
  size_t n, n_out;
  assert_int_equal(encryption_seal(&sealed, &n, "abc", 3, key, NULL), SCRIM_OK);
  refused(sealed, n, other, SCRIM_E_KEY, "another key");
  refused(sealed, n, NULL, SCRIM_E_KEY, "a key is needed");
  assert_int_equal(encryption_seal(&out, &n_out, "abc", 3, NULL, NULL), SCRIM_E_KEY);
  assert_null(out);
  sealed[0] = 'S';
  assert_false(encryption_is_sealed(sealed, n));
  refused(sealed, n, key, SCRIM_E_FORMAT, "no encrypted file");
  assert_false(encryption_is_sealed("scrim-encrypt-1", 15));
  whole_file_free(sealed, n);
  scrim_key_free(key);
  scrim_key_free(other);
}

static void memory_runs_out(void **state) {
  (void)state;
  scrim_key *key = make_key(secret);
  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long n = 1; status == SCRIM_E_MEMORY; n++) {
    unsigned char *sealed = NULL, *opened = NULL;
    size_t n_sealed = 0, n_opened = 0;
    memory_fail_at(n, 0);
    status = encryption_seal(&sealed, &n_sealed, "abc", 3, key, NULL);
    if (status == SCRIM_OK) status = encryption_open(&opened, &n_opened, sealed, n_sealed, key, NULL);
    memory_fail_at(0, 0);
    assert_int_equal(opened != NULL, status == SCRIM_OK);
    whole_file_free(sealed, n_sealed);
    whole_file_free(opened, n_opened);
    assert_true(n < 20);
  }
  assert_int_equal(status, SCRIM_OK);
  scrim_key_free(key);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_lengths_come_back),
      cmocka_unit_test(the_format_is_as_described),
      cmocka_unit_test(never_the_same_twice),
      cmocka_unit_test(every_bit_counts),
      cmocka_unit_test(every_cut_shows),
      cmocka_unit_test(chunks_know_their_place),
      cmocka_unit_test(other_keys_and_other_files),
      cmocka_unit_test(memory_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
