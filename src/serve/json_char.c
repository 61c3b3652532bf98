#include "serve/json_char.h"

#include <string.h>

/* RFC 3629: bits of the first byte, and the smallest number that needs so many bytes. */
static size_t char_utf8(const unsigned char *at, size_t n, uint32_t *code) {
  static const struct {
    unsigned char mask, mark;
    uint32_t least;
  } forms[] = {{0x80, 0x00, 0x20}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
  for (size_t length = 1; length <= 4 && length <= n; length++) {
    if ((at[0] & forms[length - 1].mask) != forms[length - 1].mark) continue;
    uint32_t c = at[0] & (unsigned char)~forms[length - 1].mask;
    for (size_t i = 1; i < length; i++) {
      if ((at[i] & 0xc0) != 0x80) return 0;
      c = c << 6 | (at[i] & 0x3fu);
    }
    *code = c;
    return c < forms[length - 1].least || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : length;
  }
  return 0;
}

/* The four digits of \uXXXX at the front; 0 if they are not there. */
static int char_unit(const char *at, const char *end, uint32_t *unit) {
  if (end - at < 6 || at[0] != '\\' || at[1] != 'u') return 0;
  uint32_t value = 0;
  for (int i = 2; i < 6; i++) {
    const char c = at[i], lower = (char)(c | 0x20);
    if (c >= '0' && c <= '9')
      value = value << 4 | (uint32_t)(c - '0');
    else if (lower >= 'a' && lower <= 'f')
      value = value << 4 | (uint32_t)(lower - 'a' + 10);
    else
      return 0;
  }
  *unit = value;
  return 1;
}

static size_t char_escape(const char *at, const char *end, uint32_t *code) {
  static const char letters[] = "\"\\/bfnrt", meaning[] = "\"\\/\b\f\n\r\t";
  if (end - at < 2) return 0;
  const char *letter = at[1] == '\0' ? NULL : strchr(letters, at[1]);
  if (letter != NULL) {
    *code = (uint32_t)meaning[letter - letters];
    return 2;
  }
  uint32_t high, low;
  if (!char_unit(at, end, &high) || high == 0) return 0;
  *code = high;
  if (high < 0xd800 || high >= 0xe000) return 6;
  if (high >= 0xdc00 || !char_unit(at + 6, end, &low) || low < 0xdc00 || low >= 0xe000) return 0;
  *code = 0x10000 + ((high - 0xd800) << 10 | (low - 0xdc00));
  return 12;
}

size_t json_char(const char *at, const char *end, uint32_t *code) {
  if (at >= end || *at == '"') return 0;
  return *at == '\\' ? char_escape(at, end, code) : char_utf8((const unsigned char *)at, (size_t)(end - at), code);
}
