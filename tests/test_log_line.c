/* Lines of JSON: escapes, cuts, times; and that no value can break out of its field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "serve/json_guard.h"
#include "serve/log_line.h"
#include <cmocka.h>
#include <math.h>
#include <string.h>

static void equals(const log_line *line, const char *wanted) {
  static const json_limits limits = {LOG_LINE_BYTES, 2, 100, LOG_LINE_BYTES};
  assert_int_equal(line->n, strlen(wanted));
  assert_memory_equal(line->bytes, wanted, line->n);
  assert_int_equal(json_guard(line->bytes, line->n - 1, &limits, NULL), SCRIM_OK);
}

static void fields_in_their_order(void **state) {
  (void)state;
  log_line line;
  log_line_begin(&line);
  log_line_end(&line);
  equals(&line, "{}\n");
  log_line_begin(&line);
  log_line_string(&line, "a", "x");
  log_line_string(&line, "none", NULL);
  log_line_whole(&line, "b", UINT64_MAX);
  log_line_seconds(&line, "c", 1.0000005);
  log_line_end(&line);
  equals(&line, "{\"a\":\"x\",\"b\":18446744073709551615,\"c\":1.000001}\n");
}

static void values_cannot_break_out(void **state) {
  (void)state;
  log_line line;
  log_line_begin(&line);
  log_line_string(&line, "a", "\",\"b\":\"\\\n\x01\x7f\t");
  log_line_string(&line, "u", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
  log_line_string(&line, "bad", "a\xff\xc3");
  log_line_end(&line);
  equals(
      &line,
      "{\"a\":\"\\\",\\\"b\\\":\\\"\\\\\\u000a\\u0001\\u007f\\u0009\",\"u\":\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\","
      "\"bad\":\"a??\"}\n");
}

/* Long values end with a whole character; the longest that can be still fits. */
static void long_values_are_cut(void **state) {
  (void)state;
  char value[1000], wanted[2000];
  for (int shift = 0; shift < 3; shift++) {
    memset(value, 'x', sizeof value);
    for (size_t i = (size_t)shift; i + 4 < sizeof value; i += 3) memcpy(value + i, "\xe2\x82\xac", 3);
    value[sizeof value - 1] = '\0';
    size_t n = (size_t)(LOG_LINE_VALUE - shift) / 3 * 3 + (size_t)shift;
    log_line line;
    log_line_begin(&line);
    log_line_string(&line, "v", value);
    log_line_end(&line);
    memcpy(wanted, "{\"v\":\"", 6);
    memcpy(wanted + 6, value, n);
    strcpy(wanted + 6 + n, "\"}\n");
    equals(&line, wanted);
  }
  memset(value, '\n', sizeof value - 1);
  log_line line;
  log_line_begin(&line);
  log_line_string(&line, "v", value);
  log_line_string(&line, "w", value);
  log_line_end(&line);
  assert_true(line.n < LOG_LINE_BYTES);
  assert_memory_equal(line.bytes + line.n - 3, "\"}\n", 3);
  for (int i = 0; i < 4; i++) log_line_string(&line, "w", value); /* and what does not fit stays inside */
  assert_int_equal(line.n, LOG_LINE_BYTES);
}

static void times(void **state) {
  (void)state;
  static const struct {
    double time_s;
    const char *wanted;
  } cases[] = {
      {0, "{\"t\":\"1970-01-01T00:00:00.000Z\"}\n"},
      {951782400.5, "{\"t\":\"2000-02-29T00:00:00.500Z\"}\n"},
      {1767225599.9994, "{\"t\":\"2025-12-31T23:59:59.999Z\"}\n"},
      {1767225599.9996, "{\"t\":\"2026-01-01T00:00:00.000Z\"}\n"},
      {-1, "{\"t\":\"1970-01-01T00:00:00.000Z\"}\n"},
      {NAN, "{\"t\":\"1970-01-01T00:00:00.000Z\"}\n"},
      {1e300, "{\"t\":\"1970-01-01T00:00:00.000Z\"}\n"},
      {253402300798.0, "{\"t\":\"9999-12-31T23:59:58.000Z\"}\n"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    log_line line;
    log_line_begin(&line);
    log_line_time(&line, "t", cases[i].time_s);
    log_line_end(&line);
    equals(&line, cases[i].wanted);
  }
  log_line line;
  log_line_begin(&line);
  log_line_seconds(&line, "a", NAN);
  log_line_seconds(&line, "b", -3);
  log_line_end(&line);
  equals(&line, "{\"a\":0.000000,\"b\":0.000000}\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fields_in_their_order),
      cmocka_unit_test(values_cannot_break_out),
      cmocka_unit_test(long_values_are_cut),
      cmocka_unit_test(times),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
