/* What the upstream does wrong, and what memory does: an error of the proxy's own, and never a byte of raw scores. */
#include "core/memory.h"
#include "proxy_world.h"

static void test_bad_answers(void **state) {
  const proxy_world *w = *state;
  static const struct {
    const char *model;
    int status;
    const char *words;
  } bad[] = {
      {"cut", 502, "cut off"},
      {"hangup", 502, "cut off"},
      {"garbage", 502, "not HTTP"},
      {"folded", 502, "not HTTP"},
      {"nolength", 502, "not HTTP"},
      {"both", 502, "not HTTP"},
      {"huge", 502, "not HTTP"},
      {"many", 502, "not HTTP"},
      {"gzip", 502, "compressed"},
      {"encoded", 502, "compressed"},
      {"slow", 504, "too long"},
      {"s400", 400, "answered 400"},
      {"s404", 404, "answered 404"},
      {"s429", 429, "answered 429"},
      {"s500", 502, "answered 500"},
      {"s503", 503, "answered 503"},
      {"wrong_k", 502, ""},
      {"more_rows", 502, ""},
      {"nan", 502, ""},
      {"not_json", 502, ""},
      {"empty", 502, ""},
      {"classes", 502, ""},
      {"datatype", 502, ""},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    world_answer a = world_ask_model(w, bad[i].model);
    if (a.status != bad[i].status || !strstr(a.text, bad[i].words)) print_error("%s: %s\n", bad[i].model, a.text);
    assert_int_equal(a.status, bad[i].status);
    assert_non_null(strstr(a.body, "{\"error\":\""));
    assert_non_null(strstr(a.body, bad[i].words));
    assert_null(strstr(a.text, WORLD_CANARY));
    assert_null(strstr(a.text, "1234567"));
    world_answer_free(&a);
  }
  world_is_well(w);
}

/* A second tensor with the same scores is dropped; bytes behind an answer do not become the next one's. */
static void test_odd_answers(void **state) {
  const proxy_world *w = *state;
  world_answer a = world_ask_model(w, "second");
  assert_int_equal(a.status, 200);
  assert_null(strstr(a.text, WORLD_CANARY));
  assert_null(strstr(a.text, "logits"));
  world_answer_free(&a);
  for (int i = 0; i < 4; i++) {
    a = world_ask_model(w, "extra");
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.body, "\"scores\""));
    world_answer_free(&a);
    world_sleep(0.02); /* the bytes behind it come a moment later; before that nobody can tell */
  }
}

/* Many clients at once through all kinds of answers. */
static void test_all_at_once(void **state) {
  const proxy_world *w = *state;
  enum { ROUNDS = 3 };
  int fds[WORLD_MODELS * ROUNDS];
  for (size_t i = 0; i < WORLD_MODELS * ROUNDS; i++) {
    char *text = world_infer(world_models[i % WORLD_MODELS], "", WORLD_SCORES, 1);
    fds[i] = world_connect(w);
    world_say(fds[i], text);
    free(text);
  }
  for (size_t i = 0; i < WORLD_MODELS * ROUNDS; i++) {
    world_answer a = world_hear(fds[i]);
    assert_true(a.status >= 200);
    assert_null(strstr(a.text, WORLD_CANARY));
    world_answer_free(&a);
    close(fds[i]);
  }
  world_is_well(w);
}

/* ---- memory ---- */

/*
 * One request while request number n for memory fails, and all after it if `lasting`. Answers the status, 0 if there
 * was no whole head. Reads without the parser, which would ask for memory itself.
 */
static int ask_without_memory(const proxy_world *w, const char *text, unsigned long n, int lasting) {
  char answer[4096];
  size_t got = 0;
  int fd = world_connect(w), status = 0;
  memory_fail_at(n, lasting);
  world_say(fd, text);
  for (ssize_t more = 1; more > 0 && got<sizeof answer - 1; got += more> 0 ? (size_t)more : 0) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    more = poll(&p, 1, WORLD_PATIENCE_MS) > 0 ? recv(fd, answer + got, sizeof answer - 1 - got, 0) : -1;
  }
  memory_fail_at(0, 0);
  close(fd);
  answer[got] = '\0';
  assert_null(strstr(answer, WORLD_CANARY));
  if (strstr(answer, "\r\n\r\n") != NULL) assert_int_equal(sscanf(answer, "HTTP/1.1 %d ", &status), 1);
  if (status != 0 && status != 200) assert_non_null(strstr(answer, "{\"error\":\""));
  return status;
}

/* Each request for memory in turn, libevent's and the filter's among them. */
static void test_memory(void **state) {
  const proxy_world *w = *state;
  /* A new connection to the upstream each time, and one client's after the other. */
  char *text = world_infer("close", "Connection: close\r\n", WORLD_SCORES, 1);
  int seen[600] = {0};
  for (int lasting = 0; lasting < 2; lasting++) {
    int in_a_row = 0;
    for (unsigned long n = 1; in_a_row < 8; n++) {
      assert_true(n < 2000);
      int status = ask_without_memory(w, text, n, lasting);
      seen[status]++;
      in_a_row = status == 200 ? in_a_row + 1 : 0;
    }
    world_is_well(w);
  }
  assert_true(seen[503] > 0 && seen[200] >= 16);
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_bad_answers),
      cmocka_unit_test(test_odd_answers),
      cmocka_unit_test(test_all_at_once),
      cmocka_unit_test(test_memory),
  };
  return cmocka_run_group_tests(tests, world_setup_proxy, world_teardown);
}
