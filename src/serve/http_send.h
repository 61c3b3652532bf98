/* Sending a head and a body over a bufferevent, in one system call where the kernel takes them. */
#ifndef SERVE_HTTP_SEND_H
#define SERVE_HTTP_SEND_H

#include <event2/bufferevent.h>
#include <stddef.h>

typedef struct http_payload {
  const char *head;
  size_t n_head;
  const void *body;
  size_t n_body;
  void *
      owned; /* memory_free is called on it once the body is no longer needed, maybe at once; NULL: the body is borrowed
                and outlives the bufferevent, or whatever that still has to send */
} http_payload;

/* 0: out of memory; the connection must then be closed, as a part may be under way. `owned` is freed in any case. */
int http_send(struct bufferevent *bev, const http_payload *payload);

/* Bytes that the kernel has not taken yet. */
size_t http_send_pending(struct bufferevent *bev);

/* Makes libevent take its memory through core/memory.h and wipe what it gives back: its buffers hold raw scores. Before
 * any other call to libevent. */
void http_send_wipe_buffers(void);

#endif
