/*
 * Averaging: asks n times about the same row and attacks the mean. Noise that is drawn anew for each answer averages
 * out; an answer fixed per row does not. The variant on near copies asks about rows changed by a thousandth, against
 * noise that is fixed per row but differs between neighbours.
 */
#include "core/error.h"
#include "core/memory.h"
#include "purifier/attack_query.h"
#include "purifier/attack_statistic.h"
#include <stdlib.h>
#include <string.h>

enum { ROWS_PER_KIND = 1000 };
static const double NEAR = 1e-3;

/* Means of `times` answers [n, K], into q->scores. sum [n * K]: zeroed scratch; first [n * K]: scratch. */
static scrim_status average_answers(query *q, size_t times, double size, double *sum, float *first,
                                    scrim_error *error) {
  size_t values = q->n * q->view->classes, asked = 0;
  while (asked < times) {
    scrim_status status = query_scores(q, size, error);
    if (status != SCRIM_OK) return status;
    for (size_t i = 0; i < values; i++) sum[i] += q->released[i];
    asked++;
    if (asked == 1) memcpy(first, q->released, values * sizeof *first);
    /* The same answer twice: the system is deterministic, and the mean is known without the other queries. */
    if (asked == 2 && size <= 0 && memcmp(first, q->released, values * sizeof *first) == 0) break;
  }
  for (size_t i = 0; i < values; i++) q->scores[i] = (float)(sum[i] / (double)asked);
  return SCRIM_OK;
}

/* The confidence attack on a copy of the view whose chosen rows hold the means. */
static scrim_status confidence_of_means(const query *q, double *score, unsigned char *scored, scrim_error *error) {
  const attack_view *v = q->view;
  const attack confidence = {.option = STATISTIC_TRUE_CONFIDENCE};
  float *target = memory_zalloc(v->rows * v->classes, sizeof *target);
  if (!target) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu averaged rows", v->rows);
  for (size_t i = 0; i < q->n; i++)
    memcpy(target + q->row[i] * v->classes, q->scores + i * v->classes, v->classes * sizeof *target);
  attack_view averaged = *v;
  averaged.target = target;
  scrim_status status = attack_threshold(&confidence, &averaged, score, scored, error);
  memory_free(target);
  return status;
}

/* The chosen rows alone, as LiRA needs them: copies of what the view holds of them. */
typedef struct chosen_rows {
  int32_t *labels;   /* [n] */
  float *shadows;    /* [n_shadows, n, K] */
  unsigned char *in; /* [n_shadows, n] */
  double *score;     /* [n] */
} chosen_rows;

static scrim_status chosen_rows_copy(chosen_rows *c, const query *q, scrim_error *error) {
  const attack_view *v = q->view;
  size_t n = q->n, k = v->classes, shadows = v->n_shadows;
  *c = (chosen_rows){memory_zalloc(n, sizeof *c->labels), memory_zalloc(shadows * n * k, sizeof *c->shadows),
                     memory_zalloc(shadows, n), memory_zalloc(n, sizeof *c->score)};
  if (!c->labels || !c->shadows || !c->in || !c->score)
    return fail(error, SCRIM_E_MEMORY, "out of memory for %zu shadows of %zu rows", shadows, n);
  for (size_t i = 0; i < n; i++) {
    c->labels[i] = v->labels[q->row[i]];
    for (size_t s = 0; s < shadows; s++) {
      size_t from = s * v->rows + q->row[i], to = s * n + i;
      c->in[to] = v->shadow_in[from];
      memcpy(c->shadows + to * k, v->shadows + from * k, k * sizeof *c->shadows);
    }
  }
  return SCRIM_OK;
}

static void chosen_rows_free(chosen_rows *c) {
  memory_free(c->labels);
  memory_free(c->shadows);
  memory_free(c->in);
  memory_free(c->score);
}

/* Ranks, since the mean of clipped noise is not the raw score but rises with it. */
static scrim_status lira_of_means(const query *q, double *score, unsigned char *scored, scrim_error *error) {
  const attack lira = {.option = LIRA_ONLINE | LIRA_RANKED};
  chosen_rows c;
  scrim_status status = chosen_rows_copy(&c, q, error);
  if (status == SCRIM_OK) {
    const attack_view rows = {.classes = q->view->classes,
                              .rows = q->n,
                              .labels = c.labels,
                              .target = q->scores,
                              .n_shadows = q->view->n_shadows,
                              .shadows = c.shadows,
                              .shadow_in = c.in};
    status = attack_lira(&lira, &rows, c.score, scored, error);
  }
  for (size_t i = 0; status == SCRIM_OK && i < q->n; i++) score[q->row[i]] = c.score[i];
  chosen_rows_free(&c);
  return status;
}

/* Averages, then lets `judge` fill score for the chosen rows. */
static scrim_status average_and_judge(const attack_view *view, size_t times, double size, double *score,
                                      unsigned char *scored,
                                      scrim_status (*judge)(const query *, double *, unsigned char *, scrim_error *),
                                      scrim_error *error) {
  query q;
  scrim_status status = query_open(&q, view, ROWS_PER_KIND, "averaging", scored, error);
  if (status == SCRIM_OK) {
    double *sum = memory_zalloc(q.n * view->classes, sizeof *sum);
    float *first = memory_zalloc(q.n * view->classes, sizeof *first);
    status = sum && first ? average_answers(&q, times, size, sum, first, error)
                          : fail(error, SCRIM_E_MEMORY, "out of memory for the mean of %zu answers", q.n);
    memory_free(sum);
    memory_free(first);
  }
  if (status == SCRIM_OK) status = judge(&q, score, scored, error);
  query_close(&q);
  return status;
}

scrim_status attack_averaging(const attack *self, const attack_view *view, double *score, unsigned char *scored,
                              scrim_error *error) {
  return average_and_judge(view, (size_t)abs(self->option), self->option < 0 ? NEAR : 0, score, scored,
                           confidence_of_means, error);
}

scrim_status attack_averaging_lira(const attack *self, const attack_view *view, double *score, unsigned char *scored,
                                   scrim_error *error) {
  return average_and_judge(view, (size_t)self->option, 0, score, scored, lira_of_means, error);
}
