/* Connecting, asking, listening. */
#include "serve/upstream_connection.h"
#include "core/memory.h"
#include "serve/deadline.h"
#include "serve/tls.h"
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

enum { UPSTREAM_INTERIM = 8 }; /* 1xx answers before the final one */

static void upstream_on_read(struct bufferevent *bev, void *context);
static void upstream_on_event(struct bufferevent *bev, short what, void *context);

/* ---- opening and closing ---- */

static struct bufferevent *upstream_bufferevent(const upstream_settings *s) {
  if (s->tls == NULL) return bufferevent_socket_new(s->base, -1, BEV_OPT_CLOSE_ON_FREE);
  SSL *ssl = tls_client_begin(s->tls, s->upstream);
  if (ssl == NULL) return NULL;
  struct bufferevent *bev =
      bufferevent_openssl_socket_new(s->base, -1, ssl, BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
  if (bev == NULL) SSL_free(ssl);
  return bev;
}

static void upstream_hang_up(upstream_connection *c) {
  if (c->bev == NULL) return;
  SSL *ssl = bufferevent_openssl_get_ssl(c->bev);
  if (ssl != NULL && c->stage != UPSTREAM_CONNECTING) tls_goodbye(ssl);
  bufferevent_free(c->bev);
  c->bev = NULL;
}

/* Tries c->address and those after it until one does not fail at once. 0: none is left. */
static int upstream_connect(upstream_connection *c) {
  for (; c->address != NULL; c->address = c->address->ai_next) {
    upstream_hang_up(c);
    c->bev = upstream_bufferevent(&c->pool->settings);
    if (c->bev == NULL) return 0;
    bufferevent_setcb(c->bev, upstream_on_read, NULL, upstream_on_event, c);
    if (bufferevent_enable(c->bev, EV_READ | EV_WRITE) == 0 &&
        bufferevent_socket_connect(c->bev, c->address->ai_addr, (int)c->address->ai_addrlen) == 0)
      return 1;
  }
  return 0;
}

int upstream_connection_open(upstream_pool *pool, upstream_call *call) {
  upstream_connection *c = memory_zalloc(1, sizeof *c);
  if (c == NULL) return 0;
  c->pool = pool;
  c->address = pool->settings.addresses;
  c->stage = UPSTREAM_CONNECTING;
  c->since = deadline_now();
  http_message_init(&c->response, HTTP_RESPONSE, pool->settings.limits);
  c->response.helper = pool->settings.helper;
  if (!upstream_connect(c)) {
    upstream_hang_up(c);
    memory_free(c);
    return 0;
  }
  c->call = call;
  call->connection = c;
  TAILQ_INSERT_TAIL(&pool->connections, c, link);
  pool->n_connections++;
  metrics_add(pool->settings.metrics, METRICS_UPSTREAM_OPENED, 1);
  metrics_move(pool->settings.metrics, METRICS_UPSTREAM_OPEN, 1);
  return 1;
}

void upstream_connection_close(upstream_connection *c) {
  upstream_pool *pool = c->pool;
  TAILQ_REMOVE(&pool->connections, c, link);
  pool->n_connections--;
  pool->n_idle -= c->stage == UPSTREAM_IDLE;
  metrics_move(pool->settings.metrics, METRICS_UPSTREAM_OPEN, -1);
  upstream_hang_up(c);
  http_message_free(&c->response);
  memory_free(c);
}

/* ---- the ends of a call ---- */

static void upstream_set_idle(upstream_connection *c) {
  c->stage = UPSTREAM_IDLE;
  c->since = deadline_now();
  c->call = NULL;
  c->pool->n_idle++;
}

/* The call cannot be answered over this connection, which is closed. */
static void upstream_drop(upstream_connection *c, upstream_result result) {
  upstream_pool *pool = c->pool;
  upstream_call *call = c->call;
  int stale = result == UPSTREAM_CUT && c->has_served && c->response.stage == HTTP_EMPTY;
  upstream_connection_close(c);
  if (call == NULL) return;
  call->connection = NULL;
  if (stale && !call->was_retried)
    upstream_retry(pool, call);
  else
    upstream_settle(pool, call, result);
}

/* The same, and whoever waits for a connection may open one. */
static void upstream_fail(upstream_connection *c, upstream_result result) {
  upstream_pool *pool = c->pool;
  upstream_drop(c, result);
  upstream_dispatch(pool);
}

/* The whole answer is there. Whatever is odd about the connection afterwards ends it: the next answer must be the next
 * call's. */
static void upstream_finish(upstream_connection *c) {
  upstream_pool *pool = c->pool;
  upstream_call *call = c->call;
  int reusable = c->response.keep_alive && http_send_pending(c->bev) == 0 &&
                 evbuffer_get_length(bufferevent_get_input(c->bev)) == 0;
  c->call = NULL; /* what `done` starts cannot get this connection yet: it is not idle */
  c->has_served = 1;
  call->connection = NULL;
  call->done(call, UPSTREAM_ANSWERED, &c->response);
  if (reusable) {
    http_message_reset(&c->response);
    upstream_set_idle(c);
  } else {
    upstream_connection_close(c);
  }
  upstream_dispatch(pool);
}

/* ---- events ---- */

void upstream_connection_ask(upstream_connection *c, upstream_call *call) {
  c->pool->n_idle -= c->stage == UPSTREAM_IDLE;
  c->stage = UPSTREAM_ASKED;
  c->since = deadline_now();
  c->call = call;
  c->n_interim = 0;
  call->connection = c;
  if (!http_send(c->bev, &call->request)) upstream_drop(c, UPSTREAM_NO_MEMORY);
}

/* An interim answer is dropped; another protocol is not switched to. 0: the answer is malformed. */
static int upstream_skip_interim(upstream_connection *c) {
  if (c->response.status == 101 || ++c->n_interim > UPSTREAM_INTERIM) return 0;
  http_message_reset(&c->response);
  return 1;
}

static void upstream_on_read(struct bufferevent *bev, void *context) {
  upstream_connection *c = context;
  struct evbuffer *in = bufferevent_get_input(bev);
  struct evbuffer_iovec piece;
  while (c->stage == UPSTREAM_ASKED && evbuffer_get_length(in) > 0) {
    evbuffer_peek(in, -1, NULL, &piece, 1);
    size_t used = http_message_feed(&c->response, piece.iov_base, piece.iov_len);
    evbuffer_drain(in, used);
    if (c->response.stage == HTTP_REFUSED) {
      upstream_fail(c, c->response.status == 503 ? UPSTREAM_NO_MEMORY : UPSTREAM_MALFORMED);
      return;
    }
    if (c->response.stage != HTTP_DONE) continue;
    if (c->response.status >= 200) {
      upstream_finish(c);
      return;
    }
    if (!upstream_skip_interim(c)) {
      upstream_fail(c, UPSTREAM_MALFORMED);
      return;
    }
  }
  if (c->stage != UPSTREAM_ASKED && evbuffer_get_length(in) > 0) upstream_fail(c, UPSTREAM_MALFORMED); /* unasked */
}

static void upstream_connected(upstream_connection *c) {
  int yes = 1;
  setsockopt(bufferevent_getfd(c->bev), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  upstream_pool *pool = c->pool;
  upstream_call *call = c->call;
  if (call->request.n_head > 0) {
    upstream_connection_ask(c, call);
    upstream_dispatch(pool);
    return;
  }
  call->connection = NULL;
  upstream_set_idle(c);
  upstream_settle(pool, call, UPSTREAM_ANSWERED);
  upstream_dispatch(pool);
}

static void upstream_on_event(struct bufferevent *bev, short what, void *context) {
  upstream_connection *c = context;
  (void)bev;
  if (what & BEV_EVENT_CONNECTED) {
    upstream_connected(c);
    return;
  }
  if (c->stage == UPSTREAM_CONNECTING) {
    c->address = c->address->ai_next;
    if (!upstream_connect(c)) upstream_fail(c, UPSTREAM_AWAY);
    return;
  }
  upstream_fail(c, UPSTREAM_CUT);
}
