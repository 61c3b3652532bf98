#include "pointcloud_defense/survey.h"
#include "pointcloud_defense/plane.h"
#include <math.h>
#include <string.h>

enum { BLOCKS_A_TURN = 64 };

typedef struct survey_work {
  const survey_request *request;
  survey_point *points;
  float *moved;
} survey_work;

static survey_point describe(const float *squared, size_t count, size_t k, double distance) {
  double sum = 0, sum_squared = 0;
  for (size_t i = 0; i < count; i++) {
    sum += sqrtf(squared[i]);
    sum_squared += squared[i];
  }
  return (survey_point){.plane = (float)distance,
                        .spacing = count > 0 ? (float)(sum / (double)count) : 0,
                        .squared = count > 0 ? (float)(sum_squared / (double)count) : 0,
                        .farthest = count == k ? sqrtf(squared[count - 1]) : INFINITY};
}

static void survey_block(const survey_work *w, size_t block) {
  const survey_request *r = w->request;
  neighbours_block found;
  neighbours_find(r->index, block, r->k, &found);
  for (size_t i = 0; i < found.n; i++) {
    const size_t at = found.point[i];
    const float *point = r->xyz + 3 * at;
    double distance = 0;
    best_plane p;
    if (r->planes) distance = plane_fit(point, r->xyz, 3, found.index[i], found.count, &p);
    if (w->points != NULL) w->points[at] = describe(found.squared[i], found.count, r->k, fabs(distance));
    if (w->moved != NULL) plane_project(&p, distance, point, w->moved + 3 * at);
  }
}

static void survey_turn(void *context, size_t turn, unsigned worker) {
  const survey_work *w = context;
  const size_t blocks = neighbours_blocks(w->request->index), begin = turn * BLOCKS_A_TURN;
  (void)worker;
  for (size_t i = begin; i < begin + BLOCKS_A_TURN && i < blocks; i++) survey_block(w, i);
}

void survey_run(const survey_request *r, survey_point *points, float *moved) {
  survey_work work = {r, points, moved};
  const uint32_t *first = neighbours_first(r->index);
  pool_run(r->pool, (neighbours_blocks(r->index) + BLOCKS_A_TURN - 1) / BLOCKS_A_TURN, survey_turn, &work);
  for (size_t i = 0; i < r->n; i++) {
    if (first[i] == i) continue;
    const int is_copy = first[i] != COPIES_NONE;
    if (points != NULL) points[i] = is_copy ? points[first[i]] : (survey_point){0};
    if (moved != NULL) memcpy(moved + 3 * i, is_copy ? moved + 3 * first[i] : r->xyz + 3 * i, 3 * sizeof *moved);
  }
}

float survey_range(const float xyz[3]) {
  return sqrtf(xyz[0] * xyz[0] + xyz[1] * xyz[1] + xyz[2] * xyz[2]);
}

float survey_range_level(const float xyz[3]) {
  return sqrtf(xyz[0] * xyz[0] + xyz[1] * xyz[1]);
}
