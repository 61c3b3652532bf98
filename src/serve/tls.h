/*
 * TLS towards clients and towards the upstream, by OpenSSL. Version 1.2 at least, HTTP/1.1 alone by ALPN, no
 * renegotiation, plaintext wiped from OpenSSL's buffers.
 */
#ifndef SERVE_TLS_H
#define SERVE_TLS_H

#include "serve/serve_config.h"
#include <openssl/ssl.h>

/* *out NULL where the configuration asks for no TLS. SCRIM_E_IO, SCRIM_E_KEY (certificate and key do not fit),
 * SCRIM_E_MEMORY. SSL_CTX_free. */
scrim_status tls_server_create(SSL_CTX **out, const serve_listener *listener, scrim_error *error);
scrim_status tls_client_create(SSL_CTX **out, const serve_upstream *upstream, scrim_error *error);

/* A connection to the upstream that will check the certificate and its name. NULL: out of memory. */
SSL *tls_client_begin(SSL_CTX *context, const serve_upstream *upstream);

/* Who the client's verified certificate names, as DER of its subject, and who says so. Answers the bytes, 0 if there
 * is no certificate or it does not fit. */
size_t tls_client_name(SSL *ssl, unsigned char *to, size_t capacity);

/* Tells the other side that nothing more comes; never waits. */
void tls_goodbye(SSL *ssl);

#endif
