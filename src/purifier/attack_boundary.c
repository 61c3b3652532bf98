/*
 * Label-only boundary attack by noise, Choquette-Choo et al., 2007.14321: training rows lie further from the decision
 * boundary, so their label stays right under more noise on the input. It needs released labels only, which no defence
 * of the scores hides.
 */
#include "core/error.h"
#include "core/memory.h"
#include "purifier/attack_query.h"
#include "purifier/attack_threshold.h"
#include "purifier/score_form.h"

enum { ROWS_PER_KIND = 600, COPIES = 10, SIZES = 7 };
/* Standard deviations of noise, in those of each input feature. */
static const double size_of_noise[SIZES] = {0.05, 0.1, 0.2, 0.4, 0.6, 1.0, 1.5};

/* Share of the chosen rows whose membership the attacker knows: they set his cut and are not scored. */
static const double KNOWN = 1.0 / 6;

/* stable [n]: share of copies labelled right, over all sizes; plus 1 where the row itself is. */
static scrim_status measure_stability(query *q, double *stable, scrim_error *error) {
  const attack_view *v = q->view;
  for (size_t i = 0; i < q->n; i++) {
    size_t own = score_argmax(v->target + q->row[i] * v->classes, v->classes);
    stable[i] = own == (size_t)v->labels[q->row[i]];
  }
  for (int s = 0; s < SIZES; s++) {
    for (int c = 0; c < COPIES; c++) {
      scrim_status status = query_inputs(q, size_of_noise[s], error);
      if (status != SCRIM_OK) return status;
      for (size_t i = 0; i < q->n; i++)
        stable[i] += (query_label(q, i) == (size_t)v->labels[q->row[i]]) / (double)(SIZES * COPIES);
    }
  }
  return SCRIM_OK;
}

/* The first KNOWN of each kind teach the cut. The rows stand in random order. in [n]: scratch; value [n]: reordered. */
static scrim_status learn_cut(double *cut, const query *q, const double *stable, unsigned char *scored, double *value,
                              unsigned char *in, scrim_error *error) {
  size_t kinds[2] = {0, 0}, known = 0;
  for (size_t i = 0; i < q->n; i++) kinds[q->row[i] < q->view->n_members]++;
  for (int kind = 0; kind < 2; kind++) kinds[kind] = (size_t)(KNOWN * (double)kinds[kind]);
  if (!kinds[0] || !kinds[1]) { /* too few rows to give any away: a right label is the verdict */
    *cut = 0.99;
    return SCRIM_OK;
  }
  for (size_t i = 0; i < q->n; i++) {
    int member = q->row[i] < q->view->n_members;
    if (kinds[member] == 0) continue;
    kinds[member]--;
    scored[q->row[i]] = 0;
    in[known] = (unsigned char)member;
    value[known++] = stable[i];
  }
  return threshold_cut_of(cut, value, in, known, error);
}

scrim_status attack_boundary(const attack *self, const attack_view *view, double *score, unsigned char *scored,
                             scrim_error *error) {
  (void)self;
  query q;
  double cut = 0, *stable = NULL;
  unsigned char *in = NULL;
  scrim_status status = query_open(&q, view, ROWS_PER_KIND, "boundary", scored, error);
  if (status == SCRIM_OK) {
    stable = memory_zalloc(2 * q.n, sizeof *stable);
    in = memory_zalloc(q.n, 1);
    status = stable && in ? measure_stability(&q, stable, error)
                          : fail(error, SCRIM_E_MEMORY, "out of memory for the stability of %zu rows", q.n);
  }
  if (status == SCRIM_OK) status = learn_cut(&cut, &q, stable, scored, stable + q.n, in, error);
  for (size_t i = 0; status == SCRIM_OK && i < q.n; i++) score[q.row[i]] = stable[i] - cut;
  memory_free(stable);
  memory_free(in);
  query_close(&q);
  return status;
}
