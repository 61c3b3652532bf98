/* TLS contexts from the configuration's files. */
#include "serve/tls.h"
#include "core/error.h"
#include "core/path.h"
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

/* OpenSSL's last word on what went wrong; its queue is emptied. */
static scrim_status tls_fail(scrim_error *error, scrim_status status, const char *what, const char *path) {
  char words[120];
  unsigned long code = ERR_peek_last_error();
  ERR_error_string_n(code, words, sizeof words);
  ERR_clear_error();
  return fail(error, status, "%s '%s': %s", what, path_shown(path), code != 0 ? words : "refused");
}

static scrim_status tls_context(SSL_CTX **out, const SSL_METHOD *method, scrim_error *error) {
  ERR_clear_error();
  *out = SSL_CTX_new(method);
  if (*out == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for TLS");
  SSL_CTX_set_min_proto_version(*out, TLS1_2_VERSION);
  SSL_CTX_set_options(*out, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CLEANSE_PLAINTEXT);
  SSL_CTX_set_mode(*out,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return SCRIM_OK;
}

static scrim_status tls_load_pair(SSL_CTX *context, const char *certificate, const char *key, scrim_error *error) {
  if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
    return tls_fail(error, SCRIM_E_IO, "cannot use certificate", certificate);
  if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
    return tls_fail(error, SCRIM_E_KEY, "cannot use private key", key);
  if (SSL_CTX_check_private_key(context) != 1)
    return tls_fail(error, SCRIM_E_KEY, "the certificate does not fit private key", key);
  return SCRIM_OK;
}

/* ---- towards clients ---- */

/* HTTP/1.1 is the only protocol here; who offers others alone is refused, who offers none is served. */
static int tls_select_protocol(SSL *ssl, const unsigned char **out, unsigned char *n_out, const unsigned char *in,
                               unsigned n_in, void *unused) {
  static const unsigned char known[] = "\x08http/1.1";
  (void)ssl, (void)unused;
  unsigned char *selected;
  if (SSL_select_next_proto(&selected, n_out, known, sizeof known - 1, in, n_in) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

static scrim_status tls_ask_clients(SSL_CTX *context, const serve_listener *listener, scrim_error *error) {
  if (listener->client_ca == NULL) return SCRIM_OK;
  STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(listener->client_ca);
  if (names == NULL || SSL_CTX_load_verify_locations(context, listener->client_ca, NULL) != 1) {
    sk_X509_NAME_pop_free(names, X509_NAME_free);
    return tls_fail(error, SCRIM_E_IO, "cannot use client CA", listener->client_ca);
  }
  SSL_CTX_set_client_CA_list(context, names); /* takes them over */
  int demand = listener->require_client_certificate ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | demand, NULL);
  return SCRIM_OK;
}

scrim_status tls_server_create(SSL_CTX **out, const serve_listener *listener, scrim_error *error) {
  *out = NULL;
  if (listener->certificate == NULL) return SCRIM_OK;
  scrim_status status = tls_context(out, TLS_server_method(), error);
  if (status != SCRIM_OK) return status;
  static const unsigned char session_name[] = "scrim"; /* sessions with client certificates cannot resume without one */
  SSL_CTX_set_session_id_context(*out, session_name, sizeof session_name - 1);
  SSL_CTX_set_alpn_select_cb(*out, tls_select_protocol, NULL);
  status = tls_load_pair(*out, listener->certificate, listener->private_key, error);
  if (status == SCRIM_OK) status = tls_ask_clients(*out, listener, error);
  if (status == SCRIM_OK) return SCRIM_OK;
  SSL_CTX_free(*out);
  *out = NULL;
  return status;
}

size_t tls_client_name(SSL *ssl, unsigned char *to, size_t capacity) {
  X509 *certificate = SSL_get0_peer_certificate(ssl);
  if (certificate == NULL || SSL_get_verify_result(ssl) != X509_V_OK) return 0;
  const X509_NAME *subject = X509_get_subject_name(certificate), *issuer = X509_get_issuer_name(certificate);
  int n_subject = i2d_X509_NAME(subject, NULL), n_issuer = i2d_X509_NAME(issuer, NULL);
  if (n_subject <= 0 || n_issuer <= 0 || (size_t)n_subject + (size_t)n_issuer > capacity) return 0;
  i2d_X509_NAME(subject, &to); /* moves `to` on */
  i2d_X509_NAME(issuer, &to);
  return (size_t)n_subject + (size_t)n_issuer;
}

void tls_goodbye(SSL *ssl) {
  SSL_set_shutdown(ssl, SSL_RECEIVED_SHUTDOWN); /* so that SSL_shutdown does not wait for the other side's */
  SSL_shutdown(ssl);
  ERR_clear_error();
}

/* ---- towards the upstream ---- */

scrim_status tls_client_create(SSL_CTX **out, const serve_upstream *upstream, scrim_error *error) {
  *out = NULL;
  if (!upstream->tls) return SCRIM_OK;
  scrim_status status = tls_context(out, TLS_client_method(), error);
  if (status != SCRIM_OK) return status;
  SSL_CTX_set_verify(*out, SSL_VERIFY_PEER, NULL);
  if (upstream->ca != NULL && SSL_CTX_load_verify_locations(*out, upstream->ca, NULL) != 1)
    status = tls_fail(error, SCRIM_E_IO, "cannot use the upstream's CA", upstream->ca);
  else if (upstream->ca == NULL && SSL_CTX_set_default_verify_paths(*out) != 1)
    status = tls_fail(error, SCRIM_E_IO, "cannot use the system's store of certificates for", upstream->host);
  if (status == SCRIM_OK && upstream->certificate != NULL)
    status = tls_load_pair(*out, upstream->certificate, upstream->private_key, error);
  if (status == SCRIM_OK) return SCRIM_OK;
  SSL_CTX_free(*out);
  *out = NULL;
  return status;
}

/* An address in a certificate is another kind of name than a host. */
static int tls_demand_name(SSL *ssl, const char *name) {
  struct in6_addr unused;
  if (inet_pton(AF_INET, name, &unused) == 1 || inet_pton(AF_INET6, name, &unused) == 1)
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

SSL *tls_client_begin(SSL_CTX *context, const serve_upstream *upstream) {
  SSL *ssl = SSL_new(context);
  if (ssl == NULL) return NULL;
  if (!tls_demand_name(ssl, upstream->server_name != NULL ? upstream->server_name : upstream->host)) {
    SSL_free(ssl);
    return NULL;
  }
  return ssl;
}
