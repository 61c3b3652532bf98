#include "lab_picture.h"
#include "core/error.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

scrim_status lab_picture_create(lab_picture *p, size_t width, size_t height, scrim_error *error) {
  *p = (lab_picture){.width = width, .height = height};
  p->pixel = malloc(width * height * sizeof *p->pixel);
  p->depth = malloc(width * height * sizeof *p->depth);
  if (!p->pixel || !p->depth) {
    lab_picture_free(p);
    return fail(error, SCRIM_E_MEMORY, "out of memory for a picture of %zu x %zu", width, height);
  }
  memset(p->pixel, 255, width * height * sizeof *p->pixel);
  for (size_t i = 0; i < width * height; i++) p->depth[i] = INFINITY;
  return SCRIM_OK;
}

void lab_picture_free(lab_picture *p) {
  free(p->pixel);
  free(p->depth);
  *p = (lab_picture){0};
}

void lab_picture_dot(lab_picture *p, double x, double y, double depth, double radius, lab_color color) {
  for (double v = floor(y - radius); v <= y + radius; v++)
    for (double u = floor(x - radius); u <= x + radius; u++) {
      if (u < 0 || v < 0 || u >= (double)p->width || v >= (double)p->height) continue;
      if ((u - x) * (u - x) + (v - y) * (v - y) > radius * radius) continue;
      const size_t at = (size_t)v * p->width + (size_t)u;
      if (!(depth < (double)p->depth[at])) continue;
      p->depth[at] = (float)depth;
      p->pixel[at] = color;
    }
}

static uint8_t channel(double value) {
  return (uint8_t)(255 * fmin(fmax(value, 0), 1));
}

lab_color lab_picture_shade(double value) {
  const double t = 4 * fmin(fmax(value, 0), 1);
  return (lab_color){channel(0.1 + (t - 2)), channel(0.9 * (2 - fabs(t - 2))), channel(2 - t)};
}

/* ---- PNG: a signature, then chunks of length, name, data and check sum, all big endian ---- */

static void put_u32(uint8_t *to, uint32_t value) {
  for (int i = 0; i < 4; i++) to[i] = (uint8_t)(value >> (24 - 8 * i));
}

static int write_chunk(FILE *file, const char *name, const uint8_t *data, size_t bytes) {
  uint8_t head[8], sum[4];
  put_u32(head, (uint32_t)bytes);
  memcpy(head + 4, name, 4);
  uLong check = crc32(0, head + 4, 4);
  if (bytes > 0) check = crc32(check, data, (uInt)bytes);
  put_u32(sum, (uint32_t)check);
  return fwrite(head, 1, 8, file) == 8 && fwrite(data, 1, bytes, file) == bytes && fwrite(sum, 1, 4, file) == 4;
}

/* Rows of RGB, each after a byte that says it is not filtered, deflated. NULL: out of memory. Freed with free(). */
static uint8_t *deflate_rows(const lab_picture *p, size_t *bytes) {
  const size_t row = 3 * p->width + 1, raw_bytes = row * p->height;
  uLongf n = compressBound((uLong)raw_bytes);
  uint8_t *raw = malloc(raw_bytes), *packed = malloc(n);
  int done = raw && packed;
  for (size_t y = 0; done && y < p->height; y++) {
    raw[y * row] = 0;
    memcpy(raw + y * row + 1, p->pixel + y * p->width, 3 * p->width);
  }
  done = done && compress2(packed, &n, raw, (uLong)raw_bytes, Z_BEST_COMPRESSION) == Z_OK;
  free(raw);
  if (done) {
    *bytes = n;
    return packed;
  }
  free(packed);
  return NULL;
}

scrim_status lab_picture_write(const lab_picture *p, const char *path, scrim_error *error) {
  static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  uint8_t header[13] = {[8] = 8, [9] = 2}; /* 8 bits a channel, RGB */
  size_t bytes = 0;
  put_u32(header, (uint32_t)p->width);
  put_u32(header + 4, (uint32_t)p->height);
  uint8_t *packed = deflate_rows(p, &bytes);
  if (!packed) return fail(error, SCRIM_E_MEMORY, "out of memory for '%s'", path);
  FILE *file = fopen(path, "wb");
  int done = file && fwrite(signature, 1, sizeof signature, file) == sizeof signature &&
             write_chunk(file, "IHDR", header, sizeof header) && write_chunk(file, "IDAT", packed, bytes) &&
             write_chunk(file, "IEND", packed, 0);
  if (file && fclose(file)) done = 0;
  free(packed);
  return done ? SCRIM_OK : fail_errno(error, SCRIM_E_IO, "cannot write '%s'", path);
}
