#include "pointcloud_defense/marker_train.h"

#include "core/error.h"
#include <math.h>
#include <string.h>

/* ---- rows: the features and labels of every place of every frame ---- */

typedef struct marker_rows {
  size_t width, n, capacity;
  float *x;        /* [capacity, width] */
  int32_t *labels; /* [capacity] */
} marker_rows;

static void rows_free(marker_rows *r) {
  memory_free(r->x);
  memory_free(r->labels);
}

static scrim_status rows_grow(marker_rows *r, size_t more, scrim_error *error) {
  const size_t wanted = r->n + more, row = r->width * sizeof *r->x;
  float *x = memory_grow(r->x, r->capacity * row, wanted * row);
  if (x != NULL) r->x = x;
  int32_t *labels = memory_grow(r->labels, r->capacity * sizeof *labels, wanted * sizeof *labels);
  if (labels != NULL) r->labels = labels;
  if (x == NULL || labels == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu points", wanted);
  r->capacity = wanted;
  return SCRIM_OK;
}

/* ---- frames ---- */

/* What one frame is looked at with. Features of point i go to row i; what is no place is dropped afterwards. */
typedef struct frame_room {
  const marker_settings *settings;
  neighbours *index;
  pool *pool;
  size_t capacity;
  float *xyz;       /* [capacity, 3] */
  float *intensity; /* [capacity] */
  marker_view view;
  float *x; /* rows of this frame */
} frame_room;

static void see(void *context, const neighbours_block *block, const survey_point *point, const plane_lanes *planes) {
  const frame_room *room = context;
  const size_t width = marker_width(&room->settings->shape);
  float features[NEIGHBOURS_LANES * MARKER_FEATURES];
  marker_describe(&room->view, block, point, planes, features);
  for (size_t i = 0; i < block->n; i++)
    memcpy(room->x + block->point[i] * width, features + i * width, width * sizeof *features);
}

static void room_close(frame_room *room) {
  memory_free(room->xyz);
  memory_free(room->intensity);
  neighbours_free(room->index);
  pool_free(room->pool);
}

static scrim_status room_open(frame_room *room, const marker_settings *settings, size_t most, scrim_error *error) {
  *room = (frame_room){.settings = settings, .index = neighbours_create(), .capacity = most};
  room->xyz = memory_zalloc(most + 1, 3 * sizeof *room->xyz);
  room->intensity = memory_zalloc(most + 1, sizeof *room->intensity);
  if (room->index == NULL || room->xyz == NULL || room->intensity == NULL)
    return fail(error, SCRIM_E_MEMORY, "out of memory for a frame of %zu points", most);
  return pool_create(&room->pool, settings->threads, error);
}

/* Drops the rows of a frame, from `begin` on, that are no places. */
static void keep_places(marker_rows *rows, size_t begin, const marker_frame *frame, const uint32_t *first) {
  for (size_t i = 0; i < frame->n; i++) {
    if (first[i] != i) continue;
    memmove(rows->x + rows->n * rows->width, rows->x + (begin + i) * rows->width, rows->width * sizeof *rows->x);
    rows->labels[rows->n++] = frame->label[i] != 0;
  }
}

static scrim_status take_frame(frame_room *room, const marker_frame *frame, marker_rows *rows, scrim_error *error) {
  const marker_settings *s = room->settings;
  for (size_t i = 0; i < frame->n; i++) {
    const float *from = frame->rows + i * frame->columns;
    const int is_no_return = s->zero_is_nowhere && from[0] == 0 && from[1] == 0 && from[2] == 0;
    for (int axis = 0; axis < 3; axis++) room->xyz[3 * i + (size_t)axis] = is_no_return ? NAN : from[axis];
  }
  scrim_status status = rows_grow(rows, frame->n, error);
  if (status == SCRIM_OK) status = neighbours_build(room->index, room->xyz, frame->n, 3, error);
  if (status != SCRIM_OK || frame->n == 0) return status;
  const uint32_t *first = neighbours_first(room->index);
  if (s->shape.intensity) marker_intensity(frame->rows + 3, frame->columns, first, frame->n, room->intensity);
  room->view = (marker_view){room->xyz, s->shape.intensity ? room->intensity : NULL};
  room->x = rows->x + rows->n * rows->width;
  const survey_request request = {.index = room->index,
                                  .xyz = room->xyz,
                                  .n = frame->n,
                                  .k = s->k,
                                  .pool = room->pool,
                                  .planes = 1,
                                  .see = see,
                                  .context = room};
  survey_run(&request, NULL, NULL);
  keep_places(rows, rows->n, frame, first);
  return SCRIM_OK;
}

static scrim_status take_frames(const marker_frame *frames, size_t n, const marker_settings *settings,
                                marker_rows *rows, scrim_error *error) {
  frame_room room;
  size_t most = 0, ones = 0;
  for (size_t i = 0; i < n; i++) most = frames[i].n > most ? frames[i].n : most;
  rows->width = marker_width(&settings->shape);
  scrim_status status = room_open(&room, settings, most, error);
  for (size_t i = 0; i < n && status == SCRIM_OK; i++) status = take_frame(&room, &frames[i], rows, error);
  room_close(&room);
  for (size_t i = 0; i < rows->n; i++) ones += (size_t)rows->labels[i];
  if (status == SCRIM_OK && (ones == 0 || ones == rows->n))
    status = fail(error, SCRIM_E_DATA, "%zu of %zu points in %zu frames are to be marked; there must be both kinds",
                  ones, rows->n, n);
  return status;
}

/* ---- the network ---- */

/* Mean 0 and variance 1 for each feature; *m learns how. */
static void standardise(marker *m, marker_rows *rows) {
  for (size_t j = 0; j < rows->width; j++) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < rows->n; i++) sum += rows->x[i * rows->width + j];
    const double mean = sum / (double)rows->n;
    for (size_t i = 0; i < rows->n; i++) {
      const double off = rows->x[i * rows->width + j] - mean;
      squares += off * off;
    }
    const double deviation = sqrt(squares / (double)rows->n);
    m->mean[j] = (float)mean;
    m->scale[j] = deviation > 1e-6 ? (float)(1 / deviation) : 1;
    for (size_t i = 0; i < rows->n; i++) {
      float *value = &rows->x[i * rows->width + j];
      *value = (*value - m->mean[j]) * m->scale[j];
    }
  }
}

