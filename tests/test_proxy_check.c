/*
 * Large bodies, which are checked beside the loop: the same answers, nobody waits for them, and whoever may go, goes.
 */
#include "core/memory.h"
#include "proxy_world.h"

enum { ROWS = 2000, LARGE = 2 << 20 };

/* ---- what is asked ---- */

/* `rows` rows of scores as nested arrays. free(). */
static char *scores_of(size_t rows) {
  char *text = malloc(rows * 40 + 8), *to = text;
  for (size_t i = 0; i < rows; i++)
    to += sprintf(to, "%s[0.%04zu,0.%04zu,0.5]", i == 0 ? "[" : ",", 1 + i % 4999, 4999 - i % 4999);
  strcpy(to, "]");
  return text;
}

/* A request whose body is n bytes, an even number, of JSON that is no question but takes its time to read. */
static char *large_nonsense(size_t n) {
  char *body = malloc(n + 1);
  memcpy(body, "{ \"x\":[", 7);
  for (size_t i = 7; i < n; i++) body[i] = i % 2 == 1 ? '0' : ',';
  memcpy(body + n - 3, "0]}", 4);
  char *text = world_request("POST", "/v2/models/good/infer", "", body);
  free(body);
  return text;
}

static void assert_status(int fd, int status, const char *words) {
  world_answer a = world_hear(fd);
  if (a.status != status || strstr(a.text, words) == NULL) print_error("%d: %.300s\n", status, a.text);
  assert_int_equal(a.status, status);
  assert_non_null(strstr(a.text, words));
  world_answer_free(&a);
}

/* ---- the same answers ---- */

/* What each row gets must not depend on how many came with it. */
static void test_same_as_alone(void **state) {
  const proxy_world *w = *state;
  static const char *const models[] = {"good", "chunked", "close"};
  char *scores = scores_of(ROWS);
  for (size_t m = 0; m < sizeof models / sizeof *models; m++) {
    char *text = world_infer(models[m], "", scores, ROWS);
    world_answer all = world_ask(w, text);
    assert_int_equal(all.status, 200);
    assert_true(all.n_body > 32768);
    char *row = scores + 1, *got = strstr(all.body, "\"data\":[") + 8;
    for (size_t i = 0; i < ROWS; i++) {
      char *end = strchr(row, ']') + 1, *got_end = strchr(got, ']') + 1;
      if (i % 500 == 0) {
        char one[64], *question;
        snprintf(one, sizeof one, "[%.*s]", (int)(end - row), row);
        question = world_infer(models[m], "", one, 1);
        world_answer a = world_ask(w, question);
        char *alone = strstr(a.body, "\"data\":[") + 8;
        assert_memory_equal(alone, got, (size_t)(got_end - got));
        world_answer_free(&a);
        free(question);
      }
      row = end + 1;
      got = got_end + 1;
    }
    world_answer_free(&all);
    free(text);
  }
  free(scores);
}

/* A large question whose answer is small, and the other way round; the same connection goes on after each. */
static void test_either_large(void **state) {
  const proxy_world *w = *state;
  size_t n = 100000;
  char *pad = malloc(n + 1), *scores = scores_of(500), *padded = malloc(n + 256);
  memset(pad, ' ', n);
  pad[n] = '\0';
  sprintf(padded, "%s%s", WORLD_SCORES, pad);
  char *question = world_infer("good", "", padded, 1), *answer = world_infer("good", "", scores, 500);
  int fd = world_connect(w);
  for (int i = 0; i < 10; i++) {
    world_say(fd, i % 2 == 0 ? question : answer);
    world_answer a = world_hear(fd);
    assert_int_equal(a.status, 200);
    assert_false(a.is_closed);
    assert_null(strstr(a.text, WORLD_CANARY));
    world_answer_free(&a);
  }
  close(fd);
  free(pad), free(scores), free(padded), free(question), free(answer);
}

