/* Atomic numbers, and the text that Prometheus reads. */
#include "serve/metrics_text.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/number.h"
#include "serve/json_writer.h"
#include <scrim/version.h>
#include <stdatomic.h>
#include <stdio.h>

/* Upper bounds in seconds; the last bucket has none. */
static const double bounds[] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
enum { N_BOUNDS = sizeof bounds / sizeof bounds[0], FIRST_CODE = 100, N_CODES = 500 };

typedef struct histogram {
  atomic_uint_least64_t bucket[N_BOUNDS + 1]; /* not cumulative: one addition an observation */
  atomic_uint_least64_t nanoseconds;
} histogram;

struct metrics {
  atomic_uint_least64_t answers[N_CODES + 1]; /* the last: codes that are none */
  atomic_uint_least64_t refusals[METRICS_REFUSALS];
  atomic_uint_least64_t counters[METRICS_COUNTERS];
  atomic_int_least64_t gauges[METRICS_GAUGES];
  histogram durations[METRICS_DURATIONS];
};

static const char *const refusal_names[METRICS_REFUSALS] = {
    [METRICS_REFUSED_ROUTE] = "route",       [METRICS_REFUSED_METHOD] = "method",
    [METRICS_REFUSED_HTTP] = "http",         [METRICS_REFUSED_SIZE] = "size",
    [METRICS_REFUSED_SLOW] = "slow",         [METRICS_REFUSED_REQUEST] = "request",
    [METRICS_REFUSED_IDENTITY] = "identity", [METRICS_REFUSED_BUDGET] = "budget",
    [METRICS_REFUSED_FULL] = "full",         [METRICS_REFUSED_BUSY] = "busy",
    [METRICS_REFUSED_UPSTREAM] = "upstream", [METRICS_REFUSED_ANSWER] = "answer",
    [METRICS_REFUSED_AUDIT] = "audit",       [METRICS_REFUSED_INTERNAL] = "internal",
};

typedef struct metrics_name {
  const char *name, *label, *help; /* label: as it is printed, or ""; help NULL: the one before has it */
} metrics_name;

static const metrics_name counter_names[METRICS_COUNTERS] = {
    [METRICS_ROWS] = {"scrim_rows_total", "", "Score rows that passed a filter"},
    [METRICS_CLIENT_IN] = {"scrim_client_received_bytes_total", "", "Bytes received from clients"},
    [METRICS_CLIENT_OUT] = {"scrim_client_sent_bytes_total", "", "Bytes sent to clients"},
    [METRICS_CONNECTIONS] = {"scrim_client_accepted_total", "", "Connections accepted from clients"},
    [METRICS_UPSTREAM_OPENED] = {"scrim_upstream_opened_total", "", "Connections opened to the upstream"},
    [METRICS_RELOADS] = {"scrim_reloads_total", "{result=\"ok\"}", "Reloads of the configuration"},
    [METRICS_RELOADS_FAILED] = {"scrim_reloads_total", "{result=\"failed\"}", NULL},
    [METRICS_AUDIT_LINES] = {"scrim_audit_lines_total", "", "Lines of the audit log"},
    [METRICS_LOG_FAILURES] = {"scrim_log_failures_total", "", "Log lines that could not be written"},
};

static const metrics_name gauge_names[METRICS_GAUGES] = {
    [METRICS_CLIENTS_OPEN] = {"scrim_client_connections", "", "Connections of clients now open"},
    [METRICS_UPSTREAM_OPEN] = {"scrim_upstream_connections", "", "Connections to the upstream now open"},
    [METRICS_REQUESTS_OPEN] = {"scrim_requests_in_flight", "", "Requests now under way"},
    [METRICS_READY] = {"scrim_ready", "", "1 while requests are taken"},
};

static const metrics_name duration_names[METRICS_DURATIONS] = {
    [METRICS_REQUEST_SECONDS] = {"scrim_request_seconds", "", "From a request's first byte to its answer's last"},
    [METRICS_UPSTREAM_SECONDS] = {"scrim_upstream_seconds", "", "The upstream's part of it"},
    [METRICS_FILTER_SECONDS] = {"scrim_filter_seconds", "", "Reading, filtering and printing an answer"},
};

/* ---- counting ---- */

scrim_status metrics_create(metrics **out, scrim_error *error) {
  *out = memory_zalloc(1, sizeof **out); /* all-zero bytes are atomics of 0 wherever these are lock-free */
  return *out == NULL ? fail(error, SCRIM_E_MEMORY, "out of memory for metrics") : SCRIM_OK;
}

void metrics_free(metrics *m) {
  memory_free(m);
}

static void add(atomic_uint_least64_t *to, uint64_t n) {
  atomic_fetch_add_explicit(to, n, memory_order_relaxed);
}

static uint64_t read_count(const atomic_uint_least64_t *from) {
  return atomic_load_explicit(from, memory_order_relaxed);
}

void metrics_answer(metrics *m, int status) {
  int is_code = status >= FIRST_CODE && status < FIRST_CODE + N_CODES;
  add(&m->answers[is_code ? status - FIRST_CODE : N_CODES], 1);
}

void metrics_refuse(metrics *m, metrics_refusal reason) {
  add(&m->refusals[reason], 1);
}

