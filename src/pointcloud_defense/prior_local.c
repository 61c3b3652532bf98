#include "pointcloud_defense/prior_local.h"

#include "core/error.h"
#include "core/memory.h"
#include "pointcloud_defense/plane.h"
#include "pointcloud_defense/plane_lanes.h"
#include <math.h>
#include <string.h>

static const size_t scales[PRIOR_SCALES] = {8, 16, 32};
enum { MIDDLE = 1, POINTS_A_TURN = 64, BLOCKS_A_TURN = 4 };
enum { TO_PLANE = 0, TO_MEAN = 3, TO_PLANES = 6, TO_LIKE_PLANES = 7, WITH_OTHERS = 8, TWICE = 9, THRICE = 10 };
enum { AT_SPREAD = PRIOR_WAYS + PRIOR_COSINES, AT_SPACING = AT_SPREAD + 3 * PRIOR_SCALES, AT_OTHERS_SPREAD };

/* What is known of one point; lengths in the cloud's own unit. */
typedef struct place {
  uint32_t index[PRIOR_NEIGHBOURS]; /* neighbours, nearest first */
  uint32_t count;
  float normal[3], height;        /* of the plane of the middle scale: where normal . x = height */
  float spread[3 * PRIOR_SCALES]; /* deviations of neighbours along the axes of their ellipsoids, the least first */
  float others;                   /* the neighbours' own least deviation, on average */
  float spacing;                  /* mean distance to those of the least scale */
  float way[PRIOR_WAYS][3];
} place;

struct prior_local {
  neighbours *index;
  place *places;       /* [capacity] */
  float *once, *twice; /* [capacity, 3] where points are after one projection, and two */
  size_t capacity;
};

/* One call's work, shared by threads. */
typedef struct local_work {
  prior_local *l;
  const float *xyz;
  size_t n;
  double spacing;
  float *ways, *invariants;
} local_work;

/* ---- memory ---- */

prior_local *prior_local_create(void) {
  prior_local *l = memory_zalloc(1, sizeof *l);
  if (l != NULL) l->index = neighbours_create();
  if (l != NULL && l->index != NULL) return l;
  prior_local_free(l);
  return NULL;
}

static void give_back(prior_local *l) {
  memory_wipe_free(l->places, l->capacity * sizeof *l->places);
  memory_wipe_free(l->once, l->capacity * 6 * sizeof *l->once);
  l->places = NULL;
  l->once = NULL;
  l->capacity = 0;
}

void prior_local_free(prior_local *l) {
  if (l == NULL) return;
  give_back(l);
  neighbours_free(l->index);
  memory_free(l);
}

static scrim_status make_room(prior_local *l, size_t n, scrim_error *error) {
  if (n <= l->capacity) return SCRIM_OK;
  give_back(l);
  l->places = memory_zalloc(n, sizeof *l->places);
  l->once = memory_zalloc(n, 6 * sizeof *l->once);
  if (l->places == NULL || l->once == NULL) {
    memory_free(l->places);
    memory_free(l->once);
    l->places = NULL;
    l->once = NULL;
    return fail(error, SCRIM_E_MEMORY, "out of memory for the neighbourhoods of %zu points", n);
  }
  l->twice = l->once + 3 * n;
  l->capacity = n;
  return SCRIM_OK;
}

/* ---- first: every point with its neighbours ---- */

static float dot(const float a[3], const float b[3]) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* What the planes of one scale tell of the block's point i. */
static void take_scale(const local_work *w, int scale, const neighbours_block *block, const plane_lanes *planes,
                       size_t i) {
  const size_t at = block->point[i];
  const float *from = w->xyz + 3 * at;
  const double distance = planes->distance[i];
  place *p = &w->l->places[at];
  double height = 0;
  for (size_t a = 0; a < 3; a++) {
    const double normal = planes->normal[a][i], offset = planes->offset[a][i];
    p->way[TO_PLANE + scale][a] = (float)(-distance * normal);
    p->way[TO_MEAN + scale][a] = (float)(distance * normal - offset);
    p->spread[3 * scale + a] = (float)sqrt(fmax(planes->value[a][i], 0) / (double)block->count);
    height += normal * ((double)from[a] - offset);
    if (scale == MIDDLE) p->normal[a] = (float)normal;
  }
  if (scale != MIDDLE) return;
  p->height = (float)height;
  plane_project_lane(planes, i, from, w->l->once + 3 * at);
}

