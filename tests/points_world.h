/* Frames of points for tests: files made byte by byte, read from memory, written and compared. All of it asserts. */
#ifndef POINTS_WORLD_H
#define POINTS_WORLD_H

#include "formats/points.h"

/* Bytes of a file in the making. */
typedef struct world_file {
  unsigned char at[1 << 16];
  size_t n;
} world_file;

void world_put(world_file *file, const void *bytes, size_t n);
void world_text(world_file *file, const char *text);
void world_u8(world_file *file, unsigned value);
void world_u16(world_file *file, unsigned value);
void world_u32(world_file *file, uint32_t value);
void world_u64(world_file *file, uint64_t value);
void world_f32(world_file *file, float value);
void world_f64(world_file *file, double value);

/* A reader of a copy of the bytes, which world_close frees: ASan sees a step beyond the end. */
scrim_points_reader *world_open(const void *bytes, size_t n, const points_format *format,
                                const scrim_points_options *options);
/* The next frame, which must be there. */
scrim_points *world_next(scrim_points_reader *reader);
/* Open and next in one, for formats of one frame. */
scrim_points *world_read(scrim_points_reader **reader, const world_file *file, const points_format *format);
void world_close(scrim_points_reader *reader);

/* What the frame is written as: a file in `folder`. free(). */
unsigned char *world_write(const char *folder, scrim_points *points, size_t *n);
void world_expect_written(const char *folder, scrim_points *points, const void *expected, size_t n);

/* Reads all frames. Answers the first error. */
scrim_status world_status(const void *bytes, size_t n, const points_format *format, const scrim_points_options *options,
                          scrim_error *error);
/* All frames are read and no error comes, or one comes whose message has `why` in it. */
void world_expect_refused(const world_file *file, const points_format *format, const char *why);
/* Every length below file->n is SCRIM_E_FORMAT with a message. From memory, and through a pipe where `pipes`. */
void world_cut_anywhere(const world_file *file, const points_format *format, const scrim_points_options *options,
                        int pipes);
/*
 * Reads the first frame, moves, marks and drops with the n-th request for memory refused, for every n: the answer is
 * SCRIM_E_MEMORY, and nothing leaks.
 */
void world_starve(const world_file *file, const points_format *format, const scrim_points_options *options);

#endif
