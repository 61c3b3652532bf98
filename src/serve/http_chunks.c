/* The chunked coding, without extensions and without trailers: what few clients send and attackers hide in. */
#include "serve/http_parts.h"
#include <string.h>

static int http_hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* One character of the line that holds a chunk's size. 0: refused. */
static int http_chunk_size(http_message *m, char c) {
  int digit = http_hex(c);
  if (digit < 0) {
    if (c != '\r' || m->chunk_digits == 0) return http_refuse(m, 400, "a chunk's size is no hexadecimal number");
    m->chunk_stage = HTTP_CHUNK_LINE;
    return 1;
  }
  /* Eight digits reach 4 GiB; more are a trick, be they zeros. */
  if (++m->chunk_digits > 8) return http_refuse(m, 400, "a chunk's size has more than 8 digits");
  m->left = m->left * 16 + (size_t)digit;
  return 1;
}

/* The line of a chunk's size has ended. */
static int http_chunk_begin(http_message *m, char c) {
  if (c != '\n') return http_refuse(m, 400, "a chunk's size does not end in CR LF");
  if (m->left == 0) {
    m->chunk_stage = HTTP_CHUNK_FINAL;
    m->chunk_digits = 0;
    return 1;
  }
  if (++m->n_chunks > m->limits->chunks) return http_refuse(m, 413, "too many chunks");
  if (m->left > m->limits->body_bytes - m->n_body) return http_refuse(m, 413, "the body is too long");
  m->chunk_stage = HTTP_CHUNK_DATA;
  m->chunk_digits = 0;
  return 1;
}

/* CR, then LF; `chunk_digits` counts them. */
static int http_chunk_line_end(http_message *m, char c) {
  const char *final = "a trailer follows the last chunk, or it does not end in CR LF";
  int last = m->chunk_stage == HTTP_CHUNK_FINAL;
  if (c != "\r\n"[m->chunk_digits]) return http_refuse(m, 400, last ? final : "a chunk does not end in CR LF");
  if (++m->chunk_digits < 2) return 1;
  m->chunk_digits = 0;
  m->chunk_stage = HTTP_CHUNK_SIZE;
  if (last) m->stage = HTTP_DONE;
  return 1;
}

static size_t http_chunk_data(http_message *m, const char *bytes, size_t n) {
  if (n > m->left) n = m->left;
  if (!http_body_reserve(m, n)) return 0;
  memcpy(m->body + m->n_body, bytes, n);
  m->n_body += n;
  m->left -= n;
  if (m->left == 0) m->chunk_stage = HTTP_CHUNK_END;
  return n;
}

size_t http_chunks_feed(http_message *m, const char *bytes, size_t n) {
  size_t used = 0;
  while (used < n && m->stage == HTTP_BODY) {
    if (m->chunk_stage == HTTP_CHUNK_DATA) {
      used += http_chunk_data(m, bytes + used, n - used);
      continue;
    }
    char c = bytes[used++];
    if (m->chunk_stage == HTTP_CHUNK_SIZE)
      http_chunk_size(m, c);
    else if (m->chunk_stage == HTTP_CHUNK_LINE)
      http_chunk_begin(m, c);
    else
      http_chunk_line_end(m, c);
  }
  return used;
}
