/* Packets of a small sensor. */
#include "ouster_world.h"
#include "formats/points_number.h"
#include <string.h>

#define FORMAT_ENTRIES                                                                                                 \
  "\"columns_per_frame\": 4, \"columns_per_packet\": 2, \"pixels_per_column\": 2, \"pixel_shift_by_row\": [0, -1]"
#define BEAM_ENTRIES "\"beam_altitude_angles\": [0, 30], \"beam_azimuth_angles\": [0, 90]"
#define MATRIX "[-1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1, 100, 0, 0, 0, 1]"

const char *const ouster_flat_metadata =
    "{" BEAM_ENTRIES ", \"data_format\": {" FORMAT_ENTRIES "%s}, "
    "\"lidar_origin_to_beam_origin_mm\": 20, \"lidar_to_sensor_transform\": " MATRIX "}";
const char *const ouster_nested_metadata =
    "{\"beam_intrinsics\": {" BEAM_ENTRIES ", \"beam_to_lidar_transform\": "
    "[1, 0, 0, 20, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]}, "
    "\"lidar_data_format\": {" FORMAT_ENTRIES "%s}, \"lidar_intrinsics\": {\"lidar_to_sensor_transform\": " MATRIX "}}";

/* ---- captures ---- */

static void put_big_endian(world_file *file, unsigned value) {
  world_u8(file, value >> 8);
  world_u8(file, value & 255);
}

void ouster_capture(world_file *file) {
  file->n = 0;
  world_u32(file, 0xa1b2c3d4);
  world_u16(file, 2);
  world_u16(file, 4);
  world_u64(file, 0);
  world_u32(file, 65535);
  world_u32(file, 1);
}

void ouster_fragment(world_file *file, unsigned id, const void *bytes, size_t n, size_t offset, int more) {
  world_u64(file, 0);
  world_u32(file, (uint32_t)(14 + 20 + n));
  world_u32(file, (uint32_t)(14 + 20 + n));
  world_put(file, "\0\0\0\0\0\1\0\0\0\0\0\2\x08\0", 14);
  world_u8(file, 0x45);
  world_u8(file, 0);
  put_big_endian(file, (unsigned)(20 + n));
  put_big_endian(file, id);
  put_big_endian(file, (unsigned)(offset / 8) | (more ? 0x2000u : 0));
  world_put(file, "\x40\x11\0\0\x7f\0\0\1\x7f\0\0\1", 12);
  world_put(file, bytes, n);
}

size_t ouster_udp(unsigned char *to, const void *payload, size_t n) {
  memset(to, 0, 8);
  to[4] = (unsigned char)((n + 8) >> 8);
  to[5] = (unsigned char)(n + 8);
  memcpy(to + 8, payload, n);
  return n + 8;
}

void ouster_packet(world_file *file, const void *payload, size_t n) {
  unsigned char datagram[4096];
  size_t bytes = ouster_udp(datagram, payload, n);
  ouster_fragment(file, 0, datagram, bytes, 0, 0);
}

/* ---- lidar packets ---- */

static uint32_t range_of(unsigned frame, unsigned column, unsigned beam) {
  return 1000 * (frame + 1) + 10 * column + beam;
}

size_t ouster_legacy(unsigned char *to, unsigned frame, unsigned first) {
  enum { HEAD = 16, PIXEL = 12, COLUMN = HEAD + 2 * PIXEL + 4 };
  memset(to, 0, 2 * COLUMN);
  for (unsigned c = first; c < first + 2; c++, to += COLUMN) {
    points_store_u64(to, 5000 + 100 * frame + c);
    points_store_u16(to + 8, (uint16_t)c);
    points_store_u16(to + 10, (uint16_t)frame);
    for (unsigned b = 0; b < 2; b++) {
      unsigned char *pixel = to + HEAD + PIXEL * b;
      points_store_u32(pixel, range_of(frame, c, b) | 0x30000000); /* flags above the range */
      points_store_u16(pixel + 4, (uint16_t)(40 + b));
      points_store_u16(pixel + 6, 700);
      points_store_u16(pixel + 8, 300);
    }
    points_store_u32(to + COLUMN - 4, UINT32_MAX);
  }
  return 2 * COLUMN;
}

size_t ouster_low_data(unsigned char *to, unsigned frame, unsigned first) {
  enum { HEAD = 12, PIXEL = 4, COLUMN = HEAD + 2 * PIXEL, PACKET = 32 + 2 * COLUMN + 32 };
  memset(to, 0, PACKET);
  points_store_u16(to, 1);
  points_store_u16(to + 2, (uint16_t)frame);
  to += 32;
  for (unsigned c = first; c < first + 2; c++, to += COLUMN) {
    points_store_u64(to, 5000 + 100 * frame + c);
    points_store_u16(to + 8, (uint16_t)c);
    points_store_u16(to + 10, 1);
    for (unsigned b = 0; b < 2; b++) {
      unsigned char *pixel = to + HEAD + PIXEL * b;
      points_store_u16(pixel, (uint16_t)(range_of(frame, c, b) / 8 | 0x8000)); /* a flag above the range */
      pixel[2] = (unsigned char)(40 + b);
      pixel[3] = 9;
    }
  }
  return PACKET;
}
