/* Keys of signatures: which are taken, how they are called, and what they do to short messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/memory.h"
#include "core/signature.h"
#include "support/files.h"
#include "support/pem_keys.h"
#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const types[] = {"ED25519", "P-256"}, *const schemes[] = {"ed25519", "ecdsa-p256-sha256"};

static void both_schemes_sign_and_check(void **state) {
  const char *private_path = files_path(*state, "private"), *public_path = files_path(*state, "public");
  for (int i = 0; i < 2; i++) {
    scrim_signer *signer;
    scrim_verifier *verifier, *half;
    char text[SIGNATURE_MAX_BASE64];
    pem_keys_make(types[i], private_path, public_path);
    assert_int_equal(scrim_signer_open(&signer, private_path, NULL), SCRIM_OK);
    assert_int_equal(scrim_verifier_open(&verifier, public_path, NULL), SCRIM_OK);
    assert_int_equal(scrim_verifier_of(&half, signer, NULL), SCRIM_OK);
    assert_string_equal(scrim_verifier_scheme(verifier), schemes[i]);
    assert_int_equal(strlen(scrim_verifier_key_id(verifier)), 64);
    assert_string_equal(scrim_verifier_key_id(verifier), scrim_verifier_key_id(half));

    assert_int_equal(signature_make(&signer->key, "message", 7, text, NULL), SCRIM_OK);
    scrim_signer_free(signer); /* the half that was taken from it lives on */
    assert_int_equal(signature_check(&half->key, "message", 7, text, strlen(text), NULL), SCRIM_OK);
    assert_int_equal(signature_check(&verifier->key, "message", 7, text, strlen(text), NULL), SCRIM_OK);
    assert_int_equal(signature_check(&verifier->key, "massage", 7, text, strlen(text), NULL), SCRIM_E_KEY);
    assert_int_equal(signature_check(&verifier->key, "message", 6, text, strlen(text), NULL), SCRIM_E_KEY);
    scrim_verifier_free(half);
    scrim_verifier_free(verifier);
  }
}

/* Another spelling of the same bytes is refused, and so is anything cut. */
static void base64_has_one_spelling(void **state) {
  const char *private_path = files_path(*state, "private");
  scrim_signer *signer;
  char text[SIGNATURE_MAX_BASE64], other[SIGNATURE_MAX_BASE64 + 8];
  scrim_error error;
  pem_keys_make("ED25519", private_path, files_path(*state, "public"));
  assert_int_equal(scrim_signer_open(&signer, private_path, NULL), SCRIM_OK);
  assert_int_equal(signature_make(&signer->key, "m", 1, text, NULL), SCRIM_OK);
  size_t n = strlen(text);
  assert_int_equal(n, 88); /* 64 bytes: two of the last characters' bits are unused, and two = follow */
  for (size_t length = 0; length < n; length++)
    assert_int_equal(signature_check(&signer->key, "m", 1, text, length, NULL), SCRIM_E_KEY);
  static const char *const frames[] = {"%s\n", " %s", "%s    ", "%s====", "\n%s"};
  for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
    char *at = strchr(frames[i], '%');
    size_t before = (size_t)(at - frames[i]);
    memcpy(other, frames[i], before);
    memcpy(other + before, text, n);
    strcpy(other + before + n, at + 2);
    assert_int_equal(signature_check(&signer->key, "m", 1, other, strlen(other), &error), SCRIM_E_KEY);
    assert_non_null(strstr(error.message, "not base64"));
  }
  memcpy(other, text, n + 1);
  other[n - 3]++; /* one of the unused bits */
  assert_int_equal(signature_check(&signer->key, "m", 1, other, n, &error), SCRIM_E_KEY);
  memset(other, '=', n);
  assert_int_equal(signature_check(&signer->key, "m", 1, other, n, &error), SCRIM_E_KEY);
  memset(other, 'A', 108); /* too long for the scheme, not for the reader */
  assert_int_equal(signature_check(&signer->key, "m", 1, other, 108, &error), SCRIM_E_KEY);
  scrim_signer_free(signer);
}

