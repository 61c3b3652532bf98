/* TLS in and out: who is let in, whom the proxy believes, and that answers are the same. */
#include "proxy_world.h"
#include "support/certificates.h"
#include <openssl/err.h>

typedef struct tls_world {
  proxy_world proxy;
  certificate authority, other, server, upstream, client, stranger, misnamed;
} tls_world;

static int setup(void **state) {
  void *made;
  if (world_setup(&made) != 0) return 1;
  tls_world *t = calloc(1, sizeof *t);
  t->proxy = *(proxy_world *)made;
  free(made);
  t->authority = certificate_authority("authority");
  t->other = certificate_authority("another authority");
  t->server = certificate_issue(&t->authority, "proxy", "127.0.0.1");
  t->upstream = certificate_issue(&t->authority, "upstream", "127.0.0.1");
  t->client = certificate_issue(&t->authority, "client", NULL);
  t->stranger = certificate_issue(&t->other, "client", NULL);
  t->misnamed = certificate_issue(&t->authority, "upstream", "127.0.0.2");
  certificate_write(&t->authority, world_path(&t->proxy, "ca.pem"), NULL);
  certificate_write(&t->other, world_path(&t->proxy, "other.pem"), NULL);
  certificate_write(&t->server, world_path(&t->proxy, "server.pem"), world_path(&t->proxy, "server.key"));
  certificate_write(&t->client, world_path(&t->proxy, "client.pem"), world_path(&t->proxy, "client.key"));
  *state = t;
  return 0;
}

static int teardown(void **state) {
  tls_world *t = *state;
  certificate *all[] = {&t->authority, &t->other, &t->server, &t->upstream, &t->client, &t->stranger, &t->misnamed};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) certificate_free(all[i]);
  proxy_world *w = malloc(sizeof *w);
  *w = t->proxy;
  free(t);
  *state = w;
  return world_teardown(state);
}

#define SERVER ",\"tls\":{\"certificate\":\"server.pem\",\"key\":\"server.key\""

/* ---- a client ---- */

/* Asks over TLS with "Connection: close" and answers all that came, or NULL if the handshake failed. free(). */
static char *ask(const proxy_world *w, SSL_CTX *context, const char *text) {
  char *answer = NULL;
  size_t n = 0;
  int fd = world_connect(w), got = 0;
  SSL *ssl = SSL_new(context);
  SSL_set_fd(ssl, fd);
  X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), "127.0.0.1");
  /* With TLS 1.3 a refused certificate shows at the first read. */
  if (SSL_connect(ssl) == 1 && SSL_write(ssl, text, (int)strlen(text)) > 0) {
    answer = malloc(65536);
    while (n < 65535 && (got = SSL_read(ssl, answer + n, (int)(65535 - n))) > 0) n += (size_t)got;
    answer[n] = '\0';
    if (n > 0) assert_int_equal(SSL_get_error(ssl, got), SSL_ERROR_ZERO_RETURN); /* a proper end, not a cut */
  }
  if (answer != NULL && n == 0) {
    free(answer);
    answer = NULL;
  }
  ERR_clear_error();
  SSL_free(ssl);
  close(fd);
  return answer;
}

/* The status of an inference; 0: no connection. */
static int status_of(const proxy_world *w, SSL_CTX *context) {
  char *text = world_infer("good", "Connection: close\r\n", WORLD_SCORES, 1), *answer = ask(w, context, text);
  int status = answer != NULL ? atoi(answer + 9) : 0;
  if (answer != NULL) {
    assert_null(strstr(answer, WORLD_CANARY));
    if (status == 200) assert_non_null(strstr(answer, "\"scores\""));
  }
  free(answer);
  free(text);
  return status;
}

static int status_with(const tls_world *t, const certificate *own) {
  SSL_CTX *context = certificate_context(TLS_client_method(), own, &t->authority);
  int status = status_of(&t->proxy, context);
  SSL_CTX_free(context);
  return status;
}

static void start(tls_world *t, const char *head, const char *listener, const char *upstream) {
  world_write_config(&t->proxy, head, listener, stub_upstream_port(t->proxy.stub), upstream);
  world_start(&t->proxy);
}

/* ---- in ---- */

