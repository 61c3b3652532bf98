/* Keys of signatures: from PEM files, their scheme and their id; and what they do to short messages. */
#include "core/error.h"
#include "core/hash.h"
#include "core/memory.h"
#include "core/path.h"
#include "core/signature.h"
#include "core/whole_file.h"
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

enum { PEM_LIMIT = 64 * 1024 };

static const signature_scheme schemes[] = {
    {"ed25519", "ED25519", NULL, NULL},
    {"ecdsa-p256-sha256", "EC", "prime256v1", "SHA256"},
};
enum { N_SCHEMES = sizeof schemes / sizeof schemes[0] };

const signature_scheme *signature_scheme_find(const char *name, size_t length) {
  for (size_t i = 0; i < N_SCHEMES; i++)
    if (strlen(schemes[i].name) == length && memcmp(schemes[i].name, name, length) == 0) return &schemes[i];
  return NULL;
}

/* ---- keys ---- */

static const signature_scheme *scheme_of(const EVP_PKEY *pkey) {
  for (size_t i = 0; i < N_SCHEMES; i++) {
    char group[32] = "";
    if (!EVP_PKEY_is_a(pkey, schemes[i].key_type)) continue;
    if (schemes[i].group == NULL) return &schemes[i];
    if (EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) == 1 && strcmp(group, schemes[i].group) == 0)
      return &schemes[i];
  }
  return NULL;
}

/* Takes pkey over. `shown`: where it comes from. */
static scrim_status key_init(signature_key *key, EVP_PKEY *pkey, const char *shown, scrim_error *error) {
  key->pkey = pkey;
  key->scheme = scheme_of(pkey);
  if (key->scheme == NULL) {
    const char *type = EVP_PKEY_get0_type_name(pkey);
    return fail(error, SCRIM_E_KEY, "'%s' holds a key of type '%s': it must be Ed25519, or EC on the curve P-256",
                shown, type == NULL ? "unknown" : type);
  }
  unsigned char *der = NULL, digest[HASH_BYTES];
  int length = i2d_PUBKEY(pkey, &der);
  scrim_status status = length > 0 ? hash_bytes(der, (size_t)length, digest, error)
                                   : fail(error, SCRIM_E_INTERNAL, "OpenSSL gives no public key of '%s'", shown);
  OPENSSL_free(der);
  if (status == SCRIM_OK) hash_print(digest, sizeof digest, key->id);
  return status;
}

/* An encrypted key is refused: OpenSSL's own function would ask at the terminal. */
static int no_passphrase(char *buffer, int size, int writing, void *context) {
  (void)buffer, (void)size, (void)writing, (void)context;
  return -1;
}

static scrim_status key_open(signature_key *key, const char *path, int is_private, scrim_error *error) {
  unsigned char *pem;
  size_t n;
  scrim_status status =
      whole_file_read(&pem, &n, path, PEM_LIMIT, is_private ? WHOLE_FILE_SECRET : WHOLE_FILE_PLAIN, error);
  if (status != SCRIM_OK) return status;
  EVP_PKEY *pkey = NULL;
  BIO *bio = BIO_new_mem_buf(pem, (int)n);
  if (bio != NULL)
    pkey = is_private ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL)
                      : PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL);
  BIO_free(bio);
  whole_file_free(pem, n);
  ERR_clear_error(); /* what is wrong is said below */
  if (pkey == NULL)
    return fail(error, SCRIM_E_KEY, "'%s' holds no %s key in PEM%s", path_shown(path),
                is_private ? "private" : "public", is_private ? " without a passphrase" : "");
  return key_init(key, pkey, path_shown(path), error);
}

/* ---- messages ---- */

scrim_status signature_make(const signature_key *key, const void *message, size_t n_bytes,
                            char base64[SIGNATURE_MAX_BASE64], scrim_error *error) {
  unsigned char signature[SIGNATURE_MAX_BYTES];
  size_t length = sizeof signature;
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  int done = context != NULL &&
             EVP_DigestSignInit_ex(context, NULL, key->scheme->digest, NULL, NULL, key->pkey, NULL) == 1 &&
             EVP_DigestSign(context, signature, &length, message, n_bytes) == 1;
  EVP_MD_CTX_free(context);
  ERR_clear_error();
  if (!done) return fail(error, SCRIM_E_INTERNAL, "OpenSSL makes no %s signature", key->scheme->name);
  EVP_EncodeBlock((unsigned char *)base64, signature, (int)length);
  return SCRIM_OK;
}

