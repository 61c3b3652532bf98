/*
 * Labels and hardness: of two rows that are answered rightly, the one that classifiers without it find harder is
 * likelier a member; one that is answered wrongly hardly is. The strongest use of bare labels by an attacker with
 * shadows.
 *
 * With copies: a swapped member gets its own label back on near copies. An answer that most copies contradict is a
 * member's, and the label that most copies agree on takes its place otherwise.
 */
#include "core/error.h"
#include "core/memory.h"
#include "purifier/attack_query.h"
#include "purifier/attack_reference.h"
#include "purifier/attack_statistic.h"
#include "purifier/attack_threshold.h"
#include "purifier/score_form.h"

enum { ROWS_PER_KIND = 1000 };
static const double WRONG = 1e3;        /* below every right row */
static const double CONTRADICTED = 1e4; /* above every row */
static const double MOST_COPIES = 0.75;
static const double COPY_NOISE = 0.3; /* standard deviation of a near copy's logits */

/* Minus the log odds that classifiers without the row give its true class. */
static double hardness(const reference *r, size_t row, int32_t without) {
  const reference_sum out = reference_without(r, row, 0, without);
  return -reference_mean(out.n > 0.5 ? &out : &r->total[0]);
}

static double judge(double hardness, int right) {
  return right ? hardness : hardness - WRONG;
}

/* The cut is learned on the first shadow, judged by the others. `score` [rows] is scratch. */
static scrim_status learn_cut(double *cut, const reference *r, const attack_view *v, double *score,
                              scrim_error *error) {
  for (size_t i = 0; i < v->rows; i++)
    score[i] =
        judge(hardness(r, i, 0), (int32_t)score_argmax(v->raw_shadows + i * v->classes, v->classes) == v->labels[i]);
  return threshold_cut_of(cut, score, v->shadow_in, v->rows, error);
}

/* count [q->n, K]: how often the copies of a row were answered with a class. */
static scrim_status ask_copies(query *q, int copies, uint16_t *count, scrim_error *error) {
  for (int c = 0; c < copies; c++) {
    const scrim_status status = query_scores(q, COPY_NOISE, error);
    if (status != SCRIM_OK) return status;
    for (size_t i = 0; i < q->n; i++) count[i * q->view->classes + query_label(q, i)]++;
  }
  return SCRIM_OK;
}

static scrim_status judge_by_copies(const reference *r, const attack_view *v, int copies, double *score,
                                    unsigned char *scored, scrim_error *error) {
  query q;
  uint16_t *count = NULL;
  const size_t k = v->classes;
  scrim_status status = query_open(&q, v, ROWS_PER_KIND, "copies", scored, error);
  if (status == SCRIM_OK) {
    count = memory_zalloc(q.n * k, sizeof *count);
    status = count != NULL ? ask_copies(&q, copies, count, error)
                           : fail(error, SCRIM_E_MEMORY, "out of memory for the copies of %zu rows", q.n);
  }
  for (size_t i = 0; status == SCRIM_OK && i < q.n; i++) {
    const size_t row = q.row[i], released = score_argmax(v->target + row * k, k);
    size_t most = released;
    for (size_t j = 0; j < k; j++)
      if (count[i * k + j] > count[i * k + most]) most = j;
    const double contradicted = 1 - (double)count[i * k + released] / copies;
    score[row] =
        contradicted >= MOST_COPIES ? CONTRADICTED : judge(hardness(r, row, -1), (int32_t)most == v->labels[row]);
  }
  memory_free(count);
  query_close(&q);
  return status;
}

scrim_status attack_hardness(const attack *self, const attack_view *view, double *score, unsigned char *scored,
                             scrim_error *error) {
  reference r;
  double cut = 0;
  attack_view raw = *view; /* hardness is read off what the shadows answered themselves */
  raw.shadows = view->raw_shadows;
  scrim_status status = reference_make(&r, &raw, STATISTIC_TRUE_CONFIDENCE, error);
  if (status == SCRIM_OK) status = learn_cut(&cut, &r, view, score, error);
  for (size_t i = 0; i < view->rows && status == SCRIM_OK; i++)
    score[i] = judge(hardness(&r, i, -1),
                     (int32_t)score_argmax(view->target + i * view->classes, view->classes) == view->labels[i]);
  if (status == SCRIM_OK && self->option > 0) status = judge_by_copies(&r, view, self->option, score, scored, error);
  for (size_t i = 0; i < view->rows && status == SCRIM_OK; i++) score[i] -= cut;
  reference_free(&r);
  return status;
}