static void other_keys_are_refused(void **state) {
  const char *private_path = files_path(*state, "private"), *public_path = files_path(*state, "public");
  scrim_signer *signer;
  scrim_verifier *verifier;
  scrim_error error;
  static const char *const foreign[] = {"P-384", "secp256k1", "P-521"};
  for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
    pem_keys_make(foreign[i], private_path, public_path);
    assert_int_equal(scrim_signer_open(&signer, private_path, &error), SCRIM_E_KEY);
    assert_null(signer);
    assert_non_null(strstr(error.message, "it must be Ed25519, or EC on the curve P-256"));
    assert_int_equal(scrim_verifier_open(&verifier, public_path, &error), SCRIM_E_KEY);
    assert_null(verifier);
  }
  pem_keys_make("ED25519", private_path, public_path);
  assert_int_equal(chmod(public_path, 0600), 0);
  assert_int_equal(scrim_signer_open(&signer, public_path, &error), SCRIM_E_KEY);
  assert_non_null(strstr(error.message, "no private key"));
  assert_int_equal(scrim_verifier_open(&verifier, private_path, &error), SCRIM_E_KEY);
  assert_non_null(strstr(error.message, "no public key"));
  assert_int_equal(chmod(private_path, 0640), 0);
  assert_int_equal(scrim_signer_open(&signer, private_path, &error), SCRIM_E_KEY);
  assert_non_null(strstr(error.message, "must be 0600"));
  assert_int_equal(scrim_signer_open(&signer, files_path(*state, "none"), &error), SCRIM_E_IO);
  files_write(public_path, "no key at all", 13);
  assert_int_equal(scrim_verifier_open(&verifier, public_path, &error), SCRIM_E_KEY);
}

/* Nothing asks at the terminal. */
static void an_encrypted_key_is_refused(void **state) {
  const char *path = files_path(*state, "private");
  EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_int_equal(PEM_write_PrivateKey(file, key, EVP_aes_256_cbc(), (unsigned char *)"secret", 6, NULL, NULL), 1);
  fclose(file);
  EVP_PKEY_free(key);
  assert_int_equal(chmod(path, 0600), 0);
  scrim_signer *signer;
  scrim_error error;
  assert_int_equal(scrim_signer_open(&signer, path, &error), SCRIM_E_KEY);
  assert_non_null(strstr(error.message, "without a passphrase"));
}

static void arguments_and_memory(void **state) {
  const char *private_path = files_path(*state, "private"), *public_path = files_path(*state, "public");
  scrim_signer *signer;
  scrim_verifier *verifier;
  assert_int_equal(scrim_signer_open(NULL, "x", NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_signer_open(&signer, NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_verifier_open(NULL, "x", NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_verifier_open(&verifier, NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_verifier_of(NULL, NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_verifier_of(&verifier, NULL, NULL), SCRIM_E_ARGUMENT);
  scrim_signer_free(NULL);
  scrim_verifier_free(NULL);
  assert_null(scrim_verifier_scheme(NULL));
  assert_null(scrim_verifier_key_id(NULL));

  pem_keys_make("P-256", private_path, public_path);
  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long n = 1; status == SCRIM_E_MEMORY; n++) {
    signer = NULL;
    verifier = NULL;
    memory_fail_at(n, 0);
    status = scrim_signer_open(&signer, private_path, NULL);
    if (status == SCRIM_OK) status = scrim_verifier_of(&verifier, signer, NULL);
    memory_fail_at(0, 0);
    assert_true(n < 20);
    scrim_verifier_free(verifier);
    scrim_signer_free(signer);
  }
  assert_int_equal(status, SCRIM_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(both_schemes_sign_and_check, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(base64_has_one_spelling, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(other_keys_are_refused, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(an_encrypted_key_is_refused, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(arguments_and_memory, files_setup, files_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
