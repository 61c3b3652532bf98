/* One JSON line a request. It has no field for scores, inputs, headers or raw paths: what is not here cannot leak. */
#ifndef SERVE_LOG_ACCESS_H
#define SERVE_LOG_ACCESS_H

#include "serve/log_file.h"
#include "serve/traceparent.h"
#include <stdint.h>

typedef struct log_access_entry {
  double time_s;                    /* since 1970, UTC: when the request began */
  const char *method;               /* "POST"; "?" for what is none */
  const char *route;                /* the template: "infer", "predict", "health", "metrics", "unknown" */
  const char *model;                /* configured name; NULL: none */
  int status;                       /* sent to the client; 0: the connection ended before */
  const char *reason;               /* metrics_refusal_name; NULL: answered */
  const char *client;               /* digest of the identity in hexadecimal digits, or NULL */
  const traceparent *trace;         /* NULL: none */
  uint64_t bytes_in, bytes_out;     /* bodies */
  uint64_t rows;                    /* that passed a filter */
  double seconds, upstream_seconds; /* upstream: negative if none was asked */
} log_access_entry;

scrim_status log_access_write(log_file *log, const log_access_entry *entry, scrim_error *error);

#endif
