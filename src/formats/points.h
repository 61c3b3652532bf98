/*
 * A frame of points from inside: bytes before the records, the records, bytes after them; and where the numbers lie.
 *
 * Every format keeps a frame in these three parts, and edits and writing are the same for all. What an edit must
 * change besides the records (counts, bounds, a list of fields) each format does in its own head.
 */
#ifndef FORMATS_POINTS_H
#define FORMATS_POINTS_H

#include "formats/bytes_in.h"
#include "formats/bytes_out.h"
#include "formats/points_buffer.h"
#include <scrim/points.h>

enum {
  POINTS_HEADER_MAX = 1 << 18, /* bytes of a header, whatever the format */
  POINTS_LINE_MAX = 1 << 16    /* bytes of a line of text */
};
#define POINTS_COUNT_MAX ((uint64_t)1 << 36) /* points a frame, so that no product of sizes overflows */

typedef struct points_format points_format;

struct scrim_points {
  scrim_points_info info;
  const points_format *format;
  const char *name;      /* of the file, for messages; the reader's */
  points_buffer head;    /* bytes before the records */
  points_buffer records; /* [n, record_bytes], or lines of text with their ends */
  points_buffer tail;    /* bytes after them */
  points_buffer packed;  /* what stands in the file instead of the records: pcd, compressed */
  points_buffer starts;  /* text: uint64_t [n + 1], where each line starts in the records */
  points_buffer values;  /* text: double [n, 3], the coordinates */
  points_buffer marks;   /* uint8_t [n] where the format has no room for them */
  points_buffer spare;   /* scratch of edits */
  scrim_points_field fields[SCRIM_POINTS_FIELDS];
  int axis[3];               /* fields of x, y, z */
  int big_endian;            /* numbers in the records */
  double scale[3], shift[3]; /* of whole coordinates: number * scale + shift */
  double origin[3];
  int edited;            /* `packed` is out of date */
  int marked_aside;      /* `marks` has them */
  const char *fixed_why; /* why the number of points cannot change; NULL: it can */
};

struct points_format {
  scrim_points_format id;
  const char *name;
  const char *extension; /* with the point */
  /* Reads up to the first frame; NULL: nothing to do. */
  scrim_status (*open)(scrim_points_reader *reader, scrim_error *error);
  /* Fills the reader's frame, which has been emptied; *found 0: there is none any more. */
  scrim_status (*next)(scrim_points_reader *reader, int *found, scrim_error *error);
  void (*close)(scrim_points_reader *reader); /* frees reader->state; NULL: there is none */
  /* Before points are dropped: `left` stay. Changes the head; keeps the records. NULL: no head that tells a count. */
  scrim_status (*drop)(scrim_points *points, const uint8_t *keep, size_t left, scrim_error *error);
  /* Makes the head of records that end in one more field, `mark` of one byte. NULL: the format has no such field. */
  scrim_status (*extend)(const scrim_points *points, points_buffer *head, scrim_error *error);
  /* Instead of a field; NULL: see extend. */
  void (*mark)(scrim_points *points, const uint8_t *mark);
  /* After points were moved; NULL: nothing to do. */
  void (*moved)(scrim_points *points);
  /* Makes points->packed; NULL: records are written as they are. */
  scrim_status (*pack)(scrim_points *points, scrim_error *error);
  /*
   * Makes the head, and if need be the records, of a frame of another format: little-endian records with float
   * coordinates. NULL: it cannot.
   */
  scrim_status (*adopt)(scrim_points *points, scrim_error *error);
};

struct scrim_points_reader {
  const points_format *format;
  bytes_in *in;
  scrim_points points;
  scrim_points_options options;
  void *state;   /* the format's own */
  int64_t frame; /* frames given so far */
  int failed;    /* a frame could not be read: what comes next is unknown */
};

extern const points_format points_kitti, points_nuscenes, points_pcd, points_ply, points_las, points_npy, points_stream,
    points_ouster;

/* scrim_points_reader_open on any bytes; `in` is the reader's from here on, closed even if this fails. */
scrim_status points_open_bytes(scrim_points_reader **out, bytes_in *in, const points_format *format,
                               const scrim_points_options *options, scrim_error *error);
const points_format *points_format_get(scrim_points_format id); /* NULL: there is none */
const points_format *points_format_of_path(const char *path);   /* by extension; NULL: none fits */

/* ---- coordinates: points_frame.c ---- */

/* A coordinate of point i in the file's unit, and less the origin as scrim_points_get_xyz gives it. */
double points_coordinate(const scrim_points *points, size_t i, int axis);
float points_coordinate_float(const scrim_points *points, size_t i, int axis);
void points_set_origin(scrim_points *points);

/* ---- for readers ---- */

/* Appends a field behind the last. SCRIM_E_FORMAT: too many, or too long a name. `offset` as in scrim_points_field. */
scrim_status points_add_field(scrim_points *points, const char *name, size_t name_bytes, scrim_points_type type,
                              size_t offset, size_t count, scrim_error *error);
/* Finds x, y and z among the fields. SCRIM_E_FORMAT: one is missing or neither float32 nor float64. */
scrim_status points_find_axes(scrim_points *points, scrim_error *error);
/* Reads n * record_bytes bytes into the records. SCRIM_E_FORMAT with the point at which the file ends. */
scrim_status points_read_records(scrim_points_reader *reader, uint64_t n, scrim_error *error);
/* Reads n bytes of the header, called `what` in messages, onto the head. */
scrim_status points_read_head(scrim_points_reader *reader, size_t n, const char *what, scrim_error *error);
/* n points in one row. */
void points_set_count(scrim_points *points, size_t n);

/* ---- the frame as text: points_text.c ---- */

/* Reads n lines of `columns` numbers into the records. `line`: number of the first, from 1, for messages. */
scrim_status points_text_read(scrim_points_reader *reader, uint64_t n, size_t columns, uint64_t line,
                              scrim_error *error);
/* Column `column` of point i; not-a-number where there is no number. */
double points_text_value(const scrim_points *points, size_t i, size_t column);
/* Whether the coordinate of point i is to change, and to what. Must answer the same when asked again. */
typedef int (*points_change)(const scrim_points *points, const void *with, size_t i, int axis, double *value);
/* Writes the changed coordinates into their lines. */
scrim_status points_text_change(scrim_points *points, points_change change, const void *with, scrim_error *error);
void points_text_keep(scrim_points *points, const uint8_t *keep);
/* Marks behind each line, or in the column if there is one already (-1: there is none). */
scrim_status points_text_mark(scrim_points *points, const uint8_t *mark, int column, scrim_error *error);

#endif
