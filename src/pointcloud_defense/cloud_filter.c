/* The cloud filter's table: load, session, apply and push. Frames are worked on in cloud_frame.c. */
#include "pointcloud_defense/cloud_filter.h"

#include "core/error.h"
#include "core/memory.h"
#include "core/seconds.h"
#include "pointcloud_defense/cloud_move.h"
#include "tensor/backend_open.h"
#include "tensor/device_functions.h"
#include <math.h>
#include <string.h>

/* ---- the model: a prior and a marker, if the file has them ---- */

static void cloud_unload(void *model) {
  cloud_model *m = model;
  if (m == NULL) return;
  prior_plan_free(m->plan);
  marker_plan_free(m->marker);
  memory_free(m);
}

static scrim_status load_prior(cloud_model *m, const tensorfile *file, scrim_error *error) {
  prior *p = NULL;
  if (!prior_is_in(file)) return SCRIM_OK;
  scrim_status status = prior_get(&p, file, error);
  if (status == SCRIM_OK) status = prior_plan_create(&m->plan, p, error);
  prior_free(p);
  return status;
}

static scrim_status load_marker(cloud_model *m, const tensorfile *file, scrim_error *error) {
  marker from_file;
  if (!marker_is_in(file)) return SCRIM_OK;
  scrim_status status = marker_get(&from_file, file, error);
  if (status != SCRIM_OK) return status;
  status = marker_plan_create(&m->marker, &from_file, error);
  marker_free(&from_file);
  return status;
}

