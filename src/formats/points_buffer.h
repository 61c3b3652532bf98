/* Bytes that grow as they arrive: what a file declares is never allocated before it is there. */
#ifndef FORMATS_POINTS_BUFFER_H
#define FORMATS_POINTS_BUFFER_H

#include "formats/bytes_in.h"

/* All 0 is an empty one. The capacity never shrinks, so that frames after the first allocate nothing. */
typedef struct points_buffer {
  unsigned char *at; /* [capacity], of which n are in use; NULL where nothing has been asked for */
  size_t n, capacity;
} points_buffer;

void points_buffer_free(points_buffer *buffer); /* wipes, and empties */
void points_buffer_swap(points_buffer *a, points_buffer *b);

/* Room for `capacity` bytes in all; n and the bytes stay. */
scrim_status points_buffer_reserve(points_buffer *buffer, size_t capacity, scrim_error *error);
scrim_status points_buffer_append(points_buffer *buffer, const void *bytes, size_t n, scrim_error *error);
/*
 * Appends the next n bytes of the input, or as many as there are: *found. Where the input tells that it has fewer, or
 * does not tell, the buffer grows with what arrives.
 */
scrim_status points_buffer_read(points_buffer *buffer, bytes_in *in, uint64_t n, uint64_t *found, scrim_error *error);

#endif
