/* Authorities and certificates for tests, made on the spot. All functions assert that they succeed. */
#ifndef SUPPORT_CERTIFICATES_H
#define SUPPORT_CERTIFICATES_H

#include <openssl/ssl.h>

typedef struct certificate {
  X509 *x509;
  EVP_PKEY *key;
} certificate;

/* One that signs others. */
certificate certificate_authority(const char *name);
/* Signed by the authority for a day; `ip` is an address that it bears, or NULL. */
certificate certificate_issue(const certificate *authority, const char *name, const char *ip);
void certificate_free(certificate *c);

/* PEM files; key_path may be NULL. */
void certificate_write(const certificate *c, const char *path, const char *key_path);

/* A context with this certificate and trust in `authority`; either may be NULL. SSL_CTX_free. */
SSL_CTX *certificate_context(const SSL_METHOD *method, const certificate *own, const certificate *authority);

#endif
