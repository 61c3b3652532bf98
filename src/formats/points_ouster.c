/*
 * Ouster's lidar packets as organised frames: one row a beam, one column a direction, rows put straight. What was not
 * measured is not-a-number. The arithmetic is that of Ouster's "Software User Manual", section "Lidar range to XYZ".
 */
#include "core/error.h"
#include "core/memory.h"
#include "core/path.h"
#include "formats/ouster_metadata.h"
#include "formats/pcap.h"
#include "formats/points.h"
#include "formats/points_number.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

/* How a packet is laid out; all numbers are little endian. */
typedef struct packet_layout {
  const char *profile;
  size_t head, column_head, pixel, column_foot, foot; /* bytes */
  size_t frame_id;                                    /* from the start of the packet */
  uint32_t range_mask;
  uint32_t range_mm; /* of one unit */
  size_t reflectivity, reflectivity_bytes;
  size_t signal; /* u16 in the pixel; 0: none */
  size_t ambient, ambient_bytes;
  int ambient_shift;
} packet_layout;

static const packet_layout layouts[] = {
    {"LEGACY", 0, 16, 12, 4, 0, 10, 0xfffff, 1, 4, 2, 6, 8, 2, 0},
    {"RNG15_RFL8_NIR8", 32, 12, 4, 0, 32, 2, 0x7fff, 8, 2, 1, 0, 3, 1, 4},
    /* Of two returns the first, the stronger one. */
    {"RNG19_RFL8_SIG16_NIR16_DUAL", 32, 12, 16, 0, 32, 2, 0x7ffff, 1, 3, 1, 8, 12, 2, 0},
    {"RNG19_RFL8_SIG16_NIR16", 32, 12, 12, 0, 32, 2, 0x7ffff, 1, 4, 1, 6, 8, 2, 0},
};

enum {
  RECORD = 32,
  AT_INTENSITY = 12,
  AT_TIME = 16,
  AT_REFLECTIVITY = 20,
  AT_RING = 22,
  AT_AMBIENT = 24,
  AT_RANGE = 28
};

typedef struct ouster_state {
  ouster_metadata metadata;
  const packet_layout *layout;
  size_t packet_bytes;
  pcap_reader *pcap;
  double beam[OUSTER_BEAMS][4];        /* sine and cosine of altitude and of azimuth */
  double direction[OUSTER_COLUMNS][2]; /* sine and cosine of the column */
  points_buffer waiting;               /* a packet of the frame that comes next */
  int64_t other_packets;               /* of another length, so far */
} ouster_state;

/* ---- opening ---- */

static void prepare_angles(ouster_state *state) {
  const double degree = acos(-1.0) / 180;
  const ouster_metadata *m = &state->metadata;
  for (size_t i = 0; i < m->beams; i++) {
    double altitude = m->altitude[i] * degree, azimuth = -m->azimuth[i] * degree;
    state->beam[i][0] = sin(altitude);
    state->beam[i][1] = cos(altitude);
    state->beam[i][2] = sin(azimuth);
    state->beam[i][3] = cos(azimuth);
  }
  for (size_t i = 0; i < m->columns; i++) {
    double angle = (1 - (double)i / (double)m->columns) * 360 * degree;
    state->direction[i][0] = sin(angle);
    state->direction[i][1] = cos(angle);
  }
}

static scrim_status choose_layout(ouster_state *state, const char *path, scrim_error *error) {
  const ouster_metadata *m = &state->metadata;
  for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
    const packet_layout *l = &layouts[i];
    if (strcmp(l->profile, m->profile) != 0) continue;
    state->layout = l;
    state->packet_bytes =
        l->head + l->foot + m->packet_columns * (l->column_head + m->beams * l->pixel + l->column_foot);
    return SCRIM_OK;
  }
  return fail(error, SCRIM_E_UNSUPPORTED,
              "'%s': profile '%s', expected LEGACY, RNG15_RFL8_NIR8, RNG19_RFL8_SIG16_NIR16 or its _DUAL", path,
              m->profile);
}

