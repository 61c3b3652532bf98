/* npy headers. */
#include "formats/npy_header.h"
#include "core/error.h"
#include "formats/dtype.h"
#include "formats/shape.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char magic[] = "\x93NUMPY";
enum { MAGIC = sizeof magic - 1, ALIGNMENT = 64, GROWTH_DIGITS = 21 };

int npy_header_starts(const char *bytes, size_t n) {
  return n >= MAGIC && memcmp(bytes, magic, MAGIC) == 0;
}

scrim_status npy_header_locate(const char *bytes, size_t n, size_t *offset, size_t *length, const char *file,
                               scrim_error *error) {
  if (n == 0) return fail(error, SCRIM_E_FORMAT, "'%s' is empty: an npy file was expected", file);
  if (!npy_header_starts(bytes, n))
    return fail(error, SCRIM_E_FORMAT, "'%s' is no npy file: it does not start with \\x93NUMPY", file);
  const unsigned char *at = (const unsigned char *)bytes + MAGIC;
  if (n > MAGIC && (at[0] < 1 || at[0] > 3))
    return fail(error, SCRIM_E_FORMAT, "'%s': npy version %d is unknown, expected 1 to 3", file, at[0]);
  size_t prefix = n > MAGIC && at[0] > 1 ? 12 : 10;
  if (n < prefix)
    return fail(error, SCRIM_E_FORMAT, "'%s' is truncated: expected %zu bytes before the npy header, found %zu", file,
                prefix, n);
  size_t bytes_long = at[2] | (size_t)at[3] << 8;
  if (prefix == 12) bytes_long |= (size_t)at[4] << 16 | (size_t)at[5] << 24;
  if (bytes_long > NPY_HEADER_MAX)
    return fail(error, SCRIM_E_FORMAT, "'%s': npy header of %zu bytes, the limit is %d", file, bytes_long,
                NPY_HEADER_MAX);
  *offset = prefix;
  *length = bytes_long;
  return SCRIM_OK;
}

/* ---- the dictionary ---- */

typedef struct cursor {
  const char *at, *end;
  const char *file;
} cursor;

static void skip_space(cursor *c) {
  while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r')) c->at++;
}

/* Takes the character if it comes next, after spaces. */
static int take(cursor *c, char wanted) {
  skip_space(c);
  if (c->at == c->end || *c->at != wanted) return 0;
  c->at++;
  return 1;
}

/* Takes the word if it comes next, after spaces. */
static int take_word(cursor *c, const char *word) {
  size_t n = strlen(word);
  skip_space(c);
  if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n) != 0) return 0;
  c->at += n;
  return 1;
}

/* A quoted string without escapes. */
static int take_string(cursor *c, const char **text, size_t *n) {
  skip_space(c);
  if (c->at == c->end || (*c->at != '\'' && *c->at != '"')) return 0;
  const char *start = c->at + 1, *close = memchr(start, *c->at, (size_t)(c->end - start));
  if (close == NULL || memchr(start, '\\', (size_t)(close - start)) != NULL) return 0;
  *text = start;
  *n = (size_t)(close - start);
  c->at = close + 1;
  return 1;
}

/* A whole number that fits in 63 bits. Answers 0 without one, -1 if it is too large. */
static int take_number(cursor *c, int64_t *number) {
  skip_space(c);
  const char *start = c->at;
  int64_t value = 0;
  for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
    int digit = *c->at - '0';
    if (value > (INT64_MAX - digit) / 10) return -1;
    value = value * 10 + digit;
  }
  *number = value;
  return c->at > start;
}

static scrim_status malformed(const cursor *c, const char *expected, scrim_error *error) {
  return fail(error, SCRIM_E_FORMAT, "'%s': malformed npy header: expected %s", c->file, expected);
}

static scrim_status parse_descr(cursor *c, scrim_table_info *info, scrim_error *error) {
  const char *text;
  size_t n;
  skip_space(c);
  if (c->at < c->end && *c->at == '[')
    return fail(error, SCRIM_E_FORMAT, "'%s' holds records with fields: expected one number type", c->file);
  if (!take_string(c, &text, &n)) return malformed(c, "a type after 'descr'", error);
  int shown = n < 32 ? (int)n : 32;
  const dtype *type = n > 1 ? dtype_find(text + 1, n - 1) : NULL;
  if (n > 1 && text[1] == 'O')
    return fail(error, SCRIM_E_FORMAT, "'%s' holds Python objects (type '%.*s'): expected numbers", c->file, shown,
                text);
  if (type != NULL && text[0] == '>' && type->bytes > 1)
    return fail(error, SCRIM_E_FORMAT, "'%s' is big-endian (type '%.*s'): expected '<%s'", c->file, shown, text,
                type->code);
  if (type == NULL || (text[0] != '<' && (text[0] != '|' || type->bytes > 1)))
    return fail(error, SCRIM_E_FORMAT, "'%s' has type '%.*s': expected <f2, f4, f8, i1 to i8, u1 to u8 or b1", c->file,
                shown, text);
  info->dtype = type->id;
  return SCRIM_OK;
}

