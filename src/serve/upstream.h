/*
 * One worker's connections to the model server. Their number is bounded; calls beyond it wait in line, each for a
 * client's request, so that the line is bounded by the clients' connections. A call that a connection was lost under
 * before a byte of its answer came is tried once more, if that connection had served others before: it may have been
 * closed for idleness while the request was on its way.
 *
 * All calls come from the worker's thread.
 */
#ifndef SERVE_UPSTREAM_H
#define SERVE_UPSTREAM_H

#include "serve/http_message.h"
#include "serve/http_send.h"
#include "serve/metrics_text.h"
#include "serve/serve_config.h"
#include <netdb.h>
#include <openssl/ssl.h>
#include <sys/queue.h>

typedef enum upstream_result {
  UPSTREAM_ANSWERED,  /* the whole answer is there, whatever its status */
  UPSTREAM_AWAY,      /* no connection could be made */
  UPSTREAM_BUSY,      /* no connection became free before the deadline */
  UPSTREAM_LATE,      /* no whole answer before the deadline */
  UPSTREAM_CUT,       /* the connection ended inside the answer */
  UPSTREAM_MALFORMED, /* no HTTP, or beyond a limit */
  UPSTREAM_NO_MEMORY
} upstream_result;

/* Embedded in whoever asks. */
typedef struct upstream_call {
  http_payload
      request; /* borrowed until `done` or upstream_cancel; n_head = 0 asks for a connection and nothing more */
  /* Exactly once unless cancelled, never from within upstream_start. `response` is there for UPSTREAM_ANSWERED to a
   * real request, until the function returns. */
  void (*done)(struct upstream_call *call, upstream_result result, http_message *response);

  /* The pool's own. */
  struct upstream_connection *connection; /* NULL: in line */
  upstream_result result;
  double deadline;
  int is_settling; /* in the list of calls whose end is known and not told yet */
  int was_retried;
  TAILQ_ENTRY(upstream_call) link;
} upstream_call;

typedef struct upstream_pool upstream_pool;

/* Everything is borrowed; `tls` NULL: plain. Opens nothing yet. */
typedef struct upstream_settings {
  struct event_base *base;
  const serve_upstream *upstream;
  const http_limits *limits;
  const struct addrinfo *addresses;
  SSL_CTX *tls;
  metrics *metrics;
  helper *helper; /* of the worker, for large answers */
} upstream_settings;
scrim_status upstream_create(upstream_pool **out, const upstream_settings *settings, scrim_error *error);
void upstream_free(upstream_pool *pool); /* NULL is fine; no call may be under way */

void upstream_start(upstream_pool *pool, upstream_call *call);
void upstream_cancel(upstream_pool *pool, upstream_call *call); /* of one that was started and is not done */
void upstream_tick(upstream_pool *pool, double now);            /* looks at the deadlines */

#endif
