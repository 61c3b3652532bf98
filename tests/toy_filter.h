/*
 * Two filters small enough to know what they must answer, in the place of the built-in ones.
 *
 *     toy    scores, K columns: out = scale * in + offset[column] + shift. No memory between rows.
 *     delay  audio, any number of columns up to TOY_COLUMNS: two rows of delay, so that streams can be tested.
 *
 * Some input values make them misbehave, below.
 */
#ifndef TOY_FILTER_H
#define TOY_FILTER_H

#include "core/error.h"
#include "core/filter_table.h"
#include "core/memory.h"
#include "core/random.h"
#include <math.h>
#include <string.h>

enum { TOY_K = 3, TOY_COLUMNS = 4, TOY_DELAY = 2 };

#define TOY_REFUSED 50.0f   /* toy: the domain's check refuses the row */
#define TOY_FAILS 66.0f     /* both: apply or push fails, after it has written all of its output */
#define TOY_GOES_WILD 67.0f /* toy: the output is NaN */
#define TOY_OVERFLOWS 68.0f /* toy: claims one row more than it was given room for */

static const scrim_param toy_params[] = {
    {"scale", "factor of every score", 1, 0, 100, 0, SCRIM_PARAM_TRAIN},
    {"steps", "whole number that nothing depends on", 5, 1, 9, 1, SCRIM_PARAM_TRAIN},
    {"shift", "added to every score", 0, -10, 10, 0, SCRIM_PARAM_APPLY},
};
enum { TOY_PARAMS = sizeof toy_params / sizeof toy_params[0] };

typedef struct toy_model {
  const float *offset; /* [k], in the file */
  size_t k;
} toy_model;

typedef struct toy_state {
  const toy_model *model;
  random_source *random; /* as filters have one; makes requests for memory */
  float scale, shift;
} toy_state;

