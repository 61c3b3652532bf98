/* The header of a PLY file: its elements and their properties. */
#ifndef FORMATS_POINTS_PLY_H
#define FORMATS_POINTS_PLY_H

#include "formats/points.h"

enum { PLY_ELEMENTS = 32, PLY_PROPERTIES = 256 };

typedef enum ply_data { PLY_ASCII, PLY_LITTLE_ENDIAN, PLY_BIG_ENDIAN } ply_data;

typedef struct ply_property {
  scrim_points_type type;
  scrim_points_type count_type; /* of a list's length; 0: no list */
} ply_property;

typedef struct ply_element {
  uint64_t count;             /* rows, at most POINTS_COUNT_MAX */
  size_t first_property, end; /* properties [first_property, end) */
  size_t bytes;               /* a row; lists not counted */
  int lists;                  /* 1: a row has lists */
} ply_element;

typedef struct ply_header {
  ply_data data;
  ply_element elements[PLY_ELEMENTS];
  ply_property properties[PLY_PROPERTIES];
  size_t n_elements, n_properties;
  size_t vertex;  /* the element of the points */
  uint64_t lines; /* of the header */
} ply_header;

/* Reads up to the first row: the frame's head and fields. */
scrim_status ply_header_read(scrim_points_reader *reader, ply_header *header, scrim_error *error);
/* The number of points becomes n. */
scrim_status ply_header_recount(scrim_points *points, size_t n, scrim_error *error);
/* A points_format's extend. */
scrim_status ply_header_extend(const scrim_points *points, points_buffer *head, scrim_error *error);

#endif
