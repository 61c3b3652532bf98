#include "pointcloud_defense/cloud_defence.h"
#include "core/error.h"
#include "core/filter_object.h"
#include "core/memory.h"
#include "pointcloud_defense/outliers.h"
#include "pointcloud_defense/projection.h"
#include <math.h>
#include <string.h>

struct cloud_defence_room {
  pool *pool;
  neighbours *index;
  plane_pull pull;
  int draws;
  scrim_session **sessions; /* [n_sessions] of the filter, one a key; NULL for other defences */
  size_t n_sessions;
  cloud_settings settings; /* the sessions' */
  size_t capacity;         /* points */
  survey_point *points;
  float *measure, *scratch; /* [capacity], [capacity, 3] */
  uint8_t *mark;
};

enum { PLANE_NEIGHBOURS = 16, SOR_NEIGHBOURS = 2 };

/* ---- room ---- */

static void give_back(cloud_defence_room *r) {
  memory_free(r->points);
  memory_free(r->measure);
  memory_free(r->scratch);
  memory_free(r->mark);
  r->points = NULL;
  r->measure = r->scratch = NULL;
  r->mark = NULL;
  r->capacity = 0;
}

static scrim_status make_room(cloud_defence_room *r, size_t n, scrim_error *error) {
  if (n <= r->capacity) return SCRIM_OK;
  give_back(r);
  r->points = memory_zalloc(n, sizeof *r->points);
  r->measure = memory_zalloc(n, sizeof *r->measure);
  r->scratch = memory_zalloc(n, 3 * sizeof *r->scratch);
  r->mark = memory_zalloc(n, 1);
  if (!r->points || !r->measure || !r->scratch || !r->mark) {
    give_back(r);
    return fail(error, SCRIM_E_MEMORY, "out of memory for a defence of %zu points", n);
  }
  r->capacity = n;
  return SCRIM_OK;
}

void cloud_defence_close(cloud_defence_room *r) {
  if (r == NULL) return;
  give_back(r);
  plane_pull_free(&r->pull);
  for (size_t i = 0; i < r->n_sessions; i++) scrim_session_free(r->sessions[i]);
  memory_free(r->sessions);
  neighbours_free(r->index);
  pool_free(r->pool);
  memory_free(r);
}

/* ---- baselines ---- */

static scrim_status apply_nothing(const cloud_defence *self, cloud_defence_room *room, const cloud_draw *draw,
                                  const float *xyz, size_t n, cloud_defended *out, scrim_error *error) {
  (void)self, (void)room, (void)draw, (void)error;
  memcpy(out->xyz, xyz, 3 * n * sizeof *xyz);
  for (size_t i = 0; i < n; i++) out->from[i] = (uint32_t)i;
  out->n = n;
  out->moves = out->time_step = 0;
  return SCRIM_OK;
}

/* All but the marked rows. */
static void keep_unmarked(const uint8_t *mark, const float *xyz, size_t n, cloud_defended *out) {
  out->n = 0;
  out->moves = out->time_step = 0;
  for (size_t i = 0; i < n; i++) {
    if (mark[i]) continue;
    memcpy(out->xyz + 3 * out->n, xyz + 3 * i, 3 * sizeof *xyz);
    out->from[out->n++] = (uint32_t)i;
  }
}

/* Simple random sampling as in the literature: 500 of 1024 points go. */
static scrim_status apply_srs(const cloud_defence *self, cloud_defence_room *room, const cloud_draw *draw,
                              const float *xyz, size_t n, cloud_defended *out, scrim_error *error) {
  (void)self;
  const scrim_status status = make_room(room, n, error);
  if (status != SCRIM_OK) return status;
  outliers_sample(draw->random, n, n * 500 / 1024, room->mark);
  keep_unmarked(room->mark, xyz, n, out);
  return SCRIM_OK;
}

static survey_request request_of(const cloud_defence_room *room, const float *xyz, size_t n, size_t k, int planes) {
  return (survey_request){.index = room->index, .xyz = xyz, .n = n, .k = k, .pool = room->pool, .planes = planes};
}