static scrim_status ouster_open(scrim_points_reader *reader, scrim_error *error) {
  const char *path = reader->options.metadata;
  if (path == NULL)
    return fail(error, SCRIM_E_PARAM, "'%s': Ouster packets need the sensor's metadata, a JSON file",
                reader->points.name);
  ouster_state *state = memory_zalloc(1, sizeof *state);
  if (state == NULL) return fail(error, SCRIM_E_MEMORY, "no memory to read '%s'", reader->points.name);
  reader->state = state;
  scrim_status status = ouster_metadata_read(&state->metadata, path, error);
  if (status == SCRIM_OK) status = choose_layout(state, path, error);
  if (status == SCRIM_OK) status = pcap_open(&state->pcap, reader->in, error);
  if (status == SCRIM_OK) prepare_angles(state);
  return status;
}

static void ouster_close(scrim_points_reader *reader) {
  ouster_state *state = reader->state;
  if (state == NULL) return;
  pcap_close(state->pcap);
  points_buffer_free(&state->waiting);
  memory_free(state);
}

/* ---- one packet ---- */

/* Where the beam of a pixel ends, in metres in the sensor's frame. `range` in mm. */
static void place(const ouster_state *state, size_t beam, size_t column, double range, float xyz[3]) {
  const ouster_metadata *m = &state->metadata;
  const double *b = state->beam[beam], *d = state->direction[column], *t = m->to_sensor;
  double n = m->beam_origin_mm[0], up = m->beam_origin_mm[1];
  double length = range - hypot(n, up);
  double cosine = d[1] * b[3] - d[0] * b[2], sine = d[0] * b[3] + d[1] * b[2];
  double x = length * cosine * b[1] + n * d[1], y = length * sine * b[1] + n * d[0], z = length * b[0] + up;
  for (int a = 0; a < 3; a++)
    xyz[a] = (float)((t[4 * a] * x + t[4 * a + 1] * y + t[4 * a + 2] * z + t[4 * a + 3]) / 1000);
}

static void decode_pixel(const ouster_state *state, const unsigned char *pixel, size_t beam, size_t column,
                         uint32_t time, unsigned char *record) {
  const packet_layout *l = state->layout;
  uint32_t raw = l->pixel == 4 ? points_load_u16(pixel) : points_load_u32(pixel);
  uint32_t range = (raw & l->range_mask) * l->range_mm;
  unsigned reflectivity =
      l->reflectivity_bytes == 2 ? points_load_u16(pixel + l->reflectivity) : pixel[l->reflectivity];
  unsigned ambient = l->ambient_bytes == 2 ? points_load_u16(pixel + l->ambient) : pixel[l->ambient];
  float xyz[3], intensity = l->signal > 0 ? (float)points_load_u16(pixel + l->signal) : (float)reflectivity;
  if (range > 0) {
    place(state, beam, column, range, xyz);
    memcpy(record, xyz, sizeof xyz);
  }
  memcpy(record + AT_INTENSITY, &intensity, sizeof intensity);
  points_store_u32(record + AT_TIME, time);
  points_store_u16(record + AT_REFLECTIVITY, (uint16_t)reflectivity);
  points_store_u16(record + AT_AMBIENT, (uint16_t)(ambient << l->ambient_shift));
  points_store_u32(record + AT_RANGE, range);
}

/* Whether the sensor measured in this column. */
static int is_valid(const packet_layout *l, const unsigned char *column, size_t column_bytes) {
  if (l->column_foot > 0) return points_load_u32(column + column_bytes - l->column_foot) == UINT32_MAX;
  return points_load_u16(column + 10) & 1;
}

static void decode_packet(scrim_points *points, const ouster_state *state, const unsigned char *packet) {
  const ouster_metadata *m = &state->metadata;
  const packet_layout *l = state->layout;
  size_t column_bytes = l->column_head + m->beams * l->pixel + l->column_foot;
  for (size_t c = 0; c < m->packet_columns; c++) {
    const unsigned char *column = packet + l->head + c * column_bytes;
    uint64_t time = points_load_u64(column);
    size_t id = points_load_u16(column + 8);
    if (!is_valid(l, column, column_bytes) || id >= m->columns) continue;
    if (points->info.stamp_ns == 0) points->info.stamp_ns = time;
    uint64_t since = time > points->info.stamp_ns ? time - points->info.stamp_ns : 0;
    for (size_t b = 0; b < m->beams; b++) {
      size_t straight = (size_t)((int)id + m->shift[b] + (int)m->columns) % m->columns;
      decode_pixel(state, column + l->column_head + b * l->pixel, b, id,
                   since < UINT32_MAX ? (uint32_t)since : UINT32_MAX,
                   points->records.at + (b * m->columns + straight) * RECORD);
    }
  }
}

