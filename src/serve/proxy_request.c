/* What a request gets that the upstream need not see: refusals, health, metrics. */
#include "core/memory.h"
#include "serve/json_writer.h"
#include "serve/proxy_client.h"
#include <event2/bufferevent.h>
#include <scrim/version.h>
#include <string.h>

static const serve_config *proxy_request_config(const proxy_client *c) {
  return c->lane->site->config;
}

/* ---- the head ---- */

/* The listener for metrics shows nothing else; the others show metrics if the configuration says so. */
static int proxy_request_is_here(const proxy_client *c) {
  const serve_config *config = proxy_request_config(c);
  int is_open = c->route.kind == PROXY_ROUTE_LIVE || c->route.kind == PROXY_ROUTE_READY;
  if (c->listener >= config->n_listeners) return is_open || c->route.kind == PROXY_ROUTE_METRICS;
  return c->route.kind != PROXY_ROUTE_METRICS || config->metrics_on_listeners;
}

static int proxy_request_find(proxy_client *c) {
  c->route = proxy_route_find(http_message_method(&c->request), http_message_target(&c->request));
  if (c->route.kind == PROXY_ROUTE_UNKNOWN || !proxy_request_is_here(c)) {
    c->route.name = "unknown";
    proxy_client_refuse(c, 404, METRICS_REFUSED_ROUTE, "no such route here");
    return 0;
  }
  if (c->route.model.n > 0) c->model = proxy_lane_find(c->lane, &c->route);
  if (c->route.model.n > 0 && c->model == NULL) {
    proxy_client_refuse(c, 404, METRICS_REFUSED_ROUTE, "no such model or version here");
    return 0;
  }
  if (!c->route.method_fits) {
    proxy_client_refuse(c, 405, METRICS_REFUSED_METHOD, "another method is needed here");
    return 0;
  }
  return 1;
}

/* The client waits for a word before it sends the body. */
static int proxy_request_expects(proxy_client *c) {
  static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
  http_slice expect = http_message_find(&c->request, "expect");
  if (expect.at == NULL || c->request.minor == 0) return 1;
  if (!http_slice_is_nocase(expect, "100-continue")) {
    proxy_client_refuse(c, 417, METRICS_REFUSED_HTTP, "no expectation but 100-continue is known here");
    return 0;
  }
  if (c->request.stage != HTTP_BODY) return 1;
  if (http_send(c->bev, &(http_payload){.head = go_on, .n_head = sizeof go_on - 1})) return 1;
  proxy_client_close(c);
  return 0;
}

void proxy_request_check_head(proxy_client *c) {
  if (!proxy_request_find(c)) return;
  http_slice coding = http_message_find(&c->request, "content-encoding");
  if (coding.at != NULL && !http_slice_is_nocase(coding, "identity")) {
    proxy_client_refuse(c, 415, METRICS_REFUSED_HTTP, "compressed bodies are not taken here");
    return;
  }
  if (c->request.stage == HTTP_BODY && strcmp(c->route.allow, "GET") == 0) {
    proxy_client_refuse(c, 400, METRICS_REFUSED_HTTP, "this route takes no body");
    return;
  }
  http_slice trace = http_message_find(&c->request, "traceparent");
  c->has_trace = trace.at != NULL && http_message_count(&c->request, "traceparent") == 1 &&
                 traceparent_parse(&c->trace, trace.at, trace.n);
  (void)proxy_request_expects(c);
}

/* ---- answers of the proxy's own ---- */

static void proxy_request_say(proxy_client *c, int status, const char *body) {
  proxy_client_send(c, &(http_answer){.status = status, .header_bytes = -1}, body, strlen(body), NULL);
}

static void proxy_request_metrics(proxy_client *c) {
  char *text;
  size_t n;
  metrics *m = c->worker->shared->metrics;
  if (metrics_text(m, &text, &n, NULL) != SCRIM_OK) {
    proxy_client_refuse(c, 503, METRICS_REFUSED_INTERNAL, "out of memory for the metrics");
    return;
  }
  proxy_client_send(c, &(http_answer){.status = 200, .type = METRICS_TEXT_TYPE, .header_bytes = -1}, text, n, text);
}

/* Ready while requests are taken and the upstream can be reached. */
static void proxy_request_ready(proxy_client *c) {
  if (atomic_load(&c->worker->shared->is_draining))
    proxy_request_say(c, 503, "{\"ready\":false}");
  else
    proxy_ask_ready(c);
}

void proxy_request_serve(proxy_client *c) {
  switch (c->route.kind) {
  case PROXY_ROUTE_LIVE:
    proxy_request_say(c, 200, "{\"live\":true}");
    break;
  case PROXY_ROUTE_READY:
    proxy_request_ready(c);
    break;
  case PROXY_ROUTE_SERVER:
    proxy_request_say(c, 200,
                      "{\"name\":\"scrim\",\"version\":\"" SCRIM_VERSION "\",\"extensions\":[\"binary_tensor_data\"]}");
    break;
  case PROXY_ROUTE_METRICS:
    proxy_request_metrics(c);
    break;
  case PROXY_ROUTE_MODEL_READY:
  case PROXY_ROUTE_MODEL:
    proxy_ask_ready(c);
    break;
  case PROXY_ROUTE_INFER:
  case PROXY_ROUTE_PREDICT:
    proxy_infer(c);
    break;
  case PROXY_ROUTE_UNKNOWN: /* refused with its head */
    break;
  }
}