static scrim_status toy_load(void **model, const tensorfile *file, const scrim_config *config, scrim_error *error) {
  (void)config;
  int64_t shape[1] = {-1};
  const void *offset;
  scrim_status status = tensorfile_get(file, "offset", TENSORFILE_F32, 1, shape, &offset, error);
  if (status != SCRIM_OK) return status;
  toy_model *m = memory_alloc(sizeof *m);
  if (m == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a toy");
  *m = (toy_model){offset, (size_t)shape[0]};
  *model = m;
  return SCRIM_OK;
}

static size_t toy_columns(const void *model) {
  return ((const toy_model *)model)->k;
}

static scrim_status toy_open(void **state, const void *model, const scrim_key *key, const scrim_config *config,
                             scrim_error *error) {
  double scale, shift;
  scrim_status status = scrim_config_get(config, "scale", &scale, error);
  if (status == SCRIM_OK) status = scrim_config_get(config, "shift", &shift, error);
  if (status != SCRIM_OK) return status;
  toy_state *s = memory_zalloc(1, sizeof *s);
  if (s == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a toy's state");
  *s = (toy_state){.model = model, .scale = (float)scale, .shift = (float)shift};
  status = random_source_create(&s->random, key, error);
  if (status == SCRIM_OK)
    *state = s;
  else
    memory_free(s);
  return status;
}

static void toy_close(void *state) {
  random_source_free(((toy_state *)state)->random);
  memory_free(state);
}

static scrim_status toy_check(const void *state, const scrim_view *in, scrim_error *error) {
  (void)state;
  for (size_t i = 0; i < in->rows * in->columns; i++)
    if (in->data[i] == TOY_REFUSED)
      return fail_row(error, SCRIM_E_DATA, (int64_t)(i / in->columns), "row %zu is refused", i / in->columns);
  return SCRIM_OK;
}

static scrim_status toy_apply(void *state, const scrim_view *in, scrim_view *out, scrim_error *error) {
  const toy_state *s = state;
  scrim_status status = SCRIM_OK;
  void *scratch = memory_alloc(100); /* a real filter has none here; this lets tests fail inside apply */
  if (scratch == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory in a toy");
  memory_free(scratch);
  out->rows = in->rows;
  for (size_t i = 0; i < in->rows * in->columns; i++) {
    float value = in->data[i];
    out->data[i] = value == TOY_GOES_WILD ? NAN : s->scale * value + s->model->offset[i % in->columns] + s->shift;
    if (value == TOY_OVERFLOWS) out->rows = in->rows + 1;
    if (value == TOY_FAILS) status = fail(error, SCRIM_E_INTERNAL, "the toy failed");
  }
  return status;
}

static const filter_table toy_filter = {
    .kind = "toy",
    .view_kind = SCRIM_SCORES,
    .params = toy_params,
    .n_params = TOY_PARAMS,
    .load = toy_load,
    .unload = memory_free,
    .columns = toy_columns,
    .open = toy_open,
    .close = toy_close,
    .check = toy_check,
    .apply = toy_apply,
};

/* ---- delay ---- */

typedef struct delay_state {
  float held[TOY_DELAY * TOY_COLUMNS];
  size_t n_held, columns;
} delay_state;

static scrim_status delay_load(void **model, const tensorfile *file, const scrim_config *config, scrim_error *error) {
  (void)file;
  (void)config;
  *model = memory_alloc(1);
  return *model == NULL ? fail(error, SCRIM_E_MEMORY, "out of memory for a delay") : SCRIM_OK;
}

static size_t delay_columns(const void *model) {
  (void)model;
  return 0;
}

static scrim_status delay_open(void **state, const void *model, const scrim_key *key, const scrim_config *config,
                               scrim_error *error) {
  (void)model;
  (void)key;
  (void)config;
  *state = memory_zalloc(1, sizeof(delay_state));
  return *state == NULL ? fail(error, SCRIM_E_MEMORY, "out of memory for a delay") : SCRIM_OK;
}

static scrim_status delay_apply(void *state, const scrim_view *in, scrim_view *out, scrim_error *error) {
  (void)state;
  (void)error;
  memmove(out->data, in->data, in->rows * in->columns * sizeof(float));
  out->rows = in->rows;
  return SCRIM_OK;
}

/* One row in, the row of two rows ago out. */
static scrim_status delay_push(void *state, const scrim_view *in, scrim_view *out, scrim_error *error) {
  delay_state *s = state;
  size_t bytes = in->columns * sizeof(float);
  scrim_status status = SCRIM_OK;
  s->columns = in->columns;
  for (size_t row = 0; row < in->rows; row++) {
    float now[TOY_COLUMNS];
    memcpy(now, in->data + row * in->columns, bytes);
    if (now[0] == TOY_FAILS) status = fail(error, SCRIM_E_INTERNAL, "the delay failed");
    if (s->n_held == TOY_DELAY) {
      memcpy(out->data + out->rows++ * in->columns, s->held, bytes);
      memmove(s->held, s->held + in->columns, bytes);
      s->n_held--;
    }
    memcpy(s->held + s->n_held++ * in->columns, now, bytes);
  }
  return status;
}

static scrim_status delay_flush(void *state, scrim_view *out, scrim_error *error) {
  delay_state *s = state;
  (void)error;
  memcpy(out->data, s->held, s->n_held * s->columns * sizeof(float));
  out->rows = s->n_held;
  memset(s, 0, sizeof *s);
  return SCRIM_OK;
}

static size_t delay_bound(const void *state, size_t rows) {
  (void)state;
  return rows > TOY_DELAY ? rows : TOY_DELAY;
}

static size_t delay_latency(const void *state) {
  (void)state;
  return TOY_DELAY;
}

static const filter_table delay_filter = {
    .kind = "delay",
    .view_kind = SCRIM_AUDIO,
    .load = delay_load,
    .unload = memory_free,
    .columns = delay_columns,
    .open = delay_open,
    .close = memory_free,
    .apply = delay_apply,
    .push = delay_push,
    .flush = delay_flush,
    .bound = delay_bound,
    .latency = delay_latency,
};

const filter_table *const builtin_filters[] = {&toy_filter, &delay_filter, NULL};

/* ---- making them ---- */

static const float toy_offset[TOY_K] = {0.5f, 0, -0.5f};

/* A filter of either kind; NULL when out of memory. */
static inline scrim_status toy_build(scrim_filter **out, const filter_table *table, const scrim_config *config,
                                     scrim_error *error) {
  tensorfile_writer *writer;
  *out = NULL;
  scrim_status status = tensorfile_writer_create(&writer, error);
  if (status == SCRIM_OK)
    status = tensorfile_put(writer, "offset", TENSORFILE_F32, 1, (int64_t[]){TOY_K}, toy_offset, error);
  if (status == SCRIM_OK) status = filter_build(out, table, writer, config, error);
  tensorfile_writer_free(writer);
  return status;
}

static inline scrim_key *toy_key(void) {
  static const unsigned char bytes[SCRIM_KEY_BYTES] = {1, 2, 3};
  scrim_key *key = NULL;
  return scrim_key_create(&key, bytes, NULL) == SCRIM_OK ? key : NULL;
}

#endif
