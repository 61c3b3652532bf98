/* Clips through a system, to the listeners and the meters. */
#include "voice_deid/voice_audit_stage.h"
#include "core/error.h"
#include "core/memory.h"
#include "voice_deid/cepstral_distortion.h"
#include "voice_deid/speech_corpus.h"
#include "voice_deid/stoi.h"
#include <math.h>
#include <string.h>

enum { RATE = 16000, LEAST_SAMPLES = RATE / 10 };
static const double default_seconds = 8;

/* ---- room ---- */

static void free_rows(float **rows, size_t n) {
  for (size_t i = 0; rows && i < n; i++) memory_free(rows[i]);
  memory_free(rows);
}

/* [n_listeners][n, dim]; NULL when out of memory. */
static float **make_rows(const voice_stage *s, size_t n) {
  float **rows = memory_zalloc(s->n_listeners, sizeof *rows);
  for (size_t l = 0; rows && l < s->n_listeners; l++) {
    rows[l] = memory_zalloc(n * s->listeners[l].dim, sizeof *rows[l]);
    if (rows[l]) continue;
    free_rows(rows, s->n_listeners);
    return NULL;
  }
  return rows;
}

scrim_status voice_stage_open(voice_stage *s, scrim_error *error) {
  const size_t n = s->audit->n_clips;
  const size_t count[VOICE_HIDERS] = {n, s->has_attacker ? n : 0, s->has_trainer ? s->audit->n_train : 0};
  int is_complete = 1;
  for (int h = 0; h < VOICE_HIDERS; h++) {
    if (count[h] == 0) continue;
    s->heard[h] = make_rows(s, count[h]);
    is_complete = is_complete && s->heard[h];
  }
  for (size_t r = 0; r < s->n_removals; r++) {
    s->removed[r] = make_rows(s, n);
    is_complete = is_complete && s->removed[r];
  }
  s->distortion = memory_zalloc(n, sizeof *s->distortion);
  s->intelligibility = memory_zalloc(n, sizeof *s->intelligibility);
  s->seconds = memory_zalloc(n, sizeof *s->seconds);
  if (is_complete && s->distortion && s->intelligibility && s->seconds) return SCRIM_OK;
  return fail(error, SCRIM_E_MEMORY, "out of memory for what %zu listeners hear of %zu clips", s->n_listeners, n);
}

void voice_stage_close(voice_stage *s) {
  for (int h = 0; h < VOICE_HIDERS; h++) free_rows(s->heard[h], s->n_listeners);
  for (size_t r = 0; r < s->n_removals; r++) free_rows(s->removed[r], s->n_listeners);
  memory_free(s->distortion);
  memory_free(s->intelligibility);
  memory_free(s->seconds);
  *s = (voice_stage){0};
}

/* ---- one clip ---- */

scrim_status voice_stage_read(const scrim_voice_audit *audit, const char *path, float **x, size_t *n,
                              scrim_error *error) {
  const double seconds = audit->seconds > 0 ? audit->seconds : default_seconds;
  size_t length = 0;
  float *read = NULL;
  *x = NULL;
  scrim_status status = speech_read(&read, &length, path, error);
  if (status != SCRIM_OK) return status;
  *n = (double)length > seconds * RATE ? (size_t)(seconds * RATE) : length;
  if (*n < LEAST_SAMPLES) {
    status = fail(error, SCRIM_E_DATA, "'%s' has %zu samples at %d Hz, at least %d are needed", path, *n, (int)RATE,
                  (int)LEAST_SAMPLES);
  } else {
    *x = memory_alloc(*n * sizeof **x);
    if (!*x) status = fail(error, SCRIM_E_MEMORY, "out of memory for '%s'", path);
  }
  if (*x) memcpy(*x, read, *n * sizeof **x);
  memory_wipe_free(read, length * sizeof *read);
  return status;
}

/* Row `item` of every listener. */
static scrim_status hear(const voice_stage *s, tape *t, const float *y, size_t n, float *const *rows, size_t item,
                         scrim_error *error) {
  scrim_status status = SCRIM_OK;
  for (size_t l = 0; l < s->n_listeners && status == SCRIM_OK; l++)
    status = voice_listener_hear(&s->listeners[l], t, y, n, rows[l] + item * s->listeners[l].dim, error);
  return status;
}

static scrim_status measure(voice_stage *s, const float *x, const float *y, size_t n, size_t item, scrim_error *error) {
  scrim_status status = cepstral_distortion(&s->distortion[item], x, y, n, error);
  if (status == SCRIM_OK) status = stoi(&s->intelligibility[item], x, y, n, RATE, error);
  if (status != SCRIM_E_DATA) return status;
  s->intelligibility[item] = NAN; /* too little speech in it to tell */
  return SCRIM_OK;
}