/* Statistical outlier removal as in the literature: squared distances, 2 neighbours, 1.1 deviations. */
static scrim_status apply_sor(const cloud_defence *self, cloud_defence_room *room, const cloud_draw *draw,
                              const float *xyz, size_t n, cloud_defended *out, scrim_error *error) {
  outlier_settings rule = {.rule = OUTLIER_SOR2, .threshold = -1, .deviations = -1, .radius = -1};
  const survey_request request = request_of(room, xyz, n, SOR_NEIGHBOURS, 0);
  size_t wanted;
  (void)self, (void)draw;
  scrim_status status = make_room(room, n, error);
  if (status == SCRIM_OK) status = neighbours_build(room->index, xyz, n, 3, error);
  if (status != SCRIM_OK) return status;
  outliers_fill_in(&rule);
  survey_run(&request, room->points, NULL);
  const double limit = outliers_measure(&rule, room->points, xyz, neighbours_first(room->index), n, room->measure);
  outliers_mark(room->measure, n, limit, n > 0 ? n - 1 : 0, room->mark, &wanted);
  keep_unmarked(room->mark, xyz, n, out);
  return SCRIM_OK;
}

static scrim_status apply_planes(const cloud_defence *self, cloud_defence_room *room, const cloud_draw *draw,
                                 const float *xyz, size_t n, cloud_defended *out, scrim_error *error) {
  scrim_status status = make_room(room, n, error);
  if (status == SCRIM_OK) status = apply_nothing(self, room, draw, xyz, n, out, error);
  if (status != SCRIM_OK) return status;
  const survey_request request = request_of(room, out->xyz, n, PLANE_NEIGHBOURS, 1);
  out->moves = self->moves;
  out->k = PLANE_NEIGHBOURS;
  return projection_run(&request, room->index, self->moves, out->xyz, room->scratch, error);
}

/* ---- the filter ---- */

/* Rows of the output that are somewhere, and what they were; marks tell which rows are missing. */
static void take_rows(const scrim_cloud_report *report, const scrim_view *filtered, size_t n, cloud_defended *out) {
  const int removes = filtered->rows < n;
  size_t row = 0;
  out->n = 0;
  for (size_t i = 0; i < n; i++) {
    if (removes && report->mark[i]) continue;
    const float *from = filtered->data + 3 * row++;
    if (!copies_is_valid(from)) continue;
    memmove(out->xyz + 3 * out->n, from, 3 * sizeof *from);
    out->from[out->n++] = (uint32_t)i;
  }
}

static scrim_status apply_filter(const cloud_defence *self, cloud_defence_room *room, const cloud_draw *draw,
                                 const float *xyz, size_t n, cloud_defended *out, scrim_error *error) {
  const scrim_view in = {.kind = SCRIM_POINTS, .data = (float *)xyz, .rows = n, .columns = 3};
  scrim_view filtered = {.kind = SCRIM_POINTS, .data = out->xyz, .columns = 3, .capacity = n};
  scrim_cloud_report report;
  scrim_session *session = room->sessions[draw->number % room->n_sessions];
  (void)self;
  scrim_status status = scrim_apply(session, &in, &filtered, error);
  if (status == SCRIM_OK) status = scrim_cloud_report_get(session, &report, error);
  if (status != SCRIM_OK) return status;
  take_rows(&report, &filtered, n, out);
  out->time_step = report.time_step;
  /* What a diffused frame went through has no way back worth taking; where it got to is not far from projection. */
  out->moves = room->settings.mode == CLOUD_MOVE && !report.passed ? room->settings.iterations : 0;
  out->k = room->settings.k;
  return SCRIM_OK;
}

static int has_prior(const scrim_filter *filter) {
  const cloud_model *model = filter->model;
  return model->plan != NULL;
}

/* The filter's sessions, with what the row sets. */
static scrim_status open_sessions(cloud_defence_room *room, const cloud_defence *self, const scrim_filter *filter,
                                  const scrim_key *const *keys, size_t n_keys, scrim_device device,
                                  scrim_error *error) {
  const cloud_settings *s = &room->settings;
  scrim_config config;
  scrim_status status = scrim_filter_config(filter, &config, error);
  for (const char *const *set = self->set; set && *set && status == SCRIM_OK; set++)
    status = scrim_config_parse(&config, *set, error);
  if (status == SCRIM_OK) status = scrim_config_set(&config, "threads", 1, error);
  if (status == SCRIM_OK) status = cloud_settings_read(&room->settings, &config, error);
  if (status != SCRIM_OK) return status;
  config.device = device;
  room->draws = has_prior(filter) && s->mode == CLOUD_MOVE && s->objects > 0 && (s->noise > 0 || s->leaps == 0);
  const size_t n = room->draws ? n_keys : 1;
  room->sessions = memory_zalloc(n, sizeof *room->sessions);
  if (!room->sessions) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu sessions", n);
  while (room->n_sessions < n && status == SCRIM_OK) {
    status = scrim_session_create(&room->sessions[room->n_sessions], filter, keys[room->n_sessions], &config, error);
    room->n_sessions += status == SCRIM_OK;
  }
  return status;
}

