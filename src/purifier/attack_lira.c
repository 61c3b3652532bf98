/*
 * LiRA, Carlini et al., 2112.03570: is the row's log odds likelier under classifiers that were trained on it or not?
 *
 * Each row has one Gaussian for IN and one for OUT shadows. With few shadows a row's own variance is a poor guess, so
 * it is drawn towards the variance pooled over rows (the paper's fixed variance is the limit), and the uncertain mean
 * widens it.
 */
#include "purifier/attack.h"
#include "purifier/attack_reference.h"
#include "purifier/attack_statistic.h"
#include "purifier/attack_threshold.h"
#include <math.h>

static const double PRIOR = 8; /* shadows that the pooled variance counts for */
static const double FLOOR_SHARE =
    0.01; /* of the pooled variance, below which no row's own may fall: discrete outputs */
static const double FLOOR_VARIANCE = 1e-4; /* squared log odds; where the pooled one is 0 as well */

typedef struct pooled {
  double variance[2]; /* OUT, IN: around each row's own mean */
  double spread[2];   /* around the mean of all rows */
  double mean[2];
  double shift; /* IN mean minus OUT mean of a row, on average */
} pooled;

static pooled pool_rows(const reference *r) {
  pooled p = {0};
  double freedom[2] = {0}, pairs = 0;
  for (size_t i = 0; i < r->rows; i++) {
    const reference_sum *s = r->row[i];
    for (int c = 0; c < 2; c++) {
      if (s[c].n < 2) continue;
      p.variance[c] += reference_squares(&s[c]);
      freedom[c] += s[c].n - 1;
    }
    if (s[0].n < 1 || s[1].n < 1) continue;
    p.shift += reference_mean(&s[1]) - reference_mean(&s[0]);
    pairs += 1;
  }
  for (int c = 0; c < 2; c++) {
    const reference_sum *all = &r->total[c];
    p.mean[c] = all->n > 0 ? reference_mean(all) : 0;
    p.spread[c] = all->n > 0 ? reference_squares(all) / all->n : 0;
    p.variance[c] = freedom[c] > 0 ? p.variance[c] / freedom[c] : p.spread[c];
  }
  p.shift = pairs > 0 ? p.shift / pairs : p.mean[1] - p.mean[0];
  return p;
}

typedef struct gaussian {
  double mean, variance;
} gaussian;

/* What a classifier of kind c (0 OUT, 1 IN) says about the row, judged by all shadows but `without`. */
static gaussian predict(const reference *r, const pooled *p, size_t row, int c, int32_t without) {
  reference_sum own = reference_without(r, row, c, without), other = reference_without(r, row, !c, without);
  gaussian g = {p->mean[c], p->spread[c]};
  if (own.n > 0.5) {
    g.mean = reference_mean(&own);
    g.variance = (reference_squares(&own) + PRIOR * p->variance[c]) / (own.n - 1 + PRIOR);
    g.variance *= 1 + 1 / own.n;
  } else if (other.n > 0.5) {
    g.mean = reference_mean(&other) + (c ? p->shift : -p->shift);
    g.variance = 2 * p->variance[c];
  }
  g.variance = fmax(g.variance, FLOOR_SHARE * p->variance[c] + FLOOR_VARIANCE);
  return g;
}

static double log_density(gaussian g, double x) {
  return -0.5 * ((x - g.mean) * (x - g.mean) / g.variance + log(g.variance));
}

static double offline_score(const reference *r, const pooled *p, size_t row, int32_t without, double x) {
  gaussian out = predict(r, p, row, 0, without);
  return (x - out.mean) / sqrt(out.variance);
}

scrim_status attack_lira(const attack *self, const attack_view *view, double *score, unsigned char *scored,
                         scrim_error *error) {
  (void)scored;
  int online = self->option & LIRA_ONLINE;
  int which = STATISTIC_TRUE_CONFIDENCE | (self->option & LIRA_RANKED ? STATISTIC_RANKED : 0);
  reference r;
  pooled p = {0};
  double cut = 0;
  scrim_status status = reference_make(&r, view, which, error);
  if (status == SCRIM_OK) {
    p = pool_rows(&r);
    /* Without an IN side to weigh against, the offline cut is learned on the first shadow, judged by the others. */
    for (size_t i = 0; i < view->rows; i++) score[i] = offline_score(&r, &p, i, 0, r.value[i]);
    if (!online) status = threshold_cut_of(&cut, score, view->shadow_in, view->rows, error);
  }
  if (status == SCRIM_OK) status = statistic_of_target(which, view, score, error);
  for (size_t i = 0; status == SCRIM_OK && i < view->rows; i++) {
    double x = score[i];
    score[i] = online ? log_density(predict(&r, &p, i, 1, -1), x) - log_density(predict(&r, &p, i, 0, -1), x)
                      : offline_score(&r, &p, i, -1, x) - cut;
  }
  reference_free(&r);
  return status;
}