/* At a constant rate, and then at a tenth of it for a third of the time. */
static scrim_status fit_network(marker *m, const marker_rows *rows, size_t epochs, uint64_t seed,
                                scrim_progress_fn progress, void *context, scrim_error *error) {
  nn_fit fit = {.batch = 1024,
                .epochs = epochs,
                .rate = 0.003,
                .weight_decay = 1e-4,
                .validation = 0.05,
                .seed = seed,
                .progress = progress,
                .progress_context = context};
  scrim_status status = nn_mlp_fit(&m->network, rows->x, rows->labels, rows->n, &fit, error);
  fit.epochs = (epochs + 2) / 3;
  fit.rate /= 10;
  if (status == SCRIM_OK) status = nn_mlp_fit(&m->network, rows->x, rows->labels, rows->n, &fit, error);
  return status;
}

/* ---- the threshold ---- */

enum { BINS = 1000 };

static void count_likely(const marker_plan *plan, const marker_rows *rows, size_t count[2][BINS]) {
  for (size_t i = 0; i < rows->n; i += NEIGHBOURS_LANES) {
    float likely[NEIGHBOURS_LANES];
    const size_t n = rows->n - i < NEIGHBOURS_LANES ? rows->n - i : NEIGHBOURS_LANES;
    marker_plan_run(plan, rows->x + i * rows->width, n, likely);
    for (size_t j = 0; j < n; j++) {
      const size_t bin = (size_t)(likely[j] * BINS);
      count[rows->labels[i + j]][bin < BINS ? bin : BINS - 1]++;
    }
  }
}

/* Of the thresholds 0.001 to 0.999, the one of the best intersection over union. */
static void choose_threshold(marker *m, marker_fit *fit, size_t count[2][BINS]) {
  size_t all = 0, right = 0, wrong = 0;
  for (size_t i = 0; i < BINS; i++) all += count[1][i];
  for (size_t bin = BINS - 1; bin > 0; bin--) {
    right += count[1][bin];
    wrong += count[0][bin];
    const double iou = (double)right / (double)(all + wrong);
    if (!(iou > fit->iou)) continue;
    m->rule[MARKER_THRESHOLD] = (float)bin / BINS;
    fit->iou = iou;
    fit->precision = (double)right / (double)(right + wrong);
    fit->recall = (double)right / (double)all;
  }
}

static scrim_status hold_against(marker *m, marker_fit *fit, const marker_rows *held, scrim_error *error) {
  size_t count[2][BINS] = {{0}};
  marker_plan *plan = NULL;
  const scrim_status status = marker_plan_create(&plan, m, error);
  if (status != SCRIM_OK) return status;
  count_likely(plan, held, count);
  choose_threshold(m, fit, count);
  marker_plan_free(plan);
  return SCRIM_OK;
}

/* ---- all of it ---- */

static scrim_status make(marker *m, const marker_settings *settings, uint64_t seed, scrim_error *error) {
  random_source *random = NULL;
  scrim_status status = random_source_from_seed(&random, seed, error);
  if (status == SCRIM_OK) status = random_begin(random, "marker weights", NULL, 0, error);
  if (status == SCRIM_OK) status = marker_create(m, &settings->shape, random, error);
  random_source_free(random);
  m->rule[MARKER_K] = (float)settings->k;
  m->rule[MARKER_THRESHOLD] = 0.5f;
  return status;
}

scrim_status marker_train(marker *m, marker_fit *fit, const marker_frame *frames, size_t n_frames,
                          const marker_settings *settings, uint64_t seed, scrim_progress_fn progress, void *context,
                          scrim_error *error) {
  const size_t held = n_frames / 6 > 0 ? n_frames / 6 : 1;
  marker_rows train = {0}, kept = {0};
  *m = (marker){0};
  *fit = (marker_fit){.frames = n_frames, .held_frames = held};
  if (n_frames < 2) return fail(error, SCRIM_E_DATA, "%zu frames; one is to train on, and one to choose by", n_frames);
  scrim_status status = take_frames(frames, n_frames - held, settings, &train, error);
  if (status == SCRIM_OK) status = take_frames(frames + n_frames - held, held, settings, &kept, error);
  if (status == SCRIM_OK) status = make(m, settings, seed, error);
  if (status == SCRIM_OK) {
    fit->rows = train.n;
    standardise(m, &train);
    status = fit_network(m, &train, settings->epochs, seed, progress, context, error);
  }
  if (status == SCRIM_OK) status = hold_against(m, fit, &kept, error);
  rows_free(&train);
  rows_free(&kept);
  if (status != SCRIM_OK) marker_free(m);
  return status;
}
