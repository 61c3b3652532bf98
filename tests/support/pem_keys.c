/* Signing keys for tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "support/pem_keys.h"
#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

void pem_keys_make(const char *type, const char *private_path, const char *public_path) {
  int is_ed25519 = strcmp(type, "ED25519") == 0;
  EVP_PKEY *key = is_ed25519 ? EVP_PKEY_Q_keygen(NULL, NULL, type) : EVP_EC_gen(type);
  assert_non_null(key);
  FILE *file = fopen(private_path, "w");
  assert_non_null(file);
  assert_int_equal(chmod(private_path, 0600), 0);
  assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
  assert_int_equal(fclose(file), 0);
  file = fopen(public_path, "w");
  assert_non_null(file);
  assert_int_equal(PEM_write_PUBKEY(file, key), 1);
  assert_int_equal(fclose(file), 0);
  EVP_PKEY_free(key);
}
