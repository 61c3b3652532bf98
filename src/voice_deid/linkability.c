/* Histograms of scores, and what a likelihood ratio tells. */
#include "voice_deid/linkability.h"
#include <math.h>

enum { BINS_MOST = 100, MATED_PER_BIN = 10 };

/* Trials by score; [0]: others, [1]: mated. */
typedef struct score_bins {
  size_t count[2][BINS_MOST], total[2];
} score_bins;

static void fill_bins(score_bins *b, const verification_trials *t, size_t n_bins) {
  double low = t->trial[0].score, high = low;
  for (size_t i = 1; i < t->n; i++) {
    if (t->trial[i].score < low) low = t->trial[i].score;
    if (t->trial[i].score > high) high = t->trial[i].score;
  }
  for (size_t i = 0; i < t->n; i++) {
    const verification_trial *trial = &t->trial[i];
    const double place = high > low ? (trial->score - low) / (high - low) * (double)n_bins : 0;
    const size_t bin = (size_t)place < n_bins ? (size_t)place : n_bins - 1; /* the highest score belongs to the last */
    const int mated = trial->enrolled == trial->tried;
    b->count[mated][bin]++;
    b->total[mated]++;
  }
}

scrim_status linkability(double *d_sys, const verification_trials *t, scrim_error *error) {
  scrim_status status = verification_check(t, error);
  if (status != SCRIM_OK) return status;
  const size_t wanted = t->mated / MATED_PER_BIN, n_bins = wanted < BINS_MOST ? wanted : BINS_MOST;
  score_bins bins = {0};
  *d_sys = NAN;
  if (n_bins < 2) return SCRIM_OK;
  fill_bins(&bins, t, n_bins);
  double sum = 0;
  for (size_t i = 0; i < n_bins; i++) {
    const double mated = (double)bins.count[1][i] / (double)bins.total[1];
    const double other = (double)bins.count[0][i] / (double)bins.total[0];
    /* D(s) = 2 LR / (1 + LR) - 1 where the ratio of likelihoods is above 1, else 0; its mean over mated scores. */
    if (mated > other) sum += mated * (mated - other) / (mated + other);
  }
  *d_sys = sum;
  return SCRIM_OK;
}
