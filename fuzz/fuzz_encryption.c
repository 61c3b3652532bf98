/* Any bytes as an encrypted file; and as the bytes to encrypt, which must come back, unless one of them is changed. */
#include "core/encryption.h"
#include "core/whole_file.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void open_any(const uint8_t *bytes, size_t n, const scrim_key *key) {
  unsigned char *plain;
  size_t n_plain;
  scrim_error error = {.message = ""};
  scrim_status status = encryption_open(&plain, &n_plain, bytes, n, key, &error);
  if (status != SCRIM_OK && (plain != NULL || n_plain != 0 || error.message[0] == '\0')) abort();
  whole_file_free(plain, n_plain);
}

static void there_and_back(const uint8_t *bytes, size_t n, const scrim_key *key) {
  unsigned char *sealed, *plain;
  size_t n_sealed, n_plain;
  if (encryption_seal(&sealed, &n_sealed, bytes, n, key, NULL) != SCRIM_OK) abort();
  if (encryption_open(&plain, &n_plain, sealed, n_sealed, key, NULL) != SCRIM_OK || n_plain != n) abort();
  if (n > 0 && memcmp(plain, bytes, n) != 0) abort();
  whole_file_free(plain, n_plain);
  sealed[n > 0 ? (bytes[0] * 251u + n) % n_sealed : 0] ^= 1;
  if (encryption_open(&plain, &n_plain, sealed, n_sealed, key, NULL) == SCRIM_OK || plain != NULL) abort();
  if (encryption_open(&plain, &n_plain, sealed, n_sealed - 1, key, NULL) == SCRIM_OK || plain != NULL) abort();
  whole_file_free(sealed, n_sealed);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
  static const unsigned char secret[SCRIM_KEY_BYTES] = {1, 2, 3};
  scrim_key *key;
  if (scrim_key_create(&key, secret, NULL) != SCRIM_OK) return 0;
  open_any(bytes, n, key);
  there_and_back(bytes, n, key);
  scrim_key_free(key);
  return 0;
}
