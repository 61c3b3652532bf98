/* Slow and hostile clients: a documented status for each, and others are served meanwhile. */
#include "proxy_world.h"

/* ---- slow ---- */

/* Sends a byte each 50 ms until the proxy answers; how many seconds that took. */
static double drip(int fd, const char *text) {
  double began = world_seconds();
  for (size_t i = 0; text[i] != '\0'; i++) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    world_send(fd, text + i, 1);
    if (poll(&p, 1, 50) > 0) break;
  }
  return world_seconds() - began;
}

static void assert_answer(int fd, int status) {
  world_answer a = world_hear(fd);
  assert_int_equal(a.status, status);
  assert_true(a.is_closed);
  world_answer_free(&a);
}

static void test_slow_header(void **state) {
  const proxy_world *w = *state;
  int fd = world_connect(w);
  double took = drip(fd, "GET /v2/health/live HTTP/1.1\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n");
  assert_true(took > 0.25 && took < 1.5);
  assert_answer(fd, 408);
  close(fd);
}

static void test_slow_body(void **state) {
  const proxy_world *w = *state;
  int fd = world_connect(w);
  world_say(fd, "POST /v2/models/good/infer HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
  double took = drip(fd, "{                                                                ");
  assert_true(took > 0.45 && took < 1.7);
  assert_answer(fd, 408);
  close(fd);
}

/* Who says nothing at all, at first or after an answer, is not spoken to. */
static void test_silence(void **state) {
  const proxy_world *w = *state;
  int silent = world_connect(w), once = world_connect(w);
  world_say(once, "GET /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n");
  world_answer a = world_hear(once);
  assert_int_equal(a.status, 200);
  assert_true(world_is_closed(silent, 1500));
  assert_true(world_is_closed(once, 1500));
  world_answer_free(&a);
  close(silent);
  close(once);
}

/* A body that comes steadily and below the minimum rate does not last until its deadline. */
static void test_minimum_rate(void **state) {
  proxy_world own = *(const proxy_world *)*state;
  world_write_config(&own, "\"limits\":{\"body_seconds\":30,\"bytes_per_second\":1000},", "",
                     stub_upstream_port(own.stub), WORLD_UPSTREAM);
  world_start(&own);
  int fd = world_connect(&own);
  world_say(fd, "POST /v2/models/good/infer HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
  double took = drip(fd, "{                                                                ");
  assert_true(took > 0.9 && took < 2.5);
  assert_answer(fd, 408);
  close(fd);
  world_stop(&own);
}

/* 1 if who asks is the only client. */
static int is_alone(const proxy_world *w) {
  world_answer a = world_ask(w, "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  int alone = a.status == 200 && strstr(a.body, "\nscrim_client_connections 1\n") != NULL;
  world_answer_free(&a);
  return alone;
}

/* An answer that nobody takes ends with its connection. */
static void test_answer_not_taken(void **state) {
  proxy_world own = *(const proxy_world *)*state;
  enum { ROWS = 400000 }; /* more than socket buffers hold */
  world_write_config(&own,
                     "\"limits\":{\"bytes_per_second\":100000000,\"rows\":400000},\"metrics\":{\"on_listeners\":true},",
                     "", stub_upstream_port(own.stub), "\"answer_seconds\":30");
  world_start(&own);
  char *list = malloc(ROWS * 14 + 2), *at = list;
  *at++ = '[';
  for (int i = 0; i < ROWS; i++) at += sprintf(at, "%s0.7,0.2,0.1", i > 0 ? "," : "");
  strcpy(at, "]");
  char *text = world_infer("good", "", list, ROWS);
  int fd = world_connect(&own), small = 4096;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  world_say(fd, text);
  int alone = is_alone(&own);
  assert_false(alone);
  for (int i = 0; i < 100 && !alone; i++) {
    world_sleep(0.05);
    alone = is_alone(&own);
  }
  assert_true(alone); /* the proxy has given up */
  close(fd);
  free(text);
  free(list);
  world_is_well(&own);
  world_stop(&own);
}

/* Many slow ones at once do not keep a good one waiting. */
static void test_slowloris(void **state) {
  const proxy_world *w = *state;
  enum { MANY = 200 };
  int fds[MANY];
  for (int i = 0; i < MANY; i++) {
    fds[i] = world_connect(w);
    world_say(fds[i], "POST /v2/models/good/infer HTTP/1.1\r\nX: ");
  }
  double began = world_seconds();
  world_is_well(w);
  assert_true(world_seconds() - began < 0.25);
  for (int i = 0; i < MANY; i++) {
    assert_answer(fds[i], 408);
    close(fds[i]);
  }
}

/* ---- large ---- */

static void test_header_of_64_kib(void **state) {
  const proxy_world *w = *state;
  char *text = malloc(65536 + 64);
  memset(text, 'a', 65536 + 64);
  memcpy(text, "GET /v2/health/live HTTP/1.1\r\nHost: a\r\nX: ", 42);
  world_refused(w, text, 65536, 431);
  memcpy(text, "GET /", 5);
  memset(text + 5, 'a', 100);
  world_refused(w, text, 65536, 414);
  free(text);
}

static void test_body_of_64_mib_and_one(void **state) {
  const proxy_world *w = *state;
  static const char head[] = "POST /v2/models/good/infer HTTP/1.1\r\nHost: a\r\nContent-Length: 67108865\r\n\r\n";
  char *text = calloc(1, sizeof head + (4 << 20));
  memcpy(text, head, sizeof head - 1);
  world_refused(w, text, sizeof head + (4 << 20), 413); /* the client goes on sending, and hears why it should not */
  free(text);
}

/* `n` chunks of one byte, as a request. free(). */
static char *chunks(size_t n, size_t *length) {
  static const char head[] = "POST /v2/models/good/infer HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  char *text = malloc(sizeof head + 6 * n + 8), *at = text + sizeof head - 1;
  memcpy(text, head, sizeof head - 1);
  for (size_t i = 0; i < n; i++, at += 6) memcpy(at, "1\r\n \r\n", 6);
  memcpy(at, "0\r\n\r\n", 5);
  *length = (size_t)(at - text) + 5;
  return text;
}

static void test_many_chunks(void **state) {
  const proxy_world *w = *state;
  size_t n;
  char *text = chunks(65537, &n);
  world_refused(w, text, n, 413);
  free(text);
  text = chunks(65536, &n);
  world_refused(w, text, n, 400); /* no JSON, but no fault in the chunks */
  free(text);
  text = chunks(500000, &n); /* 3 MB of them */
  world_refused(w, text, n, 413);
  free(text);
}

static void test_deep_and_wide_json(void **state) {
  const proxy_world *w = *state;
  enum { DEEP = 1000000 };
  char *body = malloc(DEEP + 64);
  memset(body, '[', DEEP);
  body[DEEP] = '\0';
  char *text = world_request("POST", "/v2/models/good/infer", "", body);
  world_refused(w, text, strlen(text), 400);
  free(text);
  free(body);
  char *wide = malloc(32 * 300000 + 64), *at = wide + sprintf(wide, "{\"inputs\":[],\"outputs\":[");
  for (int i = 0; i < 300000; i++) at += sprintf(at, "%s{\"name\":\"o%d\"}", i > 0 ? "," : "", i);
  strcpy(at, "]}");
  text = world_request("POST", "/v2/models/good/infer", "", wide);
  world_refused(w, text, strlen(text), 400);
  free(text);
  free(wide);
}

/* ---- ambiguous ---- */

static void test_smuggling(void **state) {
  const proxy_world *w = *state;
  static const struct {
    const char *text;
    int status;
  } bad[] = {
      {"POST /v2/models/good/infer HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: "
       "chunked\r\n\r\n0\r\n\r\n"
       "GET /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n",
       400},
      {"POST /v2/models/good/infer HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400},
      {"POST /v2/models/good/infer HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 501},
      {"GET /v2/health/live HTTP/1.1\nHost: a\n\n", 400},
      {"GET /v2/health/live HTTP/1.1\r\nHost: a\r\n X: b\r\n\r\n", 400},
      {"GET /v2/health/live HTTP/3.0\r\nHost: a\r\n\r\n", 505},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
      {"\x16\x03\x01\x02\n\n", 400},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    int fd = world_connect(w);
    size_t asked = stub_upstream_requests(w->stub);
    world_say(fd, bad[i].text);
    world_answer a = world_hear(fd);
    assert_int_equal(a.status, bad[i].status);
    assert_true(a.is_closed);
    assert_true(world_is_closed(fd, 1000)); /* what followed was not taken for a request */
    assert_int_equal(stub_upstream_requests(w->stub), asked);
    world_answer_free(&a);
    close(fd);
  }
}

/* Clients that go away at any point leave nothing behind. */
static void test_going_away(void **state) {
  const proxy_world *w = *state;
  char *text = world_infer("good", "", "[0.7,0.2,0.1]", 1);
  struct linger reset = {.l_onoff = 1};
  for (size_t n = 0; n <= strlen(text); n += 7) {
    int fd = world_connect(w);
    if (n % 2 == 0) setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    world_send(fd, text, n);
    close(fd);
  }
  free(text);
  world_is_well(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_slow_header),      cmocka_unit_test(test_slow_body),
      cmocka_unit_test(test_silence),          cmocka_unit_test(test_minimum_rate),
      cmocka_unit_test(test_answer_not_taken), cmocka_unit_test(test_slowloris),
      cmocka_unit_test(test_header_of_64_kib), cmocka_unit_test(test_body_of_64_mib_and_one),
      cmocka_unit_test(test_many_chunks),      cmocka_unit_test(test_deep_and_wide_json),
      cmocka_unit_test(test_smuggling),        cmocka_unit_test(test_going_away),
  };
  return cmocka_run_group_tests(tests, world_setup_proxy, world_teardown);
}
