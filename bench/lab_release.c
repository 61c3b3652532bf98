/* How the scores of a stage are released: raw, by a baseline, or by the filter. */
#include "core/error.h"
#include "lab.h"
#include "purifier/defence.h"
#include <string.h>

const lab_release lab_releases[LAB_RELEASES] = {{"raw", NULL, 0},
                                                {"label only", "label only", 0},
                                                {"prototype table", "prototype table", 0},
                                                {"saturation+prototype", "saturation+prototype", 0},
                                                {"scrim", NULL, 1}};

static scrim_status run_baseline(const char *name, const lab_stage *s, float *released, scrim_error *error) {
  const defence *d = baselines;
  while (d->name && strcmp(d->name, name)) d++;
  if (!d->name) return fail(error, SCRIM_E_INTERNAL, "no baseline '%s'", name);
  size_t n = s->part, k = s->set.classes;
  const defence_data data = {.classes = k,
                             .reference = s->raw + LAB_REFERENCE * n * k,
                             .reference_labels = s->set.y + LAB_REFERENCE * n,
                             .n_reference = n};
  void *state = NULL;
  scrim_status status = d->fit(&state, d, &data, s->seed, error);
  if (status != SCRIM_OK) return status;
  status = d->apply(state, s->raw, released, LAB_PARTS * n, error);
  d->release(state);
  return status;
}

static scrim_status run_filter(const lab_stage *s, float *released, scrim_error *error) {
  size_t rows = LAB_PARTS * s->part;
  scrim_session *session = NULL;
  scrim_status status = scrim_session_create(&session, s->filter, s->key, NULL, error);
  const scrim_view in = {.kind = SCRIM_SCORES, .data = s->raw, .rows = rows, .columns = s->set.classes};
  scrim_view out = {.kind = SCRIM_SCORES, .data = released, .columns = s->set.classes, .capacity = rows};
  if (status == SCRIM_OK) status = scrim_apply(session, &in, &out, error);
  scrim_session_free(session);
  return status;
}

scrim_status lab_release_run(const lab_release *r, const lab_stage *s, float *released, scrim_error *error) {
  if (r->filter) return run_filter(s, released, error);
  if (r->baseline) return run_baseline(r->baseline, s, released, error);
  memcpy(released, s->raw, LAB_PARTS * s->part * s->set.classes * sizeof *released);
  return SCRIM_OK;
}
