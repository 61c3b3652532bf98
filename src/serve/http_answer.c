/* Heads of answers to clients and of requests to the upstream. */
#include "serve/http_answer.h"
#include "core/memory.h"
#include <string.h>

/* ---- answers ---- */

static const struct {
  int status;
  const char *phrase;
} phrases[] = {
    {100, "Continue"},
    {200, "OK"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

const char *http_answer_phrase(int status) {
  for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
    if (phrases[i].status == status) return phrases[i].phrase;
  return "Unknown";
}

/* Both answer where they stopped. Written by hand: a head is made for every answer, and printf takes longer than the
 * rest. */
static char *http_put(char *to, const char *text) {
  size_t n = strlen(text);
  memcpy(to, text, n);
  return to + n;
}

static char *http_put_number(char *to, uint64_t value) {
  char digits[20];
  size_t n = 0;
  do digits[n++] = (char)('0' + value % 10);
  while ((value /= 10) > 0);
  while (n > 0) *to++ = digits[--n];
  return to;
}

size_t http_answer_head(char to[HTTP_ANSWER_BYTES], const http_answer *answer) {
  char *at = http_put_number(http_put(to, "HTTP/1.1 "), (uint64_t)answer->status);
  at = http_put(http_put(at, " "), http_answer_phrase(answer->status));
  at = http_put(http_put(at, "\r\nContent-Type: "), answer->type != NULL ? answer->type : "application/json");
  at = http_put_number(http_put(at, "\r\nContent-Length: "), answer->n_body);
  if (answer->header_bytes >= 0)
    at = http_put_number(http_put(at, "\r\nInference-Header-Content-Length: "), (uint64_t)answer->header_bytes);
  if (answer->allow != NULL) at = http_put(http_put(at, "\r\nAllow: "), answer->allow);
  if (answer->retry_after > 0) at = http_put_number(http_put(at, "\r\nRetry-After: "), answer->retry_after);
  if (answer->close) at = http_put(at, "\r\nConnection: close");
  at = http_put(at, "\r\n\r\n");
  return (size_t)(at - to);
}

/* ---- requests ---- */

void http_text_add(http_text *text, const char *bytes, size_t n) {
  if (text->failed) return;
  if (n > text->capacity - text->n) {
    size_t larger = 2 * text->capacity + n + 512;
    char *moved = memory_grow(text->at, text->n, larger);
    if (moved == NULL) {
      text->failed = 1;
      return;
    }
    text->at = moved;
    text->capacity = larger;
  }
  memcpy(text->at + text->n, bytes, n);
  text->n += n;
}

void http_text_field(http_text *text, const char *name, http_slice value) {
  for (size_t i = 0; i < value.n; i++) {
    unsigned char c = (unsigned char)value.at[i];
    if ((c < 0x20 && c != '\t') || c == 0x7f) text->failed = 1;
  }
  http_text_add(text, name, strlen(name));
  http_text_add(text, ": ", 2);
  if (value.n > 0) http_text_add(text, value.at, value.n);
  http_text_add(text, "\r\n", 2);
}

void http_text_number(http_text *text, const char *name, uint64_t value) {
  char digits[20];
  http_text_field(text, name, (http_slice){digits, (size_t)(http_put_number(digits, value) - digits)});
}