void metrics_add(metrics *m, metrics_counter counter, uint64_t n) {
  add(&m->counters[counter], n);
}

void metrics_set(metrics *m, metrics_gauge gauge, int64_t value) {
  atomic_store_explicit(&m->gauges[gauge], value, memory_order_relaxed);
}

void metrics_move(metrics *m, metrics_gauge gauge, int64_t change) {
  atomic_fetch_add_explicit(&m->gauges[gauge], change, memory_order_relaxed);
}

void metrics_observe(metrics *m, metrics_duration duration, double seconds) {
  size_t i = 0;
  if (!(seconds > 0)) seconds = 0; /* a clock that was set, or NaN */
  while (i < N_BOUNDS && seconds > bounds[i]) i++;
  add(&m->durations[duration].bucket[i], 1);
  add(&m->durations[duration].nanoseconds, seconds < 1e9 ? (uint64_t)(seconds * 1e9) : 0);
}

const char *metrics_refusal_name(metrics_refusal reason) {
  return refusal_names[reason];
}

/* ---- text ---- */

static void write_head(json_writer *to, const char *name, const char *help, const char *type) {
  const char *const parts[] = {"# HELP ", name, " ", help, "\n# TYPE ", name, " ", type, "\n"};
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) json_write(to, parts[i]);
}

static void write_count(json_writer *to, const char *name, const char *label, uint64_t value) {
  json_write(to, name);
  json_write(to, label);
  json_write(to, " ");
  json_write_whole(to, value);
  json_write(to, "\n");
}

static void write_counters(json_writer *to, const metrics *m) {
  for (size_t i = 0; i < METRICS_COUNTERS; i++) {
    const metrics_name *c = &counter_names[i];
    if (c->help != NULL) write_head(to, c->name, c->help, "counter");
    write_count(to, c->name, c->label, read_count(&m->counters[i]));
  }
}

static void write_gauges(json_writer *to, const metrics *m) {
  for (size_t i = 0; i < METRICS_GAUGES; i++) {
    char value[32];
    write_head(to, gauge_names[i].name, gauge_names[i].help, "gauge");
    json_write(to, gauge_names[i].name);
    snprintf(value, sizeof value, " %lld\n", (long long)atomic_load_explicit(&m->gauges[i], memory_order_relaxed));
    json_write(to, value);
  }
}

/* Only codes that were ever sent; 500 lines of zeros tell nobody anything. */
static void write_answers(json_writer *to, const metrics *m) {
  write_head(to, "scrim_requests_total", "Requests by the code of their answer", "counter");
  for (int i = 0; i <= N_CODES; i++) {
    char label[24] = "{code=\"other\"}";
    uint64_t n = read_count(&m->answers[i]);
    if (n == 0) continue;
    if (i < N_CODES) snprintf(label, sizeof label, "{code=\"%d\"}", FIRST_CODE + i);
    write_count(to, "scrim_requests_total", label, n);
  }
}

static void write_refusals(json_writer *to, const metrics *m) {
  write_head(to, "scrim_refused_total", "Requests refused, by reason", "counter");
  for (size_t i = 0; i < METRICS_REFUSALS; i++) {
    char label[32];
    snprintf(label, sizeof label, "{reason=\"%s\"}", refusal_names[i]);
    write_count(to, "scrim_refused_total", label, read_count(&m->refusals[i]));
  }
}

/* Buckets are cumulative here; their total is the count, so that the two never disagree. */
static void write_histogram(json_writer *to, const metrics_name *name, const histogram *h) {
  char line[128];
  uint64_t total = 0;
  write_head(to, name->name, name->help, "histogram");
  for (size_t i = 0; i <= N_BOUNDS; i++) {
    total += read_count(&h->bucket[i]);
    char bound[NUMBER_TEXT] = "+Inf";
    if (i < N_BOUNDS) number_print(bound, bounds[i]);
    snprintf(line, sizeof line, "%s_bucket{le=\"%s\"} %llu\n", name->name, bound, (unsigned long long)total);
    json_write(to, line);
  }
  uint64_t sum = read_count(&h->nanoseconds);
  snprintf(line, sizeof line, "%s_sum %llu.%09llu\n%s_count ", name->name, (unsigned long long)(sum / 1000000000),
           (unsigned long long)(sum % 1000000000), name->name);
  json_write(to, line);
  json_write_whole(to, total);
  json_write(to, "\n");
}

scrim_status metrics_text(const metrics *m, char **text, size_t *n_bytes, scrim_error *error) {
  json_writer to = {0};
  *text = NULL;
  *n_bytes = 0;
  write_head(&to, "scrim_build_info", "The version that runs", "gauge");
  write_count(&to, "scrim_build_info", "{version=\"" SCRIM_VERSION "\"}", 1);
  write_answers(&to, m);
  write_refusals(&to, m);
  write_counters(&to, m);
  write_gauges(&to, m);
  for (size_t i = 0; i < METRICS_DURATIONS; i++) write_histogram(&to, &duration_names[i], &m->durations[i]);
  if (to.failed) {
    json_write_free(&to);
    return fail(error, SCRIM_E_MEMORY, "out of memory for the text of metrics");
  }
  *text = to.bytes;
  *n_bytes = to.n;
  return SCRIM_OK;
}
