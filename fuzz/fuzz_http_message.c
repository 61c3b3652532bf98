/*
 * Any bytes as an HTTP message: whole or split, the outcome is the same, and what was taken lies within what was sent.
 */
#include "serve/http_message.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n);

static const http_limits limits = {.head_bytes = 4096, .body_bytes = 1024, .chunks = 16};

/* In pieces of `piece` bytes; answers how many were used. */
static size_t feed(http_message *m, const char *bytes, size_t n, size_t piece) {
  size_t used = 0;
  while (used < n && m->stage != HTTP_DONE && m->stage != HTTP_REFUSED) {
    size_t now = n - used < piece ? n - used : piece;
    size_t taken = http_message_feed(m, bytes + used, now);
    if (taken > now) abort();
    if (taken == 0 && m->stage != HTTP_REFUSED) abort();
    used += taken;
  }
  return used;
}

static void check(const http_message *m) {
  if (m->n_head > limits.head_bytes || m->n_body > limits.body_bytes || m->n_fields > HTTP_FIELDS) abort();
  if (m->stage == HTTP_REFUSED && (m->why == NULL || m->status < 400 || m->status > 599)) abort();
  for (size_t i = 0; i < m->n_fields; i++) {
    const http_field *f = &m->fields[i];
    if (f->n_name == 0 || f->name + f->n_name >= f->value + 1 || f->value + f->n_value > m->n_head) abort();
    if (memchr(m->head + f->value, '\n', f->n_value) || memchr(m->head + f->value, '\0', f->n_value)) abort();
  }
  if (m->stage != HTTP_DONE || m->kind != HTTP_REQUEST) return;
  if (http_message_count(m, "content-length") > 0 && http_message_count(m, "transfer-encoding") > 0) abort();
}

static void parse(http_kind kind, const char *bytes, size_t n, size_t piece) {
  http_message whole, split;
  http_message_init(&whole, kind, &limits);
  http_message_init(&split, kind, &limits);
  size_t used = feed(&whole, bytes, n, n), used_split = feed(&split, bytes, n, piece);
  check(&whole);
  if (whole.stage != split.stage || whole.status != split.status || whole.why != split.why) abort();
  if (whole.stage != HTTP_REFUSED) {
    if (used != used_split || whole.n_head != split.n_head || whole.n_body != split.n_body) abort();
    if (whole.n_body > 0 && memcmp(whole.body, split.body, whole.n_body) != 0) abort();
  }
  http_message_free(&whole);
  http_message_free(&split);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n) {
  if (n < 1) return 0;
  size_t piece = 1 + bytes[0] % 61;
  parse(HTTP_REQUEST, (const char *)bytes + 1, n - 1, piece);
  parse(HTTP_RESPONSE, (const char *)bytes + 1, n - 1, piece);
  return 0;
}