static void test_server(void **state) {
  tls_world *t = *state;
  start(t, "", SERVER "}", WORLD_UPSTREAM);
  assert_int_equal(status_with(t, NULL), 200);
  assert_int_equal(status_with(t, &t->stranger), 200); /* nobody asked for one */
  world_answer a = world_ask(&t->proxy, "GET /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n");
  assert_int_equal(a.status, 0); /* plain HTTP gets nothing */
  free(a.text);
  world_stop(&t->proxy);
}

/* Large bodies in both directions: more than one record, more than a socket buffer. */
static void test_large(void **state) {
  tls_world *t = *state;
  enum { ROWS = 30000 };
  start(t, "", SERVER "}", "\"answer_seconds\":20");
  char *list = malloc(ROWS * 14 + 2), *at = list, *answer = malloc(4 << 20);
  for (int i = 0; i < ROWS; i++) at += sprintf(at, "%c0.7,0.2,0.1", i > 0 ? ',' : '[');
  strcpy(at, "]");
  char *text = world_infer("good", "Connection: close\r\n", list, ROWS);
  SSL_CTX *context = certificate_context(TLS_client_method(), NULL, &t->authority);
  int fd = world_connect(&t->proxy), got;
  SSL *ssl = SSL_new(context);
  SSL_set_fd(ssl, fd);
  assert_int_equal(SSL_connect(ssl), 1);
  assert_int_equal(SSL_write(ssl, text, (int)strlen(text)), (int)strlen(text));
  size_t n = 0;
  while ((got = SSL_read(ssl, answer + n, 65536)) > 0) n += (size_t)got;
  answer[n] = '\0';
  assert_int_equal(strncmp(answer, "HTTP/1.1 200 ", 13), 0);
  assert_string_equal(answer + n - 4, "]}]}");
  SSL_free(ssl);
  SSL_CTX_free(context);
  close(fd);
  free(answer);
  free(list);
  free(text);
  world_stop(&t->proxy);
}

static void test_client_certificates(void **state) {
  tls_world *t = *state;
  start(t, "", SERVER ",\"client_ca\":\"ca.pem\",\"require_client_certificate\":true}", WORLD_UPSTREAM);
  assert_int_equal(status_with(t, &t->client), 200);
  assert_int_equal(status_with(t, NULL), 0);
  assert_int_equal(status_with(t, &t->stranger), 0);
  world_stop(&t->proxy);
  start(t, "", SERVER ",\"client_ca\":\"ca.pem\"}", WORLD_UPSTREAM);
  assert_int_equal(status_with(t, &t->client), 200);
  assert_int_equal(status_with(t, NULL), 200);
  assert_int_equal(status_with(t, &t->stranger), 0);
  world_stop(&t->proxy);
}

static void test_budget_by_certificate(void **state) {
  tls_world *t = *state;
  certificate second = certificate_issue(&t->authority, "second client", NULL);
  certificate renewed = certificate_issue(&t->authority, "client", NULL);
  start(t, "\"budget\":{\"identity\":\"certificate\",\"rows\":2,\"window_seconds\":3600},",
        SERVER ",\"client_ca\":\"ca.pem\",\"require_client_certificate\":true}", WORLD_UPSTREAM);
  assert_int_equal(status_with(t, &t->client), 200);
  assert_int_equal(status_with(t, &renewed), 200); /* a new certificate with the same name is the same client */
  assert_int_equal(status_with(t, &t->client), 429);
  assert_int_equal(status_with(t, &second), 200);
  world_stop(&t->proxy);
  certificate_free(&second);
  certificate_free(&renewed);
}

static void test_old_and_foreign_protocols(void **state) {
  tls_world *t = *state;
  static const unsigned char h2[] = "\x02h2", both[] = "\x02h2\x08http/1.1";
  start(t, "", SERVER "}", WORLD_UPSTREAM);
  SSL_CTX *context = certificate_context(TLS_client_method(), NULL, &t->authority);
  SSL_CTX_set_alpn_protos(context, h2, sizeof h2 - 1);
  assert_int_equal(status_of(&t->proxy, context), 0);
  SSL_CTX_set_alpn_protos(context, both, sizeof both - 1);
  assert_int_equal(status_of(&t->proxy, context), 200);
  SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
  assert_int_equal(status_of(&t->proxy, context), 200);
  SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION);
  assert_int_equal(status_of(&t->proxy, context), 0);
  SSL_CTX_free(context);
  world_stop(&t->proxy);
}

