/* Attackers by what they have: clean speech, hidden speech, hidden speech of others to learn from. */
#include "voice_deid/voice_audit_figures.h"
#include "core/error.h"
#include "core/memory.h"
#include "voice_deid/attack_backend.h"
#include "voice_deid/linkability.h"
#include <math.h>
#include <string.h>

scrim_status voice_roll_call(voice_roll *roll, const scrim_voice_clip *clips, size_t n, scrim_error *error) {
  size_t *first = memory_zalloc(n, sizeof *first); /* [speakers] the clip that each is first met in */
  *roll = (voice_roll){.speaker = memory_zalloc(n, sizeof *roll->speaker), .n = n};
  if (!roll->speaker || !first) {
    memory_free(first);
    return fail(error, SCRIM_E_MEMORY, "out of memory for the speakers of %zu clips", n);
  }
  for (size_t i = 0; i < n; i++) {
    size_t s = 0;
    while (s < roll->speakers && strcmp(clips[first[s]].speaker, clips[i].speaker) != 0) s++;
    if (s == roll->speakers) first[roll->speakers++] = i;
    roll->speaker[i] = (int32_t)s;
  }
  memory_free(first);
  return SCRIM_OK;
}

void voice_roll_free(voice_roll *roll) {
  memory_free(roll->speaker);
  *roll = (voice_roll){0};
}

static verification_set set_of(const voice_heard *h, const float *rows, const voice_roll *roll) {
  return (verification_set){rows, roll->speaker, roll->n, h->dim, roll->speakers};
}

/* ---- equal error rates ---- */

/* Rows of one version against rows of another; the same pointer: each pair once. */
static scrim_status cross_eer(scrim_interval *eer, double *threshold, const voice_heard *h, const float *enrolled,
                              const float *tried, verification_score_fn score, const void *context, uint64_t seed,
                              scrim_error *error) {
  const verification_set a = set_of(h, enrolled, h->clips), b = set_of(h, tried, h->clips);
  verification_trials trials;
  scrim_status status = verification_all_pairs(&trials, &a, enrolled == tried ? &a : &b, score, context, error);
  if (status == SCRIM_OK) status = verification_eer(eer, threshold, &trials, seed, error);
  verification_trials_free(&trials);
  return status;
}

/* He knows the defence's back-end by what he hid himself. `room` [2, clips, dim] is scratch. */
static scrim_status semi_informed(scrim_interval *eer, const voice_heard *h, float *room, uint64_t seed,
                                  scrim_error *error) {
  const verification_set train = set_of(h, h->learnt, h->train);
  const size_t n = h->clips->n;
  float *tried = room, *enrolled = h->attacker == h->own ? room : room + n * h->dim;
  attack_backend *backend;
  double unused;
  scrim_status status = attack_backend_train(&backend, &train, error);
  if (status != SCRIM_OK) return status;
  attack_backend_project(backend, h->own, n, tried);
  if (enrolled != tried) attack_backend_project(backend, h->attacker, n, enrolled);
  status = cross_eer(eer, &unused, h, enrolled, tried, attack_backend_score, backend, seed, error);
  attack_backend_free(backend);
  return status;
}

static scrim_status link_clips(double *d_sys, const voice_heard *h, scrim_error *error) {
  const verification_set own = set_of(h, h->own, h->clips);
  verification_trials trials;
  scrim_status status = verification_all_pairs(&trials, &own, &own, verification_cosine, NULL, error);
  if (status == SCRIM_OK) status = linkability(d_sys, &trials, error);
  verification_trials_free(&trials);
  return status;
}

/* ---- the row ---- */

static scrim_status with_attacker_speech(scrim_voice_result *r, const voice_heard *h, size_t enrol, uint64_t seed,
                                         scrim_error *error) {
  const verification_set own = set_of(h, h->own, h->clips), known = set_of(h, h->attacker, h->clips);
  scrim_interval found;
  double unused;
  scrim_status status = cross_eer(&r->lazy, &unused, h, h->attacker, h->own, verification_cosine, NULL, seed, error);
  if (status == SCRIM_OK) status = verification_identify(&found, &known, &own, enrol, seed, error);
  if (status != SCRIM_OK) return status;
  r->identified_lazy = found.value;
  if (!h->learnt || !h->train || h->train->n == 0) return SCRIM_OK;
  const size_t values = 2 * h->clips->n * h->dim;
  float *room = memory_alloc(values * sizeof *room);
  if (!room) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu embeddings", 2 * h->clips->n);
  status = semi_informed(&r->semi, h, room, seed, error);
  memory_free(room);
  return status;
}

scrim_status voice_audit_figures(scrim_voice_result *r, double *threshold, const voice_heard *h, size_t enrol,
                                 uint64_t seed, scrim_error *error) {
  const verification_set clean = set_of(h, h->clean, h->clips), own = set_of(h, h->own, h->clips);
  const scrim_interval unknown = {NAN, NAN, NAN};
  double at;
  r->clips = h->clips->n;
  r->speakers = h->clips->speakers;
  r->lazy = r->semi = unknown;
  r->identified_lazy = NAN;
  scrim_status status = cross_eer(&r->ignorant, &at, h, h->clean, h->own, verification_cosine, NULL, seed, error);
  if (status == SCRIM_OK) status = verification_identify(&r->identified, &clean, &own, enrol, seed, error);
  if (status == SCRIM_OK) status = link_clips(&r->linkability, h, error);
  if (status == SCRIM_OK && h->attacker) status = with_attacker_speech(r, h, enrol, seed, error);
  if (status != SCRIM_OK) return status;
  if (h->own == h->clean) *threshold = at;
  verification_compare(&own, &clean, *threshold, &r->accepted, &r->source_cosine);
  return SCRIM_OK;
}
