/* Learning rate over time, as a factor of the base rate. */
#include "nn/nn.h"
#include <math.h>

static const double PI = 3.14159265358979323846;

/* From `from` (at 0) to `to` (at 1) along half a cosine. */
static double cosine_between(double from, double to, double at) {
  return to + (from - to) * 0.5 * (1.0 + cos(PI * at));
}

/* Smith and Topin 2019: up from 1/25 to 1 in the first part (30 % unless `warmup` says how many steps), then down to
 * 4e-6. */
static double one_cycle(size_t step, size_t steps, size_t warmup) {
  const double first = 1.0 / 25, last = first / 1e4;
  double peak = fmax(0, (warmup ? (double)warmup : 0.3 * (double)steps) - 1);
  double end = (double)steps - 1, at = (double)step;
  if (at < peak) return cosine_between(first, 1, at / peak);
  return end > peak ? cosine_between(1, last, (at - peak) / (end - peak)) : 1;
}

double nn_schedule_factor(nn_schedule s, size_t step, size_t steps, size_t warmup) {
  if (step >= steps) step = steps ? steps - 1 : 0;
  if (s == NN_ONE_CYCLE) return one_cycle(step, steps, warmup);
  if (step < warmup) return (double)(step + 1) / (double)warmup; /* linear, never 0 */
  double at = steps > warmup ? (double)(step - warmup) / (double)(steps - warmup) : 0;
  if (s == NN_COSINE) return cosine_between(1, 0, at);
  if (s == NN_STEP) return at < 0.5 ? 1 : at < 0.75 ? 0.1 : 0.01;
  return 1;
}
