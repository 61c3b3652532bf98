/* Taking in a message: lines of the head, then a body of stated length. */
#include "serve/http_message.h"
#include "core/memory.h"
#include "serve/http_parts.h"
#include <string.h>

enum { FIRST_HEAD_BYTES = 1024, FIRST_BODY_BYTES = 4096 };

/* ---- life ---- */

void http_message_init(http_message *m, http_kind kind, const http_limits *limits) {
  *m = (http_message){.kind = kind, .limits = limits};
}

http_body http_message_take_body(http_message *m) {
  http_body body = {m->body, m->n_body, m->body_capacity};
  m->body = NULL;
  m->n_body = m->body_capacity = 0;
  return body;
}

static void http_body_discard(http_message *m) {
  http_body body = http_message_take_body(m);
  helper_discard(m->helper, body.bytes, body.n);
}

void http_message_reset(http_message *m) {
  if (m->head != NULL) memory_wipe(m->head, m->n_head);
  if (m->body_capacity > HTTP_KEPT_BYTES)
    http_body_discard(m);
  else if (m->body != NULL)
    memory_wipe(m->body, m->n_body);
  /* The table of fields is as old as n_fields says: clearing it would cost more than a small message does. */
  m->stage = HTTP_EMPTY;
  m->n_head = m->line = m->n_fields = m->n_method = m->target = m->n_target = 0;
  m->minor = m->status = m->keep_alive = m->chunked = 0;
  m->why = NULL;
  m->n_body = m->left = m->n_chunks = 0;
  m->chunk_stage = HTTP_CHUNK_SIZE;
  m->chunk_digits = 0;
}

void http_message_free(http_message *m) {
  helper *beside = m->helper;
  http_message_reset(m);
  memory_free(m->head);
  memory_free(m->body);
  http_message_init(m, m->kind, m->limits);
  m->helper = beside;
}

int http_refuse(http_message *m, int status, const char *why) {
  m->stage = HTTP_REFUSED;
  m->status = status;
  m->why = why;
  return 0;
}

/* ---- buffers ---- */

/* Doubles a buffer from `first` until `needed` bytes fit, never beyond `most`, which is at least `needed`; a large one
 * becomes `most` at once. 0: no memory. */
static int http_grow(char **buffer, size_t *capacity, size_t used, size_t needed, size_t first, size_t most) {
  if (needed <= *capacity) return 1;
  size_t larger = *capacity > 0 ? *capacity : first;
  while (larger < needed) larger *= 2;
  if (larger > most || larger > HTTP_GROWN_BYTES) larger = most;
  char *moved = memory_grow(*buffer, used, larger);
  if (moved == NULL) return 0;
  *buffer = moved;
  *capacity = larger;
  return 1;
}

/*
 * Memory follows what has come, not what was announced. A large buffer gets the address space of all that can still
 * come, of which the system makes memory page by page: to copy tens of megabytes again and again would hold the loop
 * up.
 */
int http_body_reserve(http_message *m, size_t n) {
  size_t most = m->chunked ? m->limits->body_bytes : m->n_body + m->left;
  if (http_grow(&m->body, &m->body_capacity, m->n_body, m->n_body + n, FIRST_BODY_BYTES, most)) return 1;
  return http_refuse(m, 503, "out of memory for the body");
}

/* ---- feeding ---- */

/* One line, or the part of it that is there; moves the stage on at the empty line. */
static size_t http_feed_line(http_message *m, const char *bytes, size_t n) {
  const char *end = memchr(bytes, '\n', n);
  size_t used = end != NULL ? (size_t)(end - bytes) + 1 : n, room = m->limits->head_bytes - m->n_head;
  int fits = used <= room;
  if (!fits) used = room;
  if (!http_grow(&m->head, &m->head_capacity, m->n_head, m->n_head + used, FIRST_HEAD_BYTES, m->limits->head_bytes)) {
    http_refuse(m, 503, "out of memory for the header");
    return 0;
  }
  memcpy(m->head + m->n_head, bytes, used);
  m->n_head += used;
  if (!fits) {
    int first = m->line == 0 && m->kind == HTTP_REQUEST;
    http_refuse(m, first ? 414 : 431, first ? "the request line is too long" : "the header is too long");
    return used;
  }
  if (end == NULL) return used;
  size_t length = m->n_head - m->line;
  if (length < 2 || m->head[m->n_head - 2] != '\r') {
    http_refuse(m, 400, "a line of the header does not end in CR LF");
    return used;
  }
  if (length == 2 && m->line > 0)
    http_head_end(m);
  else if (http_head_line(m, length - 2))
    m->line = m->n_head;
  return used;
}

static size_t http_feed_plain(http_message *m, const char *bytes, size_t n) {
  if (n > m->left) n = m->left;
  if (!http_body_reserve(m, n)) return 0;
  memcpy(m->body + m->n_body, bytes, n);
  m->n_body += n;
  m->left -= n;
  if (m->left == 0) m->stage = HTTP_DONE;
  return n;
}

size_t http_message_feed(http_message *m, const char *bytes, size_t n) {
  size_t used = 0;
  if (m->stage == HTTP_EMPTY && n > 0) m->stage = HTTP_HEAD;
  if (m->stage == HTTP_BODY) return m->chunked ? http_chunks_feed(m, bytes, n) : http_feed_plain(m, bytes, n);
  while (used < n && m->stage == HTTP_HEAD) used += http_feed_line(m, bytes + used, n - used);
  return used;
}

/* ---- looking ---- */

static char http_lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

int http_slice_is(http_slice s, const char *text) {
  return s.n == strlen(text) && memcmp(s.at, text, s.n) == 0;
}

int http_slice_is_nocase(http_slice s, const char *text) {
  for (size_t i = 0; i < s.n; i++)
    if (text[i] == '\0' || http_lower(s.at[i]) != text[i]) return 0;
  return text[s.n] == '\0';
}

int http_slice_lists(http_slice s, const char *token) {
  for (size_t from = 0, to; from < s.n; from = to + 1) {
    for (to = from; to < s.n && s.at[to] != ','; to++) continue;
    http_slice item = {s.at + from, to - from};
    while (item.n > 0 && (*item.at == ' ' || *item.at == '\t')) item = (http_slice){item.at + 1, item.n - 1};
    while (item.n > 0 && (item.at[item.n - 1] == ' ' || item.at[item.n - 1] == '\t')) item.n--;
    if (http_slice_is_nocase(item, token)) return 1;
  }
  return 0;
}

static int http_field_is(const http_message *m, size_t i, const char *name) {
  return http_slice_is_nocase((http_slice){m->head + m->fields[i].name, m->fields[i].n_name}, name);
}

http_slice http_message_find(const http_message *m, const char *name) {
  for (size_t i = 0; i < m->n_fields; i++)
    if (http_field_is(m, i, name)) return (http_slice){m->head + m->fields[i].value, m->fields[i].n_value};
  return (http_slice){NULL, 0};
}

size_t http_message_count(const http_message *m, const char *name) {
  size_t count = 0;
  for (size_t i = 0; i < m->n_fields; i++) count += (size_t)http_field_is(m, i, name);
  return count;
}

http_slice http_message_method(const http_message *m) {
  return (http_slice){m->head, m->n_method};
}

http_slice http_message_target(const http_message *m) {
  return (http_slice){m->head + m->target, m->n_target};
}
