#include "pointcloud_defense/cloud_frame.h"

#include "core/error.h"
#include "core/memory.h"
#include "pointcloud_defense/projection.h"
#include <math.h>
#include <string.h>

/* ---- memory ---- */

enum { BYTES_A_POINT = 8 * sizeof(float) + sizeof(survey_point) + 1 };

scrim_status cloud_frame_create(cloud_frame **out, unsigned threads, scrim_error *error) {
  cloud_frame *f = memory_zalloc(1, sizeof *f);
  if (f == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for frames");
  f->index = neighbours_create();
  const scrim_status status = f->index == NULL ? fail(error, SCRIM_E_MEMORY, "out of memory for neighbours")
                                               : pool_create(&f->pool, threads, error);
  if (status == SCRIM_OK) {
    neighbours_share(f->index, f->pool);
    *out = f;
  } else {
    cloud_frame_free(f);
  }
  return status;
}

/* xyz is the start of the one block that all arrays lie in. */
static void give_back(cloud_frame *f) {
  memory_wipe_free(f->xyz, f->capacity * BYTES_A_POINT);
  f->xyz = NULL;
  f->capacity = 0;
}

void cloud_frame_free(cloud_frame *f) {
  if (f == NULL) return;
  give_back(f);
  neighbours_free(f->index);
  pool_free(f->pool);
  memory_free(f);
}

static scrim_status make_room(cloud_frame *f, size_t n, scrim_error *error) {
  if (n <= f->capacity && f->xyz != NULL) return SCRIM_OK;
  give_back(f);
  f->xyz = memory_zalloc(n + 1, BYTES_A_POINT);
  if (f->xyz == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a frame of %zu points", n);
  f->capacity = n;
  f->moved = f->xyz + 3 * n;
  f->points = (survey_point *)(f->moved + 3 * n);
  f->measure = (float *)(f->points + n);
  f->intensity = f->measure + n;
  f->mark = (uint8_t *)(f->intensity + n);
  return SCRIM_OK;
}

/* ---- looking ---- */

static void take_in(cloud_frame *f, const cloud_settings *s, const scrim_view *in) {
  for (size_t i = 0; i < in->rows; i++) {
    const float *from = in->data + i * in->columns;
    float *to = f->xyz + 3 * i;
    const int is_no_return = s->zero_is_nowhere && from[0] == 0 && from[1] == 0 && from[2] == 0;
    for (int axis = 0; axis < 3; axis++) to[axis] = is_no_return ? NAN : from[axis];
  }
}

static survey_request request_of(const cloud_frame *f, const cloud_settings *s) {
  return (survey_request){.index = f->index, .xyz = f->xyz, .n = f->n, .k = s->k, .pool = f->pool, .planes = 1};
}

/* Measures sixteen points by the marker. */
static void see(void *context, const neighbours_block *block, const survey_point *point, const plane_lanes *planes) {
  const cloud_frame *f = context;
  const marker_view view = {f->xyz, marker_plan_intensity(f->marker) ? f->intensity : NULL};
  float features[NEIGHBOURS_LANES * MARKER_FEATURES], likely[NEIGHBOURS_LANES];
  marker_describe(&view, block, point, planes, features);
  marker_plan_run(f->marker, features, block->n, likely);
  for (size_t i = 0; i < block->n; i++) f->measure[block->point[i]] = likely[i];
}

scrim_status cloud_frame_survey(cloud_frame *f, const cloud_settings *s, const scrim_view *in, scrim_error *error) {
  f->n = 0;
  scrim_status status = make_room(f, in->rows, error);
  if (status != SCRIM_OK) return status;
  take_in(f, s, in);
  status = neighbours_build(f->index, f->xyz, in->rows, 3, error);
  if (status != SCRIM_OK) return status;
  f->n = in->rows;
  const uint32_t *first = neighbours_first(f->index);
  survey_request request = request_of(f, s);
  if (f->marker != NULL) {
    request.see = see;
    request.context = f;
    memset(f->measure, 0, f->n * sizeof *f->measure);
    if (marker_plan_intensity(f->marker)) marker_intensity(in->data + 3, in->columns, first, f->n, f->intensity);
  }
  survey_run(&request, f->points, s->mode == CLOUD_MOVE ? f->moved : NULL);
  f->nowhere = 0;
  for (size_t i = 0; i < f->n; i++) f->nowhere += first[i] == COPIES_NONE;
  f->found = distortion_of(f->points, f->xyz, first, f->n);
  if (f->n > 0) memset(f->mark, 0, f->n);
  return SCRIM_OK;
}

/* ---- acting ---- */

scrim_status cloud_frame_project(cloud_frame *f, const cloud_settings *s, int iterations, scrim_error *error) {
  const survey_request request = request_of(f, s);
  return projection_run(&request, f->index, iterations, f->xyz, f->moved, error);
}

scrim_status cloud_frame_move(cloud_frame *f, const cloud_settings *s, scrim_error *error) {
  int is_marked = 0;
  for (size_t i = 0; i < f->n; i++) {
    if (!f->mark[i]) continue;
    f->xyz[3 * i] = NAN;
    is_marked = 1;
  }
  if (is_marked) return cloud_frame_project(f, s, s->iterations, error);
  memcpy(f->xyz, f->moved, 3 * f->n * sizeof *f->xyz); /* the survey was the first iteration */
  return cloud_frame_project(f, s, s->iterations - 1, error);
}

/* Each point's measure, and the limit. */
static double measure(cloud_frame *f, const cloud_settings *s, const uint32_t *first) {
  if (f->marker == NULL) return outliers_measure(&s->outlier, f->points, f->xyz, first, f->n, f->measure);
  return s->outlier.threshold >= 0 ? s->outlier.threshold : marker_plan_threshold(f->marker);
}

size_t cloud_frame_mark(cloud_frame *f, const cloud_settings *s, int *capped) {
  const uint32_t *first = neighbours_first(f->index);
  const size_t most = (size_t)(s->cap * (double)f->found.places);
  size_t outliers;
  const double limit = measure(f, s, first);
  *capped = outliers_mark(f->measure, f->n, limit, most, f->mark, &outliers) < outliers;
  for (size_t i = 0; i < f->n; i++)
    if (first[i] != COPIES_NONE) f->mark[i] = f->mark[first[i]];
  return outliers;
}
