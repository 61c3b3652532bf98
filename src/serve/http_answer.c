/* Heads of answers to clients and of requests to the upstream. */
#include "serve/http_answer.h"
#include "core/memory.h"
#include <inttypes.h>
#include <stdio.h>
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

/* snprintf into what is left; every piece is of bounded length, and HTTP_ANSWER_BYTES holds them all. */
#define HTTP_ANSWER_ADD(...) n += (size_t)snprintf(to + n, HTTP_ANSWER_BYTES - n, __VA_ARGS__)

size_t http_answer_head(char to[HTTP_ANSWER_BYTES], const http_answer *answer) {
  size_t n = 0;
  HTTP_ANSWER_ADD("HTTP/1.1 %d %s\r\nContent-Type: %.80s\r\nContent-Length: %zu\r\n", answer->status,
                  http_answer_phrase(answer->status), answer->type != NULL ? answer->type : "application/json",
                  answer->n_body);
  if (answer->header_bytes >= 0)
    HTTP_ANSWER_ADD("Inference-Header-Content-Length: %" PRId64 "\r\n", answer->header_bytes);
  if (answer->allow != NULL) HTTP_ANSWER_ADD("Allow: %.40s\r\n", answer->allow);
  if (answer->retry_after > 0) HTTP_ANSWER_ADD("Retry-After: %u\r\n", answer->retry_after);
  if (answer->close) HTTP_ANSWER_ADD("Connection: close\r\n");
  HTTP_ANSWER_ADD("\r\n");
  return n;
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
  char digits[24];
  int n = snprintf(digits, sizeof digits, "%" PRIu64, value);
  http_text_field(text, name, (http_slice){digits, (size_t)n});
}