static scrim_status keep(const voice_stage *s, const float *y, size_t n, size_t item, scrim_error *error) {
  if (!s->audit->keep || s->audit->keep(s->system->name, item, y, n, s->audit->keep_context) == 0) return SCRIM_OK;
  return fail(error, SCRIM_E_IO, "what '%s' made of clip %zu could not be kept", s->system->name, item);
}

static scrim_status remove_and_hear(voice_stage *s, tape *t, const float *y, size_t n, size_t item, float *room,
                                    scrim_error *error) {
  scrim_status status = SCRIM_OK;
  for (size_t r = 0; r < s->n_removals && status == SCRIM_OK; r++) {
    status = attack_removals[r].apply(y, n, s->clean_level, room, error);
    if (status == SCRIM_OK) status = hear(s, t, room, n, s->removed[r], item, error);
  }
  return status;
}

/* x [n] clean; y, z [n] scratch */
static scrim_status run_clip(voice_stage *s, size_t item, voice_maker *maker, tape *t, const float *x, size_t n,
                             float *y, float *z, scrim_error *error) {
  const scrim_voice_clip *clip = &s->audit->clips[item];
  const char *pseudonym = s->audit->by_speaker ? clip->speaker : NULL;
  double seconds, unused;
  scrim_status status = voice_maker_make(maker, s->system, VOICE_OWNER, item, pseudonym, x, n, y, &seconds, error);
  if (status != SCRIM_OK) return status;
  s->seconds[item] = seconds * RATE / (double)n;
  status = hear(s, t, y, n, s->heard[VOICE_OWNER], item, error);
  if (status == SCRIM_OK) status = measure(s, x, y, n, item, error);
  if (status == SCRIM_OK) status = keep(s, y, n, item, error);
  if (status == SCRIM_OK) status = remove_and_hear(s, t, y, n, item, z, error);
  if (status != SCRIM_OK || !s->has_attacker) return status;
  status = voice_maker_make(maker, s->system, VOICE_ATTACKER, item, pseudonym, x, n, y, &unused, error);
  return status == SCRIM_OK ? hear(s, t, y, n, s->heard[VOICE_ATTACKER], item, error) : status;
}

static scrim_status run_training_clip(voice_stage *s, size_t item, voice_maker *maker, tape *t, const float *x,
                                      size_t n, float *y, scrim_error *error) {
  const char *pseudonym = s->audit->by_speaker ? s->audit->train[item].speaker : NULL;
  double unused;
  scrim_status status = voice_maker_make(maker, s->system, VOICE_TRAINER, item, pseudonym, x, n, y, &unused, error);
  return status == SCRIM_OK ? hear(s, t, y, n, s->heard[VOICE_TRAINER], item, error) : status;
}

size_t voice_stage_items(const voice_stage *s) {
  return s->audit->n_clips + (s->has_trainer ? s->audit->n_train : 0);
}

scrim_status voice_stage_run(voice_stage *s, size_t item, voice_maker *maker, tape *t, scrim_error *error) {
  const size_t n_clips = s->audit->n_clips;
  const char *path = item < n_clips ? s->audit->clips[item].path : s->audit->train[item - n_clips].path;
  float *x;
  size_t n;
  scrim_status status = voice_stage_read(s->audit, path, &x, &n, error);
  if (status != SCRIM_OK) return status;
  float *y = memory_alloc(n * sizeof *y), *z = memory_alloc(n * sizeof *z);
  if (!y || !z)
    status = fail(error, SCRIM_E_MEMORY, "out of memory for '%s'", path);
  else if (item < n_clips)
    status = run_clip(s, item, maker, t, x, n, y, z, error);
  else
    status = run_training_clip(s, item - n_clips, maker, t, x, n, y, error);
  memory_wipe_free(x, n * sizeof *x);
  memory_wipe_free(y, n * sizeof *y);
  memory_wipe_free(z, n * sizeof *z);
  return status;
}

/* ---- costs ---- */

/* Of what is a number. */
static double mean_of(const double *x, size_t n) {
  double sum = 0;
  size_t known = 0;
  for (size_t i = 0; i < n; i++) {
    if (isnan(x[i])) continue;
    sum += x[i];
    known++;
  }
  return known > 0 ? sum / (double)known : NAN;
}

scrim_voice_cost voice_stage_cost(const voice_stage *s) {
  const size_t n = s->audit->n_clips;
  scrim_voice_cost cost = {.distortion = mean_of(s->distortion, n),
                           .intelligibility = mean_of(s->intelligibility, n),
                           .seconds = mean_of(s->seconds, n)};
  memcpy(cost.system, s->system->name, sizeof s->system->name);
  return cost;
}
