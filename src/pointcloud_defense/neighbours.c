/* Building the index; the searches are in neighbours_plain.c, neighbours_avx2.c and neighbours_avx512.c. */
#include "core/error.h"
#include "core/memory.h"
#include "pointcloud_defense/neighbours_parts.h"
#include "pointcloud_defense/neighbours_tree.h"
#include <math.h>

const neighbours_search *const neighbours_searches[] = {
#if defined(__x86_64__)
    &neighbours_avx512, &neighbours_avx2,
#endif
    &neighbours_plain, NULL};

/* ---- memory ---- */

neighbours *neighbours_create(void) {
  neighbours *s = memory_zalloc(1, sizeof *s);
  if (s == NULL) return NULL;
  while (!neighbours_searches[s->n]->supported()) s->n++;
  s->search = neighbours_searches[s->n];
  s->n = 0;
  return s;
}

static void give_back(neighbours *s) {
  memory_wipe_free(s->storage, s->storage_bytes);
  memory_wipe_free(s->work, s->capacity * sizeof(neighbours_record));
  memory_free(s->first);
  s->storage = s->work = NULL;
  s->first = NULL;
  s->capacity = 0;
}

void neighbours_free(neighbours *s) {
  if (s == NULL) return;
  give_back(s);
  memory_free(s);
}

void neighbours_share(neighbours *s, pool *threads) {
  s->threads = threads;
}

static size_t groups_of(size_t n) {
  return (n + NEIGHBOURS_LANES - 1) / NEIGHBOURS_LANES;
}

/* Bytes of leaves and boxes for `places`. With s, lays them out in its storage as well. */
static size_t lay_out(neighbours *s, size_t places) {
  const size_t leaves = groups_of(places);
  size_t bytes = leaves * sizeof(neighbours_leaf);
  int levels = 0;
  for (size_t n = leaves; n > 0; n = n > 1 ? groups_of(n) : 0) {
    if (n == 1 && levels > 0) break;
    if (s != NULL) s->box[levels] = (neighbours_boxes *)((char *)s->storage + bytes);
    bytes += groups_of(n) * sizeof(neighbours_boxes);
    levels++;
  }
  if (s == NULL) return bytes;
  s->leaf = s->storage;
  s->places = places;
  s->leaves = leaves;
  s->levels = levels;
  return bytes;
}

static scrim_status make_room(neighbours *s, size_t n, scrim_error *error) {
  if (n > COPIES_MOST_POINTS) return fail(error, SCRIM_E_DATA, "%zu points (at most %u)", n, COPIES_MOST_POINTS);
  if (n <= s->capacity) return SCRIM_OK;
  give_back(s);
  s->storage_bytes = lay_out(NULL, n);
  s->storage = memory_alloc(s->storage_bytes);
  s->work = memory_zalloc(n, sizeof(neighbours_record));
  s->first = memory_zalloc(n, sizeof *s->first);
  s->capacity = n;
  if (s->storage != NULL && s->work != NULL && s->first != NULL) return SCRIM_OK;
  give_back(s);
  return fail(error, SCRIM_E_MEMORY, "out of memory for the neighbours of %zu points", n);
}

/* ---- building ---- */

static void fill_leaves(neighbours *s, const neighbours_record *records) {
  for (size_t i = 0; i < s->leaves * NEIGHBOURS_LANES; i++) {
    neighbours_leaf *leaf = &s->leaf[i / NEIGHBOURS_LANES];
    const size_t lane = i % NEIGHBOURS_LANES;
    const int is_point = i < s->places;
    for (int axis = 0; axis < 3; axis++) leaf->xyz[axis][lane] = is_point ? records[i].xyz[axis] : INFINITY;
    leaf->index[lane] = is_point ? records[i].index : COPIES_NONE;
  }
}

/* One box around those in `n` lanes. */
static void put_box(neighbours_boxes *group, size_t at, const float (*low)[NEIGHBOURS_LANES],
                    const float (*high)[NEIGHBOURS_LANES], size_t n) {
  for (int axis = 0; axis < 3; axis++) {
    float least = INFINITY, most = -INFINITY;
    for (size_t lane = 0; lane < n; lane++) {
      least = low[axis][lane] < least ? low[axis][lane] : least;
      most = high[axis][lane] > most ? high[axis][lane] : most;
    }
    group->low[axis][at] = least;
    group->high[axis][at] = most;
  }
}

