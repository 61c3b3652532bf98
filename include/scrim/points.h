/*
 * scrim/points.h: frames of points in and out of LiDAR and mesh files, with everything that is not moved untouched.
 *
 * A frame is a table of records as the file has them: x, y and z, and whatever rides along (intensity, ring, time,
 * colour, padding). Reading gives float32 xyz; what is written back is the file's own bytes, in their order, save the
 * coordinates of the points that were moved and, where points are dropped or marked, the counts and the one field
 * that say so. A frame that nothing was done to is written byte for byte.
 *
 *     kitti     .bin       no header: 4 float32 a point (x, y, z, reflectance). Other widths must be said
 *     nuscenes  .pcd.bin   the same with 5 float32 (+ ring)
 *     pcd       .pcd       0.7 and .7: ascii, binary, binary_compressed
 *     ply       .ply       ascii, binary of both byte orders; other elements (faces) are carried along
 *     las       .las       1.0 to 1.4, point formats 0 to 10, with extra bytes; LAZ is refused
 *     npy       .npy       [n, c] or [b, n, c] of float32 or float64, c >= 3: b frames
 *     stream    .scrimpts  frames one after the other, for pipes: docs/POINT_STREAM.md
 *     ouster    .pcap      input only: Ouster packets, legacy and low-data profile, with the sensor's JSON metadata
 *
 * Memory is bounded by one frame, and no count that a file declares is believed before its bytes are there.
 *
 * Thread safety: a reader, its frame and a writer belong to one thread at a time.
 */
#ifndef SCRIM_POINTS_H
#define SCRIM_POINTS_H

#include <scrim/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum scrim_points_format {
  SCRIM_POINTS_AUTO = 0, /* by extension; "-" is a stream */
  SCRIM_POINTS_KITTI = 1,
  SCRIM_POINTS_NUSCENES = 2,
  SCRIM_POINTS_PCD = 3,
  SCRIM_POINTS_PLY = 4,
  SCRIM_POINTS_LAS = 5,
  SCRIM_POINTS_NPY = 6,
  SCRIM_POINTS_STREAM = 7,
  SCRIM_POINTS_OUSTER = 8
} scrim_points_format;

/* "kitti", "nuscenes", "pcd", "ply", "las", "npy", "stream", "ouster" or "auto"; SCRIM_E_PARAM otherwise. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_points_format_parse(scrim_points_format *out, const char *name,
                                                                  scrim_error *error);
/* "kitti" for SCRIM_POINTS_KITTI; NULL for a number that is none. Static storage. */
SCRIM_API const char *scrim_points_format_name(scrim_points_format format);

/* The numbers of ROS PointCloud2, and two more. */
typedef enum scrim_points_type {
  SCRIM_POINTS_I8 = 1,
  SCRIM_POINTS_U8 = 2,
  SCRIM_POINTS_I16 = 3,
  SCRIM_POINTS_U16 = 4,
  SCRIM_POINTS_I32 = 5,
  SCRIM_POINTS_U32 = 6,
  SCRIM_POINTS_F32 = 7,
  SCRIM_POINTS_F64 = 8,
  SCRIM_POINTS_I64 = 9,
  SCRIM_POINTS_U64 = 10
} scrim_points_type;

#define SCRIM_POINTS_NAME 64     /* bytes of a field's name, with the NUL */
#define SCRIM_POINTS_FIELDS 128  /* fields a record */
#define SCRIM_POINTS_RECORD 4096 /* bytes a record */

typedef struct scrim_points_field {
  char name[SCRIM_POINTS_NAME]; /* as the file spells it; "_" is padding */
  scrim_points_type type;
  size_t offset; /* bytes from the start of the record; in text, the column */
  size_t count;  /* numbers in the field */
} scrim_points_field;

typedef struct scrim_points_info {
  scrim_points_format format;
  size_t n;             /* points */
  size_t width, height; /* n = width * height; organised (an image of points, row after row) where height > 1 */
  size_t record_bytes;  /* bytes a point; 0: lines of text */
  size_t n_fields;
  int64_t frame;     /* number of the frame in its file or stream, from 0 */
  uint64_t stamp_ns; /* time of the frame as its source tells it, in nanoseconds; 0: it does not */
} scrim_points_info;

typedef struct scrim_points scrim_points; /* a frame */

