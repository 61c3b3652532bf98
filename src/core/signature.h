/* What signatures of files are made of: schemes, keys, and signatures of short messages. */
#ifndef CORE_SIGNATURE_H
#define CORE_SIGNATURE_H

#include <openssl/evp.h>
#include <scrim/signature.h>

enum { SIGNATURE_MAX_BYTES = 80, SIGNATURE_MAX_BASE64 = 109 }; /* a P-256 signature in DER has up to 72; with the NUL */

typedef struct signature_scheme {
  const char *name;
  const char *key_type; /* as OpenSSL names it */
  const char *group;    /* of the key; NULL: its type says all */
  const char *digest;   /* NULL: the scheme has its own */
} signature_scheme;

const signature_scheme *signature_scheme_find(const char *name, size_t length); /* NULL: unknown */

/* A key pair or the public half of one. */
typedef struct signature_key {
  EVP_PKEY *pkey;
  const signature_scheme *scheme;
  char id[SCRIM_KEY_ID_TEXT];
} signature_key;

struct scrim_signer {
  signature_key key;
};
struct scrim_verifier {
  signature_key key;
};

/* The signature of a message, in base64 and in one line. */
scrim_status signature_make(const signature_key *key, const void *message, size_t n_bytes,
                            char base64[SIGNATURE_MAX_BASE64], scrim_error *error);
/* SCRIM_E_KEY: not base64 as signature_make writes it, or not a signature of the message by this key. */
scrim_status signature_check(const signature_key *key, const void *message, size_t n_bytes, const char *base64,
                             size_t n_base64, scrim_error *error);

#endif
