/*
 * A proxy in this process, the stub model server behind it, and clients that speak as the test pleases. The filter
 * takes three classes. Deadlines are short; a test that needs others gives its own limits.
 */
#ifndef TESTS_PROXY_WORLD_H
#define TESTS_PROXY_WORLD_H

#include "serve/http_message.h"
#include "serve/proxy.h"
#include "support/files.h"
#include "support/stub_upstream.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <scrim.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { WORLD_K = 3, WORLD_PATIENCE_MS = 8000 };

/* All the ways in which the stub behaves; each is a model of the configuration. */
static const char *const world_models[] = {
    "good",    "chunked",   "interim",  "close", "stale",    "slow",  "cut",     "hangup",
    "garbage", "folded",    "nolength", "both",  "extra",    "huge",  "many",    "gzip",
    "encoded", "etag",      "text",     "s400",  "s404",     "s429",  "s500",    "s503",
    "wrong_k", "more_rows", "second",   "nan",   "not_json", "empty", "classes", "datatype",
};
enum { WORLD_MODELS = sizeof world_models / sizeof *world_models };

typedef struct proxy_world {
  char *folder;
  stub_upstream *stub;
  proxy *proxy;
  int port;
} proxy_world;

#define WORLD_LIMITS                                                                                                   \
  "\"limits\":{\"header_seconds\":0.3,\"body_seconds\":0.5,\"keep_alive_seconds\":0.5,\"drain_seconds\":5},"
#define WORLD_UPSTREAM "\"answer_seconds\":0.5,\"connect_seconds\":0.3,\"idle_seconds\":5"

static inline const char *world_path(const proxy_world *w, const char *name) {
  return files_path(w->folder, name);
}

/* ---- setting up ---- */

/* A filter and a key, made in a moment. */
static inline void world_make_filter(const proxy_world *w) {
  static float reference[300 * WORLD_K];
  for (size_t i = 0; i < 300; i++) {
    float a = 0.4f + 0.5f * (float)((i * 37) % 100) / 100, *row = reference + i * WORLD_K;
    row[i % 3] = a;
    row[(i + 1) % 3] = (1 - a) * 0.7f;
    row[(i + 2) % 3] = 1 - a - (1 - a) * 0.7f;
  }
  scrim_scores_data data = {.classes = WORLD_K, .reference = reference, .n_reference = 300};
  scrim_config config;
  scrim_filter *filter;
  scrim_train_options options = {.seed = 1};
  assert_int_equal(scrim_config_init(&config, "scores", NULL), SCRIM_OK);
  assert_int_equal(scrim_config_set(&config, "epochs", 3, NULL), SCRIM_OK);
  assert_int_equal(scrim_scores_train(&filter, &data, &config, NULL, &options, NULL), SCRIM_OK);
  assert_int_equal(scrim_filter_save(filter, world_path(w, "filter.scrim"), NULL), SCRIM_OK);
  scrim_filter_free(filter);
  assert_int_equal(scrim_key_new(world_path(w, "filter.key"), NULL), SCRIM_OK);
}

/* Writes serve.json: `head` and `upstream` are fields of their objects, each ended by a comma or empty. */
static inline void world_write_config(const proxy_world *w, const char *head, const char *listener, int upstream_port,
                                      const char *upstream) {
  static const char output[] = "\"outputs\":[{\"name\":\"scores\",\"form\":\"probabilities\",\"classes\":3,"
                               "\"filter\":\"filter.scrim\",\"key\":\"filter.key\"}]";
  size_t room = 65536, n = 0;
  char *text = malloc(room);
#define WORLD_ADD(...) n += (size_t)snprintf(text + n, room - n, __VA_ARGS__)
  WORLD_ADD("{%s\"allow_unsigned\":true,\"listen\":[{\"address\":\"127.0.0.1\",\"port\":0%s}],", head, listener);
  WORLD_ADD("\"upstream\":{\"host\":\"127.0.0.1\",\"port\":%d,%s},\"models\":[", upstream_port, upstream);
  for (size_t i = 0; i < WORLD_MODELS; i++)
    WORLD_ADD("{\"name\":\"%s\",\"dialect\":\"oip2\",\"versions\":[\"2\"],%s},", world_models[i], output);
  WORLD_ADD("{\"name\":\"rows\",\"dialect\":\"kserve1\",%s}]}", output);
#undef WORLD_ADD
  files_write(world_path(w, "serve.json"), text, n);
  free(text);
}