SCRIM_API const scrim_points_info *scrim_points_get_info(const scrim_points *points);
SCRIM_API const scrim_points_field *scrim_points_get_field(const scrim_points *points, size_t i); /* i < n_fields */
/* The field of that name, whatever the case; -1: there is none. */
SCRIM_API int scrim_points_find(const scrim_points *points, const char *name);

/*
 * Coordinates in the file's unit, less the origin, into xyz [n, 3]; what is not finite in the file stays so. The
 * origin is 0 unless the file is more precise than float32 (float64, LAS, text) and the median coordinate lies beyond
 * 16384: then it is that median, made whole, for float32 would round map coordinates to half a metre.
 */
SCRIM_API void scrim_points_get_xyz(const scrim_points *points, float *xyz);
SCRIM_API void scrim_points_get_origin(const scrim_points *points, double origin[3]);
/* First number of field i of each point, as float32, into values [n]. */
SCRIM_API void scrim_points_get_values(const scrim_points *points, size_t i, float *values);

/*
 * What may be done to a frame, in any order. An edit that fails leaves the frame as it was. n and the coordinates are
 * those of the frame as it is at that moment.
 */

/*
 * Writes xyz [n, 3], less the origin, into the records of those points whose coordinates differ from what
 * scrim_points_get_xyz gives; *moved (NULL: no matter) counts them. SCRIM_E_DATA: a point that LAS has no number for.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_points_move(scrim_points *points, const float *xyz, size_t *moved,
                                                          scrim_error *error);
/* x, y and z of each point with which[i] != 0 become not-a-number. SCRIM_E_UNSUPPORTED: LAS has none. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_points_blank(scrim_points *points, const uint8_t *which,
                                                           scrim_error *error);
/*
 * Only points with keep[i] != 0 stay, in their order; an organised frame becomes one row. SCRIM_E_UNSUPPORTED: faces
 * of a PLY name points by their number; frames of an npy [b, n, c] have one length.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_points_keep(scrim_points *points, const uint8_t *keep,
                                                          scrim_error *error);
/*
 * Says of each point whether it is marked, mark[i] 0 or 1: pcd, ply and stream get a field `mark` of one byte (one
 * that is there already is overwritten), las gets classification 7 for marked points. kitti, nuscenes and npy have no
 * room: scrim_points_writer_write puts a file NAME.mark of n bytes beside NAME.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_points_mark(scrim_points *points, const uint8_t *mark,
                                                          scrim_error *error);

typedef struct scrim_points_reader scrim_points_reader;

/* All 0 is the default. */
typedef struct scrim_points_options {
  scrim_points_format format;
  int bin_floats; /* kitti: float32 a point, 3 to 64. 0: 4; but a .bin of unsaid format is refused where 5 fit too */
  const char *metadata; /* ouster: path of the JSON file that belongs to the sensor */
} scrim_points_options;

/* `options` may be NULL. "-" is stdin. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_points_reader_open(scrim_points_reader **out, const char *path,
                                                                 const scrim_points_options *options,
                                                                 scrim_error *error);
/*
 * The next frame; *out is NULL at the end. It belongs to the reader and lives until the next call. A stream or packet
 * file that ends within a frame is SCRIM_E_FORMAT, after all whole frames have been given out.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_points_reader_next(scrim_points_reader *reader, scrim_points **out,
                                                                 scrim_error *error);
SCRIM_API void scrim_points_reader_close(scrim_points_reader *reader); /* NULL is fine */

typedef struct scrim_points_writer scrim_points_writer;

/*
 * Frames are written in their own format. `format` AUTO follows the extension, and where that says nothing the frames;
 * pcd (binary) and stream take frames of any binary format, kitti those with a field `intensity` or `reflectivity`,
 * npy those with x, y, z. As with tables, a file appears under its name only when it is closed with commit 1; devices,
 * pipes and "-" are streamed, and each frame has left when scrim_points_writer_write returns.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_points_writer_open(scrim_points_writer **out, const char *path,
                                                                 scrim_points_format format, scrim_error *error);
/* May turn the frame into the writer's format. SCRIM_E_UNSUPPORTED: this format cannot hold it, or a second frame. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_points_writer_write(scrim_points_writer *writer, scrim_points *points,
                                                                  scrim_error *error);
/* Always frees. commit 0: nothing stays. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_points_writer_close(scrim_points_writer *writer, int commit,
                                                                  scrim_error *error);

#ifdef __cplusplus
}
#endif
#endif
