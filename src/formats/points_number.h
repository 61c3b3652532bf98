/* Numbers of a record: any type, any alignment, both byte orders. */
#ifndef FORMATS_POINTS_NUMBER_H
#define FORMATS_POINTS_NUMBER_H

#include <scrim/points.h>

size_t points_type_bytes(scrim_points_type type); /* 0 for a number that is no type */
/* "float32" for SCRIM_POINTS_F32. */
const char *points_type_name(scrim_points_type type);

/* 64-bit whole numbers are rounded to the nearest double. */
double points_load(const unsigned char *at, scrim_points_type type, int big_endian);
/* `value` must be in the range of the type; a fraction is cut off. */
void points_store(unsigned char *at, scrim_points_type type, int big_endian, double value);

/* Little-endian whole numbers of headers. */
uint16_t points_load_u16(const unsigned char *at);
uint32_t points_load_u32(const unsigned char *at);
uint64_t points_load_u64(const unsigned char *at);
void points_store_u16(unsigned char *at, uint16_t value);
void points_store_u32(unsigned char *at, uint32_t value);
void points_store_u64(unsigned char *at, uint64_t value);

#endif
