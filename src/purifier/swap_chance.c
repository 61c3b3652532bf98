#include "purifier/swap_chance.h"

#include "core/error.h"
#include "core/memory.h"
#include <math.h>
#include <stdlib.h>

enum { BINS = 20 }; /* equal shares of either ranking */

typedef struct placed {
  float rank;
  uint32_t row;
} placed;

static int by_rank(const void *a, const void *b) {
  const placed *x = a, *y = b;
  if (x->rank != y->rank) return x->rank < y->rank ? -1 : 1;
  return (x->row > y->row) - (x->row < y->row);
}

/* bin[i]: which share of the ranking row i lies in. */
static scrim_status bin_by_rank(unsigned char *bin, const levels_rows *rows, scrim_error *error) {
  placed *order = memory_zalloc(rows->n, sizeof *order);
  if (order == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for the ranks of %zu rows", rows->n);
  for (size_t i = 0; i < rows->n; i++) order[i] = (placed){rows->rank[i], (uint32_t)i};
  qsort(order, rows->n, sizeof *order, by_rank);
  for (size_t i = 0; i < rows->n; i++) bin[order[i].row] = (unsigned char)(i * BINS / rows->n);
  memory_wipe_free(order, rows->n * sizeof *order);
  return SCRIM_OK;
}

/* In proportion to how often others of each bin are wrong, and below 1; alike where that is not known or nobody is. */
static void weigh_bins(double weight[BINS], const unsigned char *bin, const levels_rows *others) {
  double wrong[BINS] = {0}, n[BINS] = {0}, all = 0;
  for (size_t i = 0; others->right != NULL && i < others->n; i++) {
    n[bin[i]] += 1;
    wrong[bin[i]] += !others->right[i];
    all += !others->right[i];
  }
  for (int b = 0; b < BINS; b++) weight[b] = all > 0 ? 0.5 * wrong[b] / fmax(n[b], 1) : 0.5;
}

/* Scales the chances until they add up to `wanted`; some reach 1 on the way. */
static void scale(float *chance, size_t n, double wanted) {
  for (int round = 0; round < BINS; round++) {
    double sum = 0, certain = 0;
    for (size_t i = 0; i < n; i++) *(chance[i] < 1 ? &sum : &certain) += chance[i];
    if (!(sum > 0)) return;
    const double factor = fmax(0, wanted - certain) / sum;
    for (size_t i = 0; i < n; i++)
      if (chance[i] < 1) chance[i] = (float)fmin(1, chance[i] * factor);
  }
}

scrim_status swap_chances(float *chance, const levels_rows *members, const levels_rows *others, double rate,
                          scrim_error *error) {
  double weight[BINS], right = 0;
  const size_t room = members->n > others->n ? members->n : others->n;
  unsigned char *bin = memory_zalloc(room, 1);
  if (bin == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu rows", room);
  scrim_status status = bin_by_rank(bin, others, error);
  if (status == SCRIM_OK) {
    weigh_bins(weight, bin, others);
    status = bin_by_rank(bin, members, error);
  }
  for (size_t i = 0; status == SCRIM_OK && i < members->n; i++) {
    chance[i] = members->right[i] ? (float)weight[bin[i]] : 0;
    right += members->right[i];
  }
  if (status == SCRIM_OK) scale(chance, members->n, rate * right);
  memory_wipe_free(bin, room);
  return status;
}
