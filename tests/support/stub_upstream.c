/* The model server of the tests: reads a request, echoes its scores, and misbehaves as the model's name says. */
#include "support/stub_upstream.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { STUB_HEAD = 32768, STUB_CONNECTIONS = 256 };

struct stub_upstream {
  int listener, port;
  SSL_CTX *tls;
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t ended;
  int sockets[STUB_CONNECTIONS]; /* -1: free */
  size_t n_open, n_connections, n_requests;
  int stopping;
  char last_head[STUB_HEAD];
  char *script; /* answers everything; NULL: none */
  size_t n_script;
  int script_closes;
};

/* One connection. */
typedef struct stub_peer {
  stub_upstream *stub;
  int fd;
  size_t slot;
  SSL *ssl;
  char head[STUB_HEAD]; /* of the request, NUL-terminated; what follows it in the buffer is the start of the body */
  size_t n_head, n_read;
  char *body; /* NUL-terminated */
  size_t n_body;
} stub_peer;

/* ---- bytes in and out ---- */

static ssize_t stub_read(stub_peer *p, void *to, size_t n) {
  if (p->ssl != NULL) return SSL_read(p->ssl, to, n > 65536 ? 65536 : (int)n);
  return recv(p->fd, to, n, 0);
}

static void stub_write(stub_peer *p, const void *bytes, size_t n) {
  const char *at = bytes;
  while (n > 0) {
    ssize_t sent = p->ssl != NULL ? SSL_write(p->ssl, at, (int)n) : send(p->fd, at, n, MSG_NOSIGNAL);
    if (sent <= 0) return;
    at += sent;
    n -= (size_t)sent;
  }
}

static void stub_wait(stub_peer *p, int ms) {
  struct pollfd pfd = {.fd = p->fd, .events = 0}; /* returns early when the other side has gone */
  poll(&pfd, 1, ms);
}

/* ---- requests ---- */

static size_t stub_length(const char *head) {
  const char *at = strstr(head, "\r\nContent-Length: ");
  return at != NULL ? (size_t)strtoull(at + 18, NULL, 10) : 0;
}

/* 0: the connection has ended. */
static int stub_receive(stub_peer *p) {
  char *end;
  free(p->body);
  p->body = NULL;
  p->n_read = 0;
  p->head[0] = '\0';
  while ((end = strstr(p->head, "\r\n\r\n")) == NULL) {
    ssize_t got = stub_read(p, p->head + p->n_read, STUB_HEAD - 1 - p->n_read);
    if (got <= 0) return 0;
    p->n_read += (size_t)got;
    p->head[p->n_read] = '\0';
  }
  p->n_head = (size_t)(end - p->head) + 4;
  size_t length = stub_length(p->head);
  p->body = malloc(length + 1);
  p->n_body = p->n_read - p->n_head;
  if (p->n_body > length) return 0;
  memcpy(p->body, p->head + p->n_head, p->n_body);
  p->head[p->n_head] = '\0';
  while (p->n_body < length) {
    ssize_t got = stub_read(p, p->body + p->n_body, length - p->n_body);
    if (got <= 0) return 0;
    p->n_body += (size_t)got;
  }
  p->body[length] = '\0';
  pthread_mutex_lock(&p->stub->lock);
  p->stub->n_requests++;
  memcpy(p->stub->last_head, p->head, p->n_head + 1);
  pthread_mutex_unlock(&p->stub->lock);
  return 1;
}

/* The array or number that follows "name": in the body; "" if there is none. */
static char *stub_value(const stub_peer *p, const char *name) {
  char key[64];
  snprintf(key, sizeof key, "\"%s\":", name);
  const char *at = p->body != NULL ? strstr(p->body, key) : NULL;
  if (at == NULL) return strdup("");
  at += strlen(key);
  at += strspn(at, " ");
  size_t n = 0;
  for (int depth = 0; at[n] != '\0'; n++) {
    depth += at[n] == '[';
    depth -= at[n] == ']';
    if (depth == 0) break;
  }
  return strndup(at, n + 1);
}

/* What stands between "models/" and the next slash or colon. */
static void stub_model(const stub_peer *p, char name[64]) {
  const char *at = strstr(p->head, "models/");
  size_t n = at != NULL ? strcspn(at + 7, "/: ") : 0;
  snprintf(name, 64, "%.*s", (int)(n < 63 ? n : 63), at != NULL ? at + 7 : "");
}

/* ---- answers ---- */

typedef struct stub_answer {
  const char *status, *fields;
  char *body;
  size_t n_body;
} stub_answer;