static void test_refused(void **state) {
  const proxy_world *w = *state;
  char *text = large_nonsense(LARGE), *scores = scores_of(ROWS);
  int fd = world_connect(w);
  world_say(fd, text);
  assert_status(fd, 400, "field 'x' is not served");
  world_say(fd, text);
  world_say(fd, "GET /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n"); /* in line behind it */
  assert_status(fd, 400, "field 'x' is not served");
  assert_status(fd, 200, "{\"live\":true}");
  close(fd);
  free(text);
  static const char *const bad[] = {"nan", "wrong_k", "datatype", "not_json"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    text = world_infer(bad[i], "", scores, ROWS);
    world_refused(w, text, strlen(text), 502);
    free(text);
  }
  free(scores);
}

/* ---- nobody waits ---- */

/* Says all but the last byte, so that one more begins the check. */
static int almost(const proxy_world *w, const char *text) {
  int fd = world_connect(w);
  world_send(fd, text, strlen(text) - 1);
  return fd;
}

static int has_answer(int fd) {
  struct pollfd p = {.fd = fd, .events = POLLIN};
  return poll(&p, 1, 0) == 1;
}

/* Somebody else is answered while a large body is being checked. A machine that is busy may be too late to see it. */
static void test_others_go_on(void **state) {
  const proxy_world *w = *state;
  char *text = large_nonsense(4 * LARGE);
  int other = world_connect(w), is_seen = 0;
  for (int i = 0; i < 10 && !is_seen; i++) {
    int fd = almost(w, text);
    world_sleep(0.02);
    world_say(fd, "}");
    world_say(other, "GET /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_status(other, 200, "live");
    is_seen = !has_answer(fd);
    assert_status(fd, 400, "is not served");
    close(fd);
  }
  assert_true(is_seen);
  close(other);
  free(text);
}

/* Other limits than those of proxy_world.h, whose deadlines are too short for megabytes on a busy machine. */
static int setup_with(void **state, const char *limits) {
  if (world_setup(state) != 0) return 1;
  proxy_world *w = *state;
  world_write_config(w, limits, "", stub_upstream_port(w->stub), "\"answer_seconds\":8");
  world_start(w);
  return 0;
}

static int setup(void **state) {
  return setup_with(state, "");
}

static int setup_small_bodies(void **state) {
  return setup_with(state, "\"limits\":{\"body_bytes\":4194304},");
}

/* More than may wait: the others are told to come back. */
static void test_too_many(void **state) {
  const proxy_world *w = *state;
  enum { CLIENTS = 6 }; /* of 4 MiB, of which four may wait while one is being checked */
  char *text = large_nonsense(4 << 20);
  int fds[CLIENTS], seen[600] = {0};
  for (int i = 0; i < CLIENTS; i++) fds[i] = almost(w, text);
  world_sleep(0.05);
  for (int i = 0; i < CLIENTS; i++) world_say(fds[i], "}");
  for (int i = 0; i < CLIENTS; i++) {
    world_answer a = world_hear(fds[i]);
    seen[a.status]++;
    if (a.status == 503) assert_non_null(strstr(a.text, "Retry-After: 1\r\n"));
    world_answer_free(&a);
    close(fds[i]);
  }
  assert_int_equal(seen[400] + seen[503], CLIENTS);
  assert_true(seen[400] >= 4 && seen[503] >= 1);
  world_is_well(w);
  free(text);
}

/* ---- going ---- */

/* Clients that go before the verdict, before and after the upstream was asked. */
static void test_clients_that_go(void **state) {
  const proxy_world *w = *state;
  char *nonsense = large_nonsense(LARGE), *scores = scores_of(ROWS), *text = world_infer("good", "", scores, ROWS);
  const struct linger at_once = {.l_onoff = 1};
  for (int i = 0; i < 40; i++) {
    int fd = world_connect(w);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    world_say(fd, i % 2 == 0 ? nonsense : text);
    world_sleep(0.0005 * (i % 8));
    close(fd);
  }
  world_is_well(w);
  free(nonsense), free(scores), free(text);
}

/* Clients that go within an answer that no socket holds; the last one hears it out. */
static void test_clients_that_stop_listening(void **state) {
  const proxy_world *w = *state;
  enum { MANY = 60000 };
  char *scores = scores_of(MANY), *text = world_infer("good", "", scores, MANY);
  const struct linger at_once = {.l_onoff = 1};
  for (int i = 0; i < 3; i++) {
    struct pollfd p = {.fd = world_connect(w), .events = POLLIN};
    world_say(p.fd, text);
    assert_int_equal(poll(&p, 1, WORLD_PATIENCE_MS), 1);
    if (i == 2) assert_status(p.fd, 200, "\"scores\"");
    setsockopt(p.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(p.fd);
  }
  world_is_well(w);
  free(scores), free(text);
}

/* A new configuration while checks are under way. */
static void test_reload(void **state) {
  const proxy_world *w = *state;
  char *scores = scores_of(ROWS), *text = world_infer("good", "", scores, ROWS), *nonsense = large_nonsense(LARGE);
  for (int i = 0; i < 3; i++) {
    int fd = world_connect(w), gone = world_connect(w);
    world_say(gone, nonsense);
    world_say(fd, text);
    close(gone);
    assert_int_equal(proxy_reload(w->proxy, world_path(w, "serve.json"), NULL), SCRIM_OK);
    assert_status(fd, 200, "\"scores\"");
    close(fd);
  }
  free(scores), free(text), free(nonsense);
}

/* Draining waits for checks; force does not. */
static void test_drain_and_force(void **state) {
  proxy_world *w = *state;
  char *text = large_nonsense(4 * LARGE);
  for (int forced = 0; forced < 2; forced++) {
    int fds[3];
    for (int i = 0; i < 3; i++) fds[i] = almost(w, text);
    world_sleep(0.05);
    for (int i = 0; i < 3; i++) world_say(fds[i], "}");
    world_sleep(0.01);
    if (!forced) {
      proxy_drain(w->proxy);
      for (int i = 0; i < 3; i++) assert_status(fds[i], 400, "is not served");
      for (int i = 0; i < 3; i++) close(fds[i]);
      for (int i = 0; i < 400 && !proxy_is_over(w->proxy); i++) world_sleep(0.01);
      assert_true(proxy_is_over(w->proxy));
    }
    world_stop(w);
    for (int i = 0; i < 3 && forced; i++) close(fds[i]);
    world_start(w);
  }
  world_is_well(w);
  free(text);
}

/* ---- memory ---- */

/* Each request for memory in turn, the helper's among them. */
static void test_memory(void **state) {
  const proxy_world *w = *state;
  char *scores = scores_of(ROWS), *text = world_infer("close", "Connection: close\r\n", scores, ROWS);
  size_t n_good = 0, n_bad = 0;
  for (unsigned long n = 1; n_good < 8; n++) {
    char answer[512] = "";
    int fd = world_connect(w);
    memory_fail_at(n, 0);
    world_say(fd, text);
    shutdown(fd, SHUT_WR);
    size_t got = 0;
    for (ssize_t more = 1; more > 0 && got<sizeof answer - 1; got += more> 0 ? (size_t)more : 0) {
      struct pollfd p = {.fd = fd, .events = POLLIN};
      more = poll(&p, 1, WORLD_PATIENCE_MS) > 0 ? recv(fd, answer + got, sizeof answer - 1 - got, 0) : -1;
    }
    memory_fail_at(0, 0);
    close(fd);
    if (strncmp(answer, "HTTP/1.1 200 ", 13) == 0)
      n_good++;
    else
      n_bad++, n_good = 0;
    assert_true(n < 1000);
  }
  assert_true(n_bad > 10);
  world_is_well(w);
  free(scores), free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_same_as_alone),   cmocka_unit_test(test_either_large),
      cmocka_unit_test(test_refused),         cmocka_unit_test(test_others_go_on),
      cmocka_unit_test(test_clients_that_go), cmocka_unit_test(test_clients_that_stop_listening),
      cmocka_unit_test(test_reload),          cmocka_unit_test(test_drain_and_force),
      cmocka_unit_test(test_memory),
  };
  const struct CMUnitTest crowded[] = {cmocka_unit_test(test_too_many)};
  int failed = cmocka_run_group_tests(tests, setup, world_teardown);
  return failed + cmocka_run_group_tests(crowded, setup_small_bodies, world_teardown);
}
