/*
 * The one pass that untrusted JSON takes before anything else reads it: linear in time, without an allocation, without
 * recursion. What passes is RFC 8259 to the letter, and narrower where parsers are known to disagree:
 *
 *     bytes, depth, values, string lengths    within the caller's limits
 *     numbers                                 at most JSON_NUMBER_CHARS characters; no NaN, no Infinity
 *     strings                                 UTF-8 in shortest form; no U+0000, no half of a surrogate pair
 *     names in one object                     no two alike, escapes resolved; JSON_OPEN_NAMES in all open objects
 *
 * so that no two parsers behind it read two different things. Messages name a byte of the text and a rule, never what
 * stands there: the text may hold raw scores.
 */
#ifndef SERVE_JSON_GUARD_H
#define SERVE_JSON_GUARD_H

#include <scrim/status.h>
#include <stddef.h>

enum {
  JSON_MAX_DEPTH = 64,    /* the deepest that a caller may ask for */
  JSON_NUMBER_CHARS = 63, /* more than any double needs, and what common parsers keep */
  JSON_OPEN_NAMES = 1024
};

typedef struct json_limits {
  size_t bytes;        /* of the text */
  size_t depth;        /* arrays and objects inside one another, at most JSON_MAX_DEPTH */
  size_t values;       /* numbers, strings, words, arrays and objects; names do not count */
  size_t string_bytes; /* of one string or name as it stands in the text */
} json_limits;

/* SCRIM_E_FORMAT: not such JSON. SCRIM_E_DATA: beyond a limit. */
scrim_status json_guard(const char *text, size_t n_bytes, const json_limits *limits, scrim_error *error);

#endif
