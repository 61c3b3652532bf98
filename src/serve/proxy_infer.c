/* The way of a question to the upstream and of its answer through the filter. Any doubt ends in an error of our own. */
#include "core/memory.h"
#include "serve/deadline.h"
#include "serve/json_writer.h"
#include "serve/proxy_check.h"
#include "serve/tls.h"
#include <event2/bufferevent_ssl.h>
#include <stdio.h>
#include <string.h>

static const serve_config *proxy_infer_config(const proxy_client *c) {
  return c->lane->site->config;
}

static proxy_client *proxy_of_call(upstream_call *call) {
  return (proxy_client *)((char *)call - offsetof(proxy_client, call));
}

/* The value of Inference-Header-Content-Length. 0: it is there and no number, or twice. */
static int proxy_header_bytes(const http_message *m, int64_t *bytes) {
  static const char name[] = "inference-header-content-length";
  http_slice value = http_message_find(m, name);
  *bytes = DIALECT_NO_HEADER;
  if (value.at == NULL) return 1;
  if (value.n == 0 || value.n > 18 || http_message_count(m, name) > 1) return 0;
  *bytes = 0;
  for (size_t i = 0; i < value.n; i++) {
    if (value.at[i] < '0' || value.at[i] > '9') return 0;
    *bytes = *bytes * 10 + (value.at[i] - '0');
  }
  return 1;
}

/* ---- who asks, and how much ---- */

/* The client's identity as bytes; 0: none where the configuration demands one. */
static size_t proxy_identity(const proxy_client *c, unsigned char to[PROXY_IDENTITY_BYTES]) {
  const serve_budget *rule = &proxy_infer_config(c)->budget;
  if (rule->identity == SERVE_IDENTITY_CERTIFICATE) {
    SSL *ssl = bufferevent_openssl_get_ssl(c->bev);
    return ssl != NULL ? tls_client_name(ssl, to, PROXY_IDENTITY_BYTES) : 0;
  }
  http_slice value = http_message_find(&c->request, rule->header);
  if (value.n == 0 || value.n > PROXY_IDENTITY_BYTES || http_message_count(&c->request, rule->header) > 1) return 0;
  memcpy(to, value.at, value.n);
  return value.n;
}

static int proxy_charge(proxy_client *c, const void *identity, size_t n) {
  double retry_s = 0;
  proxy_shared *shared = c->worker->shared;
  budget_answer answer = budget_take(shared->budget, identity, n, c->exchange.rows, c->record.began, &retry_s);
  if (answer == BUDGET_ALLOWED) return 1;
  if (answer == BUDGET_FAILED)
    proxy_client_refuse(c, 500, METRICS_REFUSED_INTERNAL, "the budget cannot be kept");
  else if (answer == BUDGET_FULL)
    proxy_client_refuse_until(c, METRICS_REFUSED_FULL, "too many clients in this window", retry_s);
  else
    proxy_client_refuse_until(c, METRICS_REFUSED_BUDGET, "the query budget of this window is spent", retry_s);
  return 0;
}

/* 0: refused. */
static int proxy_admit(proxy_client *c) {
  unsigned char identity[PROXY_IDENTITY_BYTES];
  proxy_shared *shared = c->worker->shared;
  size_t n = 0;
  if (proxy_infer_config(c)->budget.identity != SERVE_IDENTITY_NONE) {
    n = proxy_identity(c, identity);
    if (n == 0) {
      proxy_client_refuse(c, 401, METRICS_REFUSED_IDENTITY, "the client did not say who it is");
      return 0;
    }
    if (!proxy_charge(c, identity, n)) return 0;
  }
  c->record.has_digest = shared->audit != NULL;
  if (shared->audit == NULL ||
      audit_log_digest(shared->audit, AUDIT_LOG_ACTOR, identity, n, c->record.actor, NULL) == SCRIM_OK)
    return 1;
  c->record.has_digest = 0;
  proxy_client_refuse(c, 500, METRICS_REFUSED_AUDIT, "the audit log cannot be written");
  return 0;
}

/* ---- the question ---- */

/* Fields that the configuration lets through; 0: one of them is there twice, which others may read differently. */
static int proxy_pass_fields(proxy_client *c) {
  const serve_config *config = proxy_infer_config(c);
  for (size_t i = 0; i < config->n_request_headers; i++) {
    const char *name = config->request_headers[i];
    size_t count = http_message_count(&c->request, name);
    if (count > 1) return 0;
    if (count == 1) http_text_field(&c->question, name, http_message_find(&c->request, name));
  }
  return 1;
}

