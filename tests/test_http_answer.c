/* Heads that the proxy writes, byte by byte, and what may not get into them. */
#include "core/memory.h"
#include "serve/http_answer.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_head(http_answer answer, const char *due) {
  char head[HTTP_ANSWER_BYTES];
  size_t n = http_answer_head(head, &answer);
  assert_int_equal(n, strlen(due));
  assert_memory_equal(head, due, n);
}

static void test_heads(void **state) {
  (void)state;
  assert_head((http_answer){.status = 200, .n_body = 5, .header_bytes = -1},
              "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n");
  assert_head((http_answer){.status = 200, .type = "application/octet-stream", .n_body = 70, .header_bytes = 58},
              "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 70\r\n"
              "Inference-Header-Content-Length: 58\r\n\r\n");
  assert_head((http_answer){.status = 405, .header_bytes = -1, .allow = "GET", .close = 1},
              "HTTP/1.1 405 Method Not Allowed\r\nContent-Type: application/json\r\nContent-Length: 0\r\n"
              "Allow: GET\r\nConnection: close\r\n\r\n");
  assert_head((http_answer){.status = 429, .header_bytes = -1, .retry_after = 60},
              "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nContent-Length: 0\r\n"
              "Retry-After: 60\r\n\r\n");
}

/* The longest values that there are fit. */
static void test_longest(void **state) {
  (void)state;
  char head[HTTP_ANSWER_BYTES];
  size_t n = http_answer_head(head, &(http_answer){.status = 431,
                                                   .type = "text/plain; version=0.0.4; charset=utf-8",
                                                   .n_body = SIZE_MAX,
                                                   .header_bytes = INT64_MAX,
                                                   .allow = "POST",
                                                   .retry_after = 4294967295u,
                                                   .close = 1});
  assert_true(n < HTTP_ANSWER_BYTES);
  assert_memory_equal(head + n - 4, "\r\n\r\n", 4);
}

static void test_phrases(void **state) {
  (void)state;
  assert_string_equal(http_answer_phrase(504), "Gateway Timeout");
  assert_string_equal(http_answer_phrase(299), "Unknown");
}

static void test_text(void **state) {
  (void)state;
  http_text text = {0};
  http_text_add(&text, "GET / HTTP/1.1\r\n", 16);
  http_text_field(&text, "X", (http_slice){"a\tb", 3});
  http_text_field(&text, "Y", (http_slice){NULL, 0});
  http_text_number(&text, "N", UINT64_MAX);
  static const char due[] = "GET / HTTP/1.1\r\nX: a\tb\r\nY: \r\nN: 18446744073709551615\r\n";
  assert_int_equal(text.n, sizeof due - 1);
  assert_memory_equal(text.at, due, text.n);
  assert_false(text.failed);
  memory_free(text.at);
}

/* A value that would end its line, or the head. */
static void test_injection(void **state) {
  (void)state;
  static const char *const values[] = {"a\r\nHost: b", "a\n", "\r", "\x7f", "\x01"};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    http_text text = {0};
    http_text_field(&text, "X", (http_slice){values[i], strlen(values[i])});
    assert_true(text.failed);
    memory_free(text.at);
  }
}

static void test_out_of_memory(void **state) {
  (void)state;
  http_text text = {0};
  memory_fail_at(1, 0);
  http_text_add(&text, "a", 1);
  memory_fail_at(0, 0);
  assert_true(text.failed);
  http_text_add(&text, "a", 1);
  assert_int_equal(text.n, 0);
  assert_null(text.at);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_heads), cmocka_unit_test(test_longest),   cmocka_unit_test(test_phrases),
      cmocka_unit_test(test_text),  cmocka_unit_test(test_injection), cmocka_unit_test(test_out_of_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