/* ---- frames ---- */

static scrim_status empty_records(scrim_points *points, const ouster_metadata *m, scrim_error *error) {
  static const scrim_points_field fields[] = {
      {"x", SCRIM_POINTS_F32, 0, 1},
      {"y", SCRIM_POINTS_F32, 4, 1},
      {"z", SCRIM_POINTS_F32, 8, 1},
      {"intensity", SCRIM_POINTS_F32, AT_INTENSITY, 1},
      {"t", SCRIM_POINTS_U32, AT_TIME, 1},
      {"reflectivity", SCRIM_POINTS_U16, AT_REFLECTIVITY, 1},
      {"ring", SCRIM_POINTS_U16, AT_RING, 1},
      {"ambient", SCRIM_POINTS_U16, AT_AMBIENT, 1},
      {"range", SCRIM_POINTS_U32, AT_RANGE, 1},
  };
  static const float nowhere[3] = {NAN, NAN, NAN};
  memcpy(points->fields, fields, sizeof fields);
  points->info.n_fields = sizeof fields / sizeof *fields;
  points->info.record_bytes = RECORD;
  points->info.n = m->beams * m->columns;
  points->info.width = m->columns;
  points->info.height = m->beams;
  points->records.n = points->info.n * RECORD;
  scrim_status status = points_buffer_reserve(&points->records, points->records.n, error);
  if (status != SCRIM_OK) return status;
  memset(points->records.at, 0, points->records.n);
  for (size_t i = 0; i < points->info.n; i++) {
    memcpy(points->records.at + i * RECORD, nowhere, sizeof nowhere);
    points_store_u16(points->records.at + i * RECORD + AT_RING, (uint16_t)(i / m->columns));
  }
  return SCRIM_OK;
}

/* The next lidar packet: the one that waits, or from the file. NULL at the end. */
static scrim_status next_packet(ouster_state *state, const unsigned char **packet, scrim_error *error) {
  size_t n = 0;
  scrim_status status = SCRIM_OK;
  if (state->waiting.n > 0) {
    *packet = state->waiting.at;
    state->waiting.n = 0;
    return SCRIM_OK;
  }
  do {
    status = pcap_next(state->pcap, packet, &n, error);
    if (status != SCRIM_OK || *packet == NULL) return status;
    state->other_packets += n != state->packet_bytes;
  } while (n != state->packet_bytes);
  return SCRIM_OK;
}

static scrim_status no_packets(const scrim_points_reader *reader, const ouster_state *state, scrim_error *error) {
  if (reader->frame > 0 || state->other_packets == 0) return SCRIM_OK;
  return fail(
      error, SCRIM_E_FORMAT,
      "'%s': none of its %" PRId64 " packets has the %zu bytes of %s with %zu beams: metadata of another sensor?",
      reader->points.name, state->other_packets, state->packet_bytes, state->layout->profile, state->metadata.beams);
}

/* Packets up to the first of a later frame; packets of earlier frames come too late and are passed over. */
static scrim_status ouster_next(scrim_points_reader *reader, int *found, scrim_error *error) {
  ouster_state *state = reader->state;
  const unsigned char *packet;
  scrim_status status = next_packet(state, &packet, error);
  if (status != SCRIM_OK) return status;
  if (packet == NULL) return no_packets(reader, state, error);
  unsigned frame = points_load_u16(packet + state->layout->frame_id);
  /* The waiting packet lies in a buffer that stays as it is until it is filled again below. */
  status = empty_records(&reader->points, &state->metadata, error);
  while (status == SCRIM_OK && packet != NULL) {
    int16_t later = (int16_t)(points_load_u16(packet + state->layout->frame_id) - frame);
    if (later > 0) {
      status = points_buffer_append(&state->waiting, packet, state->packet_bytes, error);
      break;
    }
    if (later == 0) decode_packet(&reader->points, state, packet);
    status = next_packet(state, &packet, error);
  }
  *found = status == SCRIM_OK;
  return status;
}

const points_format points_ouster = {.id = SCRIM_POINTS_OUSTER,
                                     .name = "ouster",
                                     .extension = ".pcap",
                                     .open = ouster_open,
                                     .next = ouster_next,
                                     .close = ouster_close};