/* Everything in it is the proxy's own but the target, which equals a configured route, and what may pass by name. */
static int proxy_write_question(proxy_client *c, const char *method, int64_t header_bytes) {
  const char *host = c->lane->site->upstream_host;
  http_text *to = &c->question;
  http_slice target = http_message_target(&c->request);
  const char *type = header_bytes == DIALECT_NO_HEADER ? "application/json" : "application/octet-stream";
  to->n = 0;
  to->failed = 0;
  http_text_add(to, method, strlen(method));
  http_text_add(to, " ", 1);
  http_text_add(to, target.at, target.n);
  http_text_add(to, " HTTP/1.1\r\n", 11);
  http_text_field(to, "Host", (http_slice){host, strlen(host)});
  if (c->request.n_body > 0) {
    http_text_field(to, "Content-Type", (http_slice){type, strlen(type)});
    http_text_number(to, "Content-Length", c->request.n_body);
  }
  if (header_bytes != DIALECT_NO_HEADER)
    http_text_number(to, "Inference-Header-Content-Length", (uint64_t)header_bytes);
  if (c->has_trace) http_text_field(to, "traceparent", (http_slice){c->trace.text, strlen(c->trace.text)});
  if (!proxy_pass_fields(c)) return 0;
  http_text_add(to, "\r\n", 2);
  return 1;
}

static void proxy_ask(proxy_client *c, void (*done)(upstream_call *, upstream_result, http_message *)) {
  c->call.request = (http_payload){
      .head = c->question.at, .n_head = c->question.n, .body = c->request.body, .n_body = c->request.n_body};
  c->call.done = done;
  c->stage = PROXY_ASKING;
  c->since = c->record.upstream_began = deadline_now();
  upstream_start(c->lane->pool, &c->call);
}

/* ---- the answer ---- */

/* What the client is told when the upstream gave no answer. 1: it gave one. */
static int proxy_has_answer(proxy_client *c, upstream_result result) {
  static const struct {
    int status;
    metrics_refusal reason;
    const char *message;
  } ends[] = {
      [UPSTREAM_AWAY] = {503, METRICS_REFUSED_UPSTREAM, "the model server cannot be reached"},
      [UPSTREAM_BUSY] = {503, METRICS_REFUSED_BUSY, "the model server is busy"},
      [UPSTREAM_LATE] = {504, METRICS_REFUSED_UPSTREAM, "the model server took too long"},
      [UPSTREAM_CUT] = {502, METRICS_REFUSED_UPSTREAM, "the model server's answer was cut off"},
      [UPSTREAM_MALFORMED] = {502, METRICS_REFUSED_UPSTREAM,
                              "the model server's answer is not HTTP as it is spoken here"},
      [UPSTREAM_NO_MEMORY] = {503, METRICS_REFUSED_INTERNAL, "out of memory"},
  };
  c->record.upstream_s = deadline_now() - c->record.upstream_began;
  metrics_observe(c->worker->shared->metrics, METRICS_UPSTREAM_SECONDS, c->record.upstream_s);
  if (result == UPSTREAM_ANSWERED) return 1;
  proxy_client_refuse(c, ends[result].status, ends[result].reason, ends[result].message);
  return 0;
}

/* Another status than 200: its body may hold anything, so only a few codes pass, with words of our own. */
static void proxy_pass_status(proxy_client *c, int status) {
  char message[64];
  int told = status == 400 || status == 404 || status == 413 || status == 422 || status == 429 || status == 503;
  snprintf(message, sizeof message, "the model server answered %d", status);
  proxy_client_refuse(c, told ? status : 502, METRICS_REFUSED_UPSTREAM, message);
}

/* 0: an audit log is kept and cannot be written, so that nothing may leave. */
static int proxy_audit(proxy_client *c, const proxy_check *check) {
  audit_log *log = c->worker->shared->audit;
  if (log == NULL) return 1;
  scrim_error error = check->error;
  audit_log_entry entry = {.time_s = deadline_calendar(),
                           .model = c->model->config->name,
                           .filter = c->model->config->outputs[0].filter_hash,
                           .config = proxy_infer_config(c)->hash,
                           .rows = check->answer.rows,
                           .status = 200};
  memcpy(entry.actor, c->record.actor, sizeof entry.actor);
  memcpy(entry.input, c->record.input, sizeof entry.input);
  memcpy(entry.output, check->digest, sizeof entry.output);
  scrim_status status = check->digest_status;
  if (status == SCRIM_OK) status = audit_log_append(log, &entry, &error);
  if (status == SCRIM_OK) {
    metrics_add(c->worker->shared->metrics, METRICS_AUDIT_LINES, 1);
    return 1;
  }
  proxy_record_event(c->worker->shared, "error", "audit", error.message);
  return 0;
}

