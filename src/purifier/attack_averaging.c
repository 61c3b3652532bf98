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
static scrim_status attack_means(const query *q, double *score, unsigned char *scored, scrim_error *error) {
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

scrim_status attack_averaging(const attack *self, const attack_view *view, double *score, unsigned char *scored,
                              scrim_error *error) {
  query q;
  scrim_status status = query_open(&q, view, ROWS_PER_KIND, "averaging", scored, error);
  if (status == SCRIM_OK) {
    double *sum = memory_zalloc(q.n * view->classes, sizeof *sum);
    float *first = memory_zalloc(q.n * view->classes, sizeof *first);
    if (sum && first)
      status = average_answers(&q, (size_t)abs(self->option), self->option < 0 ? NEAR : 0, sum, first, error);
    else
      status = fail(error, SCRIM_E_MEMORY, "out of memory for the mean of %zu answers", q.n);
    memory_free(sum);
    memory_free(first);
  }
  if (status == SCRIM_OK) status = attack_means(&q, score, scored, error);
  query_close(&q);
  return status;
}