/* The body of a protocol that the request speaks; variants change what a filter relies on. */
static char *stub_body(const stub_peer *p, const char *model) {
  char *data = stub_value(p, "data"), *shape = stub_value(p, "shape"), *rows = stub_value(p, "instances");
  size_t room = 2 * (strlen(data) + strlen(rows)) + strlen(shape) + 1024;
  char *body = malloc(room);
  int is_v1 = strstr(p->head, ":predict ") != NULL;
  const char *type = strcmp(model, "datatype") == 0 ? "INT64" : "FP32";
  if (strcmp(model, "not_json") == 0)
    snprintf(body, room, "{\"outputs\": [%s", data);
  else if (strcmp(model, "empty") == 0)
    body[0] = '\0';
  else if (is_v1)
    snprintf(body, room, "{\"predictions\": %s}", rows);
  else if (strcmp(model, "second") == 0)
    snprintf(body, room,
             "{\"model_name\":\"%s\",\"outputs\":[{\"name\":\"scores\",\"shape\":%s,\"datatype\":\"FP32\",\"data\":%s},"
             "{\"name\":\"logits\",\"shape\":%s,\"datatype\":\"FP32\",\"data\":%s}]}",
             model, shape, data, shape, data);
  else if (strcmp(model, "classes") == 0)
    snprintf(body, room,
             "{\"model_name\":\"%s\",\"outputs\":[{\"name\":\"scores\",\"shape\":[1,1],\"datatype\":\"BYTES\","
             "\"data\":[\"%.60s:0:cat\"]}]}",
             model, data + 1);
  else if (strcmp(model, "wrong_k") == 0)
    snprintf(body, room,
             "{\"model_name\":\"%s\",\"outputs\":[{\"name\":\"scores\",\"shape\":[1,2],\"datatype\":\"FP32\","
             "\"data\":%s}]}",
             model, data);
  else if (strcmp(model, "more_rows") == 0)
    snprintf(body, room,
             "{\"model_name\":\"%s\",\"outputs\":[{\"name\":\"scores\",\"shape\":[2,3],\"datatype\":\"FP32\","
             "\"data\":[%s,%s]}]}",
             model, data, data);
  else if (strcmp(model, "nan") == 0)
    snprintf(body, room,
             "{\"model_name\":\"%s\",\"outputs\":[{\"name\":\"scores\",\"shape\":%s,\"datatype\":\"FP32\","
             "\"data\":[NaN,%s]}]}",
             model, shape, data + 1);
  else
    snprintf(body, room,
             "{\"model_name\":\"%s\",\"outputs\":[{\"name\":\"scores\",\"shape\":%s,\"datatype\":\"%s\",\"data\":%s}]}",
             model, shape, type, data);
  free(data);
  free(shape);
  free(rows);
  return body;
}

