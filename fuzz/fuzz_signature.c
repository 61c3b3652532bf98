/* Any bytes as a signature file: of all of them, only those that the key made are good. */
#include "core/signature.h"
#include <openssl/ec.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
  static const char *const types[] = {"ED25519", "P-256"}, *const names[] = {"ed25519", "ecdsa-p256-sha256"};
  static scrim_verifier keys[2]; /* the fuzzer's own: made once, of the id that the corpus has */
  for (int i = 0; i < 2; i++) {
    if (keys[i].key.pkey == NULL) {
      keys[i].key.pkey = i == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, types[i]) : EVP_EC_gen(types[i]);
      keys[i].key.scheme = signature_scheme_find(names[i], strlen(names[i]));
      memset(keys[i].key.id, '0', sizeof keys[i].key.id - 1);
    }
    scrim_error error = {.message = ""};
    if (scrim_verify(&keys[i], "abc", 3, (const char *)bytes, n, &error) != SCRIM_E_KEY) abort();
    if (error.message[0] == '\0') abort();
  }
  return 0;
}
