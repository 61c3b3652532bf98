/* What is checked where, and who owns what meanwhile. */
#include "serve/proxy_check.h"
#include "core/memory.h"
#include "serve/deadline.h"
#include <stddef.h>

/* A check of this much holds the loop up for some tenths of a millisecond. */
enum { PROXY_LARGE_BYTES = 32768, PROXY_LARGE_ROWS = 64 };

/* What may wait: so many requests of the largest size, or smaller ones of so many bytes. */
enum { PROXY_WAITING_BODIES = 4, PROXY_WAITING_BYTES = 16 << 20 };

/* Reads what is checked and writes what comes of it, and nothing else: it may run beside the loop. */
static void proxy_check_run(proxy_check *k) {
  double began = deadline_now();
  if (k->is_answer)
    k->status = dialect_response(&k->answer, k->model, &k->exchange, k->body, k->n_body, k->header_bytes, &k->error);
  else
    k->status = dialect_request(&k->exchange, k->model, k->body, k->n_body, k->header_bytes, &k->error);
  k->seconds = deadline_now() - began;
  if (k->status != SCRIM_OK || k->audit == NULL) return;
  k->digest_status =
      k->is_answer
          ? audit_log_digest(k->audit, AUDIT_LOG_OUTPUT, k->answer.bytes, k->answer.n_bytes, k->digest, &k->error)
          : audit_log_digest(k->audit, AUDIT_LOG_INPUT, k->body, k->n_body, k->digest, &k->error);
}

/* ---- beside the loop ---- */

static proxy_check *proxy_check_of_task(helper_task *task) {
  return (proxy_check *)((char *)task - offsetof(proxy_check, task));
}

static void proxy_check_free(proxy_check *k) {
  helper_discard(k->helper, k->answer.bytes, k->answer.n_bytes);
  helper_discard(k->helper, k->owned.bytes, k->owned.n);
  memory_free(k);
}

static void proxy_check_on_run(helper_task *task) {
  proxy_check *k = proxy_check_of_task(task);
  if (!atomic_load(&k->is_abandoned)) proxy_check_run(k);
}

static void proxy_check_on_done(helper_task *task) {
  proxy_check *k = proxy_check_of_task(task);
  proxy_client *c = k->client;
  if (c != NULL) {
    c->check = NULL;
    k->then(c, k);
  }
  k->lane->holders--;
  proxy_check_free(k);
}

void proxy_check_abandon(proxy_client *c) {
  proxy_check *k = c->check;
  if (!k->is_answer) k->owned = http_message_take_body(&c->request);
  k->client = NULL;
  c->check = NULL;
  atomic_store(&k->is_abandoned, 1);
}

static size_t proxy_check_room(const proxy_lane *lane) {
  size_t room = PROXY_WAITING_BODIES * lane->site->limits.body_bytes;
  return room > PROXY_WAITING_BYTES ? room : PROXY_WAITING_BYTES;
}

static void proxy_check_hand_over(proxy_client *c, const proxy_check *due, http_message *response) {
  proxy_check *k = memory_alloc(sizeof *k);
  if (k == NULL) {
    proxy_client_refuse(c, 503, METRICS_REFUSED_INTERNAL, "out of memory");
    return;
  }
  *k = *due;
  k->model = &c->model->dialects[PROXY_BESIDE];
  k->task = (helper_task){
      .run = proxy_check_on_run, .done = proxy_check_on_done, .n_bytes = k->n_body, .is_urgent = k->is_answer};
  k->client = c;
  k->lane = c->lane;
  k->helper = c->worker->helper;
  atomic_init(&k->is_abandoned, 0);
  if (!helper_submit(k->helper, &k->task, proxy_check_room(c->lane))) {
    memory_free(k);
    proxy_client_refuse(c, 503, METRICS_REFUSED_BUSY, "too many large requests wait to be checked");
    return;
  }
  /* The helper may have it by now; what follows is the loop's own. */
  if (response != NULL) k->owned = http_message_take_body(response);
  k->lane->holders++;
  c->check = k;
  c->stage = PROXY_CHECKING;
}

/* ---- from the loop ---- */

static void proxy_check_here(proxy_client *c, proxy_check *k) {
  k->model = &c->model->dialects[PROXY_ON_LOOP];
  proxy_check_run(k);
  k->then(c, k);
  dialect_answer_free(&k->answer);
}

void proxy_check_request(proxy_client *c, int64_t header_bytes, proxy_verdict *then) {
  proxy_check due = {.body = c->request.body,
                     .n_body = c->request.n_body,
                     .header_bytes = header_bytes,
                     .audit = c->worker->shared->audit,
                     .then = then};
  if (due.n_body > PROXY_LARGE_BYTES)
    proxy_check_hand_over(c, &due, NULL);
  else
    proxy_check_here(c, &due);
}

void proxy_check_answer(proxy_client *c, http_message *response, int64_t header_bytes, proxy_verdict *then) {
  proxy_check due = {.is_answer = 1,
                     .body = response->body,
                     .n_body = response->n_body,
                     .header_bytes = header_bytes,
                     .exchange = c->exchange,
                     .audit = c->worker->shared->audit,
                     .then = then};
  if (due.n_body > PROXY_LARGE_BYTES || due.exchange.rows > PROXY_LARGE_ROWS)
    proxy_check_hand_over(c, &due, response);
  else
    proxy_check_here(c, &due);
}
