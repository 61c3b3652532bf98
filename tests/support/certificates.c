/* P-256 keys and X.509 certificates by OpenSSL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "support/certificates.h"
#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

static void certificate_extend(X509 *x509, X509 *issuer, int nid, const char *value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
  X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
  assert_non_null(extension);
  assert_int_equal(X509_add_ext(x509, extension, -1), 1);
  X509_EXTENSION_free(extension);
}

static certificate certificate_make(const char *name, const certificate *issuer, const char *ip) {
  static long serial = 1;
  certificate c = {X509_new(), EVP_EC_gen("P-256")};
  const certificate *signer = issuer != NULL ? issuer : &c;
  assert_true(c.x509 != NULL && c.key != NULL);
  X509_set_version(c.x509, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(c.x509), serial++);
  X509_gmtime_adj(X509_getm_notBefore(c.x509), -3600);
  X509_gmtime_adj(X509_getm_notAfter(c.x509), 86400);
  X509_NAME *subject = X509_get_subject_name(c.x509);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
  X509_set_issuer_name(c.x509, X509_get_subject_name(signer->x509));
  X509_set_pubkey(c.x509, c.key);
  certificate_extend(c.x509, signer->x509, NID_basic_constraints, issuer == NULL ? "critical,CA:TRUE" : "CA:FALSE");
  if (ip != NULL) {
    char value[64];
    snprintf(value, sizeof value, "IP:%s", ip);
    certificate_extend(c.x509, signer->x509, NID_subject_alt_name, value);
  }
  assert_true(X509_sign(c.x509, signer->key, EVP_sha256()) > 0);
  return c;
}

certificate certificate_authority(const char *name) {
  return certificate_make(name, NULL, NULL);
}

certificate certificate_issue(const certificate *authority, const char *name, const char *ip) {
  return certificate_make(name, authority, ip);
}

void certificate_free(certificate *c) {
  X509_free(c->x509);
  EVP_PKEY_free(c->key);
}

void certificate_write(const certificate *c, const char *path, const char *key_path) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_int_equal(PEM_write_X509(file, c->x509), 1);
  assert_int_equal(fclose(file), 0);
  if (key_path == NULL) return;
  file = fopen(key_path, "w");
  assert_non_null(file);
  assert_int_equal(PEM_write_PrivateKey(file, c->key, NULL, NULL, 0, NULL, NULL), 1);
  assert_int_equal(fclose(file), 0);
}

SSL_CTX *certificate_context(const SSL_METHOD *method, const certificate *own, const certificate *authority) {
  SSL_CTX *context = SSL_CTX_new(method);
  assert_non_null(context);
  if (own != NULL) {
    assert_int_equal(SSL_CTX_use_certificate(context, own->x509), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(context, own->key), 1);
  }
  if (authority != NULL) {
    assert_int_equal(X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority->x509), 1);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
  }
  return context;
}
