#include "pointcloud_defense/plane_pull.h"
#include "core/error.h"
#include "core/memory.h"
#include "pointcloud_defense/plane.h"
#include <string.h>

void plane_pull_free(plane_pull *p) {
  memory_free(p->xyz);
  memory_free(p->normal);
  memory_free(p->index);
  memory_free(p->count);
  memory_free(p->scratch);
  *p = (plane_pull){0};
}

/* Room for n points and so many moves, with as many neighbours as there can be. */
static scrim_status make_room(plane_pull *p, size_t n, size_t moves, scrim_error *error) {
  const size_t points = n * moves;
  if (points <= p->capacity && p->scratch) return SCRIM_OK;
  plane_pull_free(p);
  p->xyz = memory_zalloc(points + n + 1, 3 * sizeof *p->xyz);
  p->normal = memory_zalloc(points + 1, 3 * sizeof *p->normal);
  p->index = memory_zalloc(points + 1, NEIGHBOURS_MAX * sizeof *p->index);
  p->count = memory_zalloc(points + 1, sizeof *p->count);
  p->scratch = memory_zalloc(points + 1, 3 * sizeof *p->scratch);
  p->capacity = points;
  if (p->xyz && p->normal && p->index && p->count && p->scratch) return SCRIM_OK;
  plane_pull_free(p);
  return fail(error, SCRIM_E_MEMORY, "out of memory for the way back through %zu moves of %zu points", moves, n);
}

/* One move, from xyz [n, 3] to xyz + 3 * n. */
static void move_once(const neighbours *s, float *xyz, size_t n, size_t k, float *normal, uint32_t *index,
                      uint32_t *count) {
  float *to = xyz + 3 * n;
  memcpy(to, xyz, 3 * n * sizeof *to);
  memset(count, 0, n * sizeof *count);
  for (size_t block = 0; block < neighbours_blocks(s); block++) {
    neighbours_block found;
    neighbours_find(s, block, k, &found);
    for (size_t i = 0; i < found.n; i++) {
      const size_t at = found.point[i];
      best_plane plane;
      const double distance = plane_fit(xyz + 3 * at, xyz, 3, found.index[i], found.count, &plane);
      plane_project(&plane, distance, xyz + 3 * at, to + 3 * at);
      for (size_t axis = 0; axis < 3; axis++) normal[3 * at + axis] = (float)plane.normal[axis];
      memcpy(index + at * NEIGHBOURS_MAX, found.index[i], found.count * sizeof *index);
      count[at] = (uint32_t)found.count;
    }
  }
}

static void pull_once(size_t n, const float *normal, const uint32_t *index, const uint32_t *count, float *slope,
                      float *scratch) {
  memcpy(scratch, slope, 3 * n * sizeof *slope);
  for (size_t i = 0; i < n; i++) {
    const float *v = normal + 3 * i, *g = slope + 3 * i;
    if (count[i] == 0) continue;
    const float across = v[0] * g[0] + v[1] * g[1] + v[2] * g[2], share = across / (float)count[i];
    for (size_t axis = 0; axis < 3; axis++) scratch[3 * i + axis] -= across * v[axis];
    for (size_t j = 0; j < count[i]; j++) {
      float *to = scratch + 3 * index[i * NEIGHBOURS_MAX + j];
      for (size_t axis = 0; axis < 3; axis++) to[axis] += share * v[axis];
    }
  }
  memcpy(slope, scratch, 3 * n * sizeof *slope);
}

scrim_status plane_pull_run(plane_pull *p, neighbours *neighbourhood, const float *xyz, size_t n, size_t k, int moves,
                            float *slope, scrim_error *error) {
  const size_t m = (size_t)moves;
  scrim_status status = make_room(p, n, m, error);
  if (status == SCRIM_OK) memcpy(p->xyz, xyz, 3 * n * sizeof *xyz);
  for (size_t i = 0; i < m && status == SCRIM_OK; i++) {
    float *from = p->xyz + 3 * n * i;
    status = neighbours_build(neighbourhood, from, n, 3, error);
    if (status == SCRIM_OK)
      move_once(neighbourhood, from, n, k, p->normal + 3 * n * i, p->index + n * NEIGHBOURS_MAX * i, p->count + n * i);
  }
  for (size_t i = m; i-- > 0 && status == SCRIM_OK;)
    pull_once(n, p->normal + 3 * n * i, p->index + n * NEIGHBOURS_MAX * i, p->count + n * i, slope, p->scratch);
  return status;
}
