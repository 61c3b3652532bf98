/*
 * One HTTP/1.1 message, request or response, taken in as its bytes arrive. Pure: no sockets, no clock.
 *
 * The parser is stricter than RFC 9112 asks, because two parties that read one message differently can be played
 * against each other. It refuses: lines that do not end in CR LF, folded fields, spaces before a colon, control
 * characters, Content-Length together with Transfer-Encoding, either of them twice, any coding but chunked, chunk
 * extensions, trailers, bodies whose length is not stated. However the bytes are split, the outcome is the same.
 *
 * Bodies may hold raw scores: they are wiped when the message is readied for the next one and when it is freed; large
 * ones by the worker's helper, if there is one.
 */
#ifndef SERVE_HTTP_MESSAGE_H
#define SERVE_HTTP_MESSAGE_H

#include "serve/helper.h"
#include <stddef.h>

enum {
  HTTP_FIELDS = 100,         /* header fields in a message: 431 above */
  HTTP_TARGET_BYTES = 4096,  /* request target: 414 above */
  HTTP_KEPT_BYTES = 65536,   /* a body buffer up to this size is kept for the next message */
  HTTP_GROWN_BYTES = 1 << 20 /* a body buffer up to this size grows by doubling */
};

typedef struct http_limits {
  size_t head_bytes; /* first line, fields and the empty line: 431 above */
  size_t body_bytes; /* 413 above */
  size_t chunks;     /* 413 above */
} http_limits;

typedef enum http_kind { HTTP_REQUEST, HTTP_RESPONSE } http_kind;

typedef enum http_stage {
  HTTP_EMPTY,   /* not a byte yet */
  HTTP_HEAD,    /* some of the head is there */
  HTTP_BODY,    /* the head is complete, the body is not */
  HTTP_DONE,    /* head and body are complete */
  HTTP_REFUSED, /* see `status` and `why`; nothing more is taken */
} http_stage;

typedef enum http_chunk_stage {
  HTTP_CHUNK_SIZE,  /* hexadecimal digits */
  HTTP_CHUNK_LINE,  /* the LF after the size */
  HTTP_CHUNK_DATA,  /* `left` bytes */
  HTTP_CHUNK_END,   /* CR LF after the data */
  HTTP_CHUNK_FINAL, /* CR LF after the last chunk */
} http_chunk_stage;

/* Not NUL-terminated. Points into the message's head and is valid as long as the head is. */
typedef struct http_slice {
  const char *at;
  size_t n;
} http_slice;

/* Offsets into `head`, which may move while it grows. */
typedef struct http_field {
  size_t name, n_name, value, n_value;
} http_field;

typedef struct http_message {
  http_kind kind;
  const http_limits *limits; /* borrowed */
  http_stage stage;

  char *head;
  size_t n_head, head_capacity;
  size_t line; /* where the line that is being taken in starts */
  http_field fields[HTTP_FIELDS];
  size_t n_fields;
  size_t n_method, target, n_target; /* requests; the method starts the head */
  int minor;                         /* of HTTP/1.minor: 0 or 1 */
  int status;                        /* responses: theirs; refused messages: the status to answer a client with */
  const char *why;                   /* refused: static text, one clause */
  int keep_alive;                    /* the sender allows another message on the connection */

  char *body;
  size_t n_body, body_capacity;
  size_t left; /* of the body or of the chunk */
  int chunked;
  http_chunk_stage chunk_stage;
  size_t n_chunks;
  unsigned chunk_digits;

  helper *helper; /* wipes and frees large bodies; borrowed, NULL: nobody but the message itself */
} http_message;

/* A body apart from its message. */
typedef struct http_body {
  char *bytes;
  size_t n, capacity;
} http_body;

/* `limits` must outlive the message. No allocation. */
void http_message_init(http_message *m, http_kind kind, const http_limits *limits);
/* Readies for the next message: wipes, and keeps buffers of ordinary size. */
void http_message_reset(http_message *m);
void http_message_free(http_message *m); /* wipes */

/* The body, whose bytes stay where they are; the message has none then. Wipe it and free it. */
http_body http_message_take_body(http_message *m);

/*
 * Takes bytes and answers how many were used: all of them, or fewer where the stage went on to BODY, DONE or REFUSED
 * (look at the head, then feed the rest). Out of memory is a refusal with status 503.
 */
size_t http_message_feed(http_message *m, const char *bytes, size_t n);

/* After the head: the field's value, or {NULL, 0}; of several of that name, the first. `name` in small letters. */
http_slice http_message_find(const http_message *m, const char *name);
/* How many fields of that name there are. */
size_t http_message_count(const http_message *m, const char *name);
http_slice http_message_method(const http_message *m);
http_slice http_message_target(const http_message *m);

/* Same length and bytes. */
int http_slice_is(http_slice s, const char *text);
/* The same, whatever the case of ASCII letters. `text` in small letters. */
int http_slice_is_nocase(http_slice s, const char *text);
/* 1 if the comma-separated list has `token` (small letters) in it, whatever the case. */
int http_slice_lists(http_slice s, const char *token);

#endif
