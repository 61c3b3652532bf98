/* The head of a message: request or status line, fields, and what they say about the body. */
#include "serve/http_parts.h"
#include <string.h>

/* ---- characters ---- */

/* tchar of RFC 9110, 5.6.2: what methods and field names are made of. */
static const unsigned char is_token[256] = {
    ['!'] = 1, ['#'] = 1, ['$'] = 1, ['%'] = 1, ['&'] = 1, ['\''] = 1, ['*'] = 1, ['+'] = 1, ['-'] = 1, ['.'] = 1,
    ['^'] = 1, ['_'] = 1, ['`'] = 1, ['|'] = 1, ['~'] = 1, ['0'] = 1,  ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1,
    ['5'] = 1, ['6'] = 1, ['7'] = 1, ['8'] = 1, ['9'] = 1, ['A'] = 1,  ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1,
    ['F'] = 1, ['G'] = 1, ['H'] = 1, ['I'] = 1, ['J'] = 1, ['K'] = 1,  ['L'] = 1, ['M'] = 1, ['N'] = 1, ['O'] = 1,
    ['P'] = 1, ['Q'] = 1, ['R'] = 1, ['S'] = 1, ['T'] = 1, ['U'] = 1,  ['V'] = 1, ['W'] = 1, ['X'] = 1, ['Y'] = 1,
    ['Z'] = 1, ['a'] = 1, ['b'] = 1, ['c'] = 1, ['d'] = 1, ['e'] = 1,  ['f'] = 1, ['g'] = 1, ['h'] = 1, ['i'] = 1,
    ['j'] = 1, ['k'] = 1, ['l'] = 1, ['m'] = 1, ['n'] = 1, ['o'] = 1,  ['p'] = 1, ['q'] = 1, ['r'] = 1, ['s'] = 1,
    ['t'] = 1, ['u'] = 1, ['v'] = 1, ['w'] = 1, ['x'] = 1, ['y'] = 1,  ['z'] = 1,
};

static size_t http_token_length(const char *text, size_t n) {
  size_t length = 0;
  while (length < n && is_token[(unsigned char)text[length]]) length++;
  return length;
}

/* Visible characters, spaces, tabs and bytes above 127: RFC 9110, 5.5. */
static int http_is_text(const char *text, size_t n) {
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)text[i];
    if ((c < 0x20 && c != '\t') || c == 0x7f) return 0;
  }
  return 1;
}

/* ---- first line ---- */

/* "HTTP/1.0" or "HTTP/1.1". 0: refused; every other version is answered 505. */
static int http_version(http_message *m, const char *text, size_t n) {
  if (n != 8 || memcmp(text, "HTTP/", 5) != 0 || text[5] < '0' || text[5] > '9' || text[6] != '.')
    return http_refuse(m, 400, "the first line names no HTTP version");
  if (text[5] != '1' || (text[7] != '0' && text[7] != '1')) return http_refuse(m, 505, "only HTTP/1.1 is spoken here");
  m->minor = text[7] - '0';
  return 1;
}

/* METHOD SP /target SP HTTP/1.x: no other form of target, one space each. */
static int http_request_line(http_message *m, const char *line, size_t n) {
  m->n_method = http_token_length(line, n);
  if (m->n_method == 0 || m->n_method == n || line[m->n_method] != ' ')
    return http_refuse(m, 400, "the request line starts with no method");
  m->target = m->n_method + 1;
  size_t end = m->target;
  while (end < n && line[end] > ' ' && line[end] < 0x7f) end++;
  m->n_target = end - m->target;
  if (m->n_target > HTTP_TARGET_BYTES) return http_refuse(m, 414, "the request target is too long");
  if (m->n_target == 0 || line[m->target] != '/' || end == n || line[end] != ' ')
    return http_refuse(m, 400, "the request target is no path");
  return http_version(m, line + end + 1, n - end - 1);
}

/* HTTP/1.x SP code SP reason; the reason may be empty and is not looked at. */
static int http_status_line(http_message *m, const char *line, size_t n) {
  if (n < 13 || line[8] != ' ' || line[12] != ' ') return http_refuse(m, 502, "the status line is malformed");
  if (!http_version(m, line, 8)) return 0;
  for (size_t i = 9; i < 12; i++)
    if (line[i] < '0' || line[i] > '9') return http_refuse(m, 502, "the status is no number");
  m->status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  if (m->status < 100 || m->status > 599) return http_refuse(m, 502, "the status is outside 100 to 599");
  return http_is_text(line + 13, n - 13) ? 1 : http_refuse(m, 502, "the reason holds a control character");
}