static scrim_status cloud_load(void **model, const tensorfile *file, const scrim_config *config, scrim_error *error) {
  cloud_settings settings;
  cloud_model *m = memory_zalloc(1, sizeof *m);
  if (m == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a cloud filter");
  scrim_status status = cloud_settings_read(&settings, config, error);
  m->file = file;
  if (status == SCRIM_OK) status = load_prior(m, file, error);
  if (status == SCRIM_OK) status = load_marker(m, file, error);
  if (status == SCRIM_OK)
    *model = m;
  else
    cloud_unload(m);
  return status;
}

static size_t cloud_columns(const void *model) {
  (void)model;
  return 0;
}

/* ---- sessions ---- */

typedef struct cloud_session {
  cloud_settings settings;
  cloud_frame *frame;
  restore *restore; /* NULL without a prior */
  baseline stream;  /* of the frames pushed so far */
  scrim_cloud_report report;
  int has_report;
} cloud_session;

static void cloud_close(void *state) {
  cloud_session *s = state;
  if (s == NULL) return;
  cloud_frame_free(s->frame);
  restore_free(s->restore);
  memory_wipe(s, sizeof *s);
  memory_free(s);
}

/* Whether the filter can measure as it is told to. */
static scrim_status check_marker(const cloud_settings *s, const marker_plan *marker, scrim_error *error) {
  if (s->outlier.rule != OUTLIER_LEARNED) return SCRIM_OK;
  if (marker == NULL) return fail(error, SCRIM_E_PARAM, "measure is 9, but the filter has no marker");
  if (marker_plan_k(marker) == s->k) return SCRIM_OK;
  return fail(error, SCRIM_E_PARAM, "k is %zu, but the filter's marker was trained with %zu", s->k,
              marker_plan_k(marker));
}

/* Where frames are looked at, and objects diffused. */
static scrim_status use_device(cloud_session *s, scrim_device device, scrim_error *error) {
  const backend *b;
  scrim_status status = backend_open(&b, device, error);
  if (status != SCRIM_OK || b->functions == NULL) return status;
  if (b->functions->scene != NULL) status = cloud_frame_use(s->frame, b->functions->scene, s->settings.k, error);
  if (status == SCRIM_OK && s->restore != NULL && b->functions->diffusion != NULL)
    status = restore_use(s->restore, b->functions->diffusion, error);
  return status;
}

static scrim_status cloud_open(void **state, const void *model, const scrim_key *key, const scrim_config *config,
                               scrim_error *error) {
  const cloud_model *m = model;
  cloud_session *s = memory_zalloc(1, sizeof *s);
  if (s == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a session");
  scrim_status status = cloud_settings_read(&s->settings, config, error);
  if (status == SCRIM_OK) status = check_marker(&s->settings, m->marker, error);
  if (status == SCRIM_OK) status = cloud_frame_create(&s->frame, s->settings.threads, error);
  if (status == SCRIM_OK && s->settings.outlier.rule == OUTLIER_LEARNED) s->frame->marker = m->marker;
  if (status == SCRIM_OK && m->plan != NULL)
    status = restore_create(&s->restore, m->plan, key, s->settings.threads, error);
  if (status == SCRIM_OK) status = use_device(s, config->device, error);
  if (status == SCRIM_OK) {
    baseline_init(&s->stream, s->settings.frames);
    *state = s;
  } else {
    cloud_close(s);
  }
  return status;
}

static scrim_status cloud_check(const void *state, const scrim_view *in, scrim_error *error) {
  const cloud_session *s = state;
  const marker_plan *marker = s->frame->marker;
  if (in->columns < 3) return fail(error, SCRIM_E_DATA, "%zu columns; points have 3 at least: x, y, z", in->columns);
  if (in->columns < 4 && marker != NULL && marker_plan_intensity(marker))
    return fail(error, SCRIM_E_DATA, "3 columns; the filter's marker looks at the fourth, the intensity");
  return SCRIM_OK;
}

/* ---- a frame ---- */

static void copy_all(const scrim_view *in, scrim_view *out) {
  if (out->data != in->data) memcpy(out->data, in->data, in->rows * in->columns * sizeof *in->data);
  out->rows = in->rows;
}

/* Mode move, above the floor: new coordinates into rows that are somewhere, nothing into others. */
static scrim_status move_points(cloud_session *s, const scrim_view *in, scrim_view *out, scrim_error *error) {
  cloud_frame *f = s->frame;
  const scrim_status status = cloud_move(f, s->restore, &s->settings, &s->report, error);
  if (status != SCRIM_OK) return status;
  copy_all(in, out);
  if (s->report.passed) return SCRIM_OK;
  for (size_t i = 0; i < f->n; i++) {
    float *to = out->data + i * out->columns;
    if (!copies_is_valid(f->xyz + 3 * i) || memcmp(to, f->xyz + 3 * i, 3 * sizeof *to) == 0) continue;
    memcpy(to, f->xyz + 3 * i, 3 * sizeof *to);
    s->report.moved++;
  }
  return SCRIM_OK;
}

/* Rows that are no outliers, in their order; `out` may be `in`. */
static void leave_out(const cloud_frame *f, const scrim_view *in, scrim_view *out) {
  for (size_t i = 0; i < f->n; i++) {
    if (f->mark[i]) continue;
    memmove(out->data + out->rows * out->columns, in->data + i * in->columns, in->columns * sizeof *in->data);
    out->rows++;
  }
}

static void make_nan(const cloud_frame *f, scrim_view *out) {
  for (size_t i = 0; i < f->n; i++)
    for (int axis = 0; f->mark[i] && axis < 3; axis++) out->data[i * out->columns + (size_t)axis] = NAN;
}

static void mark_points(cloud_session *s) {
  s->report.outliers = cloud_frame_mark(s->frame, &s->settings, &s->report.capped);
  for (size_t i = 0; i < s->frame->n; i++) s->report.marked += s->frame->mark[i];
}

static void give_marked(cloud_session *s, const scrim_view *in, scrim_view *out) {
  if (s->settings.mode == CLOUD_REMOVE) {
    leave_out(s->frame, in, out);
    return;
  }
  copy_all(in, out);
  if (s->settings.mode == CLOUD_NAN) make_nan(s->frame, out);
}

static void begin_report(cloud_session *s, double clean) {
  const cloud_frame *f = s->frame;
  s->report = (scrim_cloud_report){.points = f->n,
                                   .nowhere = f->nowhere,
                                   .places = f->found.places,
                                   .distance = f->found.metres,
                                   .spacing = f->found.spacing,
                                   .distortion = f->found.by_spacing,
                                   .by_range = f->found.by_range,
                                   .baseline = clean,
                                   .mark = f->mark};
}

/* Everything between taking the frame in and giving it out, once the distortion of clean frames is known. */
static scrim_status act(cloud_session *s, double clean, const scrim_view *in, scrim_view *out, scrim_error *error) {
  const int is_moved = s->settings.mode == CLOUD_MOVE;
  const int is_object = is_moved && cloud_is_object(s->frame, s->restore, &s->settings);
  begin_report(s, clean);
  if (!is_moved || (s->frame->marker != NULL && !is_object)) mark_points(s);
  if (!is_moved) {
    give_marked(s, in, out);
    return SCRIM_OK;
  }
  s->report.passed = !is_object && s->report.distortion < s->settings.floor * clean;
  if (!s->report.passed) return move_points(s, in, out, error);
  copy_all(in, out);
  return SCRIM_OK;
}

static scrim_status cloud_step(cloud_session *s, int is_stream, const scrim_view *in, scrim_view *out,
                               scrim_error *error) {
  const double began = seconds_now();
  s->has_report = 0;
  scrim_status status = cloud_frame_survey(s->frame, &s->settings, in, error);
  if (status != SCRIM_OK) return status;
  double clean = s->settings.baseline;
  if (is_stream && s->settings.frames > 0) {
    if (s->frame->found.places > 0) baseline_add(&s->stream, s->frame->found.by_spacing);
    clean = baseline_quantile(&s->stream, s->settings.quantile, clean);
  }
  status = act(s, clean, in, out, error);
  s->has_report = status == SCRIM_OK;
  s->report.milliseconds = 1e3 * (seconds_now() - began);
  return status;
}

static scrim_status cloud_apply(void *state, const scrim_view *in, scrim_view *out, scrim_error *error) {
  return cloud_step(state, 0, in, out, error);
}

static scrim_status cloud_push(void *state, const scrim_view *in, scrim_view *out, scrim_error *error) {
  return cloud_step(state, 1, in, out, error);
}

static scrim_status cloud_flush(void *state, scrim_view *out, scrim_error *error) {
  cloud_session *s = state;
  (void)out, (void)error;
  baseline_init(&s->stream, s->settings.frames);
  return SCRIM_OK;
}

scrim_status scrim_cloud_report_get(const scrim_session *session, scrim_cloud_report *report, scrim_error *error) {
  const cloud_session *s = session_state(session, &cloud_filter);
  if (s == NULL || report == NULL)
    return fail(error, SCRIM_E_ARGUMENT, "scrim_cloud_report_get: %s",
                report == NULL ? "report is NULL" : "no session of a cloud filter");
  if (!s->has_report) return fail(error, SCRIM_E_STATE, "no frame has been filtered since the session began or failed");
  *report = s->report;
  return SCRIM_OK;
}

const filter_table cloud_filter = {
    .kind = "cloud",
    .view_kind = SCRIM_POINTS,
    .takes = FILTER_TAKES_WILD | FILTER_TAKES_EMPTY,
    .params = cloud_params,
    .n_params = CLOUD_PARAMS,
    .load = cloud_load,
    .unload = cloud_unload,
    .columns = cloud_columns,
    .open = cloud_open,
    .close = cloud_close,
    .check = cloud_check,
    .apply = cloud_apply,
    .push = cloud_push,
    .flush = cloud_flush,
};
