/* Metrics: what Prometheus would read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/memory.h"
#include "serve/metrics_text.h"
#include <cmocka.h>
#include <ctype.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static metrics *make(void) {
  metrics *m;
  assert_int_equal(metrics_create(&m, NULL), SCRIM_OK);
  return m;
}

/* The text, with a NUL; free(). */
static char *text_of(const metrics *m) {
  char *text;
  size_t n;
  assert_int_equal(metrics_text(m, &text, &n, NULL), SCRIM_OK);
  char *copy = malloc(n + 1);
  assert_non_null(copy);
  memcpy(copy, text, n);
  copy[n] = '\0';
  assert_int_equal(strlen(copy), n);
  memory_free(text);
  return copy;
}

static void has_line(const metrics *m, const char *line) {
  char *text = text_of(m), wanted[128];
  snprintf(wanted, sizeof wanted, "\n%s\n", line);
  if (strstr(text, wanted) == NULL) fail_msg("no line '%s'", line);
  free(text);
}

static void counts_and_moves(void **state) {
  (void)state;
  metrics *m = make();
  for (int i = 0; i < 3; i++) metrics_answer(m, 200);
  metrics_answer(m, 429);
  metrics_answer(m, 0);
  metrics_answer(m, 600);
  metrics_answer(m, -1);
  metrics_refuse(m, METRICS_REFUSED_BUDGET);
  metrics_add(m, METRICS_ROWS, 12345678901);
  metrics_add(m, METRICS_RELOADS_FAILED, 2);
  metrics_set(m, METRICS_READY, 1);
  metrics_move(m, METRICS_CLIENTS_OPEN, 3);
  metrics_move(m, METRICS_CLIENTS_OPEN, -5);
  has_line(m, "scrim_requests_total{code=\"200\"} 3");
  has_line(m, "scrim_requests_total{code=\"429\"} 1");
  has_line(m, "scrim_requests_total{code=\"other\"} 3");
  has_line(m, "scrim_refused_total{reason=\"budget\"} 1");
  has_line(m, "scrim_refused_total{reason=\"http\"} 0");
  has_line(m, "scrim_rows_total 12345678901");
  has_line(m, "scrim_reloads_total{result=\"ok\"} 0");
  has_line(m, "scrim_reloads_total{result=\"failed\"} 2");
  has_line(m, "scrim_ready 1");
  has_line(m, "scrim_client_connections -2");
  has_line(m, "# TYPE scrim_rows_total counter");
  has_line(m, "# TYPE scrim_request_seconds histogram");
  metrics_free(m);
  metrics_free(NULL);
}

static void histograms_are_cumulative(void **state) {
  (void)state;
  metrics *m = make();
  static const double seconds[] = {0.0001, 0.0005, 0.00051, 0.2, 100, -1, NAN};
  for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++)
    metrics_observe(m, METRICS_FILTER_SECONDS, seconds[i]);
  has_line(m, "scrim_filter_seconds_bucket{le=\"0.0005\"} 4"); /* bounds are inclusive; what is no time is 0 */
  has_line(m, "scrim_filter_seconds_bucket{le=\"0.001\"} 5");
  has_line(m, "scrim_filter_seconds_bucket{le=\"0.1\"} 5");
  has_line(m, "scrim_filter_seconds_bucket{le=\"0.25\"} 6");
  has_line(m, "scrim_filter_seconds_bucket{le=\"30\"} 6");
  has_line(m, "scrim_filter_seconds_bucket{le=\"+Inf\"} 7");
  has_line(m, "scrim_filter_seconds_count 7");
  char *text = text_of(m), *sum = strstr(text, "scrim_filter_seconds_sum ");
  assert_non_null(sum);
  double value = strtod(sum + strlen("scrim_filter_seconds_sum "), NULL);
  assert_true(fabs(value - 100.20111) < 1e-6);
  free(text);
  has_line(m, "scrim_request_seconds_count 0");
  metrics_free(m);
}

/*
 * The exposition format: HELP and TYPE once for each name and before its samples, counters end in _total, every line is
 * a comment or "name{label} number".
 */
static void the_format_is_prometheus(void **state) {
  (void)state;
  metrics *m = make();
  metrics_answer(m, 200);
  char *text = text_of(m), family[64] = "", type[16] = "";
  for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
    if (strncmp(line, "# HELP ", 7) == 0) {
      size_t n = strcspn(line + 7, " ");
      assert_true(n < sizeof family);
      memcpy(family, line + 7, n);
      family[n] = '\0';
    } else if (strncmp(line, "# TYPE ", 7) == 0) {
      assert_memory_equal(line + 7, family, strlen(family));
      strcpy(type, strchr(line + 7, ' ') + 1);
      if (strcmp(type, "counter") == 0) assert_string_equal(family + strlen(family) - 6, "_total");
    } else {
      assert_memory_equal(line, family, strlen(family));
      for (const char *c = line + strlen(family); *c != ' ' && *c != '{'; c++) assert_true(*c == '_' || islower(*c));
      char *end, *value = strrchr(line, ' ') + 1;
      strtod(value, &end);
      assert_true(end != value && *end == '\0');
    }
  }
  free(text);
  metrics_free(m);
}

static void every_reason_has_a_name(void **state) {
  (void)state;
  for (int i = 0; i < METRICS_REFUSALS; i++) {
    assert_non_null(metrics_refusal_name((metrics_refusal)i));
    for (int j = 0; j < i; j++)
      assert_string_not_equal(metrics_refusal_name((metrics_refusal)i), metrics_refusal_name((metrics_refusal)j));
  }
}

static void *count_many(void *context) {
  for (int i = 0; i < 20000; i++) {
    metrics_add(context, METRICS_ROWS, 2);
    metrics_observe(context, METRICS_REQUEST_SECONDS, 0.003);
  }
  return NULL;
}

static void threads_lose_nothing(void **state) {
  (void)state;
  metrics *m = make();
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, count_many, m), 0);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  has_line(m, "scrim_rows_total 160000");
  has_line(m, "scrim_request_seconds_count 80000");
  metrics_free(m);
}

static void memory_runs_out(void **state) {
  (void)state;
  metrics *m = NULL;
  char *text;
  size_t n_bytes;
  memory_fail_at(1, 0);
  scrim_status status = metrics_create(&m, NULL);
  memory_fail_at(0, 0);
  assert_int_equal(status, SCRIM_E_MEMORY);
  assert_null(m);
  m = make();
  status = SCRIM_E_MEMORY;
  for (unsigned long n = 1; status == SCRIM_E_MEMORY; n++) {
    memory_fail_at(n, 0);
    status = metrics_text(m, &text, &n_bytes, NULL);
    memory_fail_at(0, 0);
    assert_int_equal(text != NULL, status == SCRIM_OK);
    memory_free(text);
    assert_true(n < 40);
  }
  assert_int_equal(status, SCRIM_OK);
  metrics_free(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(counts_and_moves),         cmocka_unit_test(histograms_are_cumulative),
      cmocka_unit_test(the_format_is_prometheus), cmocka_unit_test(every_reason_has_a_name),
      cmocka_unit_test(threads_lose_nothing),     cmocka_unit_test(memory_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
