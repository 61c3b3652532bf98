/* Points sorted by a hash of their place: equal ones come to lie side by side. */
#include "pointcloud_defense/copies.h"

#include <math.h>
#include <string.h>

int copies_is_valid(const float *xyz) {
  /* False for NaN as well. */
  return fabsf(xyz[0]) <= COPIES_MOST_METRES && fabsf(xyz[1]) <= COPIES_MOST_METRES &&
         fabsf(xyz[2]) <= COPIES_MOST_METRES;
}

static uint64_t place_bits(float coordinate) {
  uint32_t bits;
  coordinate = copies_coordinate(coordinate);
  memcpy(&bits, &coordinate, sizeof bits);
  return bits;
}

static uint32_t place_hash(const float *xyz) {
  uint64_t h = (place_bits(xyz[0]) << 32 | place_bits(xyz[1])) * 0x9e3779b97f4a7c15u;
  h = (h ^ h >> 32 ^ place_bits(xyz[2])) * 0xd6e8feb86659fd93u;
  return (uint32_t)(h >> 32);
}

/* ---- sorting by hash ---- */

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS, MOST_PASSES = 3, HASH_SHIFT = 32, FEW = 1 << 19 };

/* Bits of the hash that are worth sorting by: a pass less where there are few points. */
static int passes_for(size_t n) {
  return n < FEW ? 2 : MOST_PASSES;
}

/*
 * Items are hash << 32 | index, the hash within the bits of so many passes. Stable, so that indices stay ascending
 * among equal hashes. Answers where the sorted ones are: `from` or `to`.
 */
static uint64_t *sort_by_hash(uint64_t *from, uint64_t *to, size_t n, int passes) {
  uint32_t start[MOST_PASSES][DIGITS] = {{0}};
  for (size_t i = 0; i < n; i++)
    for (int p = 0; p < passes; p++) start[p][from[i] >> (HASH_SHIFT + p * DIGIT_BITS) & (DIGITS - 1)]++;
  for (int p = 0; p < passes; p++) {
    uint32_t sum = 0;
    for (int d = 0; d < DIGITS; d++) {
      const uint32_t count = start[p][d];
      start[p][d] = sum;
      sum += count;
    }
    for (size_t i = 0; i < n; i++) to[start[p][from[i] >> (HASH_SHIFT + p * DIGIT_BITS) & (DIGITS - 1)]++] = from[i];
    uint64_t *swap = from;
    from = to;
    to = swap;
  }
  return from;
}

/* ---- points of equal hash ---- */

typedef struct cloud_rows {
  const float *xyz;
  size_t stride;
} cloud_rows;

static const float *row_of(const cloud_rows *c, uint64_t item) {
  return c->xyz + (uint32_t)item * c->stride;
}

static int is_same(const float *a, const float *b) {
  return copies_coordinate(a[0]) == copies_coordinate(b[0]) && copies_coordinate(a[1]) == copies_coordinate(b[1]) &&
         copies_coordinate(a[2]) == copies_coordinate(b[2]);
}

/* By place, then by index. */
static int is_before(const cloud_rows *c, uint64_t a, uint64_t b) {
  const float *at_a = row_of(c, a), *at_b = row_of(c, b);
  for (int axis = 0; axis < 3; axis++)
    if (copies_coordinate(at_a[axis]) != copies_coordinate(at_b[axis])) return at_a[axis] < at_b[axis];
  return (uint32_t)a < (uint32_t)b;
}

static void sift(const cloud_rows *c, uint64_t *items, size_t root, size_t n) {
  for (size_t child; (child = 2 * root + 1) < n; root = child) {
    if (child + 1 < n && is_before(c, items[child], items[child + 1])) child++;
    if (!is_before(c, items[root], items[child])) return;
    const uint64_t swap = items[root];
    items[root] = items[child];
    items[child] = swap;
  }
}

/* Heap sort: no memory, and no input makes it slow, which somebody might look for who knows the hash. */
static void sort_by_place(const cloud_rows *c, uint64_t *items, size_t n) {
  for (size_t i = n / 2; i-- > 0;) sift(c, items, i, n);
  for (size_t end = n; end-- > 1;) {
    const uint64_t swap = items[0];
    items[0] = items[end];
    items[end] = swap;
    sift(c, items, 0, end);
  }
}

/* Items of one hash, by ascending index: nearly always all of one place. Answers the number of places. */
static size_t mark_run(const cloud_rows *c, uint64_t *items, size_t n, uint32_t *first) {
  size_t places = 0, same = 1;
  while (same < n && is_same(row_of(c, items[0]), row_of(c, items[same]))) same++;
  if (same < n) sort_by_place(c, items, n);
  for (size_t i = 0, leader = 0; i < n; i++) {
    if (i == 0 || !is_same(row_of(c, items[leader]), row_of(c, items[i]))) {
      leader = i;
      places++;
    }
    first[(uint32_t)items[i]] = (uint32_t)items[leader];
  }
  return places;
}

size_t copies_find(const float *xyz, size_t n, size_t stride, uint32_t *first, uint64_t *work) {
  const cloud_rows cloud = {xyz, stride};
  const int passes = passes_for(n);
  const uint64_t bits = (UINT64_C(1) << passes * DIGIT_BITS) - 1;
  size_t valid = 0, places = 0;
  for (size_t i = 0; i < n; i++) {
    const float *row = xyz + i * stride;
    first[i] = COPIES_NONE;
    if (copies_is_valid(row)) work[valid++] = (place_hash(row) & bits) << HASH_SHIFT | i;
  }
  uint64_t *sorted = sort_by_hash(work, work + n, valid, passes);
  for (size_t i = 0, end; i < valid; i = end) {
    for (end = i + 1; end < valid && sorted[end] >> HASH_SHIFT == sorted[i] >> HASH_SHIFT;) end++;
    places += mark_run(&cloud, sorted + i, end - i, first);
  }
  return places;
}