static void take_neighbours(const local_work *w, const neighbours_block *block, size_t i) {
  const size_t least = block->count < scales[0] ? block->count : scales[0];
  place *p = &w->l->places[block->point[i]];
  double sum = 0;
  memcpy(p->index, block->index[i], block->count * sizeof *p->index);
  p->count = (uint32_t)block->count;
  for (size_t j = 0; j < least; j++) sum += sqrtf(block->squared[i][j]);
  p->spacing = (float)(sum / (double)least);
}

static void look_turn(void *context, size_t turn, unsigned worker) {
  const local_work *w = context;
  const size_t blocks = neighbours_blocks(w->l->index), begin = turn * BLOCKS_A_TURN;
  neighbours_block found;
  plane_lanes planes;
  (void)worker;
  for (size_t block = begin; block < begin + BLOCKS_A_TURN && block < blocks; block++) {
    neighbours_find(w->l->index, block, PRIOR_NEIGHBOURS, &found);
    const size_t all = found.count;
    for (size_t i = 0; i < found.n; i++) take_neighbours(w, &found, i);
    for (int scale = 0; scale < PRIOR_SCALES; scale++) {
      found.count = all < scales[scale] ? all : scales[scale]; /* they come nearest first */
      plane_fit_lanes(w->xyz, &found, &planes);
      for (size_t i = 0; i < found.n; i++) take_scale(w, scale, &found, &planes, i);
    }
  }
}

/* ---- then: what neighbours know ---- */

static size_t nearest(const place *p) {
  return p->count < scales[MIDDLE] ? p->count : scales[MIDDLE];
}

static void ask_neighbours(const local_work *w, size_t i) {
  const place *places = w->l->places;
  const float *at = w->xyz + 3 * i;
  place *p = &w->l->places[i];
  float to_planes[3] = {0}, to_like[3] = {0}, with_others[3] = {0}, weights = 1e-6f, others = 0;
  const size_t n = nearest(p);
  for (size_t j = 0; j < n; j++) {
    const place *other = &places[p->index[j]];
    const float way = other->height - dot(other->normal, at), cosine = dot(other->normal, p->normal);
    const float weight = cosine * cosine * cosine * cosine;
    weights += weight;
    others += other->spread[3 * MIDDLE];
    for (int a = 0; a < 3; a++) {
      to_planes[a] += way * other->normal[a];
      to_like[a] += weight * way * other->normal[a];
      with_others[a] += other->way[MIDDLE][a];
    }
  }
  for (int a = 0; a < 3; a++) {
    p->way[TO_PLANES][a] = to_planes[a] / (float)n;
    p->way[TO_LIKE_PLANES][a] = to_like[a] / weights;
    p->way[WITH_OTHERS][a] = with_others[a] / (float)n;
  }
  p->others = others / (float)n;
}

/* Where one more projection leads from `from` [n, 3], with the neighbours as they were found. */
static void project_again(const local_work *w, size_t i, const float *from, float to[3]) {
  const place *p = &w->l->places[i];
  best_plane plane;
  const double distance = plane_fit(from + 3 * i, from, 3, p->index, nearest(p), &plane);
  plane_project(&plane, distance, from + 3 * i, to);
}

static size_t turn_end(const local_work *w, size_t turn) {
  const size_t end = (turn + 1) * POINTS_A_TURN;
  return end < w->n ? end : w->n;
}

static void ask_turn(void *context, size_t turn, unsigned worker) {
  const local_work *w = context;
  const uint32_t *first = neighbours_first(w->l->index);
  (void)worker;
  for (size_t i = turn * POINTS_A_TURN; i < turn_end(w, turn); i++) {
    if (first[i] != i) continue;
    ask_neighbours(w, i);
    project_again(w, i, w->l->once, w->l->twice + 3 * i);
  }
}

/* ---- last: all of it laid out ---- */

static float logarithm(float length, double unit) {
  return (float)log(length / unit + 0.01);
}

