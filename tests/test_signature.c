/* Signatures of files: what they look like, and that every way of being wrong has its own message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/memory.h"
#include "support/files.h"
#include "support/pem_keys.h"
#include <cmocka.h>
#include <scrim/signature.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Made by the openssl command alone: pkeyutl -sign -rawin of the first four lines. */
static const char known_private[] = "-----BEGIN PRIVATE KEY-----\n"
                                    "MC4CAQAwBQYDK2VwBCIEICCXyz3xrGxLTmsA0E7RbsBtrqVdYSv79J1UJUCkAAVw\n"
                                    "-----END PRIVATE KEY-----\n";
static const char known_signature[] =
    "scrim-signature-1\n"
    "scheme: ed25519\n"
    "key: 00ca4c6d3447fcb01232a5cd5cecc372a9a190270e6104bf2fec6d707c66fcd5\n"
    "content: sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n"
    "signature: nR6O6i1bMmL4hVY2fRO1k8K6ivPxYjdoZexetwkV1YeKg71wHSCTIZ6LbJEi2xZK2BV9zDuIuUzbMCWFc6UZDw==\n";

typedef struct key_pair {
  scrim_signer *signer;
  scrim_verifier *verifier;
} key_pair;

static key_pair make_pair(const char *folder, const char *type) {
  const char *private_path = files_path(folder, "private"), *public_path = files_path(folder, "public");
  key_pair pair;
  pem_keys_make(type, private_path, public_path);
  assert_int_equal(scrim_signer_open(&pair.signer, private_path, NULL), SCRIM_OK);
  assert_int_equal(scrim_verifier_open(&pair.verifier, public_path, NULL), SCRIM_OK);
  return pair;
}

static void free_pair(key_pair pair) {
  scrim_signer_free(pair.signer);
  scrim_verifier_free(pair.verifier);
}

static void the_format_is_fixed(void **state) {
  const char *path = files_path(*state, "private");
  scrim_signer *signer;
  scrim_verifier *verifier;
  char text[SCRIM_SIGNATURE_TEXT];
  files_write(path, known_private, sizeof known_private - 1);
  assert_int_equal(chmod(path, 0600), 0);
  assert_int_equal(scrim_signer_open(&signer, path, NULL), SCRIM_OK);
  assert_int_equal(scrim_sign(signer, "abc", 3, text, NULL), SCRIM_OK);
  assert_string_equal(text, known_signature);
  assert_int_equal(scrim_verifier_of(&verifier, signer, NULL), SCRIM_OK);
  assert_int_equal(scrim_verify(verifier, "abc", 3, text, strlen(text), NULL), SCRIM_OK);
  scrim_signer_free(signer);
  scrim_verifier_free(verifier);
}

/* SCRIM_E_KEY, with these words in the message. */
static void refused(const scrim_verifier *verifier, const char *bytes, const char *text, size_t n, const char *words) {
  scrim_error error = {.message = ""};
  assert_int_equal(scrim_verify(verifier, bytes, strlen(bytes), text, n, &error), SCRIM_E_KEY);
  if (strstr(error.message, words) == NULL) fail_msg("'%s' does not say '%s'", error.message, words);
}

static void each_fault_has_its_message(void **state) {
  key_pair ed = make_pair(*state, "ED25519"), other = make_pair(*state, "ED25519"), p256 = make_pair(*state, "P-256");
  const key_pair pairs[] = {ed, p256};
  for (int i = 0; i < 2; i++) {
    char text[SCRIM_SIGNATURE_TEXT], changed[SCRIM_SIGNATURE_TEXT + 8];
    assert_int_equal(scrim_sign(pairs[i].signer, "abc", 3, text, NULL), SCRIM_OK);
    size_t n = strlen(text);
    assert_int_equal(scrim_verify(pairs[i].verifier, "abc", 3, text, n, NULL), SCRIM_OK);
    refused(pairs[i].verifier, "abd", text, n, "wrong content");
    refused(pairs[i].verifier, "", text, n, "wrong content");
    refused(other.verifier, "abc", text, n, i == 0 ? "wrong key" : "wrong scheme");
    for (size_t length = 0; length < n; length++) refused(pairs[i].verifier, "abc", text, length, "malformed");
    snprintf(changed, sizeof changed, "%s\n", text);
    refused(pairs[i].verifier, "abc", changed, n + 1, "malformed");
    /* A good signature of another statement, under the right key. */
    char *base64 = strstr(strcpy(changed, text), "signature: ") + 11, second[SCRIM_SIGNATURE_TEXT];
    assert_int_equal(scrim_sign(pairs[i].signer, "abd", 3, second, NULL), SCRIM_OK);
    strcpy(base64, strstr(second, "signature: ") + 11);
    refused(pairs[i].verifier, "abc", changed, strlen(changed), "was not made by key");
  }
  free_pair(ed);
  free_pair(other);
  free_pair(p256);
}

