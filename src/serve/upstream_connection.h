/* One connection to the model server, as the pool sees it. */
#ifndef SERVE_UPSTREAM_CONNECTION_H
#define SERVE_UPSTREAM_CONNECTION_H

#include "serve/upstream.h"

typedef enum upstream_stage { UPSTREAM_CONNECTING, UPSTREAM_IDLE, UPSTREAM_ASKED } upstream_stage;

typedef struct upstream_connection {
  upstream_pool *pool;
  struct bufferevent *bev;
  const struct addrinfo *address; /* that is being tried */
  upstream_stage stage;
  double since;        /* when the stage began */
  upstream_call *call; /* NULL: idle */
  http_message response;
  int has_served; /* an answer came over it before */
  int n_interim;  /* 1xx answers to the call */
  TAILQ_ENTRY(upstream_connection) link;
} upstream_connection;

typedef TAILQ_HEAD(upstream_connections, upstream_connection) upstream_connections;
typedef TAILQ_HEAD(upstream_calls, upstream_call) upstream_calls;

struct upstream_pool {
  upstream_settings settings;
  upstream_connections connections;
  size_t n_connections, n_idle;
  upstream_calls waiting, settling;
  struct event *settle; /* tells the ends of calls that ended inside upstream_start */
};

/* Opens one for a call. 0: no memory, or no address can be tried at all. */
int upstream_connection_open(upstream_pool *pool, upstream_call *call);
void upstream_connection_close(upstream_connection *c);
/* A free connection takes a call; if it cannot, the call is settled and the connection is gone. */
void upstream_connection_ask(upstream_connection *c, upstream_call *call);

/* The pool's side. */
void upstream_settle(upstream_pool *pool, upstream_call *call,
                     upstream_result result);                  /* tells the end, from the loop */
void upstream_retry(upstream_pool *pool, upstream_call *call); /* puts it first in line, for a new connection */
void upstream_dispatch(upstream_pool *pool);                   /* those in line to what is free */

#endif
