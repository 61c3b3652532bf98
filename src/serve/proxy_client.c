/* Reading requests, sending answers, and how long either may take. */
#include "serve/proxy_client.h"
#include "core/memory.h"
#include "serve/deadline.h"
#include "serve/proxy_check.h"
#include "serve/tls.h"
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void proxy_on_read(struct bufferevent *bev, void *context);
static void proxy_on_write(struct bufferevent *bev, void *context);
static void proxy_on_event(struct bufferevent *bev, short what, void *context);

static const serve_limits *proxy_client_limits(const proxy_client *c) {
  const proxy_lane *lane = c->lane != NULL ? c->lane : c->worker->lane;
  return &lane->site->config->limits;
}

/* ---- a connection's life ---- */

/* Too many clients: said in one packet, and not waited for. */
static void proxy_client_turn_away(proxy_worker *w, int fd, int is_tls) {
  static const char body[] = "{\"error\":\"too many connections\"}";
  char head[HTTP_ANSWER_BYTES + sizeof body];
  metrics_refuse(w->shared->metrics, METRICS_REFUSED_BUSY);
  if (!is_tls) {
    size_t n = http_answer_head(
        head,
        &(http_answer){.status = 503, .n_body = sizeof body - 1, .header_bytes = -1, .retry_after = 1, .close = 1});
    memcpy(head + n, body, sizeof body - 1);
    (void)!send(fd, head, n + sizeof body - 1, MSG_NOSIGNAL);
  }
  close(fd);
}

