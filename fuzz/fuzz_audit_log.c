/*
 * Any bytes as an audit log. Hashes are made good first, because no fuzzer finds a hash: in each line that ends as
 * lines do, the digits of its hash are computed, so that what is behind that check is reached.
 */
#include "serve/audit_chain.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { TAIL = 8 + 66 + 1 }; /* ,"hash": and its digits in quotes, and the brace */

static void mend_line(char *line, size_t n) {
  unsigned char hash[HASH_BYTES];
  char digits[HASH_TEXT];
  if (n <= TAIL || memcmp(line + n - TAIL, ",\"hash\":\"", 9) != 0) return;
  if (hash_bytes(line, n - TAIL, hash, NULL) != SCRIM_OK) abort();
  hash_print(hash, HASH_BYTES, digits);
  memcpy(line + n - TAIL + 9, digits, 2 * HASH_BYTES);
}

static void mend(char *text, size_t n) {
  for (char *at = text, *end = text + n; at < end;) {
    char *newline = memchr(at, '\n', (size_t)(end - at)), *stop = newline == NULL ? end : newline;
    mend_line(at, (size_t)(stop - at));
    at = newline == NULL ? end : newline + 1;
  }
}

static void follow(const char *text, size_t n, const signature_key *key) {
  audit_chain chain = {0};
  scrim_error error = {.message = ""};
  int is_ended;
  scrim_status status = audit_chain_follow_all(&chain, text, n, key, &is_ended, &error);
  if (status != SCRIM_OK && (error.message[0] == '\0' || (error.row < 0 && status != SCRIM_E_INTERNAL))) abort();
  if (chain.broken != NULL && (chain.broken < text || chain.broken + chain.n_broken > text + n)) abort();
  audit_chain from = {0};
  (void)!audit_chain_resume(&from, text, n, key, &error);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
  static signature_key key; /* the fuzzer's own: made once */
  if (key.pkey == NULL) {
    key.pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    key.scheme = signature_scheme_find("ed25519", 7);
    memset(key.id, '0', sizeof key.id - 1);
  }
  char *text = malloc(n + (n == 0));
  if (text == NULL) return 0;
  memcpy(text, bytes, n);
  follow(text, n, &key);
  mend(text, n);
  follow(text, n, &key);
  free(text);
  return 0;
}
