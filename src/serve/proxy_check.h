/*
 * The check of a body by its dialect: of a request, and of an answer, whose scores pass their filters on the way. A
 * small one is checked at once. A large one goes to the worker's helper, and the client waits as PROXY_CHECKING, so
 * that the loop's other clients need not.
 *
 * What the helper reads lives as long as the check does: its lane is held, the body of an answer is the check's own,
 * and the body of a request becomes so when the client goes first.
 */
#ifndef SERVE_PROXY_CHECK_H
#define SERVE_PROXY_CHECK_H

#include "serve/proxy_client.h"

typedef struct proxy_check proxy_check;

/* What comes of it, on the loop; `answer.bytes` may be taken over. Not called if the client goes first. */
typedef void proxy_verdict(proxy_client *c, proxy_check *check);

struct proxy_check {
  /* What is checked. */
  int is_answer;
  const dialect_model *model;
  const char *body; /* [n_body] */
  size_t n_body;
  int64_t header_bytes;
  audit_log *audit; /* NULL: no digest is due */

  /* What comes of it. */
  scrim_status status;
  scrim_error error;
  dialect_exchange exchange;              /* of a request; for an answer, what it must match */
  dialect_answer answer;                  /* of an answer */
  scrim_status digest_status;             /* where the check itself went well: */
  unsigned char digest[AUDIT_LOG_DIGEST]; /* of a request as it came, of an answer as it leaves */
  double seconds;

  /* Of one that the helper has. */
  helper_task task;
  proxy_client *client; /* NULL: it has gone */
  atomic_int is_abandoned;
  proxy_lane *lane; /* held */
  helper *helper;
  proxy_verdict *then;
  http_body owned;
};

/* The request of `c` is complete, or the answer to it. Where the check cannot be made, the client is refused. */
void proxy_check_request(proxy_client *c, int64_t header_bytes, proxy_verdict *then);
void proxy_check_answer(proxy_client *c, http_message *response, int64_t header_bytes, proxy_verdict *then);

/* The client goes before the verdict came. */
void proxy_check_abandon(proxy_client *c);

#endif
