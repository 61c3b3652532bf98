#include "serve/json_writer.h"

#include "core/memory.h"
#include "formats/decimal.h"
#include <stdint.h>
#include <string.h>

void json_write_free(json_writer *writer) {
  if (writer->bytes != NULL) memory_wipe(writer->bytes, writer->n);
  memory_free(writer->bytes);
  *writer = (json_writer){0};
}

/* Room for n more bytes; NULL when out of memory. */
static char *writer_room(json_writer *writer, size_t n) {
  if (writer->failed) return NULL;
  if (n > writer->capacity - writer->n) {
    const size_t capacity = 2 * writer->capacity + n + 256;
    char *larger = n > SIZE_MAX / 4 ? NULL : memory_grow(writer->bytes, writer->n, capacity);
    writer->failed = larger == NULL;
    if (writer->failed) return NULL;
    writer->bytes = larger;
    writer->capacity = capacity;
  }
  return writer->bytes + writer->n;
}

void *json_write_room(json_writer *writer, size_t n) {
  char *room = writer_room(writer, n);
  if (room != NULL) writer->n += n;
  return room;
}

void json_write_bytes(json_writer *writer, const void *bytes, size_t n) {
  char *to = json_write_room(writer, n);
  if (to != NULL && n > 0) memcpy(to, bytes, n);
}

void json_write(json_writer *writer, const char *text) {
  json_write_bytes(writer, text, strlen(text));
}

void json_write_value(json_writer *writer, json_value value) {
  json_write_bytes(writer, value.at, (size_t)(value.end - value.at));
}

void json_write_string(json_writer *writer, const char *text) {
  static const char digits[] = "0123456789abcdef";
  json_write(writer, "\"");
  for (; *text != '\0'; text++) {
    const unsigned char c = (unsigned char)*text;
    const char escaped[] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15], '\\', (char)c};
    if (c < 0x20)
      json_write_bytes(writer, escaped, 6);
    else if (c == '"' || c == '\\')
      json_write_bytes(writer, escaped + 6, 2);
    else
      json_write_bytes(writer, text, 1);
  }
  json_write(writer, "\"");
}

void json_write_whole(json_writer *writer, uint64_t number) {
  char digits[20], *at = digits + sizeof digits;
  do *--at = (char)('0' + number % 10);
  while ((number /= 10) > 0);
  json_write_bytes(writer, at, (size_t)(digits + sizeof digits - at));
}

void json_write_numbers(json_writer *writer, const float *values, size_t n) {
  for (size_t i = 0; i < n; i++) {
    char *to = writer_room(writer, DECIMAL_CHARS + 1);
    if (to == NULL) return;
    char *at = to;
    if (i > 0) *at++ = ',';
    at += decimal_print(values[i], at);
    writer->n += (size_t)(at - to);
  }
}

void json_write_comma(json_writer *writer) {
  if (writer->n > 0 && strchr("[{", writer->bytes[writer->n - 1]) == NULL) json_write(writer, ",");
}