/* Bytes that were written, or 0. Another spelling of the same bytes is none. */
static size_t base64_parse(unsigned char bytes[SIGNATURE_MAX_BYTES], const char *text, size_t n) {
  char again[SIGNATURE_MAX_BASE64];
  unsigned char block[SIGNATURE_MAX_BASE64];
  if (n == 0 || n % 4 != 0 || n >= SIGNATURE_MAX_BASE64) return 0;
  int length = EVP_DecodeBlock(block, (const unsigned char *)text, (int)n);
  if (length < 0) return 0;
  length -= (text[n - 1] == '=') + (text[n - 2] == '='); /* padding is decoded as zeros */
  EVP_EncodeBlock((unsigned char *)again, block, length);
  if (length > SIGNATURE_MAX_BYTES || strlen(again) != n || memcmp(again, text, n) != 0) return 0;
  memcpy(bytes, block, (size_t)length);
  return (size_t)length;
}

scrim_status signature_check(const signature_key *key, const void *message, size_t n_bytes, const char *base64,
                             size_t n_base64, scrim_error *error) {
  unsigned char signature[SIGNATURE_MAX_BYTES];
  size_t length = base64_parse(signature, base64, n_base64);
  if (length == 0) return fail(error, SCRIM_E_KEY, "malformed signature: not base64");
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  int ready =
      context != NULL && EVP_DigestVerifyInit_ex(context, NULL, key->scheme->digest, NULL, NULL, key->pkey, NULL) == 1;
  int is_good = ready && EVP_DigestVerify(context, signature, length, message, n_bytes) == 1;
  EVP_MD_CTX_free(context);
  ERR_clear_error();
  if (!ready) return fail(error, SCRIM_E_INTERNAL, "OpenSSL checks no %s signature", key->scheme->name);
  if (!is_good) return fail(error, SCRIM_E_KEY, "the signature was not made by key %.16s", key->id);
  return SCRIM_OK;
}

/* ---- handles ---- */

scrim_status scrim_signer_open(scrim_signer **out, const char *path, scrim_error *error) {
  if (out == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_signer_open: out is NULL");
  *out = NULL;
  if (path == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_signer_open: path is NULL");
  scrim_signer *signer = memory_zalloc(1, sizeof *signer);
  if (signer == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for the key '%s'", path_shown(path));
  scrim_status status = key_open(&signer->key, path, 1, error);
  if (status == SCRIM_OK)
    *out = signer;
  else
    scrim_signer_free(signer);
  return status;
}

void scrim_signer_free(scrim_signer *signer) {
  if (signer == NULL) return;
  EVP_PKEY_free(signer->key.pkey); /* cleanses the key with its last reference */
  memory_free(signer);
}

scrim_status scrim_verifier_open(scrim_verifier **out, const char *path, scrim_error *error) {
  if (out == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_verifier_open: out is NULL");
  *out = NULL;
  if (path == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_verifier_open: path is NULL");
  scrim_verifier *verifier = memory_zalloc(1, sizeof *verifier);
  if (verifier == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for the key '%s'", path_shown(path));
  scrim_status status = key_open(&verifier->key, path, 0, error);
  if (status == SCRIM_OK)
    *out = verifier;
  else
    scrim_verifier_free(verifier);
  return status;
}

scrim_status scrim_verifier_of(scrim_verifier **out, const scrim_signer *signer, scrim_error *error) {
  if (out == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_verifier_of: out is NULL");
  *out = NULL;
  if (signer == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_verifier_of: signer is NULL");
  scrim_verifier *verifier = memory_alloc(sizeof *verifier);
  if (verifier == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a key");
  verifier->key = signer->key;
  if (EVP_PKEY_up_ref(signer->key.pkey) != 1) {
    memory_free(verifier);
    return fail(error, SCRIM_E_INTERNAL, "OpenSSL shares no key");
  }
  *out = verifier;
  return SCRIM_OK;
}

void scrim_verifier_free(scrim_verifier *verifier) {
  if (verifier == NULL) return;
  EVP_PKEY_free(verifier->key.pkey);
  memory_free(verifier);
}

const char *scrim_verifier_scheme(const scrim_verifier *verifier) {
  return verifier == NULL ? NULL : verifier->key.scheme->name;
}

const char *scrim_verifier_key_id(const scrim_verifier *verifier) {
  return verifier == NULL ? NULL : verifier->key.id;
}
