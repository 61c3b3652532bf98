/*
 * Text and bytes in memory that grows. A failed writer stays failed and takes nothing more, so that only the end asks.
 */
#ifndef SERVE_JSON_WRITER_H
#define SERVE_JSON_WRITER_H

#include "serve/json_text.h"

typedef struct json_writer {
  char *bytes;
  size_t n, capacity;
  int failed;  /* out of memory */
} json_writer; /* starts as {0} */

void json_write_free(json_writer *writer); /* wipes, frees, empties */

/* n bytes at the end, which the caller fills; NULL when the writer has failed. */
void *json_write_room(json_writer *writer, size_t n);
void json_write_bytes(json_writer *writer, const void *bytes, size_t n);
void json_write(json_writer *writer, const char *text);        /* as it stands */
void json_write_value(json_writer *writer, json_value value);  /* as it stands */
void json_write_string(json_writer *writer, const char *text); /* UTF-8, quoted and escaped */
void json_write_whole(json_writer *writer, uint64_t number);
void json_write_numbers(json_writer *writer, const float *values, size_t n); /* finite; commas between them */

/* A comma, unless the last byte opened an array or object: called before each element that is written. */
void json_write_comma(json_writer *writer);

#endif
