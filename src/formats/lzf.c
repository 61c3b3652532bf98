/*
 * LZF. A control byte below 32 announces that many literals and one; any other holds a length in its upper three bits
 * (7: a further byte is added) and the upper five bits of a distance, whose lower eight follow.
 */
#include "formats/lzf.h"
#include "core/error.h"
#include "core/memory.h"
#include <stdint.h>
#include <string.h>

enum {
  LITERALS_MAX = 32,
  SHORTEST = 3, /* bytes of a copy that saves something */
  LONGEST = 264,
  DISTANCE_MAX = 8192,
  HASH_BITS = 14
};

size_t lzf_bound(size_t n) {
  return n + n / LITERALS_MAX + 1;
}

static size_t hash_at(const unsigned char *at) {
  uint32_t three = (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
  return three * 2654435761u >> (32 - HASH_BITS);
}

/* Writes from[0..n) as literal runs. */
static unsigned char *put_literals(unsigned char *to, const unsigned char *from, size_t n) {
  while (n > 0) {
    size_t run = n < LITERALS_MAX ? n : LITERALS_MAX;
    *to++ = (unsigned char)(run - 1);
    memcpy(to, from, run);
    to += run;
    from += run;
    n -= run;
  }
  return to;
}

static unsigned char *put_copy(unsigned char *to, size_t distance, size_t length) {
  size_t back = distance - 1, code = length - 2;
  *to++ = (unsigned char)((code < 7 ? code : 7) << 5 | back >> 8);
  if (code >= 7) *to++ = (unsigned char)(code - 7);
  *to++ = (unsigned char)back;
  return to;
}

static size_t common_length(const unsigned char *a, const unsigned char *b, size_t limit) {
  size_t length = 0;
  while (length < limit && a[length] == b[length]) length++;
  return length;
}

scrim_status lzf_compress(const unsigned char *from, size_t n, unsigned char *to, size_t *written, scrim_error *error) {
  uint32_t *last = memory_zalloc((size_t)1 << HASH_BITS, sizeof *last); /* place + 1 of the latest with that hash */
  if (last == NULL) return fail(error, SCRIM_E_MEMORY, "no memory for the table of the compression");
  unsigned char *start = to;
  size_t at = 0, literals = 0; /* from[literals..at) has not been written */
  while (n >= SHORTEST && at <= n - SHORTEST) {
    uint32_t *slot = &last[hash_at(from + at)];
    size_t before = *slot, length = 0;
    *slot = (uint32_t)at + 1;
    if (before > 0 && at - (before - 1) <= DISTANCE_MAX)
      length = common_length(from + before - 1, from + at, n - at < LONGEST ? n - at : LONGEST);
    if (length < SHORTEST) {
      at++;
      continue;
    }
    to = put_literals(to, from + literals, at - literals);
    to = put_copy(to, at - (before - 1), length);
    at += length;
    literals = at;
  }
  to = put_literals(to, from + literals, n - literals);
  memory_free(last);
  *written = (size_t)(to - start);
  return SCRIM_OK;
}

static scrim_status bad_byte(size_t at, const char *what, scrim_error *error) {
  return fail(error, SCRIM_E_FORMAT, "compressed data, byte %zu: %s", at, what);
}

scrim_status lzf_expand(const unsigned char *from, size_t n, unsigned char *to, size_t expected, scrim_error *error) {
  size_t at = 0, done = 0;
  while (at < n) {
    size_t control = from[at++];
    if (control < LITERALS_MAX) {
      size_t run = control + 1;
      if (run > n - at) return bad_byte(at - 1, "the literals go on behind the end", error);
      if (run > expected - done) return bad_byte(at - 1, "it expands to more than the header says", error);
      memcpy(to + done, from + at, run);
      at += run;
      done += run;
      continue;
    }
    size_t length = control >> 5, needed = length == 7 ? 2 : 1;
    if (needed > n - at) return bad_byte(at - 1, "a copy is cut off", error);
    if (length == 7) length += from[at++];
    size_t distance = ((control & 31) << 8 | from[at++]) + 1;
    length += 2;
    if (distance > done) return bad_byte(at - needed - 1, "a copy from before the start", error);
    if (length > expected - done) return bad_byte(at - needed - 1, "it expands to more than the header says", error);
    /* Source and target overlap where a pattern is repeated: byte by byte. */
    for (; length > 0; length--, done++) to[done] = to[done - distance];
  }
  if (done == expected) return SCRIM_OK;
  return fail(error, SCRIM_E_FORMAT, "compressed data expands to %zu bytes, the header says %zu", done, expected);
}