static scrim_status parse_order(cursor *c, scrim_error *error) {
  if (take_word(c, "False")) return SCRIM_OK;
  if (!take_word(c, "True")) return malformed(c, "True or False after 'fortran_order'", error);
  return fail(error, SCRIM_E_FORMAT, "'%s' is in Fortran order: expected C order (numpy.ascontiguousarray)", c->file);
}

static scrim_status parse_shape(cursor *c, scrim_table_info *info, scrim_error *error) {
  if (!take(c, '(')) return malformed(c, "a tuple after 'shape'", error);
  int rank = 0;
  for (int more = 1; !take(c, ')'); rank++) {
    int64_t length = 0;
    if (!more) return malformed(c, "',' or ')' in 'shape'", error);
    if (rank == SCRIM_TABLE_MAX_RANK)
      return fail(error, SCRIM_E_FORMAT, "'%s' has more than %d dimensions", c->file, SCRIM_TABLE_MAX_RANK);
    int found = take_number(c, &length);
    if (found == 0) return malformed(c, "whole numbers of 0 or more in 'shape'", error);
    if (found < 0)
      return fail(error, SCRIM_E_FORMAT, "'%s': a dimension of the npy shape does not fit in 63 bits", c->file);
    info->shape[rank] = length;
    more = take(c, ',');
  }
  info->rank = rank;
  return SCRIM_OK;
}

/* One key and its value. *seen has a bit for each key. */
static scrim_status parse_entry(cursor *c, scrim_table_info *info, unsigned *seen, scrim_error *error) {
  static const char *const keys[] = {"descr", "fortran_order", "shape"};
  const char *key;
  size_t n, i = 0;
  if (!take_string(c, &key, &n) || !take(c, ':')) return malformed(c, "a key and ':'", error);
  while (i < 3 && (strlen(keys[i]) != n || memcmp(keys[i], key, n) != 0)) i++;
  if (i == 3 || (*seen & 1u << i)) return malformed(c, "each of 'descr', 'fortran_order' and 'shape' once", error);
  *seen |= 1u << i;
  return i == 0 ? parse_descr(c, info, error) : i == 1 ? parse_order(c, error) : parse_shape(c, info, error);
}

scrim_status npy_header_parse(const char *text, size_t n, scrim_table_info *info, const char *file,
                              scrim_error *error) {
  cursor c = {text, text + n, file};
  unsigned seen = 0;
  if (!take(&c, '{')) return malformed(&c, "'{'", error);
  for (int more = 1; !take(&c, '}'); more = take(&c, ',')) {
    if (!more) return malformed(&c, "',' or '}'", error);
    scrim_status status = parse_entry(&c, info, &seen, error);
    if (status != SCRIM_OK) return status;
  }
  if (seen != 7) return malformed(&c, "'descr', 'fortran_order' and 'shape'", error);
  skip_space(&c);
  if (c.at != c.end) return malformed(&c, "nothing after '}'", error);
  return shape_count(info, SCRIM_E_FORMAT, file, error);
}

/* ---- writing ---- */

size_t npy_header_write(const scrim_table_info *info, char to[NPY_WRITTEN_MAX]) {
  char *at = to + 10, *end = to + NPY_WRITTEN_MAX;
  at += snprintf(at, (size_t)(end - at), "{'descr': '<%s', 'fortran_order': False, 'shape': (",
                 dtype_get(info->dtype)->code);
  char *first = at;
  at += snprintf(at, (size_t)(end - at), "%" PRId64, info->shape[0]);
  int growth = GROWTH_DIGITS - (int)(at - first); /* numpy's room for more rows */
  if (info->rank == 1) *at++ = ',';
  for (int i = 1; i < info->rank; i++) at += snprintf(at, (size_t)(end - at), ", %" PRId64, info->shape[i]);
  at += snprintf(at, (size_t)(end - at), "), }%*s", growth, "");
  size_t n = (size_t)(at - to) + 1, padded = n / ALIGNMENT * ALIGNMENT + ALIGNMENT;
  memset(at, ' ', padded - n);
  to[padded - 1] = '\n';
  memcpy(to, magic, MAGIC);
  to[6] = 1;
  to[7] = 0;
  to[8] = (char)(padded - 10);
  to[9] = (char)((padded - 10) >> 8);
  return padded;
}
