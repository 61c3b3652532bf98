/* What is told about a request once it is over, and about the proxy itself. */
#include "serve/deadline.h"
#include "serve/log_access.h"
#include "serve/log_event.h"
#include "serve/proxy_client.h"
#include <string.h>

enum { PROXY_DIGEST_SHOWN = 8 }; /* bytes of an identity's digest in the access log: enough to tell clients apart */

/* The method as a word of our own, since a client may write anything there. */
static const char *proxy_record_method(const proxy_client *c) {
  http_slice method = http_message_method(&c->request);
  if (method.n > 0 && http_slice_is(method, "GET")) return "GET";
  return method.n > 0 && http_slice_is(method, "POST") ? "POST" : "?";
}

static void proxy_record_hex(char *to, const unsigned char *bytes, size_t n) {
  for (size_t i = 0; i < n; i++) {
    *to++ = "0123456789abcdef"[bytes[i] >> 4];
    *to++ = "0123456789abcdef"[bytes[i] & 15];
  }
  *to = '\0';
}

void proxy_record_write(const proxy_client *c) {
  metrics *m = c->worker->shared->metrics;
  const proxy_record *r = &c->record;
  double seconds = deadline_now() - r->began;
  metrics_answer(m, r->status);
  if (r->is_refused) metrics_refuse(m, r->reason);
  metrics_add(m, METRICS_CLIENT_IN, c->request.n_head + c->request.n_body);
  metrics_add(m, METRICS_CLIENT_OUT, r->bytes_out);
  metrics_observe(m, METRICS_REQUEST_SECONDS, seconds);
  if (c->lane->site->access == NULL) return;

  char digest[2 * PROXY_DIGEST_SHOWN + 1];
  proxy_record_hex(digest, r->actor, PROXY_DIGEST_SHOWN);
  log_access_entry entry = {.time_s = r->calendar,
                            .method = proxy_record_method(c),
                            .route = c->route.name,
                            .model = c->model != NULL ? c->model->config->name : NULL,
                            .status = r->status,
                            .reason = r->is_refused ? metrics_refusal_name(r->reason) : NULL,
                            .client = r->has_digest ? digest : NULL,
                            .trace = c->has_trace ? &c->trace : NULL,
                            .bytes_in = c->request.n_body,
                            .bytes_out = r->bytes_out,
                            .rows = r->rows,
                            .seconds = seconds,
                            .upstream_seconds = r->upstream_s};
  if (log_access_write(c->lane->site->access, &entry, NULL) != SCRIM_OK) metrics_add(m, METRICS_LOG_FAILURES, 1);
}

void proxy_record_event(proxy_shared *shared, const char *level, const char *event, const char *message) {
  if (log_event_write(shared->events, deadline_calendar(), level, event, message, NULL) != SCRIM_OK)
    metrics_add(shared->metrics, METRICS_LOG_FAILURES, 1);
}
