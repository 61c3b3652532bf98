/* The way out: straight to the socket first, through the bufferevent for the rest. */
#include "serve/http_send.h"
#include "core/memory.h"
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* ---- sending ---- */

/*
 * What the socket takes now. A bufferevent would wait for the loop to say that it may write, which costs three system
 * calls an answer; an error here comes back with the next event.
 */
static size_t http_send_now(struct bufferevent *bev, const http_payload *p) {
  if (bufferevent_openssl_get_ssl(bev) != NULL || http_send_pending(bev) > 0) return 0;
  struct iovec pieces[2] = {{(void *)(uintptr_t)p->head, p->n_head}, {(void *)(uintptr_t)p->body, p->n_body}};
  struct msghdr message = {.msg_iov = pieces, .msg_iovlen = p->n_body > 0 ? 2 : 1};
  ssize_t sent = sendmsg(bufferevent_getfd(bev), &message, MSG_NOSIGNAL);
  return sent > 0 ? (size_t)sent : 0;
}

/* Evbuffers count bytes from where they were given; the block that the bytes stand in is what must be freed. */
static void http_send_free(const void *bytes, size_t n, void *owned) {
  (void)bytes, (void)n;
  memory_free(owned);
}

int http_send(struct bufferevent *bev, const http_payload *p) {
  enum { COPIED_BYTES = 16384 }; /* of body: a copy beside the head then makes one TLS record of both */
  struct evbuffer *out = bufferevent_get_output(bev);
  size_t sent = http_send_now(bev, p), head = sent < p->n_head ? sent : p->n_head, body = sent - head;
  size_t head_left = p->n_head - head, body_left = p->n_body - body;
  const char *rest = (const char *)p->body + body;
  int copies = body_left <= COPIED_BYTES, ok = 1;
  if (head_left + body_left > 0) ok = evbuffer_expand(out, head_left + (copies ? body_left : 0)) == 0;
  if (ok && head_left > 0) ok = evbuffer_add(out, p->head + head, head_left) == 0;
  if (ok && !copies) {
    ok = evbuffer_add_reference(out, rest, body_left, http_send_free, p->owned) == 0;
    if (ok) return 1;
  } else if (ok && body_left > 0) {
    ok = evbuffer_add(out, rest, body_left) == 0;
  }
  memory_free(p->owned);
  return ok;
}

size_t http_send_pending(struct bufferevent *bev) {
  return evbuffer_get_length(bufferevent_get_output(bev));
}

/* ---- memory ---- */

/* Each block starts with its own size, so that it can be wiped when it is given back. */
enum { HTTP_BLOCK_HEADER = 16 };

static void *http_block_alloc(size_t bytes) {
  if (bytes > SIZE_MAX - HTTP_BLOCK_HEADER) return NULL;
  char *block = memory_alloc(HTTP_BLOCK_HEADER + bytes);
  if (block == NULL) return NULL;
  memcpy(block, &bytes, sizeof bytes);
  return block + HTTP_BLOCK_HEADER;
}

static size_t http_block_size(void *at) {
  size_t bytes;
  memcpy(&bytes, (char *)at - HTTP_BLOCK_HEADER, sizeof bytes);
  return bytes;
}

static void http_block_free(void *at) {
  if (at == NULL) return;
  memory_wipe(at, http_block_size(at));
  memory_free((char *)at - HTTP_BLOCK_HEADER);
}

static void *http_block_realloc(void *at, size_t bytes) {
  void *moved = http_block_alloc(bytes);
  if (moved == NULL || at == NULL) return moved;
  size_t old = http_block_size(at);
  memcpy(moved, at, old < bytes ? old : bytes);
  http_block_free(at);
  return moved;
}

void http_send_wipe_buffers(void) {
  event_set_mem_functions(http_block_alloc, http_block_realloc, http_block_free);
}
