/*
 * Counters, gauges and histograms of the proxy, and their text for Prometheus (exposition format 0.0.4). Labels come
 * from the tables here and never from a client.
 *
 * All calls may come from several threads at once; none of them fails, blocks or allocates except metrics_text.
 */
#ifndef SERVE_METRICS_TEXT_H
#define SERVE_METRICS_TEXT_H

#include <scrim/status.h>
#include <stddef.h>
#include <stdint.h>

#define METRICS_TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Why a request did not get its answer: scrim_refused_total{reason="..."}. */
typedef enum metrics_refusal {
  METRICS_REFUSED_ROUTE,    /* unknown route or model */
  METRICS_REFUSED_METHOD,   /* */
  METRICS_REFUSED_HTTP,     /* malformed or ambiguous HTTP */
  METRICS_REFUSED_SIZE,     /* a limit on bytes, chunks or rows */
  METRICS_REFUSED_SLOW,     /* a deadline or the minimum rate */
  METRICS_REFUSED_REQUEST,  /* a body that the dialect refuses */
  METRICS_REFUSED_IDENTITY, /* no identity where one is demanded */
  METRICS_REFUSED_BUDGET,   /* the client's budget is spent */
  METRICS_REFUSED_FULL,     /* no room for one more client in the budget's table */
  METRICS_REFUSED_BUSY,     /* no connection left, or no room to wait in */
  METRICS_REFUSED_UPSTREAM, /* the upstream is away, too late or malformed */
  METRICS_REFUSED_ANSWER,   /* an answer that the dialect or the filter refuses */
  METRICS_REFUSED_AUDIT,    /* the audit log cannot be written */
  METRICS_REFUSED_INTERNAL, /* out of memory, a defect */
  METRICS_REFUSALS
} metrics_refusal;

typedef enum metrics_counter {
  METRICS_ROWS,            /* scrim_rows_total: rows that passed a filter */
  METRICS_CLIENT_IN,       /* scrim_client_received_bytes_total */
  METRICS_CLIENT_OUT,      /* scrim_client_sent_bytes_total */
  METRICS_CONNECTIONS,     /* scrim_client_connections_total: accepted */
  METRICS_UPSTREAM_OPENED, /* scrim_upstream_connections_total: opened */
  METRICS_RELOADS,         /* scrim_reloads_total{result="ok"} */
  METRICS_RELOADS_FAILED,  /* scrim_reloads_total{result="failed"} */
  METRICS_AUDIT_LINES,     /* scrim_audit_lines_total */
  METRICS_LOG_FAILURES,    /* scrim_log_failures_total: lines that could not be written */
  METRICS_COUNTERS
} metrics_counter;

typedef enum metrics_gauge {
  METRICS_CLIENTS_OPEN,  /* scrim_client_connections */
  METRICS_UPSTREAM_OPEN, /* scrim_upstream_connections */
  METRICS_REQUESTS_OPEN, /* scrim_requests_in_flight */
  METRICS_READY,         /* scrim_ready: 1 while requests are taken */
  METRICS_GAUGES
} metrics_gauge;

typedef enum metrics_duration {
  METRICS_REQUEST_SECONDS,  /* scrim_request_seconds: first byte in to last byte out */
  METRICS_UPSTREAM_SECONDS, /* scrim_upstream_seconds */
  METRICS_FILTER_SECONDS,   /* scrim_filter_seconds: parsing, filtering and printing the answer */
  METRICS_DURATIONS
} metrics_duration;

typedef struct metrics metrics;
scrim_status metrics_create(metrics **out, scrim_error *error);
void metrics_free(metrics *m); /* NULL is fine */

void metrics_answer(metrics *m, int status); /* scrim_requests_total{code="200"}; codes outside 100..599 as "other" */
void metrics_refuse(metrics *m, metrics_refusal reason);
void metrics_add(metrics *m, metrics_counter counter, uint64_t n);
void metrics_set(metrics *m, metrics_gauge gauge, int64_t value);
void metrics_move(metrics *m, metrics_gauge gauge, int64_t change);
void metrics_observe(metrics *m, metrics_duration duration, double seconds);

/* The label of a reason, "budget": for the access log too. Static storage. */
const char *metrics_refusal_name(metrics_refusal reason);

/* Everything as text, for memory_free. SCRIM_E_MEMORY. */
scrim_status metrics_text(const metrics *m, char **text, size_t *n_bytes, scrim_error *error);

#endif
