/* A small Ouster sensor for tests: two beams, four columns a frame, two a packet; its packets and captures of them. */
#ifndef OUSTER_WORLD_H
#define OUSTER_WORLD_H

#include "points_world.h"

/* The metadata in the layout of firmware 2.1, "%s" where the profile goes (a line, or nothing). */
extern const char *const ouster_flat_metadata;
/* The same in the layout of firmware 2.3 and later. */
extern const char *const ouster_nested_metadata;

/* The start of a capture file of Ethernet packets. */
void ouster_capture(world_file *file);
/* A UDP packet in one IPv4 datagram. */
void ouster_packet(world_file *file, const void *payload, size_t n);
/* A part of a datagram: `offset` in bytes, a multiple of 8. */
void ouster_fragment(world_file *file, unsigned id, const void *bytes, size_t n, size_t offset, int more);
/* A UDP header and n bytes of payload. */
size_t ouster_udp(unsigned char *to, const void *payload, size_t n);

/* Columns first and first + 1 of the frame; range of beam b in column c: 1000 (frame + 1) + 10 c + b mm. */
size_t ouster_legacy(unsigned char *to, unsigned frame, unsigned first);
/* The same in RNG15_RFL8_NIR8: ranges in units of 8 mm. */
size_t ouster_low_data(unsigned char *to, unsigned frame, unsigned first);

#endif
