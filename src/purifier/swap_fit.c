#include "purifier/swap_fit.h"

#include "core/error.h"

static scrim_status count_swapped(swapper *s, const swap_rows *rows, size_t k, size_t *swapped, scrim_error *error) {
  *swapped = 0;
  for (size_t i = 0; i < rows->n; i++) {
    int swap;
    const scrim_status status = swapper_decide(s, rows->probabilities + i * k, &swap, error);
    if (status != SCRIM_OK) return status;
    *swapped += (size_t)swap;
  }
  return SCRIM_OK;
}

/* The class of the largest score but for `but`; the first of equals. but = k: of the largest of all. */
static size_t largest_but(const float *row, size_t k, size_t but) {
  size_t best = but == 0 ? 1 : 0;
  for (size_t j = best + 1; j < k; j++)
    if (j != but && row[j] > row[best]) best = j;
  return best;
}

static scrim_status accuracy_after(swapper *s, const swap_rows *members, size_t k, double *accuracy,
                                   scrim_error *error) {
  size_t right = 0;
  for (size_t i = 0; i < members->n; i++) {
    const float *row = members->probabilities + i * k;
    int swap;
    const scrim_status status = swapper_decide(s, row, &swap, error);
    if (status != SCRIM_OK) return status;
    const size_t first = largest_but(row, k, k), label = swap ? largest_but(row, k, first) : first;
    right += label == (size_t)members->truth[i];
  }
  *accuracy = (double)right / (double)members->n;
  return SCRIM_OK;
}

scrim_status swap_fit(swapper **out, swap_effect *effect, const swapper_settings *widest, const swap_rows *members,
                      const float *chance, const swap_rows *reference, size_t k, const scrim_key *key,
                      scrim_error *error) {
  swapper_settings settings = *widest;
  swapper *s = NULL;
  size_t swapped = 0;
  scrim_status status = SCRIM_OK;
  for (; settings.step >= SWAPPER_LEAST_STEP; settings.step /= 2) {
    swapper_close(s);
    s = NULL;
    status = swapper_build(&s, &settings, members->probabilities, chance, members->n, k, key, error);
    if (status == SCRIM_OK) status = count_swapped(s, reference, k, &swapped, error);
    if (status != SCRIM_OK || (double)swapped <= SWAP_MOST_OTHERS * (double)reference->n) break;
  }
  if (status == SCRIM_OK && settings.step < SWAPPER_LEAST_STEP)
    status = fail(error, SCRIM_E_DATA,
                  "the label swapper would take %zu of %zu reference rows for members (at most %g %%): they have the "
                  "very scores of members",
                  swapped, reference->n, 100 * SWAP_MOST_OTHERS);
  effect->others = (double)swapped / (double)reference->n;
  if (status == SCRIM_OK) status = accuracy_after(s, members, k, &effect->member_accuracy, error);
  if (status != SCRIM_OK) {
    swapper_close(s);
    return status;
  }
  *out = s;
  return SCRIM_OK;
}
