/*
 * Swap detection: a label swapper recognises members by their exact scores. A copy that is changed too little for the
 * classifier to notice, and enough for the swapper to miss, gets the true label back: a label that flips so is a
 * member's.
 */
#include "core/error.h"
#include "core/memory.h"
#include "purifier/attack_query.h"
#include "purifier/score_form.h"
#include <math.h>

enum { ROWS_PER_KIND = 1000, COPIES = 16, SIZES = 5 };
/*
 * Changes of the logits, or standard deviations of the inputs. How far a swapper looks is not known: in a row that is
 * sure of its class, a tenth on each logit moves the scores by less than a thousandth.
 */
static const double size_of_change[SIZES] = {1e-4, 1e-3, 1e-2, 1e-1, 0.5};

/* Rows near a tie of two classes flip half of their copies; swapped members flip all. */
static const double CUT = 0.75;

/* flips [n]: highest share, over the sizes, of copies whose label is not the row's own. */
static scrim_status count_flips(query *q, int inputs, double *flips, scrim_error *error) {
  const attack_view *v = q->view;
  for (int s = 0; s < SIZES; s++) {
    double *share = flips + (size_t)(s + 1) * q->n;
    for (int c = 0; c < COPIES; c++) {
      scrim_status status =
          inputs ? query_inputs(q, size_of_change[s], error) : query_scores(q, size_of_change[s], error);
      if (status != SCRIM_OK) return status;
      for (size_t i = 0; i < q->n; i++) {
        size_t own = score_argmax(v->target + q->row[i] * v->classes, v->classes);
        share[i] += (query_label(q, i) != own) / (double)COPIES;
      }
    }
    for (size_t i = 0; i < q->n; i++) flips[i] = fmax(flips[i], share[i]);
  }
  return SCRIM_OK;
}

scrim_status attack_swap(const attack *self, const attack_view *view, double *score, unsigned char *scored,
                         scrim_error *error) {
  query q;
  double *flips = NULL;
  scrim_status status = query_open(&q, view, ROWS_PER_KIND, "swap detection", scored, error);
  if (status == SCRIM_OK) {
    flips = memory_zalloc(q.n * (SIZES + 1), sizeof *flips);
    status = flips ? count_flips(&q, self->option, flips, error)
                   : fail(error, SCRIM_E_MEMORY, "out of memory for flips of %zu rows", q.n);
  }
  for (size_t i = 0; status == SCRIM_OK && i < q.n; i++) score[q.row[i]] = flips[i] - CUT;
  memory_free(flips);
  query_close(&q);
  return status;
}