static void lay_out(const local_work *w, size_t i) {
  float *invariants = w->invariants + i * PRIOR_INVARIANTS;
  place *p = &w->l->places[i];
  float thrice[3], length[PRIOR_WAYS];
  size_t at = PRIOR_WAYS;
  project_again(w, i, w->l->twice, thrice);
  for (size_t a = 0; a < 3; a++) {
    p->way[TWICE][a] = w->l->twice[3 * i + a] - w->xyz[3 * i + a];
    p->way[THRICE][a] = thrice[a] - w->xyz[3 * i + a];
  }
  for (size_t v = 0; v < PRIOR_WAYS; v++) {
    length[v] = sqrtf(dot(p->way[v], p->way[v]));
    invariants[v] = logarithm(length[v], w->spacing);
    for (size_t a = 0; a < 3; a++) w->ways[(a * w->n + i) * PRIOR_WAYS + v] = p->way[v][a] * (float)(1 / w->spacing);
  }
  for (size_t v = 0; v < PRIOR_WAYS; v++)
    for (size_t u = 0; u < v; u++) invariants[at++] = dot(p->way[v], p->way[u]) / (length[v] * length[u] + 1e-12f);
  for (size_t j = 0; j < 3 * PRIOR_SCALES; j++) invariants[AT_SPREAD + j] = logarithm(p->spread[j], w->spacing);
  invariants[AT_SPACING] = logarithm(p->spacing, w->spacing);
  invariants[AT_OTHERS_SPREAD] = logarithm(p->others, w->spacing);
}

static void lay_out_turn(void *context, size_t turn, unsigned worker) {
  const local_work *w = context;
  const uint32_t *first = neighbours_first(w->l->index);
  (void)worker;
  for (size_t i = turn * POINTS_A_TURN; i < turn_end(w, turn); i++)
    if (first[i] == i) lay_out(w, i);
}

/* Copies of a point are told what it is told; what is nowhere has no neighbours. */
static void copy(const local_work *w, size_t i, uint32_t from) {
  float *invariants = w->invariants + i * PRIOR_INVARIANTS;
  const int is_copy = from != COPIES_NONE;
  memset(invariants, 0, PRIOR_INVARIANTS * sizeof *invariants);
  if (is_copy) memcpy(invariants, w->invariants + from * PRIOR_INVARIANTS, PRIOR_INVARIANTS * sizeof *invariants);
  for (size_t a = 0; a < 3; a++) {
    float *ways = w->ways + (a * w->n + i) * PRIOR_WAYS;
    memset(ways, 0, PRIOR_WAYS * sizeof *ways);
    if (is_copy) memcpy(ways, w->ways + (a * w->n + from) * PRIOR_WAYS, PRIOR_WAYS * sizeof *ways);
  }
}

static double mean_spacing(const prior_local *l, size_t n) {
  const uint32_t *first = neighbours_first(l->index);
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += first[i] == i ? l->places[i].spacing : 0;
  return sum / (double)neighbours_places(l->index);
}

scrim_status prior_local_find(prior_local *l, pool *workers, const float *xyz, size_t n, float *ways, float *invariants,
                              double *spacing, scrim_error *error) {
  local_work work = {.l = l, .xyz = xyz, .n = n, .ways = ways, .invariants = invariants};
  const size_t turns = (n + POINTS_A_TURN - 1) / POINTS_A_TURN;
  *spacing = 0;
  scrim_status status = make_room(l, n, error);
  if (status == SCRIM_OK) status = neighbours_build(l->index, xyz, n, 3, error);
  if (status != SCRIM_OK) return status;
  if (neighbours_places(l->index) < 2) {
    memset(ways, 0, n * 3 * PRIOR_WAYS * sizeof *ways);
    memset(invariants, 0, n * PRIOR_INVARIANTS * sizeof *invariants);
    return SCRIM_OK;
  }
  const uint32_t *first = neighbours_first(l->index);
  pool_run(workers, (neighbours_blocks(l->index) + BLOCKS_A_TURN - 1) / BLOCKS_A_TURN, look_turn, &work);
  *spacing = work.spacing = mean_spacing(l, n);
  pool_run(workers, turns, ask_turn, &work);
  pool_run(workers, turns, lay_out_turn, &work);
  for (size_t i = 0; i < n; i++)
    if (first[i] != i) copy(&work, i, first[i]);
  return SCRIM_OK;
}
