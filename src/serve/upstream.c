/* The pool: who asks over which connection, who waits, and for how long. */
#include "serve/upstream.h"
#include "core/error.h"
#include "core/memory.h"
#include "serve/deadline.h"
#include "serve/upstream_connection.h"
#include <event2/event.h>

/* ---- life ---- */

/* Ends found inside upstream_start are told from the loop, so that callers are never called back from within. */
static void upstream_on_settle(evutil_socket_t fd, short what, void *context) {
  upstream_pool *pool = context;
  (void)fd, (void)what;
  while (!TAILQ_EMPTY(&pool->settling)) {
    upstream_call *call = TAILQ_FIRST(&pool->settling);
    TAILQ_REMOVE(&pool->settling, call, link);
    call->is_settling = 0;
    call->done(call, call->result, NULL);
  }
}

scrim_status upstream_create(upstream_pool **out, const upstream_settings *settings, scrim_error *error) {
  upstream_pool *pool = memory_zalloc(1, sizeof *pool);
  *out = NULL;
  if (pool == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for connections to the upstream");
  pool->settings = *settings;
  TAILQ_INIT(&pool->connections);
  TAILQ_INIT(&pool->waiting);
  TAILQ_INIT(&pool->settling);
  pool->settle = event_new(settings->base, -1, 0, upstream_on_settle, pool);
  if (pool->settle == NULL) {
    memory_free(pool);
    return fail(error, SCRIM_E_MEMORY, "out of memory for connections to the upstream");
  }
  *out = pool;
  return SCRIM_OK;
}

void upstream_free(upstream_pool *pool) {
  if (pool == NULL) return;
  while (!TAILQ_EMPTY(&pool->connections)) upstream_connection_close(TAILQ_FIRST(&pool->connections));
  event_free(pool->settle);
  memory_free(pool);
}

/* ---- calls ---- */

void upstream_settle(upstream_pool *pool, upstream_call *call, upstream_result result) {
  call->result = result;
  call->is_settling = 1;
  TAILQ_INSERT_TAIL(&pool->settling, call, link);
  event_active(pool->settle, EV_TIMEOUT, 0);
}

static upstream_connection *upstream_find_idle(upstream_pool *pool) {
  upstream_connection *c;
  if (pool->n_idle == 0) return NULL;
  TAILQ_FOREACH(c, &pool->connections, link) if (c->stage == UPSTREAM_IDLE) return c;
  return NULL;
}

/* What the first in line gets: a free connection, a new one, or bad news. 0: it must wait. */
static int upstream_serve(upstream_pool *pool, upstream_call *call) {
  upstream_connection *idle = upstream_find_idle(pool);
  int may_open = pool->n_connections < pool->settings.upstream->connections;
  if (idle == NULL && !may_open) return 0;
  TAILQ_REMOVE(&pool->waiting, call, link);
  if (idle != NULL && call->request.n_head > 0)
    upstream_connection_ask(idle, call);
  else if (idle != NULL)
    upstream_settle(pool, call, UPSTREAM_ANSWERED);
  else if (!upstream_connection_open(pool, call))
    upstream_settle(pool, call, UPSTREAM_AWAY);
  return 1;
}

void upstream_dispatch(upstream_pool *pool) {
  while (!TAILQ_EMPTY(&pool->waiting) && upstream_serve(pool, TAILQ_FIRST(&pool->waiting))) continue;
}

void upstream_start(upstream_pool *pool, upstream_call *call) {
  call->connection = NULL;
  call->is_settling = call->was_retried = 0;
  call->deadline = deadline_now() + pool->settings.upstream->deadline_s;
  TAILQ_INSERT_TAIL(&pool->waiting, call, link);
  upstream_dispatch(pool);
}

void upstream_retry(upstream_pool *pool, upstream_call *call) {
  /* What closed one idle connection has closed the others too, most likely. */
  for (upstream_connection *idle; (idle = upstream_find_idle(pool)) != NULL;) upstream_connection_close(idle);
  call->was_retried = 1;
  TAILQ_INSERT_HEAD(&pool->waiting, call, link);
}

void upstream_cancel(upstream_pool *pool, upstream_call *call) {
  if (call->connection != NULL) {
    upstream_connection *c = call->connection;
    c->call = NULL;
    upstream_connection_close(c);
    call->connection = NULL;
    upstream_dispatch(pool);
    return;
  }
  if (call->is_settling)
    TAILQ_REMOVE(&pool->settling, call, link);
  else
    TAILQ_REMOVE(&pool->waiting, call, link);
}

/* ---- deadlines ---- */

/* 1 if the connection's time is up; *result is then what its call is told. */
static int upstream_is_due(const upstream_connection *c, double now, upstream_result *result) {
  const serve_upstream *u = c->pool->settings.upstream;
  *result = c->stage == UPSTREAM_CONNECTING ? UPSTREAM_AWAY : UPSTREAM_LATE;
  if (c->stage == UPSTREAM_CONNECTING && now > c->since + u->connect_timeout_s) return 1;
  if (c->stage == UPSTREAM_IDLE) return now > c->since + u->idle_s;
  return c->call != NULL && now > c->call->deadline;
}

void upstream_tick(upstream_pool *pool, double now) {
  upstream_result result;
  for (upstream_connection *c = TAILQ_FIRST(&pool->connections), *next; c != NULL; c = next) {
    next = TAILQ_NEXT(c, link);
    if (!upstream_is_due(c, now, &result)) continue;
    upstream_call *call = c->call;
    upstream_connection_close(c);
    if (call == NULL) continue;
    call->connection = NULL;
    upstream_settle(pool, call, result);
  }
  while (!TAILQ_EMPTY(&pool->waiting)) {
    upstream_call *first = TAILQ_FIRST(&pool->waiting); /* the line is in the order of the deadlines, but for retries */
    if (now <= first->deadline) break;
    TAILQ_REMOVE(&pool->waiting, first, link);
    upstream_settle(pool, first, UPSTREAM_BUSY);
  }
  upstream_dispatch(pool);
}
