/* W3C Trace Context, level 1, section 3.2. */
#include "serve/traceparent.h"
#include <string.h>

/* Where the fields of "00-<32>-<16>-<2>" begin. */
enum { AT_TRACE = 3, N_TRACE = 32, AT_PARENT = 36, N_PARENT = 16, AT_FLAGS = 53, N_FLAGS = 2, N_ALL = 55 };

static int is_lower_hex(const char *text, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f'))) return 0;
  return 1;
}

static int is_zero(const char *text, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (text[i] != '0') return 0;
  return 1;
}

int traceparent_parse(traceparent *out, const char *value, size_t n_bytes) {
  if (n_bytes < N_ALL) return 0;
  int is_first_version = memcmp(value, "00", 2) == 0;
  if (!is_lower_hex(value, 2) || memcmp(value, "ff", 2) == 0) return 0;
  /* A later version may have more fields behind these, never behind version 00. */
  if (n_bytes > N_ALL && (is_first_version || value[N_ALL] != '-')) return 0;
  if (value[AT_TRACE - 1] != '-' || value[AT_PARENT - 1] != '-' || value[AT_FLAGS - 1] != '-') return 0;
  if (!is_lower_hex(value + AT_TRACE, N_TRACE) || is_zero(value + AT_TRACE, N_TRACE)) return 0;
  if (!is_lower_hex(value + AT_PARENT, N_PARENT) || is_zero(value + AT_PARENT, N_PARENT)) return 0;
  if (!is_lower_hex(value + AT_FLAGS, N_FLAGS)) return 0;
  memcpy(out->text, value, N_ALL);
  memcpy(out->text, "00", 2);
  out->text[N_ALL] = '\0';
  return 1;
}

const char *traceparent_trace_id(const traceparent *t) {
  return t->text + AT_TRACE;
}
