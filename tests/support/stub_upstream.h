/*
 * A model server for tests. It answers POST .../infer and ...:predict with scores that the client itself sent in the
 * request's "data" (or "instances"), so that a test knows what the upstream said; the model's name says how it
 * misbehaves:
 *
 *     good  chunked  interim  close      all is well, each in its own way
 *     stale                              closes the connection after each answer without saying so
 *     slow                               waits before it answers
 *     cut  hangup  garbage  folded  nolength  both  extra  huge  many   broken HTTP
 *     gzip  encoded  etag  text          headers that must not pass
 *     s400  s404  s429  s500  s503       that status, with the scores in the body
 *     wrong_k  more_rows  second  nan  not_json  empty  classes  datatype   answers that no filter fits
 *
 * A thread a connection, blocking.
 */
#ifndef SUPPORT_STUB_UPSTREAM_H
#define SUPPORT_STUB_UPSTREAM_H

#include <openssl/ssl.h>
#include <stddef.h>

enum { STUB_SLOW_MS = 1500 };

typedef struct stub_upstream stub_upstream;

/* Listens on 127.0.0.1, on a port of the system's choice or on `port`; tls NULL: plain. NULL if it cannot. */
stub_upstream *stub_upstream_start(int port, SSL_CTX *tls);
int stub_upstream_port(const stub_upstream *stub);
/* Closes the listening socket and all connections, and waits for their threads. */
void stub_upstream_stop(stub_upstream *stub);

/* Connections accepted and requests seen so far, and the head of the last request (NUL-terminated copy of up to n
 * bytes). */
size_t stub_upstream_connections(stub_upstream *stub);
size_t stub_upstream_requests(stub_upstream *stub);
void stub_upstream_last_head(stub_upstream *stub, char *to, size_t n);

/* From now on each request is answered with these bytes as they stand, then, if `closes`, with the end of the
 * connection; NULL: again as the model's name says. The bytes are copied. */
void stub_upstream_script(stub_upstream *stub, const void *bytes, size_t n, int closes);

#endif
