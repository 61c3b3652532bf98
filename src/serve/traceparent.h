/* W3C Trace Context, level 1: the header `traceparent`, passed on in canonical form or not at all. */
#ifndef SERVE_TRACEPARENT_H
#define SERVE_TRACEPARENT_H

#include <stddef.h>

enum { TRACEPARENT_TEXT = 56 }; /* 55 characters and the NUL */

typedef struct traceparent {
  char text[TRACEPARENT_TEXT]; /* "00-<trace id>-<parent id>-<flags>", ready to send */
} traceparent;

/* 1 if `value` is a valid header; later versions are read, and written as version 00, as the standard asks. */
int traceparent_parse(traceparent *out, const char *value, size_t n_bytes);

/* The 32 digits of the trace id inside text; not NUL-terminated there. */
const char *traceparent_trace_id(const traceparent *t);

#endif
