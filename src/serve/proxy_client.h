/*
 * A client's connection: requests are read one after the other; while one is under way the next waits in the socket.
 * proxy_client.c moves bytes and watches the clock, proxy_request.c decides what a request gets, proxy_infer.c asks the
 * upstream and lets out what it says, proxy_check.c checks and filters what goes either way.
 */
#ifndef SERVE_PROXY_CLIENT_H
#define SERVE_PROXY_CLIENT_H

#include "serve/http_answer.h"
#include "serve/proxy_worker.h"
#include "serve/traceparent.h"

enum {
  PROXY_READ_BYTES = 65536, /* of the next request that may wait in memory */
  PROXY_LINGER_S = 2,       /* how long a client is heard after an answer that ends its connection */
  PROXY_IDENTITY_BYTES = 2048
};

typedef enum proxy_stage {
  PROXY_READING,   /* waiting for a request, or inside one */
  PROXY_CHECKING,  /* a large body is with the helper, which takes no longer than what waits before it */
  PROXY_ASKING,    /* the upstream has the word */
  PROXY_SENDING,   /* an answer is on its way */
  PROXY_LINGERING, /* all is said; what still comes is thrown away, lest the kernel drop the answer with it */
  PROXY_CLOSED,
} proxy_stage;

/* What the logs and metrics are told about a request. */
typedef struct proxy_record {
  double began, calendar;            /* the first byte of the request, on the two clocks */
  double upstream_began, upstream_s; /* upstream_s is negative if it was not asked */
  int status;                        /* 0: no answer left */
  int is_refused;
  metrics_refusal reason;
  uint64_t bytes_out, rows;
  int has_digest;
  unsigned char actor[AUDIT_LOG_DIGEST]; /* of the identity; with an audit log alone */
  unsigned char input[AUDIT_LOG_DIGEST]; /* of the question; likewise */
} proxy_record;

struct proxy_client {
  proxy_worker *worker;
  struct bufferevent *bev; /* NULL once closed */
  size_t listener;
  proxy_stage stage;
  double since;       /* when the stage began; for READING: when the connection became idle */
  double body_since;  /* when the body's first byte was due */
  size_t sending;     /* bytes of the answer under way, */
  http_body answer;   /*   and the body of a large one */
  int n_requests;     /* that have begun on this connection; stays at 2 */
  int is_half_closed; /* the client sends nothing more */
  int closes;         /* the connection ends with this answer */
  int head_is_checked;
  int is_pumping;
  int is_paused; /* nothing is read until the request under way has its answer */
  http_message request;

  /* Of the request under way. */
  proxy_lane *lane; /* held; NULL: none */
  proxy_route route;
  proxy_model *model; /* NULL: none */
  dialect_exchange exchange;
  int has_trace;
  traceparent trace;
  proxy_record record;
  http_text question; /* the head that goes upstream */
  upstream_call call;
  struct proxy_check *check; /* while PROXY_CHECKING */

  TAILQ_ENTRY(proxy_client) link;
};

/* ---- for the worker ---- */

void proxy_client_open(proxy_worker *w, int fd, size_t listener); /* takes the descriptor over */
void proxy_client_close(proxy_client *c);                         /* at once; the memory goes later */
void proxy_client_free(proxy_client *c);                          /* of a closed one */
void proxy_client_tick(proxy_client *c, double now);
void proxy_client_drain(proxy_client *c); /* closes it if it is idle; otherwise with its next answer */

/* ---- for those who answer ---- */

/* Sends the answer to the request under way; `owned` is the block that `body` lies in, or NULL for a body of at most
 * DIALECT_ERROR_BYTES, which is copied. */
void proxy_client_send(proxy_client *c, http_answer *answer, const void *body, size_t n_body, void *owned);
/* The protocol's error body, and a note why. */
void proxy_client_refuse(proxy_client *c, int status, metrics_refusal reason, const char *message);
/* 429: the client may come back after so many seconds. */
void proxy_client_refuse_until(proxy_client *c, metrics_refusal reason, const char *message, double retry_s);

/* ---- proxy_request.c ---- */

/* The head is there: refuses, or lets the body in. */
void proxy_request_check_head(proxy_client *c);
/* The request is complete: answers it or asks the upstream. */
void proxy_request_serve(proxy_client *c);

/* ---- proxy_infer.c ---- */

void proxy_infer(proxy_client *c);
/* GET to the upstream, of whose answer only the status counts. */
void proxy_ask_ready(proxy_client *c);

/* ---- proxy_record.c ---- */

/* The request has ended: metrics and a line of the access log. */
void proxy_record_write(const proxy_client *c);
/* A line of the event log, and of what cannot be logged a count. */
void proxy_record_event(proxy_shared *shared, const char *level, const char *event, const char *message);

#endif
