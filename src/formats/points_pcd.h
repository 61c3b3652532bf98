/* The header of a PCD file: read, and changed where points are dropped or a field is added. */
#ifndef FORMATS_POINTS_PCD_H
#define FORMATS_POINTS_PCD_H

#include "formats/points.h"

typedef enum pcd_data { PCD_ASCII, PCD_BINARY, PCD_COMPRESSED } pcd_data;

typedef struct pcd_header {
  uint64_t width, height; /* their product is at most POINTS_COUNT_MAX */
  size_t columns;         /* words a line of text */
  uint64_t lines;         /* of the header */
  pcd_data data;
} pcd_header;

/* Reads up to the first point: the frame's head, fields and record. */
scrim_status pcd_header_read(scrim_points_reader *reader, pcd_header *header, scrim_error *error);
/* WIDTH and POINTS become n, HEIGHT 1. */
scrim_status pcd_header_recount(scrim_points *points, size_t n, scrim_error *error);
/* A points_format's extend. */
scrim_status pcd_header_extend(const scrim_points *points, points_buffer *head, scrim_error *error);
/* A points_format's adopt: a header for the records as they are. */
scrim_status pcd_header_make(scrim_points *points, scrim_error *error);

#endif
