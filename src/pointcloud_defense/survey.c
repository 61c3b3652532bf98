#include "pointcloud_defense/survey.h"
#include "tensor/vector_math.h"

enum { BLOCKS_A_TURN = 64 };

typedef struct survey_work {
  const survey_request *request;
  survey_point *points;
  float *moved;
} survey_work;

/* Sums over the neighbours of sixteen points, each in the order of the neighbours. */
VECTOR_CLONES
static void add_up(const float (*squared)[NEIGHBOURS_LANES], size_t count, double sum[restrict NEIGHBOURS_LANES],
                   double sum_squared[restrict NEIGHBOURS_LANES]) {
  double way[NEIGHBOURS_LANES] = {0}, way_squared[NEIGHBOURS_LANES] = {0};
  for (size_t j = 0; j < count; j++)
    for (size_t i = 0; i < NEIGHBOURS_LANES; i++) {
      way[i] += sqrtf(squared[j][i]);
      way_squared[i] += squared[j][i];
    }
  memcpy(sum, way, sizeof way);
  memcpy(sum_squared, way_squared, sizeof way_squared);
}

/* point [block->n]; `planes` NULL: none were fitted. */
static void describe(const neighbours_block *block, size_t k, const plane_lanes *planes, survey_point *point) {
  float squared[NEIGHBOURS_MAX][NEIGHBOURS_LANES];
  double sum[NEIGHBOURS_LANES], sum_squared[NEIGHBOURS_LANES];
  const double count = block->count > 0 ? (double)block->count : 1;
  if (block->n < NEIGHBOURS_LANES) memset(squared, 0, block->count * sizeof *squared);
  for (size_t i = 0; i < block->n; i++)
    for (size_t j = 0; j < block->count; j++) squared[j][i] = block->squared[i][j];
  add_up((const float(*)[NEIGHBOURS_LANES])squared, block->count, sum, sum_squared);
  for (size_t i = 0; i < block->n; i++)
    point[i] = (survey_point){.plane = planes != NULL ? (float)fabs(planes->distance[i]) : 0,
                              .spacing = (float)(sum[i] / count),
                              .squared = (float)(sum_squared[i] / count),
                              .farthest = block->count == k ? sqrtf(block->squared[i][block->count - 1]) : INFINITY};
}

static void survey_block(const survey_work *w, size_t block) {
  const survey_request *r = w->request;
  neighbours_block found;
  survey_point point[NEIGHBOURS_LANES];
  plane_lanes planes;
  neighbours_find(r->index, block, r->k, &found);
  if (r->planes) plane_fit_lanes(r->xyz, &found, &planes);
  if (w->points != NULL || r->see != NULL) describe(&found, r->k, r->planes ? &planes : NULL, point);
  for (size_t i = 0; i < found.n; i++) {
    const size_t at = found.point[i];
    if (w->points != NULL) w->points[at] = point[i];
    if (w->moved != NULL) plane_project_lane(&planes, i, r->xyz + 3 * at, w->moved + 3 * at);
  }
  if (r->see != NULL) r->see(r->context, &found, point, &planes);
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