/* A handshake that never comes to its end falls under the deadline of the header. */
static void test_slow_handshake(void **state) {
  tls_world *t = *state;
  start(t, WORLD_LIMITS, SERVER "}", WORLD_UPSTREAM);
  int fd = world_connect(&t->proxy);
  world_send(fd, "\x16\x03\x01\x02\x00\x01", 6);
  assert_true(world_is_closed(fd, 1500));
  close(fd);
  world_stop(&t->proxy);
}

/* ---- out ---- */

static int status_behind(tls_world *t, const certificate *upstream, int demands_client, const char *fields) {
  SSL_CTX *context = certificate_context(TLS_server_method(), upstream, demands_client ? &t->authority : NULL);
  if (demands_client) SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
  stub_upstream *plain = t->proxy.stub;
  t->proxy.stub = stub_upstream_start(0, context);
  start(t, WORLD_LIMITS, "", fields);
  world_answer a = world_ask_model(&t->proxy, "good");
  size_t asked = stub_upstream_requests(t->proxy.stub);
  int status = a.status;
  assert_int_equal(asked, status == 200);
  assert_null(strstr(a.text, WORLD_CANARY));
  world_answer_free(&a);
  world_stop(&t->proxy);
  stub_upstream_stop(t->proxy.stub);
  t->proxy.stub = plain;
  SSL_CTX_free(context);
  return status;
}

static void test_upstream(void **state) {
  tls_world *t = *state;
  assert_int_equal(status_behind(t, &t->upstream, 0, "\"tls\":{\"ca\":\"ca.pem\"}"), 200);
  assert_int_equal(status_behind(t, &t->upstream, 0, "\"tls\":{\"ca\":\"other.pem\"}"), 503);
  assert_int_equal(status_behind(t, &t->misnamed, 0, "\"tls\":{\"ca\":\"ca.pem\"}"), 503);
  assert_int_equal(status_behind(t, &t->misnamed, 0, "\"tls\":{\"ca\":\"ca.pem\",\"server_name\":\"127.0.0.2\"}"), 200);
  assert_int_equal(status_behind(t, &t->upstream, 0, "\"tls\":{\"ca\":\"ca.pem\",\"server_name\":\"upstream\"}"), 200);
  assert_int_equal(status_behind(t, &t->upstream, 0, "\"tls\":{\"ca\":\"ca.pem\",\"server_name\":\"other\"}"), 503);
  assert_int_equal(status_behind(t, &t->upstream, 0, "\"tls\":{}"), 503); /* the system does not know this authority */
}

static void test_upstream_asks_for_a_certificate(void **state) {
  tls_world *t = *state;
  static const char with[] = "\"tls\":{\"ca\":\"ca.pem\",\"certificate\":\"client.pem\",\"key\":\"client.key\"}";
  assert_int_equal(status_behind(t, &t->upstream, 1, with), 200);
  int status = status_behind(t, &t->upstream, 1, "\"tls\":{\"ca\":\"ca.pem\"}");
  assert_true(status == 502 || status == 503);
}

/* ---- files that are no good ---- */

static void test_bad_files(void **state) {
  tls_world *t = *state;
  static const char *const listeners[] = {
      ",\"tls\":{\"certificate\":\"server.pem\",\"key\":\"client.key\"}",
      ",\"tls\":{\"certificate\":\"absent.pem\",\"key\":\"server.key\"}",
      ",\"tls\":{\"certificate\":\"server.key\",\"key\":\"server.key\"}",
      SERVER ",\"client_ca\":\"server.key\"}",
  };
  for (size_t i = 0; i < sizeof listeners / sizeof *listeners; i++) {
    scrim_error error;
    serve_config *config;
    proxy *p;
    world_write_config(&t->proxy, "", listeners[i], stub_upstream_port(t->proxy.stub), WORLD_UPSTREAM);
    assert_int_equal(serve_config_load(&config, world_path(&t->proxy, "serve.json"), &error), SCRIM_OK);
    scrim_status status = proxy_start(&p, config, &error);
    assert_true(status == SCRIM_E_IO || status == SCRIM_E_KEY);
    assert_null(p);
    assert_non_null(strstr(error.message, "'"));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_server),
      cmocka_unit_test(test_large),
      cmocka_unit_test(test_client_certificates),
      cmocka_unit_test(test_budget_by_certificate),
      cmocka_unit_test(test_old_and_foreign_protocols),
      cmocka_unit_test(test_slow_handshake),
      cmocka_unit_test(test_upstream),
      cmocka_unit_test(test_upstream_asks_for_a_certificate),
      cmocka_unit_test(test_bad_files),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