/* ---- fields ---- */

static int http_field_line(http_message *m, const char *line, size_t n) {
  if (line[0] == ' ' || line[0] == '\t') return http_refuse(m, 400, "a header field is folded");
  size_t colon = http_token_length(line, n);
  if (colon == 0 || colon == n || line[colon] != ':') return http_refuse(m, 400, "a header field has no proper name");
  if (!http_is_text(line + colon + 1, n - colon - 1))
    return http_refuse(m, 400, "a header field holds a control character");
  if (m->n_fields == HTTP_FIELDS) return http_refuse(m, 431, "too many header fields");
  size_t from = colon + 1, to = n;
  while (from < to && (line[from] == ' ' || line[from] == '\t')) from++;
  while (to > from && (line[to - 1] == ' ' || line[to - 1] == '\t')) to--;
  m->fields[m->n_fields++] =
      (http_field){.name = m->line, .n_name = colon, .value = m->line + from, .n_value = to - from};
  return 1;
}

int http_head_line(http_message *m, size_t n) {
  const char *line = m->head + m->line;
  if (m->line > 0) return http_field_line(m, line, n);
  return m->kind == HTTP_REQUEST ? http_request_line(m, line, n) : http_status_line(m, line, n);
}

/* ---- the end of the head ---- */

/* Decimal digits alone, no sign, no list, at most `limit`. */
static int http_content_length(http_message *m, http_slice text) {
  m->left = 0;
  if (text.n == 0 || text.n > 19) return http_refuse(m, 400, "Content-Length is no number of bytes");
  for (size_t i = 0; i < text.n; i++) {
    if (text.at[i] < '0' || text.at[i] > '9') return http_refuse(m, 400, "Content-Length is no number of bytes");
    m->left = m->left * 10 + (size_t)(text.at[i] - '0');
  }
  return m->left <= m->limits->body_bytes ? 1 : http_refuse(m, 413, "the body is too long");
}

/* Every field that decides where the message ends must be there once or not at all. */
static int http_framing(http_message *m) {
  size_t lengths = http_message_count(m, "content-length"), codings = http_message_count(m, "transfer-encoding");
  if (lengths > 0 && codings > 0) return http_refuse(m, 400, "Content-Length and Transfer-Encoding exclude each other");
  if (lengths > 1 || codings > 1) return http_refuse(m, 400, "the length of the body is stated twice");
  if (lengths == 1) return http_content_length(m, http_message_find(m, "content-length"));
  m->chunked = codings == 1;
  if (!m->chunked) return 1;
  if (m->minor == 0) return http_refuse(m, 400, "HTTP/1.0 knows no Transfer-Encoding");
  if (http_slice_is_nocase(http_message_find(m, "transfer-encoding"), "chunked")) return 1;
  return http_refuse(m, 501, "no Transfer-Encoding but chunked is known here");
}

/* A response without a stated length ends with its connection, and then nobody can tell it from one that was cut. */
static int http_response_has_end(const http_message *m) {
  int bodiless = m->status < 200 || m->status == 204 || m->status == 304;
  return bodiless || m->chunked || http_message_count(m, "content-length") == 1;
}

void http_head_end(http_message *m) {
  if (!http_framing(m)) return;
  if (m->kind == HTTP_REQUEST) {
    size_t hosts = http_message_count(m, "host");
    if (hosts > 1 || (hosts == 0 && m->minor == 1)) {
      http_refuse(m, 400, "one Host field is needed");
      return;
    }
  } else if (!http_response_has_end(m)) {
    http_refuse(m, 502, "the length of the body is not stated");
    return;
  }
  if (m->kind == HTTP_RESPONSE && (m->status < 200 || m->status == 204 || m->status == 304))
    m->chunked = 0, m->left = 0;
  int closing = 0;
  for (size_t i = 0; i < m->n_fields; i++) {
    const http_field *f = &m->fields[i];
    if (!http_slice_is_nocase((http_slice){m->head + f->name, f->n_name}, "connection")) continue;
    closing |= http_slice_lists((http_slice){m->head + f->value, f->n_value}, "close");
  }
  m->keep_alive = m->minor == 1 && !closing;
  m->stage = m->chunked || m->left > 0 ? HTTP_BODY : HTTP_DONE;
}
