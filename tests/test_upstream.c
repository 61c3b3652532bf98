/* Connections to the upstream: kept, bounded, tried again once, and given up in time. */
#include "proxy_world.h"

static int status_of(const proxy_world *w, const char *model) {
  world_answer a = world_ask_model(w, model);
  int status = a.status;
  assert_null(strstr(a.text, WORLD_CANARY));
  world_answer_free(&a);
  return status;
}

/* One after the other, they share one connection. */
static void test_kept_alive(void **state) {
  proxy_world *w = *state;
  world_write_config(w, "", "", stub_upstream_port(w->stub), WORLD_UPSTREAM);
  world_start(w);
  size_t before = stub_upstream_connections(w->stub);
  for (int i = 0; i < 20; i++) assert_int_equal(status_of(w, i % 2 ? "good" : "chunked"), 200);
  assert_int_equal(stub_upstream_connections(w->stub), before + 1);
  assert_int_equal(status_of(w, "close"), 200);
  assert_int_equal(status_of(w, "good"), 200);
  assert_int_equal(stub_upstream_connections(w->stub), before + 2);
  world_stop(w);
}

static void test_idle_ones_are_closed(void **state) {
  proxy_world *w = *state;
  world_write_config(w, "", "", stub_upstream_port(w->stub), "\"idle_seconds\":0.1");
  world_start(w);
  size_t before = stub_upstream_connections(w->stub);
  assert_int_equal(status_of(w, "good"), 200);
  world_sleep(0.4);
  assert_int_equal(status_of(w, "good"), 200);
  assert_int_equal(stub_upstream_connections(w->stub), before + 2);
  world_stop(w);
}

/* With one connection all are answered, one after the other. */
static void test_line(void **state) {
  proxy_world *w = *state;
  enum { CLIENTS = 12 };
  int fds[CLIENTS];
  world_write_config(w, "", "", stub_upstream_port(w->stub), "\"connections\":1,\"answer_seconds\":5");
  world_start(w);
  size_t before = stub_upstream_connections(w->stub);
  char *text = world_infer("good", "", WORLD_SCORES, 1);
  for (int i = 0; i < CLIENTS; i++) world_say(fds[i] = world_connect(w), text);
  for (int i = 0; i < CLIENTS; i++) {
    world_answer a = world_hear(fds[i]);
    assert_int_equal(a.status, 200);
    world_answer_free(&a);
    close(fds[i]);
  }
  assert_int_equal(stub_upstream_connections(w->stub), before + 1);
  free(text);
  world_stop(w);
}

/* Who waits in line for too long, or goes away meanwhile. */
static void test_line_has_a_deadline(void **state) {
  proxy_world *w = *state;
  world_write_config(w, "", "", stub_upstream_port(w->stub), "\"connections\":1,\"answer_seconds\":0.4");
  world_start(w);
  char *slow = world_infer("slow", "", WORLD_SCORES, 1), *good = world_infer("good", "", WORLD_SCORES, 1);
  int one = world_connect(w), two = world_connect(w), three = world_connect(w);
  world_say(one, slow);
  world_sleep(0.1);
  world_say(two, slow);
  world_say(three, slow);
  struct linger reset = {.l_onoff = 1};
  setsockopt(three, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  close(three);
  world_answer a = world_hear(one);
  assert_int_equal(a.status, 504);
  world_answer_free(&a);
  a = world_hear(two);
  assert_true(a.status == 503 || a.status == 504);
  world_answer_free(&a);
  close(one);
  close(two);
  world_sleep(0.5);
  world_is_well(w);
  free(slow);
  free(good);
  world_stop(w);
}

/* An upstream that is away, comes, goes and comes again. */
static void test_away(void **state) {
  proxy_world *w = *state;
  int port = stub_upstream_port(w->stub);
  stub_upstream_stop(w->stub);
  w->stub = NULL;
  world_write_config(w, "", "", port, WORLD_UPSTREAM);
  world_start(w);
  assert_int_equal(status_of(w, "good"), 503);
  world_answer a = world_ask(w, "GET /v2/health/ready HTTP/1.1\r\nHost: a\r\n\r\n");
  assert_int_equal(a.status, 503);
  assert_string_equal(a.body, "{\"ready\":false}");
  world_answer_free(&a);
  for (int i = 0; i < 2; i++) {
    w->stub = stub_upstream_start(port, NULL);
    assert_non_null(w->stub);
    for (int j = 0; j < 3; j++) assert_int_equal(status_of(w, "good"), 200);
    if (i > 0) break;
    stub_upstream_stop(w->stub);
    w->stub = NULL;
    assert_int_equal(status_of(w, "good"), 503);
  }
  world_stop(w);
}

/* A connection closed behind the proxy's back costs no client its answer. */
static void test_stale(void **state) {
  proxy_world *w = *state;
  world_write_config(w, "", "", stub_upstream_port(w->stub), WORLD_UPSTREAM);
  world_start(w);
  for (int i = 0; i < 100; i++) assert_int_equal(status_of(w, i % 2 ? "good" : "stale"), 200);
  world_stop(w);
}

/* Nobody accepts: the connection is given up, not the deadline of the answer waited for. */
static void test_connecting_has_a_deadline(void **state) {
  proxy_world *w = *state;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof to;
  int deaf = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(bind(deaf, (struct sockaddr *)&to, length), 0);
  assert_int_equal(listen(deaf, 0), 0);
  assert_int_equal(getsockname(deaf, (struct sockaddr *)&to, &length), 0);
  proxy_world filler = {.port = ntohs(to.sin_port)};
  int first = world_connect(&filler); /* the queue takes one and drops what comes after */
  world_write_config(w, "", "", filler.port, "\"connect_seconds\":0.2,\"answer_seconds\":10");
  world_start(w);
  double began = world_seconds();
  assert_int_equal(status_of(w, "good"), 503);
  assert_true(world_seconds() - began < 2);
  world_stop(w);
  close(first);
  close(deaf);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_kept_alive),
      cmocka_unit_test(test_idle_ones_are_closed),
      cmocka_unit_test(test_line),
      cmocka_unit_test(test_line_has_a_deadline),
      cmocka_unit_test(test_away),
      cmocka_unit_test(test_stale),
      cmocka_unit_test(test_connecting_has_a_deadline),
  };
  return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
