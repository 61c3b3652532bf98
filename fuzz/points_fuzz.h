/*
 * Any bytes as a file of points. What is read is written back byte for byte; and what is written after edits is read
 * again with the same points.
 */
#ifndef POINTS_FUZZ_H
#define POINTS_FUZZ_H

#include "formats/points.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n);

enum { FUZZ_POINTS = 1 << 16, FUZZ_FRAMES = 8 };

/* The bytes that a writer would make of the frame. */
static points_buffer fuzz_written(scrim_points *points) {
  points_buffer out = {NULL, 0, 0};
  int packed = points->packed.n > 0;
  if (packed && points->edited && points->format->pack(points, NULL) != SCRIM_OK) abort();
  const points_buffer *parts[] = {&points->head, packed ? &points->packed : &points->records, &points->tail};
  for (size_t i = 0; i < 3; i++)
    if (points_buffer_append(&out, parts[i]->at, parts[i]->n, NULL) != SCRIM_OK) abort();
  return out;
}

static void fuzz_read_again(scrim_points *points, const scrim_points_options *options) {
  points_buffer out = fuzz_written(points);
  scrim_points_reader *reader;
  scrim_points *again;
  bytes_in *in;
  if (bytes_in_open_memory(&in, out.at, out.n, NULL) != SCRIM_OK) abort();
  if (points_open_bytes(&reader, in, points->format, options, NULL) != SCRIM_OK) abort();
  if (scrim_points_reader_next(reader, &again, NULL) != SCRIM_OK || again == NULL) abort();
  if (again->info.n != points->info.n || again->info.n_fields != points->info.n_fields) abort();
  for (size_t i = 0; i < points->info.n; i++)
    for (int a = 0; a < 3; a++) {
      float x = (float)points_coordinate(points, i, a), y = (float)points_coordinate(again, i, a);
      if (x != y && !(isnan(x) && isnan(y))) abort();
    }
  scrim_points_reader_close(reader);
  points_buffer_free(&out);
}

/* All edits; whatever they answer, the frame is whole. `seed` chooses points. */
static void fuzz_edit(scrim_points *points, unsigned seed) {
  size_t n = points->info.n;
  float *xyz = malloc(3 * n * sizeof *xyz + 1);
  uint8_t *which = malloc(n + 1);
  if (xyz == NULL || which == NULL) abort();
  for (size_t i = 0; i < points->info.n_fields; i++) scrim_points_get_values(points, i, xyz);
  scrim_points_get_xyz(points, xyz);
  if (scrim_points_move(points, xyz, &n, NULL) != SCRIM_OK || n != 0 || points->edited) abort();
  n = points->info.n;
  for (size_t i = 0; i < n; i++) {
    which[i] = (i + seed) % 3 == 0;
    if (which[i] && isfinite(xyz[3 * i])) xyz[3 * i] += 0.25f;
  }
  (void)!scrim_points_move(points, xyz, NULL, NULL);
  (void)!scrim_points_mark(points, which, NULL);
  (void)!scrim_points_keep(points, which, NULL);
  for (size_t i = 0; i < points->info.n; i++) which[i] = i % 2 == 0;
  (void)!scrim_points_blank(points, which, NULL);
  free(xyz);
  free(which);
}

static inline void fuzz_points(const points_format *format, const scrim_points_options *options,
                               const unsigned char *bytes, size_t n) {
  scrim_points_reader *reader;
  scrim_points *points;
  bytes_in *in;
  size_t at = 0;
  scrim_error error = {.message = ""};
  if (bytes_in_open_memory(&in, bytes, n, NULL) != SCRIM_OK) abort();
  scrim_status status = points_open_bytes(&reader, in, format, options, &error);
  for (int i = 0; status == SCRIM_OK && i < FUZZ_FRAMES; i++) {
    status = scrim_points_reader_next(reader, &points, &error);
    if (status != SCRIM_OK || points == NULL || points->info.n > FUZZ_POINTS) break;
    if (points->info.n != points->info.width * points->info.height) abort();
    if (format != &points_ouster) {
      points_buffer out = fuzz_written(points);
      if (out.n > n - at || (out.n > 0 && memcmp(out.at, bytes + at, out.n) != 0)) abort();
      at += out.n;
      points_buffer_free(&out);
    }
    fuzz_edit(points, (unsigned)n);
    /* A frame of an npy cube has its header only in the first, which says how many follow. */
    if (format != &points_ouster && !(format == &points_npy && points->fixed_why != NULL))
      fuzz_read_again(points, options);
  }
  if (status != SCRIM_OK && error.message[0] == '\0') abort();
  scrim_points_reader_close(reader);
}

#endif