/* It has passed the filter: into the audit log, out. */
static void proxy_on_checked_answer(proxy_client *c, proxy_check *check) {
  dialect_answer *answer = &check->answer;
  metrics_observe(c->worker->shared->metrics, METRICS_FILTER_SECONDS, check->seconds);
  if (check->status != SCRIM_OK) {
    proxy_client_refuse(c, dialect_failure_code(check->status), METRICS_REFUSED_ANSWER, check->error.message);
    return;
  }
  if (!proxy_audit(c, check)) {
    proxy_client_refuse(c, 500, METRICS_REFUSED_AUDIT, "the audit log cannot be written");
    return;
  }
  c->record.rows = answer->rows;
  metrics_add(c->worker->shared->metrics, METRICS_ROWS, answer->rows);
  http_answer head = {.status = 200, .header_bytes = answer->header_bytes};
  if (answer->header_bytes != DIALECT_NO_HEADER) head.type = "application/octet-stream";
  void *bytes = answer->bytes;
  answer->bytes = NULL; /* the sending owns them now */
  proxy_client_send(c, &head, bytes, answer->n_bytes, bytes);
}

/* A complete 200. */
static void proxy_take_answer(proxy_client *c, http_message *response) {
  int64_t header_bytes;
  http_slice coding = http_message_find(response, "content-encoding");
  if (coding.at != NULL && !http_slice_is_nocase(coding, "identity")) {
    proxy_client_refuse(c, 502, METRICS_REFUSED_ANSWER, "the model server's answer is compressed");
    return;
  }
  if (!proxy_header_bytes(response, &header_bytes)) {
    proxy_client_refuse(c, 502, METRICS_REFUSED_ANSWER,
                        "the model server's Inference-Header-Content-Length is unclear");
    return;
  }
  proxy_check_answer(c, response, header_bytes, proxy_on_checked_answer);
}

static void proxy_on_inferred(upstream_call *call, upstream_result result, http_message *response) {
  proxy_client *c = proxy_of_call(call);
  if (!proxy_has_answer(c, result)) return;
  if (response->status == 200)
    proxy_take_answer(c, response);
  else
    proxy_pass_status(c, response->status);
}

/* ---- the two kinds of questions ---- */

static metrics_refusal proxy_refusal_reason(int status) {
  if (status == 413) return METRICS_REFUSED_SIZE;
  return status == 500 ? METRICS_REFUSED_INTERNAL : METRICS_REFUSED_REQUEST;
}

/* The body is one that may go upstream. */
static void proxy_on_checked_request(proxy_client *c, proxy_check *check) {
  if (check->status != SCRIM_OK) {
    int code = dialect_refusal_code(check->status);
    proxy_client_refuse(c, code, proxy_refusal_reason(code), check->error.message);
    return;
  }
  if (check->digest_status != SCRIM_OK) {
    proxy_client_refuse(c, 500, METRICS_REFUSED_AUDIT, "the audit log cannot be written");
    return;
  }
  c->exchange = check->exchange;
  memcpy(c->record.input, check->digest, sizeof c->record.input);
  if (c->exchange.rows > proxy_infer_config(c)->limits.rows) {
    proxy_client_refuse(c, 413, METRICS_REFUSED_SIZE, "the request asks about too many rows");
    return;
  }
  if (!proxy_admit(c)) return;
  if (!proxy_write_question(c, "POST", check->header_bytes)) {
    proxy_client_refuse(c, 400, METRICS_REFUSED_HTTP, "a header field is there twice");
    return;
  }
  if (c->question.failed)
    proxy_client_refuse(c, 503, METRICS_REFUSED_INTERNAL, "out of memory");
  else
    proxy_ask(c, proxy_on_inferred);
}

void proxy_infer(proxy_client *c) {
  int64_t header_bytes;
  if (proxy_header_bytes(&c->request, &header_bytes))
    proxy_check_request(c, header_bytes, proxy_on_checked_request);
  else
    proxy_client_refuse(c, 400, METRICS_REFUSED_REQUEST, "Inference-Header-Content-Length is no number of bytes");
}

static void proxy_on_ready(upstream_call *call, upstream_result result, http_message *response) {
  proxy_client *c = proxy_of_call(call);
  int ready = result == UPSTREAM_ANSWERED && (response == NULL || response->status == 200);
  json_writer body = {0};
  c->record.upstream_s = deadline_now() - c->record.upstream_began;
  json_write(&body, "{");
  if (c->model != NULL) {
    json_write(&body, "\"name\":");
    json_write_string(&body, c->model->config->name);
    json_write(&body, ",");
  }
  json_write(&body, ready ? "\"ready\":true}" : "\"ready\":false}");
  if (body.failed) {
    json_write_free(&body);
    proxy_client_refuse(c, 503, METRICS_REFUSED_INTERNAL, "out of memory");
    return;
  }
  http_answer answer = {.status = ready ? 200 : 503, .header_bytes = -1};
  proxy_client_send(c, &answer, body.bytes, body.n, body.bytes);
}

void proxy_ask_ready(proxy_client *c) {
  c->question.n = 0;
  if (c->model != NULL && (!proxy_write_question(c, "GET", DIALECT_NO_HEADER) || c->question.failed))
    proxy_client_refuse(c, 503, METRICS_REFUSED_INTERNAL, "the question cannot be asked");
  else
    proxy_ask(c, proxy_on_ready);
}
