/* All of this relies on the guard: brackets match, strings end, names have values. */
#include "serve/json_text.h"

#include "serve/json_char.h"
#include <string.h>

static int text_is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static const char *text_skip_space(const char *at, const char *end) {
  while (at < end && text_is_space(*at)) at++;
  return at;
}

/* `at` is on the opening quote. A quote is escaped by an odd number of backslashes before it. */
static const char *text_skip_string(const char *at, const char *end) {
  for (const char *from = at + 1, *quote; (quote = memchr(from, '"', (size_t)(end - from))) != NULL; from = quote + 1) {
    const char *escape = quote;
    while (escape > from && escape[-1] == '\\') escape--;
    if ((quote - escape) % 2 == 0) return quote + 1;
  }
  return end;
}

/*
 * To the next quote or bracket. Eight characters at a time: with the bits 0x26 set, brackets and few others become
 * 0x7f, and a byte of zeros shows by the bit that it borrows.
 */
static const char *text_find_mark(const char *at, const char *end) {
  static const unsigned char is_mark[256] = {['"'] = 1, ['['] = 1, [']'] = 1, ['{'] = 1, ['}'] = 1};
  const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
  for (; end - at >= 8; at += 8) {
    uint64_t eight;
    memcpy(&eight, at, sizeof eight);
    const uint64_t quote = eight ^ '"' * ones, bracket = (eight | 0x26 * ones) ^ 0x7f * ones;
    if ((((quote - ones) & ~quote) | ((bracket - ones) & ~bracket)) & tops) break;
  }
  while (at < end && !is_mark[(unsigned char)*at]) at++;
  return at;
}

static const char *text_skip_container(const char *at, const char *end) {
  size_t depth = 0;
  while ((at = text_find_mark(at, end)) < end) {
    if (*at == '"') {
      at = text_skip_string(at, end);
      continue;
    }
    depth += *at == '[' || *at == '{';
    depth -= *at == ']' || *at == '}';
    at++;
    if (depth == 0) break;
  }
  return at;
}

static const char *text_skip_value(const char *at, const char *end) {
  if (at < end && *at == '"') return text_skip_string(at, end);
  if (at < end && (*at == '[' || *at == '{')) return text_skip_container(at, end);
  while (at<end && * at> ' ' && *at != ',' && *at != ']' && *at != '}') at++;
  return at;
}

/* The value at the front of *inside, which goes on behind it. */
static json_value text_take(json_value *inside) {
  json_value value;
  value.at = text_skip_space(inside->at, inside->end);
  value.end = inside->at = text_skip_value(value.at, inside->end);
  return value;
}

/* There is one value and space around it: its end need not be looked for from the front. */
json_value json_root(const char *text, size_t n_bytes) {
  json_value root = {text_skip_space(text, text + n_bytes), text + n_bytes};
  while (root.end > root.at && text_is_space(root.end[-1])) root.end--;
  return root;
}

json_kind json_kind_of(json_value value) {
  switch (*value.at) {
  case '{':
    return JSON_OBJECT;
  case '[':
    return JSON_ARRAY;
  case '"':
    return JSON_STRING;
  case 't':
  case 'f':
  case 'n':
    return JSON_WORD;
  default:
    return JSON_NUMBER;
  }
}

json_value json_enter(json_value container) {
  return (json_value){container.at + 1, container.end - 1};
}

int json_next(json_value *inside, json_value *name, json_value *value) {
  inside->at = text_skip_space(inside->at, inside->end);
  if (inside->at < inside->end && *inside->at == ',') inside->at++;
  json_value first = text_take(inside);
  if (first.at == first.end) return 0;
  inside->at = text_skip_space(inside->at, inside->end);
  if (inside->at < inside->end && *inside->at == ':') {
    inside->at++;
    if (name != NULL) *name = first;
    first = text_take(inside);
  }
  *value = first;
  return 1;
}

size_t json_count(json_value container) {
  size_t n = 0;
  for (json_value inside = json_enter(container), value; json_next(&inside, NULL, &value);) n++;
  return n;
}

json_value json_member(json_value object, const char *name) {
  const json_value none = {NULL, NULL};
  if (json_kind_of(object) != JSON_OBJECT) return none;
  for (json_value inside = json_enter(object), found, value; json_next(&inside, &found, &value);)
    if (json_is(found, name)) return value;
  return none;
}

/* Writes one character as UTF-8; answers its bytes. */
static size_t text_encode(uint32_t code, char to[4]) {
  static const unsigned char mark[] = {0x00, 0xc0, 0xe0, 0xf0};
  const size_t more = (code >= 0x80) + (code >= 0x800) + (code >= 0x10000);
  for (size_t i = more; i > 0; i--, code >>= 6) to[i] = (char)(0x80 | (code & 0x3f));
  to[0] = (char)(mark[more] | code);
  return more + 1;
}

int json_is(json_value string, const char *text) {
  if (json_kind_of(string) != JSON_STRING) return 0;
  const json_value inside = json_enter(string);
  const size_t n = strlen(text), n_inside = (size_t)(inside.end - inside.at);
  if (memchr(inside.at, '\\', n_inside) == NULL) return n == n_inside && memcmp(inside.at, text, n) == 0;
  size_t done = 0;
  for (const char *at = inside.at; at < inside.end;) {
    uint32_t code;
    char bytes[4];
    at += json_char(at, inside.end, &code);
    const size_t more = text_encode(code, bytes);
    if (more > n - done || memcmp(bytes, text + done, more) != 0) return 0;
    done += more;
  }
  return done == n;
}

int json_same(json_value one, json_value other) {
  if (json_kind_of(one) != JSON_STRING || json_kind_of(other) != JSON_STRING) return 0;
  const char *a = one.at + 1, *b = other.at + 1;
  while (a < one.end - 1 && b < other.end - 1) {
    uint32_t code, due;
    a += json_char(a, one.end - 1, &code);
    b += json_char(b, other.end - 1, &due);
    if (code != due) return 0;
  }
  return a == one.end - 1 && b == other.end - 1;
}

size_t json_index(json_value string, const char *const *names, size_t n) {
  size_t i = 0;
  while (i < n && !json_is(string, names[i])) i++;
  return i;
}

int json_whole(json_value number, uint64_t max, uint64_t *whole) {
  uint64_t value = 0;
  for (const char *at = number.at; at < number.end; at++) {
    if (*at < '0' || *at > '9') return 0;
    const uint64_t digit = (uint64_t)(*at - '0');
    if (value > max / 10 || digit > max - value * 10) return 0;
    value = value * 10 + digit;
  }
  *whole = value;
  return 1;
}
