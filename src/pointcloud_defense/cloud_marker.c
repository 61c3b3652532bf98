/* scrim_cloud_train_marker and scrim_cloud_scene: labelled frames in, a filter with a marker out. */
#include "core/error.h"
#include "core/figures.h"
#include "core/gate.h"
#include "core/memory.h"
#include "pointcloud_defense/cloud_filter.h"
#include "pointcloud_defense/cloud_train.h"
#include "pointcloud_defense/scenes.h"
#include <scrim/marker.h>
#include <string.h>

/* ---- procedural frames ---- */

_Static_assert(SCRIM_CLOUD_SCENE_POINTS == SCENE_MOST_POINTS, "the public number of points is the real one");

scrim_status scrim_cloud_scene(float *xyz, uint8_t *labels, size_t *n, uint64_t seed, uint64_t number,
                               scrim_error *error) {
  random_source *random = NULL;
  if (xyz == NULL || labels == NULL || n == NULL)
    return fail(error, SCRIM_E_ARGUMENT, "scrim_cloud_scene: xyz, labels or n is NULL");
  scrim_status status = random_source_from_seed(&random, seed, error);
  if (status == SCRIM_OK) status = scene_draw(random, seed, number, xyz, labels, n, error);
  random_source_free(random);
  return status;
}

/* ---- training ---- */

typedef struct marker_training {
  const scrim_train_options *options;
  const cloud_model *beside; /* or NULL */
  scrim_config config;
  cloud_settings settings;
  marker_frame *frames; /* [n] */
  float **made;         /* [n] procedural frames, each with its labels behind it; or NULL */
  size_t n;
  marker marker;
  marker_fit fit;
  tensorfile_writer *writer;
} marker_training;

