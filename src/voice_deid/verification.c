/* Trials, and the figures of verification and identification. */
#include "voice_deid/verification.h"
#include "core/error.h"
#include "core/memory.h"
#include "voice_deid/speaker_bootstrap.h"
#include <math.h>
#include <stdlib.h>

/* ---- trials ---- */

double verification_cosine(const void *context, const float *a, const float *b, size_t dim) {
  (void)context;
  double sum = 0;
  for (size_t i = 0; i < dim; i++) sum += (double)a[i] * b[i];
  return sum;
}

scrim_status verification_all_pairs(verification_trials *out, const verification_set *enrolled,
                                    const verification_set *tried, verification_score_fn score, const void *context,
                                    scrim_error *error) {
  const size_t n = enrolled->n, dim = enrolled->dim, most = n > 0 ? n * (n - 1) : 0;
  *out = (verification_trials){.speakers = enrolled->speakers};
  out->trial = memory_zalloc(most, sizeof *out->trial);
  if (!out->trial) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu verification trials", most);
  for (size_t i = 0; i < n; i++) {
    for (size_t j = enrolled == tried ? i + 1 : 0; j < n; j++) {
      if (i == j) continue;
      verification_trial *t = &out->trial[out->n++];
      t->enrolled = enrolled->speaker[i];
      t->tried = tried->speaker[j];
      t->score = score(context, enrolled->rows + i * dim, tried->rows + j * dim, dim);
      out->mated += t->enrolled == t->tried;
    }
  }
  return SCRIM_OK;
}

void verification_trials_free(verification_trials *t) {
  memory_free(t->trial);
  *t = (verification_trials){0};
}

scrim_status verification_check(const verification_trials *t, scrim_error *error) {
  if (t->mated == 0 || t->mated == t->n)
    return fail(error, SCRIM_E_DATA, "%zu of %zu verification trials are of one speaker, but both kinds are needed",
                t->mated, t->n);
  for (size_t i = 0; i < t->n; i++)
    if (!isfinite(t->trial[i].score))
      return fail(error, SCRIM_E_DATA, "the score of verification trial %zu is not finite", i);
  return SCRIM_OK;
}

/* ---- equal error rate ---- */

static int by_falling_score(const void *a, const void *b) {
  const double x = ((const verification_trial *)a)->score, y = ((const verification_trial *)b)->score;
  return (x < y) - (x > y);
}

/* A mated trial counts as often as its speaker was drawn, another as often as the two can meet. NULL: all once. */
static double trial_weight(const verification_trial *t, const uint32_t *times) {
  if (!times) return 1;
  return t->enrolled == t->tried ? times[t->tried] : (double)times[t->enrolled] * times[t->tried];
}

/* Of trials in falling order of their scores; NaN if there are no mated or no other ones. `threshold` may be NULL. */
static double eer_of(const verification_trials *t, const uint32_t *times, double *threshold) {
  double total[2] = {0, 0}, passed[2] = {0, 0}; /* others, mated: in all, and accepted */
  const verification_trial *end = t->trial + t->n;
  for (const verification_trial *i = t->trial; i < end; i++) total[i->enrolled == i->tried] += trial_weight(i, times);
  if (total[0] == 0 || total[1] == 0) return NAN;
  double accepts = 0, misses = 1; /* rates of false ones at the threshold before this one */
  for (const verification_trial *i = t->trial; i < end;) {
    const double score = i->score;
    for (; i < end && i->score == score; i++) passed[i->enrolled == i->tried] += trial_weight(i, times);
    const double next_accepts = passed[0] / total[0], next_misses = 1 - passed[1] / total[1];
    if (next_accepts >= next_misses) {
      const double gap = misses - accepts, next_gap = next_misses - next_accepts;
      if (threshold) *threshold = score;
      return accepts + (next_accepts - accepts) * gap / (gap - next_gap);
    }
    accepts = next_accepts;
    misses = next_misses;
  }
  return NAN; /* the last threshold accepts all, so the rates have met before */
}

static double eer_figure(const void *context, const uint32_t *times) {
  return eer_of(context, times, NULL);
}

scrim_status verification_eer(scrim_interval *eer, double *threshold, verification_trials *t, uint64_t seed,
                              scrim_error *error) {
  scrim_status status = verification_check(t, error);
  if (status != SCRIM_OK) return status;
  qsort(t->trial, t->n, sizeof *t->trial, by_falling_score);
  eer_of(t, NULL, threshold);
  return speaker_bootstrap(eer, t->speakers, eer_figure, t, seed, error);
}

/* ---- closed-set identification ---- */

/* Who was found, of each speaker's utterances. */
typedef struct found {
  uint32_t *tried, *right; /* [speakers] */
  size_t speakers;
} found;

