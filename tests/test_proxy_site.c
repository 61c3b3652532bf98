/* From a configuration to what serves it: what the parts are given. */
#include "proxy_world.h"

/* One model with two score tensors, in front of which at most `rows` confidence vectors pass. */
static void start_with_two_tensors(proxy_world *w, size_t rows) {
  static const char output[] = "\"form\":\"probabilities\",\"classes\":3,\"filter\":\"filter.scrim\","
                               "\"key\":\"filter.key\"}";
  char text[2048];
  int n = snprintf(text, sizeof text,
                   "{\"allow_unsigned\":true,\"listen\":[{\"address\":\"127.0.0.1\",\"port\":0}],"
                   "\"upstream\":{\"host\":\"127.0.0.1\",\"port\":%d},\"limits\":{\"rows\":%zu},"
                   "\"models\":[{\"name\":\"two\",\"dialect\":\"oip2\",\"outputs\":[{\"name\":\"a\",%s,"
                   "{\"name\":\"b\",%s]}]}",
                   stub_upstream_port(w->stub), rows, output, output);
  files_write(world_path(w, "serve.json"), text, (size_t)n);
  world_start(w);
}

/* The model server answers with a row in each tensor. */
static int status_of_two_rows(const proxy_world *w) {
  static const char body[] =
      "{\"outputs\":[{\"name\":\"a\",\"shape\":[1,3],\"datatype\":\"FP32\",\"data\":[0.5,0.3,0.2]},"
      "{\"name\":\"b\",\"shape\":[1,3],\"datatype\":\"FP32\",\"data\":" WORLD_SCORES "}]}";
  char script[512];
  int n = snprintf(script, sizeof script, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", sizeof body - 1, body);
  stub_upstream_script(w->stub, script, (size_t)n, 0);
  world_answer a = world_ask_model(w, "two");
  int status = a.status;
  assert_null(strstr(a.text, WORLD_CANARY));
  if (status == 502) assert_non_null(strstr(a.text, "more than the 1 rows"));
  world_answer_free(&a);
  return status;
}

/* The limit is on all confidence vectors of an answer, not on each tensor's. */
static void test_rows_of_an_answer(void **state) {
  proxy_world *w = *state;
  start_with_two_tensors(w, 2);
  assert_int_equal(status_of_two_rows(w), 200);
  world_stop(w);
  start_with_two_tensors(w, 1);
  assert_int_equal(status_of_two_rows(w), 502);
  world_stop(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows_of_an_answer)};
  return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
