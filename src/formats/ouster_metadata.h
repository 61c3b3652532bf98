/* What the JSON file of an Ouster sensor says of its packets and its beams. */
#ifndef FORMATS_OUSTER_METADATA_H
#define FORMATS_OUSTER_METADATA_H

#include <scrim/status.h>
#include <stddef.h>

enum { OUSTER_BEAMS = 256, OUSTER_COLUMNS = 8192, OUSTER_PACKET_COLUMNS = 128 };

typedef struct ouster_metadata {
  char profile[40];              /* "LEGACY" where the file names none */
  size_t beams;                  /* pixels a column */
  size_t columns;                /* of a frame */
  size_t packet_columns;         /* of a packet */
  double altitude[OUSTER_BEAMS]; /* degrees */
  double azimuth[OUSTER_BEAMS];  /* degrees */
  int shift[OUSTER_BEAMS];       /* columns by which a row is late */
  double beam_origin_mm[2];      /* from the lidar's centre: outwards, up */
  double to_sensor[16];          /* row-major, mm */
} ouster_metadata;

/* Both layouts, that of firmware 1 and 2 and that of 2.x and 3. SCRIM_E_FORMAT with the entry at fault. */
scrim_status ouster_metadata_read(ouster_metadata *out, const char *path, scrim_error *error);
/* The same from n bytes of text; `name` for messages. */
scrim_status ouster_metadata_parse(ouster_metadata *out, const char *text, size_t n, const char *name,
                                   scrim_error *error);

#endif