static double found_share(const void *context, const uint32_t *times) {
  const found *f = context;
  double tried = 0, right = 0;
  for (size_t s = 0; s < f->speakers; s++) {
    const double weight = times ? times[s] : 1;
    tried += weight * f->tried[s];
    right += weight * f->right[s];
  }
  return tried > 0 ? right / tried : NAN;
}

/* Models of speakers, for the length of one call. */
typedef struct gallery {
  double *model;    /* [speakers, dim] mean of the enrolled rows, of unit length */
  size_t *enrolled; /* [speakers] rows in it; 0: not in the gallery */
} gallery;

/* Of the first rows of each speaker, half of them at most. `left` [speakers] is scratch, 0. */
static void gallery_fill(gallery *g, const verification_set *set, size_t enrol, size_t *left) {
  for (size_t i = 0; i < set->n; i++) left[set->speaker[i]]++;
  for (size_t s = 0; s < set->speakers; s++) {
    left[s] = left[s] / 2 < enrol ? left[s] / 2 : enrol;
    g->enrolled[s] = left[s];
  }
  for (size_t i = 0; i < set->n; i++) {
    const size_t s = (size_t)set->speaker[i];
    if (left[s] == 0) continue;
    left[s]--;
    for (size_t d = 0; d < set->dim; d++) g->model[s * set->dim + d] += set->rows[i * set->dim + d];
  }
  for (size_t s = 0; s < set->speakers; s++) {
    double *model = g->model + s * set->dim, square = 0;
    for (size_t d = 0; d < set->dim; d++) square += model[d] * model[d];
    for (size_t d = 0; square > 0 && d < set->dim; d++) model[d] /= sqrt(square);
  }
}

/* The speaker of the gallery whom a row [dim] is most like. */
static size_t gallery_find(const gallery *g, const verification_set *set, const float *row) {
  size_t best = 0;
  double highest = -INFINITY;
  for (size_t s = 0; s < set->speakers; s++) {
    double cosine = 0;
    for (size_t d = 0; d < set->dim; d++) cosine += g->model[s * set->dim + d] * row[d];
    if (g->enrolled[s] == 0 || cosine <= highest) continue;
    highest = cosine;
    best = s;
  }
  return best;
}

/* `seen` [speakers] is scratch, 0. */
static void gallery_try(const gallery *g, const verification_set *tried, size_t *seen, found *f) {
  for (size_t i = 0; i < tried->n; i++) {
    const size_t s = (size_t)tried->speaker[i];
    if (g->enrolled[s] == 0 || seen[s]++ < g->enrolled[s]) continue;
    f->tried[s]++;
    f->right[s] += gallery_find(g, tried, tried->rows + i * tried->dim) == s;
  }
}

scrim_status verification_identify(scrim_interval *identified, const verification_set *enrolled,
                                   const verification_set *tried, size_t enrol, uint64_t seed, scrim_error *error) {
  const size_t speakers = enrolled->speakers;
  gallery g = {memory_zalloc(speakers * enrolled->dim, sizeof *g.model), memory_zalloc(speakers, sizeof *g.enrolled)};
  found f = {memory_zalloc(speakers, sizeof *f.tried), memory_zalloc(speakers, sizeof *f.right), speakers};
  size_t *left = memory_zalloc(speakers, sizeof *left), *seen = memory_zalloc(speakers, sizeof *seen);
  scrim_status status = SCRIM_OK;
  if (!g.model || !g.enrolled || !f.tried || !f.right || !left || !seen)
    status = fail(error, SCRIM_E_MEMORY, "out of memory for the identification of %zu speakers", speakers);
  if (status == SCRIM_OK) {
    gallery_fill(&g, enrolled, enrol, left);
    gallery_try(&g, tried, seen, &f);
    status = isnan(found_share(&f, NULL))
                 ? fail(error, SCRIM_E_DATA, "none of %zu speakers has two utterances, to enrol and to try", speakers)
                 : speaker_bootstrap(identified, speakers, found_share, &f, seed, error);
  }
  memory_free(g.model);
  memory_free(g.enrolled);
  memory_free(f.tried);
  memory_free(f.right);
  memory_free(left);
  memory_free(seen);
  return status;
}

/* ---- one version of an utterance against another ---- */

void verification_compare(const verification_set *a, const verification_set *b, double threshold, double *accepted,
                          double *mean_cosine) {
  double sum = 0;
  size_t above = 0;
  for (size_t i = 0; i < a->n; i++) {
    const double cosine = verification_cosine(NULL, a->rows + i * a->dim, b->rows + i * a->dim, a->dim);
    sum += cosine;
    above += cosine >= threshold;
  }
  *accepted = (double)above / (double)a->n;
  *mean_cosine = sum / (double)a->n;
}