static struct bufferevent *proxy_client_bufferevent(proxy_worker *w, int fd, SSL_CTX *tls) {
  if (tls == NULL) return bufferevent_socket_new(w->base, fd, BEV_OPT_CLOSE_ON_FREE);
  SSL *ssl = SSL_new(tls);
  if (ssl == NULL) return NULL;
  struct bufferevent *bev =
      bufferevent_openssl_socket_new(w->base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
  if (bev == NULL) SSL_free(ssl);
  return bev;
}

void proxy_client_open(proxy_worker *w, int fd, size_t listener) {
  SSL_CTX *tls = w->lane->site->tls[listener];
  metrics_add(w->shared->metrics, METRICS_CONNECTIONS, 1);
  if (atomic_fetch_add(&w->shared->n_clients, 1) >= w->shared->max_clients) {
    atomic_fetch_sub(&w->shared->n_clients, 1);
    proxy_client_turn_away(w, fd, tls != NULL);
    return;
  }
  proxy_client *c = memory_zalloc(1, sizeof *c);
  struct bufferevent *bev = c != NULL ? proxy_client_bufferevent(w, fd, tls) : NULL;
  if (bev == NULL) {
    memory_free(c);
    close(fd);
    atomic_fetch_sub(&w->shared->n_clients, 1);
    return;
  }
  c->worker = w;
  c->bev = bev;
  c->listener = listener;
  c->stage = PROXY_READING;
  c->since = deadline_now();
  http_message_init(&c->request, HTTP_REQUEST, &w->lane->site->limits);
  c->request.helper = w->helper;
  TAILQ_INSERT_TAIL(&w->clients, c, link);
  metrics_move(w->shared->metrics, METRICS_CLIENTS_OPEN, 1);
  bufferevent_setcb(bev, proxy_on_read, proxy_on_write, proxy_on_event, c);
  if (bufferevent_enable(bev, EV_READ | EV_WRITE) != 0) proxy_client_close(c);
}

/* The request under way is over, one way or the other. */
static void proxy_client_end_request(proxy_client *c) {
  if (c->lane == NULL) return;
  proxy_record_write(c);
  metrics_move(c->worker->shared->metrics, METRICS_REQUESTS_OPEN, -1);
  c->lane->holders--;
  c->lane = NULL;
  c->model = NULL;
}

void proxy_client_close(proxy_client *c) {
  proxy_worker *w = c->worker;
  if (c->stage == PROXY_CLOSED) return;
  if (c->stage == PROXY_ASKING) upstream_cancel(c->lane->pool, &c->call);
  SSL *ssl = bufferevent_openssl_get_ssl(c->bev);
  if (ssl != NULL && c->stage != PROXY_LINGERING) tls_goodbye(ssl);
  c->stage = PROXY_CLOSED;
  proxy_client_end_request(c);
  if (c->check != NULL) proxy_check_abandon(c);
  bufferevent_free(c->bev);
  c->bev = NULL;
  TAILQ_REMOVE(&w->clients, c, link);
  TAILQ_INSERT_TAIL(&w->closed, c, link);
  event_active(w->reap, EV_TIMEOUT, 0);
  atomic_fetch_sub(&w->shared->n_clients, 1);
  metrics_move(w->shared->metrics, METRICS_CLIENTS_OPEN, -1);
}

/* The memory of a large answer goes where the loop need not wait for it. */
static void proxy_client_drop_answer(proxy_client *c) {
  helper_discard(c->worker->helper, c->answer.bytes, c->answer.n);
  c->answer = (http_body){0};
}

void proxy_client_free(proxy_client *c) {
  proxy_client_drop_answer(c);
  http_message_free(&c->request);
  memory_free(c->question.at);
  memory_free(c);
}

/* ---- reading ---- */

/* The first byte of a request: from here on it sees one configuration, whatever is loaded meanwhile. */
static void proxy_client_begin_request(proxy_client *c) {
  c->lane = c->worker->lane;
  c->lane->holders++;
  c->request.limits = &c->lane->site->limits;
  c->route = (proxy_route){.name = "unknown"};
  c->head_is_checked = c->has_trace = 0;
  c->record = (proxy_record){.began = deadline_now(), .calendar = deadline_calendar(), .upstream_s = -1};
  if (c->n_requests < 2) c->n_requests++;
  metrics_move(c->worker->shared->metrics, METRICS_REQUESTS_OPEN, 1);
}

static metrics_refusal proxy_client_reason(int status) {
  if (status == 413 || status == 414 || status == 431) return METRICS_REFUSED_SIZE;
  return status == 503 ? METRICS_REFUSED_INTERNAL : METRICS_REFUSED_HTTP;
}

static void proxy_client_advance(proxy_client *c) {
  http_message *m = &c->request;
  if (m->stage == HTTP_REFUSED) {
    proxy_client_refuse(c, m->status, proxy_client_reason(m->status), m->why);
    return;
  }
  if (!c->head_is_checked && m->stage != HTTP_HEAD) {
    c->head_is_checked = 1;
    c->body_since = deadline_now();
    proxy_request_check_head(c);
  }
  if (c->stage == PROXY_READING && m->stage == HTTP_DONE) proxy_request_serve(c);
}

/* Takes what has come, request by request. Answers given inside come back here by the loop, not by recursion. */
static void proxy_client_pump(proxy_client *c) {
  struct evbuffer_iovec piece;
  if (c->is_pumping) return;
  c->is_pumping = 1;
  while (c->stage == PROXY_READING && evbuffer_get_length(bufferevent_get_input(c->bev)) > 0) {
    struct evbuffer *in = bufferevent_get_input(c->bev);
    if (c->request.stage == HTTP_EMPTY) proxy_client_begin_request(c);
    evbuffer_peek(in, -1, NULL, &piece, 1);
    size_t used = http_message_feed(&c->request, piece.iov_base, piece.iov_len);
    evbuffer_drain(in, used);
    proxy_client_advance(c);
  }
  if (c->stage == PROXY_LINGERING) {
    struct evbuffer *in = bufferevent_get_input(c->bev);
    evbuffer_drain(in, evbuffer_get_length(in));
  }
  if (c->stage == PROXY_READING && c->is_half_closed) proxy_client_close(c);
  if (c->is_paused && (c->stage == PROXY_READING || c->stage == PROXY_LINGERING)) {
    c->is_paused = 0;
    if (bufferevent_enable(c->bev, EV_READ) != 0) proxy_client_close(c);
  }
  c->is_pumping = 0;
}

/* While a request is under way, a bounded part of the next is taken in; then the socket is left alone. A watermark of
 * libevent would do the same, and crash when there is no memory for it. */
static void proxy_on_read(struct bufferevent *bev, void *context) {
  proxy_client *c = context;
  proxy_client_pump(c);
  if (c->stage != PROXY_CHECKING && c->stage != PROXY_ASKING && c->stage != PROXY_SENDING) return;
  c->is_paused = evbuffer_get_length(bufferevent_get_input(bev)) >= PROXY_READ_BYTES;
  if (c->is_paused) bufferevent_disable(bev, EV_READ);
}

static void proxy_on_event(struct bufferevent *bev, short what, void *context) {
  proxy_client *c = context;
  (void)bev;
  if (what & BEV_EVENT_CONNECTED) return; /* TLS is agreed upon */
  if (!(what & BEV_EVENT_EOF) || c->stage == PROXY_LINGERING) {
    proxy_client_close(c);
    return;
  }
  /* The client sends nothing more, and may still wait for its answer. */
  c->is_half_closed = 1;
  proxy_client_pump(c);
}

/* ---- sending ---- */

/* Tells the client that nothing more comes, and hears it out for a moment. */
static void proxy_client_linger(proxy_client *c) {
  SSL *ssl = bufferevent_openssl_get_ssl(c->bev);
  if (c->is_half_closed) {
    proxy_client_close(c);
    return;
  }
  if (ssl != NULL) SSL_shutdown(ssl);
  shutdown(bufferevent_getfd(c->bev), SHUT_WR);
  c->stage = PROXY_LINGERING;
  c->since = deadline_now();
  proxy_client_pump(c);
}

/* The answer has left. */
static void proxy_client_sent(proxy_client *c) {
  proxy_client_drop_answer(c);
  proxy_client_end_request(c);
  if (c->closes) {
    proxy_client_linger(c);
    return;
  }
  http_message_reset(&c->request);
  c->stage = PROXY_READING;
  c->since = deadline_now();
  proxy_client_pump(c);
}

static void proxy_on_write(struct bufferevent *bev, void *context) {
  proxy_client *c = context;
  (void)bev;
  if (c->stage == PROXY_SENDING) proxy_client_sent(c);
}

void proxy_client_send(proxy_client *c, http_answer *answer, const void *body, size_t n_body, void *owned) {
  char head[HTTP_ANSWER_BYTES];
  int draining = atomic_load_explicit(&c->worker->shared->is_draining, memory_order_relaxed);
  /* What is left of a refused request cannot be told from the next one. */
  c->closes = c->request.stage != HTTP_DONE || !c->request.keep_alive || c->is_half_closed || draining;
  answer->close = c->closes;
  answer->n_body = n_body;
  if (owned != NULL && n_body > HTTP_KEPT_BYTES) {
    c->answer = (http_body){owned, n_body, n_body};
    owned = NULL;
  }
  http_payload payload = {
      .head = head, .n_head = http_answer_head(head, answer), .body = body, .n_body = n_body, .owned = owned};
  c->record.status = answer->status;
  c->record.bytes_out = n_body;
  c->stage = PROXY_SENDING;
  c->since = deadline_now();
  if (!http_send(c->bev, &payload)) {
    proxy_client_close(c);
    return;
  }
  c->sending = http_send_pending(c->bev);
  if (c->sending == 0) proxy_client_sent(c);
}

static void proxy_client_refuse_with(proxy_client *c, http_answer *answer, metrics_refusal reason,
                                     const char *message) {
  char body[DIALECT_ERROR_BYTES];
  size_t n = dialect_error(body, c->model != NULL ? c->model->config->dialect : DIALECT_OIP2, message);
  c->record.is_refused = 1;
  c->record.reason = reason;
  answer->header_bytes = -1;
  proxy_client_send(c, answer, body, n, NULL);
}

void proxy_client_refuse(proxy_client *c, int status, metrics_refusal reason, const char *message) {
  http_answer answer = {.status = status, .allow = status == 405 ? c->route.allow : NULL, .retry_after = status == 503};
  proxy_client_refuse_with(c, &answer, reason, message);
}

void proxy_client_refuse_until(proxy_client *c, metrics_refusal reason, const char *message, double retry_s) {
  http_answer answer = {.status = 429, .retry_after = retry_s < 1e9 ? (unsigned)retry_s + 1 : 1000000000};
  proxy_client_refuse_with(c, &answer, reason, message);
}

/* ---- the clock ---- */

static void proxy_client_tick_reading(proxy_client *c, double now) {
  const serve_limits *limits = proxy_client_limits(c);
  const http_message *m = &c->request;
  if (m->stage == HTTP_EMPTY) {
    double patience = c->n_requests == 0 ? limits->header_deadline_s : limits->keep_alive_s;
    if (now > c->since + patience) proxy_client_close(c);
  } else if (m->stage == HTTP_HEAD) {
    if (now > c->record.began + limits->header_deadline_s)
      proxy_client_refuse(c, 408, METRICS_REFUSED_SLOW, "the header took too long");
  } else if (now > c->body_since + limits->body_deadline_s ||
             deadline_too_slow(c->body_since, now, m->n_body, limits->minimum_rate)) {
    proxy_client_refuse(c, 408, METRICS_REFUSED_SLOW, "the body took too long");
  }
}

void proxy_client_tick(proxy_client *c, double now) {
  if (c->stage == PROXY_READING) {
    proxy_client_tick_reading(c, now);
  } else if (c->stage == PROXY_SENDING) {
    size_t sent = c->sending - http_send_pending(c->bev);
    if (deadline_too_slow(c->since, now, sent, proxy_client_limits(c)->minimum_rate)) proxy_client_close(c);
  } else if (c->stage == PROXY_LINGERING && now > c->since + PROXY_LINGER_S) {
    proxy_client_close(c);
  }
}

void proxy_client_drain(proxy_client *c) {
  if (c->stage == PROXY_READING && c->request.stage == HTTP_EMPTY && c->n_requests > 0) proxy_client_close(c);
}
