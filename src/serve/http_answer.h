/* The heads that the proxy writes. Nothing from another party's head gets into them but what their fields here name. */
#ifndef SERVE_HTTP_ANSWER_H
#define SERVE_HTTP_ANSWER_H

#include "serve/http_message.h"
#include <stdint.h>

enum { HTTP_ANSWER_BYTES = 512 }; /* holds the head of any answer: all texts in it are the proxy's own, and short */

typedef struct http_answer {
  int status;
  const char *type;     /* Content-Type; NULL: application/json */
  size_t n_body;        /* Content-Length */
  int64_t header_bytes; /* Inference-Header-Content-Length; negative: none */
  const char *allow;    /* Allow, of a 405; NULL: none */
  unsigned retry_after; /* Retry-After in seconds; 0: none */
  int close;            /* Connection: close */
} http_answer;

/* Writes the head, empty line and all; answers its bytes, which always fit. */
size_t http_answer_head(char to[HTTP_ANSWER_BYTES], const http_answer *answer);

/* "Not Found" for 404; "Unknown" for what this proxy never answers. */
const char *http_answer_phrase(int status);

/* A text that grows; `failed` is set for good when memory ran out or a value could not be part of a head. */
typedef struct http_text {
  char *at; /* memory_free */
  size_t n, capacity;
  int failed;
} http_text;

void http_text_add(http_text *text, const char *bytes, size_t n);
/* "name: value" CR LF. A value with a control character other than a tab fails the text. */
void http_text_field(http_text *text, const char *name, http_slice value);
void http_text_number(http_text *text, const char *name, uint64_t value);

#endif
