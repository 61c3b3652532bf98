/* Speakers drawn again and again. */
#include "voice_deid/speaker_bootstrap.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/random.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RESAMPLES = 200 };

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Quantile q of values [n], n at least 1, in rising order; linear between neighbours. */
static double quantile(const double *sorted, size_t n, double q) {
  const double at = q * (double)(n - 1);
  const size_t i = (size_t)at;
  return i + 1 < n ? sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]) : sorted[i];
}

scrim_status speaker_bootstrap(scrim_interval *out, size_t speakers, speaker_figure_fn figure, const void *context,
                               uint64_t seed, scrim_error *error) {
  double drawn[RESAMPLES];
  size_t n = 0;
  random_source *random = NULL;
  uint32_t *times = memory_zalloc(speakers, sizeof *times);
  scrim_status status = times
                            ? random_source_from_seed(&random, seed, error)
                            : fail(error, SCRIM_E_MEMORY, "out of memory for a bootstrap over %zu speakers", speakers);
  if (status == SCRIM_OK) status = random_begin(random, "speaker bootstrap", NULL, 0, error);
  for (int r = 0; r < RESAMPLES && status == SCRIM_OK; r++) {
    memset(times, 0, speakers * sizeof *times);
    for (size_t i = 0; i < speakers; i++) times[random_below(random, speakers)]++;
    drawn[n] = figure(context, times);
    n += !isnan(drawn[n]);
  }
  if (status == SCRIM_OK) status = random_status(random, error);
  random_source_free(random);
  memory_free(times);
  if (status != SCRIM_OK) return status;
  out->value = out->low = out->high = figure(context, NULL);
  if (n == 0) return SCRIM_OK;
  qsort(drawn, n, sizeof *drawn, ascending);
  out->low = quantile(drawn, n, 0.025);
  out->high = quantile(drawn, n, 0.975);
  return SCRIM_OK;
}
