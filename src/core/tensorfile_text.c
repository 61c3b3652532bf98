/*
 * The header's text, before a JSON parser sees it. Tensors need objects, arrays, strings and plain whole numbers, three
 * levels deep; whatever else JSON can say is refused here, so that no parser's leniency becomes part of the format.
 */
#include "core/error.h"
#include "core/tensorfile_parts.h"
#include <string.h>

enum { MAX_DEPTH = 3 }; /* header { tensor { shape [ */

/* Bytes of the UTF-8 character at `text`, or 0 if there is none: RFC 3629, table 3-7 of the Unicode standard. */
static size_t utf8_length(const unsigned char *text, size_t n) {
  static const struct {
    unsigned char first_low, first_high, second_low, second_high;
    size_t length;
  } forms[] = {
      {0x01, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
      {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
      {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
  };
  for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
    size_t length = forms[i].length;
    if (text[0] < forms[i].first_low || text[0] > forms[i].first_high) continue;
    if (length > n) return 0;
    if (length > 1 && (text[1] < forms[i].second_low || text[1] > forms[i].second_high)) return 0;
    for (size_t j = 2; j < length; j++)
      if ((text[j] & 0xc0) != 0x80) return 0;
    return length;
  }
  return 0;
}

int tensorfile_is_utf8(const char *text, size_t n_bytes) {
  for (size_t i = 0, step; i < n_bytes; i += step) {
    step = utf8_length((const unsigned char *)text + i, n_bytes - i);
    if (step == 0) return 0;
  }
  return 1;
}

/* `at` is just behind the opening quote; answers the place behind the closing one, or 0 after an error. */
static size_t text_skip_string(const char *header, size_t at, size_t n, scrim_error *error) {
  while (at < n) {
    unsigned char c = (unsigned char)header[at];
    if (c == '"') return at + 1;
    size_t step = utf8_length((const unsigned char *)header + at, n - at);
    if (step == 0 || c < 0x20) {
      (void)fail(error, SCRIM_E_FORMAT, "header byte %zu: 0x%02x is not UTF-8 text", at, c);
      return 0;
    }
    /* A NUL in disguise would end a C string early and make two names one. */
    if (n - at >= 6 && memcmp(header + at, "\\u0000", 6) == 0) {
      (void)fail(error, SCRIM_E_FORMAT, "header byte %zu: NUL inside a string", at);
      return 0;
    }
    at += c == '\\' ? 2 : step;
  }
  (void)fail(error, SCRIM_E_FORMAT, "header ends inside a string");
  return 0;
}

static int text_is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* 007: JSON has no such number, some parsers do. header[0] is '{', so there is a character before a digit. */
static int text_is_leading_zero(const char *header, size_t at, size_t n) {
  return header[at] == '0' && !text_is_digit(header[at - 1]) && at + 1 < n && text_is_digit(header[at + 1]);
}

/* Nesting depth after `c`. */
static int text_depth_after(int depth, char c) {
  if (c == '{' || c == '[') return depth + 1;
  return c == '}' || c == ']' ? depth - 1 : depth;
}

scrim_status tensorfile_check_text(const char *header, size_t n_bytes, scrim_error *error) {
  if (n_bytes == 0 || header[0] != '{') return fail(error, SCRIM_E_FORMAT, "header does not begin with '{'");
  int depth = 0;
  for (size_t at = 0; at < n_bytes;) {
    char c = header[at];
    if (c == '"') {
      at = text_skip_string(header, at + 1, n_bytes, error);
      if (at == 0) return SCRIM_E_FORMAT;
      continue;
    }
    if (c == '\0' || strchr("{}[],: \t\r\n0123456789", c) == NULL)
      return fail(error, SCRIM_E_FORMAT, "header byte %zu: 0x%02x outside a string", at, (unsigned)(unsigned char)c);
    if (text_is_leading_zero(header, at, n_bytes))
      return fail(error, SCRIM_E_FORMAT, "header byte %zu: a number with a leading zero", at);
    depth = text_depth_after(depth, c);
    if (depth > MAX_DEPTH)
      return fail(error, SCRIM_E_FORMAT, "header byte %zu: nested deeper than %d levels", at, (int)MAX_DEPTH);
    at++;
  }
  return SCRIM_OK;
}