/* The lanes of a group that have no box. */
static void put_nothing(neighbours_boxes *group, size_t at) {
  for (int axis = 0; axis < 3; axis++) {
    group->low[axis][at] = INFINITY;
    group->high[axis][at] = -INFINITY;
  }
}

static void fill_boxes(neighbours *s, const neighbours_record *records) {
  for (size_t i = 0; i < groups_of(s->leaves) * NEIGHBOURS_LANES; i++) {
    const size_t begin = i * NEIGHBOURS_LANES, left = begin < s->places ? s->places - begin : 0,
                 lane = i % NEIGHBOURS_LANES;
    neighbours_boxes *group = &s->box[0][i / NEIGHBOURS_LANES];
    float low[4], high[4];
    if (left == 0) {
      put_nothing(group, lane);
      continue;
    }
    neighbours_extent(records + begin, left < NEIGHBOURS_LANES ? left : NEIGHBOURS_LANES, low, high);
    for (int axis = 0; axis < 3; axis++) {
      group->low[axis][lane] = low[axis];
      group->high[axis][lane] = high[axis];
    }
  }
  size_t below = groups_of(s->leaves);
  for (int level = 1; level < s->levels; level++) {
    for (size_t i = 0; i < groups_of(below) * NEIGHBOURS_LANES; i++) {
      const neighbours_boxes *from = &s->box[level - 1][i < below ? i : 0];
      put_box(&s->box[level][i / NEIGHBOURS_LANES], i % NEIGHBOURS_LANES, from->low, from->high,
              i < below ? NEIGHBOURS_LANES : 0);
    }
    below = groups_of(below);
  }
}

scrim_status neighbours_build(neighbours *s, const float *xyz, size_t n, size_t stride, scrim_error *error) {
  s->n = s->places = s->leaves = 0;
  s->levels = 0;
  const scrim_status status = make_room(s, n, error);
  if (status != SCRIM_OK || n == 0) return status;
  const size_t places = copies_find(xyz, n, stride, s->first, s->work);
  neighbours_record *records = s->work;
  size_t taken = 0;
  for (size_t i = 0; i < n; i++) {
    const float *at = xyz + i * stride;
    if (s->first[i] != i) continue;
    neighbours_record *r = &records[taken++];
    for (int axis = 0; axis < 3; axis++) r->xyz[axis] = copies_coordinate(at[axis]);
    r->index = (uint32_t)i;
  }
  /* Leaves are not there yet: their room, as large, serves for scratch. */
  _Static_assert(sizeof(neighbours_leaf) == NEIGHBOURS_LANES * sizeof(neighbours_record), "a leaf holds its records");
  neighbours_order(records, s->storage, places, NEIGHBOURS_LANES, s->threads);
  s->n = n;
  lay_out(s, places);
  fill_leaves(s, records);
  fill_boxes(s, records);
  return SCRIM_OK;
}

/* ---- asking ---- */

size_t neighbours_places(const neighbours *s) {
  return s->places;
}

const uint32_t *neighbours_first(const neighbours *s) {
  return s->first;
}

size_t neighbours_bytes(const neighbours *s) {
  return s->storage_bytes + s->capacity * (sizeof(neighbours_record) + sizeof *s->first);
}

size_t neighbours_blocks(const neighbours *s) {
  return s->leaves;
}

size_t neighbours_count(const neighbours *s, size_t k) {
  return s->places == 0 ? 0 : s->places - 1 < k ? s->places - 1 : k;
}

void neighbours_find(const neighbours *s, size_t block, size_t k, neighbours_block *out) {
  s->search->find(s, block, k, out);
}

size_t neighbours_near(const neighbours *s, const float xyz[3], size_t k, uint32_t *index, float *squared) {
  return s->places == 0 ? 0 : s->search->near(s, xyz, k, index, squared);
}