/* Whatever byte is changed, the signature is refused; nothing of it is free. */
static void every_byte_counts(void **state) {
  static const char *const types[] = {"ED25519", "P-256"};
  for (int t = 0; t < 2; t++) {
    key_pair pair = make_pair(*state, types[t]);
    char text[SCRIM_SIGNATURE_TEXT];
    assert_int_equal(scrim_sign(pair.signer, "abc", 3, text, NULL), SCRIM_OK);
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++) {
      char kept = text[i];
      static const char flips[] = {1, 0x20, (char)0x80};
      for (size_t f = 0; f < sizeof flips; f++) {
        text[i] = (char)(kept ^ flips[f]);
        assert_int_equal(scrim_verify(pair.verifier, "abc", 3, text, n, NULL), SCRIM_E_KEY);
      }
      text[i] = kept;
    }
    free_pair(pair);
  }
}

static void unknown_schemes(void **state) {
  key_pair pair = make_pair(*state, "ED25519");
  static const char rest[] = "\nkey: 00ca4c6d3447fcb01232a5cd5cecc372a9a190270e6104bf2fec6d707c66fcd5\n"
                             "content: sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n"
                             "signature: AAAA\n";
  static const char *const names[] = {"", "ed25519 ", "Ed25519", "none", "ed2551", "ed25519ph"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    char text[SCRIM_SIGNATURE_TEXT];
    snprintf(text, sizeof text, "scrim-signature-1\nscheme: %s%s", names[i], rest);
    refused(pair.verifier, "abc", text, strlen(text), "unknown scheme");
  }
  free_pair(pair);
}

static void files_keep_their_signature_when_renamed(void **state) {
  key_pair pair = make_pair(*state, "P-256");
  const char *path = files_path(*state, "data"), *moved = files_path(*state, "moved");
  const char *beside = files_path(*state, "data.sig");
  scrim_error error;
  files_write(path, "abc", 3);
  assert_int_equal(scrim_sign_file(pair.signer, path, NULL, NULL), SCRIM_OK);
  assert_int_equal(scrim_verify_file(pair.verifier, path, NULL, NULL), SCRIM_OK);
  assert_int_equal(rename(path, moved), 0);
  assert_int_equal(scrim_verify_file(pair.verifier, moved, beside, NULL), SCRIM_OK);
  assert_int_equal(scrim_verify_file(pair.verifier, moved, NULL, &error), SCRIM_E_IO);
  assert_non_null(strstr(error.message, "moved.sig': No such file"));
  files_write(moved, "abcd", 4);
  assert_int_equal(scrim_verify_file(pair.verifier, moved, beside, &error), SCRIM_E_KEY);
  assert_non_null(strstr(error.message, "data.sig': wrong content"));
  char long_text[SCRIM_SIGNATURE_TEXT + 1];
  memset(long_text, 'x', sizeof long_text);
  files_write(beside, long_text, sizeof long_text);
  assert_int_equal(scrim_verify_file(pair.verifier, moved, beside, &error), SCRIM_E_KEY);
  assert_non_null(strstr(error.message, "malformed signature: too long"));
  assert_int_equal(scrim_sign_file(pair.signer, files_path(*state, "none"), NULL, &error), SCRIM_E_IO);
  assert_int_equal(scrim_sign_file(pair.signer, moved, "/nonexistent/x.sig", &error), SCRIM_E_IO);
  free_pair(pair);
}

static void arguments(void **state) {
  key_pair pair = make_pair(*state, "ED25519");
  char text[SCRIM_SIGNATURE_TEXT];
  assert_int_equal(scrim_sign(NULL, "a", 1, text, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_sign(pair.signer, NULL, 1, text, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_sign(pair.signer, "a", 1, NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_verify(NULL, "a", 1, text, 1, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_verify(pair.verifier, NULL, 1, text, 1, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_verify(pair.verifier, "a", 1, NULL, 1, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_sign_file(NULL, "x", NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_sign_file(pair.signer, NULL, NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_verify_file(NULL, "x", NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_verify_file(pair.verifier, NULL, NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_sign(pair.signer, NULL, 0, text, NULL), SCRIM_OK); /* no bytes are bytes too */
  assert_int_equal(scrim_verify(pair.verifier, NULL, 0, text, strlen(text), NULL), SCRIM_OK);
  free_pair(pair);
}

static void memory_runs_out(void **state) {
  key_pair pair = make_pair(*state, "ED25519");
  const char *path = files_path(*state, "data"), *beside = files_path(*state, "data.sig");
  files_write(path, "abc", 3);
  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long n = 1; status == SCRIM_E_MEMORY; n++) {
    memory_fail_at(n, 0);
    status = scrim_sign_file(pair.signer, path, NULL, NULL);
    memory_fail_at(0, 0);
    assert_int_equal(files_exists(beside), status == SCRIM_OK);
    assert_true(n < 20);
  }
  status = SCRIM_E_MEMORY;
  for (unsigned long n = 1; status == SCRIM_E_MEMORY; n++) {
    memory_fail_at(n, 0);
    status = scrim_verify_file(pair.verifier, path, NULL, NULL);
    memory_fail_at(0, 0);
    assert_true(n < 20);
  }
  assert_int_equal(status, SCRIM_OK);
  free_pair(pair);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(the_format_is_fixed, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(each_fault_has_its_message, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(every_byte_counts, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(unknown_schemes, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(files_keep_their_signature_when_renamed, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(arguments, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(memory_runs_out, files_setup, files_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
