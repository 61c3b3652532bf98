/* Growing buffers. */
#include "formats/points_buffer.h"
#include "core/error.h"
#include "core/memory.h"
#include <string.h>

enum { FIRST_BYTES = 4096 };

void points_buffer_free(points_buffer *buffer) {
  if (buffer->at != NULL) memory_wipe(buffer->at, buffer->capacity);
  memory_free(buffer->at);
  memset(buffer, 0, sizeof *buffer);
}

void points_buffer_swap(points_buffer *a, points_buffer *b) {
  points_buffer held = *a;
  *a = *b;
  *b = held;
}

scrim_status points_buffer_reserve(points_buffer *buffer, size_t capacity, scrim_error *error) {
  if (capacity <= buffer->capacity && buffer->at != NULL) return SCRIM_OK;
  if (capacity < FIRST_BYTES) capacity = FIRST_BYTES;
  unsigned char *larger = memory_grow(buffer->at, buffer->capacity, capacity);
  if (larger == NULL) return fail(error, SCRIM_E_MEMORY, "no memory for %zu bytes of a frame of points", capacity);
  buffer->at = larger;
  buffer->capacity = capacity;
  return SCRIM_OK;
}

/* Room for n bytes more; twice the room where that is not enough, so that appending is linear in all. */
static scrim_status make_room(points_buffer *buffer, size_t n, scrim_error *error) {
  if (n <= buffer->capacity - buffer->n && buffer->at != NULL) return SCRIM_OK;
  if (n > SIZE_MAX / 2 - buffer->n)
    return fail(error, SCRIM_E_MEMORY, "no memory for %zu bytes more of a frame of points", n);
  size_t wanted = buffer->n + n, twice = buffer->capacity <= SIZE_MAX / 2 ? 2 * buffer->capacity : wanted;
  return points_buffer_reserve(buffer, wanted > twice ? wanted : twice, error);
}

scrim_status points_buffer_append(points_buffer *buffer, const void *bytes, size_t n, scrim_error *error) {
  scrim_status status = make_room(buffer, n, error);
  if (status != SCRIM_OK) return status;
  if (n > 0) memcpy(buffer->at + buffer->n, bytes, n);
  buffer->n += n;
  return SCRIM_OK;
}

scrim_status points_buffer_read(points_buffer *buffer, bytes_in *in, uint64_t n, uint64_t *found, scrim_error *error) {
  *found = 0;
  int64_t left = bytes_in_left(in);
  scrim_status status = SCRIM_OK;
  if (left >= 0) status = make_room(buffer, (uint64_t)left < n ? (size_t)left : (size_t)n, error);
  while (status == SCRIM_OK && *found < n) {
    const char *bytes;
    size_t some;
    status = bytes_in_peek(in, 1, &bytes, &some, error);
    if (status != SCRIM_OK || some == 0) break;
    if (some > n - *found) some = (size_t)(n - *found);
    status = points_buffer_append(buffer, bytes, some, error);
    bytes_in_skip(in, some);
    *found += some;
  }
  return status;
}