static scrim_status make_room(marker_training *t, size_t n, scrim_error *error) {
  t->frames = memory_zalloc(n, sizeof *t->frames);
  if (t->frames == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu frames", n);
  t->n = n;
  return SCRIM_OK;
}

static scrim_status take_frames(marker_training *t, const scrim_marker_data *data, scrim_error *error) {
  if (data->frames == NULL || data->labels == NULL || data->n_frames == 0)
    return fail(error, SCRIM_E_ARGUMENT, "a marker without frames or labels");
  const size_t least = t->settings.marker.shape.intensity ? 4 : 3;
  scrim_status status = make_room(t, data->n_frames, error);
  for (size_t i = 0; i < data->n_frames && status == SCRIM_OK; i++) {
    const scrim_view *frame = &data->frames[i];
    scrim_error cause;
    t->frames[i] = (marker_frame){frame->data, data->labels[i], frame->rows, frame->columns};
    status = gate_check_input(frame, SCRIM_POINTS, 0, cloud_filter.takes, &cause);
    if (status != SCRIM_OK) return fail(error, status, "frame %zu: %.200s", i, cause.message);
    if (frame->columns < least)
      status = fail(error, SCRIM_E_DATA, "frame %zu: %zu columns; expected at least %zu", i, frame->columns, least);
    else if (data->labels[i] == NULL)
      status = fail(error, SCRIM_E_ARGUMENT, "frame %zu: labels are NULL", i);
  }
  return status;
}

/* A frame and its labels, in a block of its own size. */
static scrim_status keep_scene(marker_training *t, size_t i, const float *xyz, const uint8_t *labels, size_t n,
                               scrim_error *error) {
  t->made[i] = memory_alloc(n * (3 * sizeof *xyz + 1));
  if (t->made[i] == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a frame of %zu points", n);
  uint8_t *label = (uint8_t *)(t->made[i] + 3 * n);
  memcpy(t->made[i], xyz, 3 * n * sizeof *xyz);
  memcpy(label, labels, n);
  t->frames[i] = (marker_frame){t->made[i], label, n, 3};
  return SCRIM_OK;
}

static scrim_status make_scenes(marker_training *t, scrim_error *error) {
  const size_t n = t->settings.scenes;
  float *xyz = memory_alloc(SCENE_MOST_POINTS * 3 * sizeof *xyz);
  uint8_t *labels = memory_alloc(SCENE_MOST_POINTS);
  t->made = memory_zalloc(n, sizeof *t->made);
  scrim_status status = make_room(t, n, error);
  if (status == SCRIM_OK && (xyz == NULL || labels == NULL || t->made == NULL))
    status = fail(error, SCRIM_E_MEMORY, "out of memory for %zu frames", n);
  for (size_t i = 0; i < n && status == SCRIM_OK; i++) {
    size_t points = 0;
    /* Other frames than a test set of the same seed. */
    status = scrim_cloud_scene(xyz, labels, &points, ~t->options->seed, i, error);
    if (status == SCRIM_OK) status = keep_scene(t, i, xyz, labels, points, error);
  }
  memory_free(xyz);
  memory_free(labels);
  return status;
}

/* What the frames are like without the points to be marked. */
static scrim_status take_baseline(marker_training *t, const scrim_marker_data *data, scrim_error *error) {
  scrim_view *clean = memory_zalloc(t->n, sizeof *clean);
  scrim_status status = clean != NULL ? SCRIM_OK : fail(error, SCRIM_E_MEMORY, "out of memory for %zu frames", t->n);
  for (size_t i = 0; i < t->n && status == SCRIM_OK; i++) {
    const scrim_view *from = &data->frames[i];
    clean[i] = (scrim_view){.kind = SCRIM_POINTS, .columns = 3};
    clean[i].data = memory_alloc((from->rows + 1) * 3 * sizeof *clean[i].data);
    if (clean[i].data == NULL)
      status = fail(error, SCRIM_E_MEMORY, "out of memory for a frame of %zu points", from->rows);
    for (size_t row = 0; row < from->rows && status == SCRIM_OK; row++)
      if (!data->labels[i][row])
        memcpy(clean[i].data + 3 * clean[i].rows++, from->data + row * from->columns, 3 * sizeof *from->data);
  }
  const scrim_cloud_data frames = {clean, t->n};
  if (status == SCRIM_OK) status = cloud_take_baseline(&t->config, &frames, error);
  for (size_t i = 0; i < t->n && clean != NULL; i++) memory_free(clean[i].data);
  memory_free(clean);
  return status;
}

static scrim_status put_report(const marker_training *t, scrim_error *error) {
  const figure figures[] = {
      {"marker_frames", (double)t->fit.frames, 0},
      {"marker_frames_kept", (double)t->fit.held_frames, 0},
      {"marker_points", (double)t->fit.rows, 0},
      {"marker_procedural", t->made != NULL, 0},
      {"marker_threshold", t->marker.rule[MARKER_THRESHOLD], 3},
      {"marker_precision", t->fit.precision, 4},
      {"marker_recall", t->fit.recall, 4},
      {"marker_iou", t->fit.iou, 4},
  };
  scrim_status status = figures_put_seed("marker_seed", t->options->seed, t->writer, error);
  return status == SCRIM_OK ? figures_put(figures, sizeof figures / sizeof *figures, t->writer, error) : status;
}

/* The prior of the other filter, and what is known of it. */
static scrim_status build(marker_training *t, scrim_filter **out, scrim_error *error) {
  const tensorfile *file = t->beside != NULL ? t->beside->file : NULL;
  const char *name, *value;
  prior *kept = NULL;
  scrim_status status = tensorfile_writer_create(&t->writer, error);
  for (size_t i = 0; file != NULL && status == SCRIM_OK && tensorfile_meta_at(file, i, &name, &value); i++)
    if (strncmp(name, "param.", 6) != 0) status = tensorfile_put_meta(t->writer, name, value, error);
  if (status == SCRIM_OK && file != NULL && prior_is_in(file)) {
    status = prior_get(&kept, file, error);
    if (status == SCRIM_OK) status = prior_put(kept, t->writer, error);
  }
  if (status == SCRIM_OK) status = put_report(t, error);
  if (status == SCRIM_OK) status = marker_put(&t->marker, t->writer, error);
  if (status == SCRIM_OK) status = filter_build(out, &cloud_filter, t->writer, &t->config, error);
  prior_free(kept);
  return status;
}

/* The other filter's settings, under the caller's; and what a marker wants, where nobody has said anything else. */
static scrim_status settle(marker_training *t, const scrim_filter *beside, const scrim_config *config,
                           scrim_error *error) {
  static const struct {
    const char *name;
    double value;
  } wanted[] = {{"k", 9}, {"measure", OUTLIER_LEARNED}, {"iterations", 1}};
  scrim_config callers;
  scrim_status status = cloud_train_settings(&callers, config, error);
  if (status != SCRIM_OK) return status;
  t->config = callers;
  if (beside != NULL) {
    t->beside = filter_model(beside, &cloud_filter);
    if (t->beside == NULL) return fail(error, SCRIM_E_ARGUMENT, "a marker can stand beside a cloud filter only");
    status = scrim_filter_config(beside, &t->config, error);
  }
  for (size_t i = 0; i < callers.n && status == SCRIM_OK; i++)
    if (callers.is_set[i]) status = scrim_config_set(&t->config, callers.params[i].name, callers.value[i], error);
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted && status == SCRIM_OK; i++)
    if (!cloud_is_set(&callers, wanted[i].name))
      status = scrim_config_set(&t->config, wanted[i].name, wanted[i].value, error);
  return status;
}

static scrim_status run(marker_training *t, scrim_filter **out, const scrim_marker_data *data, scrim_error *error) {
  const scrim_train_options *o = t->options;
  scrim_status status = cloud_settings_read(&t->settings, &t->config, error);
  if (status == SCRIM_OK) status = data != NULL ? take_frames(t, data, error) : make_scenes(t, error);
  if (status == SCRIM_OK && data != NULL) status = take_baseline(t, data, error);
  if (status == SCRIM_OK)
    status = marker_train(&t->marker, &t->fit, t->frames, t->n, &t->settings.marker, o->seed, o->progress, o->context,
                          error);
  if (status == SCRIM_OK) status = build(t, out, error);
  return status;
}

static void close_all(marker_training *t) {
  tensorfile_writer_free(t->writer);
  marker_free(&t->marker);
  for (size_t i = 0; i < t->n && t->made != NULL; i++) memory_free(t->made[i]);
  memory_free(t->made);
  memory_free(t->frames);
}

scrim_status scrim_cloud_train_marker(scrim_filter **out, const scrim_marker_data *data, const scrim_filter *beside,
                                      const scrim_config *config, const scrim_train_options *options,
                                      scrim_error *error) {
  static const scrim_train_options defaults = {0};
  marker_training t = {.options = options != NULL ? options : &defaults};
  if (out == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_cloud_train_marker: out is NULL");
  *out = NULL;
  if (t.options->checkpoint != NULL)
    return fail(error, SCRIM_E_ARGUMENT, "training a marker keeps no checkpoints ('%.100s')", t.options->checkpoint);
  scrim_status status = settle(&t, beside, config, error);
  if (status == SCRIM_OK) status = run(&t, out, data, error);
  close_all(&t);
  return status;
}
