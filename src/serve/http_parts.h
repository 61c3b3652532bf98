/* The parts of the HTTP parser: each moves a message on, or refuses it. */
#ifndef SERVE_HTTP_PARTS_H
#define SERVE_HTTP_PARTS_H

#include "serve/http_message.h"

/* Marks the message as refused, with a status for the client and a clause of static text. Answers 0, for a return. */
int http_refuse(http_message *m, int status, const char *why);

/* Takes one line of the head, without its CR LF, that starts at m->line and has n bytes. 0: refused. */
int http_head_line(http_message *m, size_t n);
/* The head is complete: how long the body is and whether the connection stays. Sets the stage. */
void http_head_end(http_message *m);

/* Room for n more bytes of body. 0: refused, for want of memory. */
int http_body_reserve(http_message *m, size_t n);
/* Takes bytes of a chunked body; answers how many were used. */
size_t http_chunks_feed(http_message *m, const char *bytes, size_t n);

#endif