static inline void world_start(proxy_world *w) {
  scrim_error error = {.message = ""};
  serve_config *config;
  char name[LISTENER_NAME];
  scrim_status status = serve_config_load(&config, world_path(w, "serve.json"), &error);
  if (status == SCRIM_OK) status = proxy_start(&w->proxy, config, &error);
  if (status != SCRIM_OK) print_error("%s\n", error.message);
  assert_int_equal(status, SCRIM_OK);
  assert_true(proxy_address(w->proxy, 0, name));
  w->port = atoi(strchr(name, ':') + 1);
}

static inline void world_stop(proxy_world *w) {
  assert_int_equal(proxy_stop(w->proxy, NULL), SCRIM_OK);
  w->proxy = NULL;
}

/* cmocka's set-up: a folder, a filter, the stub; no proxy yet. */
static inline int world_setup(void **state) {
  signal(SIGPIPE, SIG_IGN);
  proxy_world *w = calloc(1, sizeof *w);
  void *folder;
  if (w == NULL || files_setup(&folder) != 0) return 1;
  static int prepared;
  if (!prepared) proxy_prepare();
  prepared = 1;
  w->folder = folder;
  w->stub = stub_upstream_start(0, NULL);
  *state = w;
  world_make_filter(w);
  return w->stub == NULL;
}

static inline int world_teardown(void **state) {
  proxy_world *w = *state;
  void *folder = w->folder;
  if (w->proxy != NULL) world_stop(w);
  if (w->stub != NULL) stub_upstream_stop(w->stub);
  free(w);
  return files_teardown(&folder);
}

/* The usual proxy. */
static inline int world_setup_proxy(void **state) {
  if (world_setup(state) != 0) return 1;
  proxy_world *w = *state;
  world_write_config(w, WORLD_LIMITS "\"metrics\":{\"on_listeners\":true},", "", stub_upstream_port(w->stub),
                     WORLD_UPSTREAM);
  world_start(w);
  return 0;
}

/* ---- clients ---- */

static inline double world_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static inline void world_sleep(double seconds) {
  struct timespec t = {.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
  nanosleep(&t, NULL);
}

static inline int world_connect(const proxy_world *w) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in to = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)w->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
  int yes = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return fd;
}

/* Sends as far as the other side lets; an answer may come before all is sent. */
static inline void world_send(int fd, const void *bytes, size_t n) {
  const char *at = bytes;
  while (n > 0) {
    ssize_t sent = send(fd, at, n, MSG_NOSIGNAL);
    if (sent <= 0) return;
    at += sent;
    n -= (size_t)sent;
  }
}

static inline void world_say(int fd, const char *text) {
  world_send(fd, text, strlen(text));
}

typedef struct world_answer {
  int status; /* 0: the connection ended without a whole answer */
  char *text; /* all bytes of the answer, NUL-terminated */
  char *body; /* inside text */
  size_t n, n_body;
  int is_closed; /* the connection has ended after it */
} world_answer;

static inline void world_answer_free(world_answer *a) {
  free(a->text);
  *a = (world_answer){0};
}