static void stub_send(stub_peer *p, const stub_answer *a) {
  char head[1024];
  int n = snprintf(head, sizeof head, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n", a->status, a->fields, a->n_body);
  stub_write(p, head, (size_t)n);
  stub_write(p, a->body, a->n_body);
}

static void stub_send_chunked(stub_peer *p, const stub_answer *a) {
  static const char head[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  stub_write(p, head, sizeof head - 1);
  for (size_t at = 0; at < a->n_body; at += 7) {
    char size[16];
    size_t n = a->n_body - at < 7 ? a->n_body - at : 7;
    stub_write(p, size, (size_t)snprintf(size, sizeof size, "%zx\r\n", n));
    stub_write(p, a->body + at, n);
    stub_write(p, "\r\n", 2);
  }
  stub_write(p, "0\r\n\r\n", 5);
}

/* Binary tensors: the JSON says so, and the tail of the request comes back behind it. */
static void stub_send_binary(stub_peer *p, const char *model) {
  size_t json = (size_t)strtoull(strstr(p->head, "Inference-Header-Content-Length: ") + 33, NULL, 10);
  char text[512], fields[64], *shape = stub_value(p, "shape"), *body;
  if (json > p->n_body) json = p->n_body;
  int n = snprintf(text, sizeof text,
                   "{\"model_name\":\"%s\",\"outputs\":[{\"name\":\"scores\",\"shape\":%s,\"datatype\":\"FP32\","
                   "\"parameters\":{\"binary_data_size\":%zu}}]}",
                   model, shape, p->n_body - json);
  snprintf(fields, sizeof fields, "Inference-Header-Content-Length: %d\r\n", n);
  body = malloc((size_t)n + p->n_body);
  memcpy(body, text, (size_t)n);
  memcpy(body + n, p->body + json, p->n_body - json);
  stub_send(p, &(stub_answer){"200 OK", fields, body, (size_t)n + p->n_body - json});
  free(body);
  free(shape);
}

/* ---- misbehaviour ---- */

typedef struct stub_habit {
  const char *model;
  const char *before; /* sent as it stands, in place of the status line and fields; NULL: a proper head */
  const char *status, *fields;
  size_t cut_num, cut_den; /* the body is cut to this part of it, in whole and after a head that promises all */
  int closes;              /* after the answer */
} stub_habit;

static const stub_habit habits[] = {
    {.model = "close", .fields = "Connection: close\r\n", .closes = 1},
    {.model = "stale", .closes = 1},
    {.model = "etag",
     .fields = "ETag: \"0.12345678901234567\"\r\nContent-MD5: x\r\nServer-Timing: a;dur=5\r\nAge: 3\r\nX-Score: 1\r\n"},
    {.model = "gzip", .fields = "Content-Encoding: gzip\r\n"},
    {.model = "encoded", .fields = "Content-Encoding: identity, br\r\n"},
    {.model = "text", .fields = "Content-Type: text/html\r\n"},
    {.model = "s400", .status = "400 Bad Request"},
    {.model = "s404", .status = "404 Not Found"},
    {.model = "s429", .status = "429 Too Many Requests"},
    {.model = "s500", .status = "500 Internal Server Error"},
    {.model = "s503", .status = "503 Service Unavailable"},
    {.model = "interim", .before = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"},
    {.model = "garbage", .before = "0.12345678901234567 garbage\r\n", .closes = 1},
    {.model = "folded", .before = "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n", .closes = 1},
    {.model = "nolength", .before = "HTTP/1.1 200 OK\r\n\r\n", .cut_num = 1, .cut_den = 1, .closes = 1},
    {.model = "both", .fields = "Transfer-Encoding: chunked\r\n", .closes = 1},
    {.model = "huge", .before = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", .cut_num = 1, .cut_den = 1},
    {.model = "many", .before = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\n{}\r\n", .closes = 1},
    {.model = "hangup", .cut_num = 0, .cut_den = 1, .closes = 1},
    {.model = "cut", .cut_num = 1, .cut_den = 2, .closes = 1},
};

static const stub_habit *stub_find(const char *model) {
  static const stub_habit good = {.model = "good"};
  for (size_t i = 0; i < sizeof habits / sizeof *habits; i++)
    if (strcmp(habits[i].model, model) == 0) return &habits[i];
  return &good;
}

/* 1 if there was a script to answer from. */
static int stub_answer_from_script(stub_peer *p, int *closes) {
  pthread_mutex_lock(&p->stub->lock);
  size_t n = p->stub->n_script;
  char *copy = p->stub->script != NULL ? malloc(n + 1) : NULL;
  if (copy != NULL) memcpy(copy, p->stub->script, n);
  *closes = p->stub->script_closes;
  pthread_mutex_unlock(&p->stub->lock);
  if (copy == NULL) return 0;
  stub_write(p, copy, n);
  free(copy);
  return 1;
}

/* 0: close the connection. */
static int stub_answer_one(stub_peer *p) {
  char model[64];
  int closes;
  if (stub_answer_from_script(p, &closes)) return !closes;
  stub_model(p, model);
  const stub_habit *habit = stub_find(model);
  if (strcmp(model, "slow") == 0) stub_wait(p, STUB_SLOW_MS);
  if (strstr(p->head, "\r\nInference-Header-Content-Length: ") != NULL) {
    stub_send_binary(p, model);
    return 1;
  }
  stub_answer a = {habit->status ? habit->status : "200 OK", habit->fields ? habit->fields : "", stub_body(p, model),
                   0};
  a.n_body = strlen(a.body);
  if (habit->before != NULL) stub_write(p, habit->before, strlen(habit->before));
  if (habit->cut_den > 0) {
    char head[128];
    int n = snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", a.n_body);
    if (habit->before == NULL && habit->cut_num > 0) stub_write(p, head, (size_t)n);
    stub_write(p, a.body, a.n_body * habit->cut_num / habit->cut_den);
  } else if (strcmp(model, "chunked") == 0) {
    stub_send_chunked(p, &a);
  } else {
    stub_send(p, &a);
  }
  if (strcmp(model, "extra") == 0) stub_write(p, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 40);
  free(a.body);
  return !habit->closes;
}

/* ---- threads ---- */

static void *stub_serve(void *context) {
  stub_peer *p = context;
  stub_upstream *stub = p->stub;
  int ok = p->ssl == NULL || SSL_accept(p->ssl) == 1;
  while (ok && stub_receive(p)) ok = stub_answer_one(p);
  if (p->ssl != NULL) SSL_shutdown(p->ssl);
  SSL_free(p->ssl);
  free(p->body);
  pthread_mutex_lock(&stub->lock);
  close(p->fd);
  stub->sockets[p->slot] = -1;
  stub->n_open--;
  pthread_cond_signal(&stub->ended);
  pthread_mutex_unlock(&stub->lock);
  free(p);
  return NULL;
}

static int stub_take_in(stub_upstream *stub, int fd) {
  stub_peer *p = calloc(1, sizeof *p);
  pthread_t thread;
  pthread_mutex_lock(&stub->lock);
  while (p->slot < STUB_CONNECTIONS && stub->sockets[p->slot] >= 0) p->slot++;
  int ok = p->slot < STUB_CONNECTIONS && !stub->stopping;
  if (ok) {
    stub->sockets[p->slot] = fd;
    stub->n_open++;
    stub->n_connections++;
  }
  pthread_mutex_unlock(&stub->lock);
  p->stub = stub;
  p->fd = fd;
  if (ok && stub->tls != NULL) {
    p->ssl = SSL_new(stub->tls);
    SSL_set_fd(p->ssl, fd);
  }
  if (!ok) {
    free(p);
    return 0;
  }
  if (pthread_create(&thread, NULL, stub_serve, p) != 0) abort();
  pthread_detach(thread);
  return 1;
}

static void *stub_accept(void *context) {
  stub_upstream *stub = context;
  for (int fd, yes = 1; (fd = accept(stub->listener, NULL, NULL)) >= 0;) {
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (!stub_take_in(stub, fd)) close(fd);
  }
  return NULL;
}

stub_upstream *stub_upstream_start(int port, SSL_CTX *tls) {
  stub_upstream *stub = calloc(1, sizeof *stub);
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int yes = 1;
  stub->listener = socket(AF_INET, SOCK_STREAM, 0);
  stub->tls = tls;
  pthread_mutex_init(&stub->lock, NULL);
  pthread_cond_init(&stub->ended, NULL);
  for (size_t i = 0; i < STUB_CONNECTIONS; i++) stub->sockets[i] = -1;
  setsockopt(stub->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(stub->listener, (struct sockaddr *)&address, length) != 0 || listen(stub->listener, 128) != 0 ||
      getsockname(stub->listener, (struct sockaddr *)&address, &length) != 0 ||
      pthread_create(&stub->thread, NULL, stub_accept, stub) != 0) {
    close(stub->listener);
    free(stub);
    return NULL;
  }
  stub->port = ntohs(address.sin_port);
  return stub;
}

void stub_upstream_stop(stub_upstream *stub) {
  shutdown(stub->listener, SHUT_RDWR);
  pthread_join(stub->thread, NULL);
  close(stub->listener);
  pthread_mutex_lock(&stub->lock);
  stub->stopping = 1;
  for (size_t i = 0; i < STUB_CONNECTIONS; i++)
    if (stub->sockets[i] >= 0) shutdown(stub->sockets[i], SHUT_RDWR);
  while (stub->n_open > 0) pthread_cond_wait(&stub->ended, &stub->lock);
  pthread_mutex_unlock(&stub->lock);
  pthread_cond_destroy(&stub->ended);
  pthread_mutex_destroy(&stub->lock);
  free(stub->script);
  free(stub);
}

/* ---- what was seen ---- */

int stub_upstream_port(const stub_upstream *stub) {
  return stub->port;
}

size_t stub_upstream_connections(stub_upstream *stub) {
  pthread_mutex_lock(&stub->lock);
  size_t n = stub->n_connections;
  pthread_mutex_unlock(&stub->lock);
  return n;
}

size_t stub_upstream_requests(stub_upstream *stub) {
  pthread_mutex_lock(&stub->lock);
  size_t n = stub->n_requests;
  pthread_mutex_unlock(&stub->lock);
  return n;
}

void stub_upstream_last_head(stub_upstream *stub, char *to, size_t n) {
  pthread_mutex_lock(&stub->lock);
  snprintf(to, n, "%s", stub->last_head);
  pthread_mutex_unlock(&stub->lock);
}

void stub_upstream_script(stub_upstream *stub, const void *bytes, size_t n, int closes) {
  char *copy = bytes != NULL ? malloc(n + 1) : NULL;
  if (copy != NULL) memcpy(copy, bytes, n);
  pthread_mutex_lock(&stub->lock);
  free(stub->script);
  stub->script = copy;
  stub->n_script = n;
  stub->script_closes = closes;
  pthread_mutex_unlock(&stub->lock);
}