scrim_status cloud_defence_open(cloud_defence_room **out, const cloud_defence *self, const scrim_filter *filter,
                                const scrim_key *const *keys, size_t n_keys, scrim_device device, scrim_error *error) {
  cloud_defence_room *room = memory_zalloc(1, sizeof *room);
  if (room != NULL) room->index = neighbours_create();
  scrim_status status =
      room && room->index ? SCRIM_OK : fail(error, SCRIM_E_MEMORY, "out of memory for the defence '%s'", self->name);
  if (status == SCRIM_OK) status = pool_create(&room->pool, 1, error);
  if (status == SCRIM_OK) room->draws = self->apply == apply_srs;
  if (status == SCRIM_OK && self->apply == apply_filter)
    status = open_sessions(room, self, filter, keys, n_keys, device, error);
  if (status == SCRIM_OK)
    *out = room;
  else
    cloud_defence_close(room);
  return status;
}

int cloud_defence_draws(const cloud_defence_room *room) {
  return room->draws;
}

/* ---- the way back ---- */

scrim_status cloud_defence_pull(cloud_defence_room *room, const cloud_defended *out, const float *xyz, size_t n,
                                int hold, const float *slope_out, float *slope, scrim_error *error) {
  scrim_status status = make_room(room, n, error);
  if (status != SCRIM_OK) return status;
  float *pulled = room->scratch;
  memset(pulled, 0, 3 * n * sizeof *pulled);
  for (size_t i = 0; i < out->n; i++) memcpy(pulled + 3 * out->from[i], slope_out + 3 * i, 3 * sizeof *pulled);
  if (hold && out->moves > 0)
    status = plane_pull_run(&room->pull, room->index, xyz, n, out->k, out->moves, pulled, error);
  for (size_t i = 0; i < 3 * n && status == SCRIM_OK; i++) slope[i] += pulled[i];
  return status;
}

/* ---- all of them ---- */

#define STEP(number)                                                                                                   \
  .set = (const char *const[]) {                                                                                       \
    "step=" #number, "floor=0", NULL                                                                                   \
  }

const cloud_defence cloud_defences[] = {
    {.name = "none", .apply = apply_nothing},
    {.name = "SRS", .apply = apply_srs},
    {.name = "SOR", .apply = apply_sor},
    {.name = "plane x1", .apply = apply_planes, .projects = 1, .moves = 1},
    {.name = "plane x3", .apply = apply_planes, .projects = 1, .moves = 3},
    {.name = "step 3", .apply = apply_filter, .needs_prior = 1, .is_probe = 1, STEP(3)},
    {.name = "step 7", .apply = apply_filter, .needs_prior = 1, .is_probe = 1, STEP(7)},
    {.name = "step 15", .apply = apply_filter, .needs_prior = 1, .is_probe = 1, STEP(15)},
    {.name = "step 30", .apply = apply_filter, .needs_prior = 1, .is_probe = 1, STEP(30)},
    {.name = "levels",
     .apply = apply_filter,
     .needs_prior = 1,
     .is_probe = 1,
     .set = (const char *const[]){"step=-1", "step_levels=1", NULL}},
    {.name = "thorough",
     .apply = apply_filter,
     .projects = 1,
     .needs_prior = 1,
     .set = (const char *const[]){"step=7", "passes=6", "noise=0.8", NULL}},
    {.name = "scrim", .apply = apply_filter, .projects = 1, .estimates = 1},
    {.name = NULL},
};

size_t cloud_defences_for(const scrim_filter *filter, const cloud_defence *list[CLOUD_DEFENCES_MOST]) {
  size_t n = 0;
  for (const cloud_defence *d = cloud_defences; d->name; d++)
    if (!d->needs_prior || has_prior(filter)) list[n++] = d;
  return n;
}