/* One answer, or what there was of it when the connection ended or patience did. */
static inline world_answer world_hear(int fd) {
  static const http_limits limits = {.head_bytes = 65536, .body_bytes = (size_t)1 << 30, .chunks = 10};
  world_answer a = {.text = calloc(1, 1)};
  http_message m;
  http_message_init(&m, HTTP_RESPONSE, &limits);
  while (m.stage != HTTP_DONE) {
    char bytes[4096];
    struct pollfd p = {.fd = fd, .events = POLLIN};
    ssize_t got = poll(&p, 1, WORLD_PATIENCE_MS) > 0 ? recv(fd, bytes, sizeof bytes, MSG_PEEK) : -1;
    if (got <= 0) break;
    size_t used = 0;
    while (used < (size_t)got && m.stage != HTTP_DONE) {
      size_t more = http_message_feed(&m, bytes + used, (size_t)got - used);
      assert_int_not_equal(m.stage, HTTP_REFUSED);
      used += more;
    }
    assert_int_equal(recv(fd, bytes, used, 0), used);
    a.text = realloc(a.text, a.n + used + 1);
    memcpy(a.text + a.n, bytes, used);
    a.n += used;
    a.text[a.n] = '\0';
  }
  if (m.stage == HTTP_DONE) {
    a.status = m.status;
    a.n_body = m.n_body;
    a.body = a.text + a.n - m.n_body;
    a.is_closed = !m.keep_alive;
  }
  http_message_free(&m);
  return a;
}

/* 1 if the other side closes within the time, and says nothing more before. */
static inline int world_is_closed(int fd, int ms) {
  char byte;
  struct pollfd p = {.fd = fd, .events = POLLIN};
  return poll(&p, 1, ms) == 1 && recv(fd, &byte, 1, 0) <= 0;
}

/* Connects, sends, hears one answer, closes. */
static inline world_answer world_ask_bytes(const proxy_world *w, const void *bytes, size_t n) {
  int fd = world_connect(w);
  world_send(fd, bytes, n);
  world_answer a = world_hear(fd);
  close(fd);
  return a;
}

static inline world_answer world_ask(const proxy_world *w, const char *text) {
  return world_ask_bytes(w, text, strlen(text));
}

/* A request with these fields (each with its CR LF) and this body. free(). */
static inline char *world_request(const char *method, const char *target, const char *fields, const char *body) {
  size_t room = strlen(target) + strlen(fields) + strlen(body) + 256;
  char *text = malloc(room);
  snprintf(text, room, "%s %s HTTP/1.1\r\nHost: proxy\r\n%sContent-Length: %zu\r\n\r\n%s", method, target, fields,
           strlen(body), body);
  return text;
}

/* What the stub is asked to answer as scores of one row, of which a client must never see a trace. */
#define WORLD_CANARY "12345678901234567"
#define WORLD_SCORES "[0." WORLD_CANARY ",0.5,0.37654321098765433]"

static inline char *world_infer(const char *model, const char *fields, const char *scores, size_t rows) {
  char target[128], *body = malloc(strlen(scores) + 256), *text;
  snprintf(target, sizeof target, "/v2/models/%s/infer", model);
  sprintf(body, "{\"id\":\"a\",\"inputs\":[{\"name\":\"x\",\"shape\":[%zu,3],\"datatype\":\"FP32\",\"data\":%s}]}",
          rows, scores);
  text = world_request("POST", target, fields, body);
  free(body);
  return text;
}

static inline world_answer world_ask_model(const proxy_world *w, const char *model) {
  char *text = world_infer(model, "", WORLD_SCORES, 1);
  world_answer a = world_ask(w, text);
  free(text);
  return a;
}

/* Asks, and asserts status, JSON error and that nothing raw is in the answer. */
static inline void world_refused(const proxy_world *w, const char *text, size_t n, int status) {
  world_answer a = world_ask_bytes(w, text, n);
  if (a.status != status) print_error("%d instead of %d: %.200s\n  %.300s\n", a.status, status, text, a.text);
  assert_int_equal(a.status, status);
  assert_non_null(strstr(a.text, "Content-Type: application/json\r\n"));
  assert_int_equal(strncmp(a.body, "{\"error\":\"", 10), 0);
  assert_null(strstr(a.text, WORLD_CANARY));
  world_answer_free(&a);
}

/* The proxy still serves. */
static inline void world_is_well(const proxy_world *w) {
  world_answer a = world_ask_model(w, "good");
  if (a.status != 200) print_error("%s\n", a.text);
  assert_int_equal(a.status, 200);
  assert_non_null(strstr(a.body, "\"scores\""));
  assert_null(strstr(a.text, WORLD_CANARY));
  world_answer_free(&a);
}

#endif
