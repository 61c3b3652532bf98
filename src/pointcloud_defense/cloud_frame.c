#include "pointcloud_defense/cloud_frame.h"

#include "core/error.h"
#include "core/memory.h"
#include <math.h>
#include <string.h>

/* ---- memory ---- */

/* Of a frame without a device. */
enum { BYTES_A_POINT = 8 * sizeof(float) + sizeof(survey_point) + 1 };

static size_t bytes_a_point(const cloud_frame *f) {
  return BYTES_A_POINT + (f->scene != NULL ? sizeof *f->found_first : 0);
}

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
  memory_wipe_free(f->xyz, f->capacity * bytes_a_point(f));
  f->xyz = NULL;
  f->capacity = 0;
}

void cloud_frame_free(cloud_frame *f) {
  if (f == NULL) return;
  give_back(f);
  if (f->scene != NULL) f->device->close(f->scene);
  neighbours_free(f->index);
  pool_free(f->pool);
  memory_free(f);
}

static scrim_status make_room(cloud_frame *f, size_t n, scrim_error *error) {
  if (n <= f->capacity && f->xyz != NULL) return SCRIM_OK;
  give_back(f);
  f->xyz = memory_zalloc(n + 1, bytes_a_point(f));
  if (f->xyz == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a frame of %zu points", n);
  f->capacity = n;
  f->moved = f->xyz + 3 * n;
  f->points = (survey_point *)(f->moved + 3 * n);
  f->measure = (float *)(f->points + n);
  f->intensity = f->measure + n;
  f->found_first = (uint32_t *)(f->intensity + n);
  f->mark = (uint8_t *)(f->found_first + (f->scene != NULL ? n : 0));
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

/* Measures sixteen points by the marker. */
static void see(void *context, const neighbours_block *block, const survey_point *point, const plane_lanes *planes) {
  const cloud_frame *f = context;
  const marker_view view = {f->xyz, marker_plan_intensity(f->marker) ? f->intensity : NULL};
  float features[NEIGHBOURS_LANES * MARKER_FEATURES], likely[NEIGHBOURS_LANES];
  marker_describe(&view, block, point, planes, features);
  marker_plan_run(f->marker, features, block->n, likely);
  for (size_t i = 0; i < block->n; i++) f->measure[block->point[i]] = likely[i];
}

/* Who is a copy of whom, and whatever a survey needs. */
static scrim_status find_places(cloud_frame *f, scrim_error *error) {
  size_t places;
  const scrim_status status = f->scene != NULL
                                  ? f->device->build(f->scene, f->xyz, f->n, f->found_first, &places, error)
                                  : neighbours_build(f->index, f->xyz, f->n, 3, error);
  f->first = f->scene != NULL ? f->found_first : neighbours_first(f->index);
  return status;
}

/* points, moved and measure; each may be NULL. */
static scrim_status survey(cloud_frame *f, size_t k, survey_point *points, float *moved, float *likely,
                           scrim_error *error) {
  _Static_assert(sizeof(survey_point) == 4 * sizeof(float), "a device writes the four numbers in a row");
  if (f->scene != NULL) {
    const device_survey request = {k, f->intensity, (float *)points, moved, likely};
    return f->device->survey(f->scene, &request, error);
  }
  survey_request request = {.index = f->index, .xyz = f->xyz, .n = f->n, .k = k, .pool = f->pool, .planes = 1};
  if (likely != NULL) {
    request.see = see;
    request.context = f;
    memset(likely, 0, f->n * sizeof *likely);
  }
  survey_run(&request, points, moved);
  return SCRIM_OK;
}

static scrim_status look(cloud_frame *f, const cloud_settings *s, const scrim_view *in, scrim_error *error) {
  const scrim_status status = find_places(f, error);
  if (status != SCRIM_OK) return status;
  if (f->marker != NULL && marker_plan_intensity(f->marker))
    marker_intensity(in->data + 3, in->columns, f->first, f->n, f->intensity);
  return survey(f, s->k, f->points, s->mode == CLOUD_MOVE ? f->moved : NULL, f->marker != NULL ? f->measure : NULL,
                error);
}

scrim_status cloud_frame_survey(cloud_frame *f, const cloud_settings *s, const scrim_view *in, scrim_error *error) {
  f->n = 0;
  scrim_status status = make_room(f, in->rows, error);
  if (status != SCRIM_OK) return status;
  take_in(f, s, in);
  f->n = in->rows;
  status = look(f, s, in, error);
  if (status != SCRIM_OK) {
    f->n = 0;
    return status;
  }
  f->nowhere = 0;
  for (size_t i = 0; i < f->n; i++) f->nowhere += f->first[i] == COPIES_NONE;
  f->found = distortion_of(f->points, f->xyz, f->first, f->n);
  if (f->n > 0) memset(f->mark, 0, f->n);
  return SCRIM_OK;
}

scrim_status cloud_frame_use(cloud_frame *f, const device_scene_functions *device, size_t k, scrim_error *error) {
  if (k > DEVICE_SCENE_NEIGHBOURS) return SCRIM_OK;
  const scrim_status status = device->open(&f->scene, f->marker != NULL ? marker_plan_network(f->marker) : NULL, error);
  f->device = device;
  return status == SCRIM_E_UNSUPPORTED ? SCRIM_OK : status;
}

/* ---- acting ---- */

scrim_status cloud_frame_project(cloud_frame *f, const cloud_settings *s, int iterations, scrim_error *error) {
  scrim_status status = SCRIM_OK;
  for (int i = 0; i < iterations && status == SCRIM_OK; i++) {
    status = find_places(f, error);
    if (status == SCRIM_OK) status = survey(f, s->k, NULL, f->moved, NULL, error);
    if (status == SCRIM_OK) memcpy(f->xyz, f->moved, 3 * f->n * sizeof *f->xyz);
  }
  return status;
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
static double measure(cloud_frame *f, const cloud_settings *s) {
  if (f->marker == NULL) return outliers_measure(&s->outlier, f->points, f->xyz, f->first, f->n, f->measure);
  return s->outlier.threshold >= 0 ? s->outlier.threshold : marker_plan_threshold(f->marker);
}

size_t cloud_frame_mark(cloud_frame *f, const cloud_settings *s, int *capped) {
  const size_t most = (size_t)(s->cap * (double)f->found.places);
  size_t outliers;
  const double limit = measure(f, s);
  *capped = outliers_mark(f->measure, f->n, limit, most, f->mark, &outliers) < outliers;
  for (size_t i = 0; i < f->n; i++)
    if (f->first[i] != COPIES_NONE) f->mark[i] = f->mark[f->first[i]];
  return outliers;
}
