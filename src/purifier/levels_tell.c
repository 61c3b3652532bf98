/* What a cut gives away. */
#include "purifier/levels_tell.h"

#include "core/error.h"
#include "core/memory.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b) {
  const float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

void levels_sort(float *rank, size_t n) {
  qsort(rank, n, sizeof *rank, ascending);
}

scrim_status levels_sorted(float **sorted, const levels_rows *rows, scrim_error *error) {
  *sorted = memory_zalloc(rows->n, sizeof **sorted);
  if (*sorted == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for the ranks of %zu rows", rows->n);
  memcpy(*sorted, rows->rank, rows->n * sizeof **sorted);
  levels_sort(*sorted, rows->n);
  return SCRIM_OK;
}

double levels_accuracy(const levels_rows *rows) {
  size_t right = 0;
  for (size_t i = 0; i < rows->n; i++) right += rows->right[i];
  return (double)right / (double)rows->n;
}

typedef struct ranked {
  float rank;
  unsigned char right;
} ranked;

static int by_rank(const void *a, const void *b) {
  const ranked *x = a, *y = b;
  return (x->rank > y->rank) - (x->rank < y->rank);
}

static ranked *sort_rows(const levels_rows *rows) {
  ranked *sorted = memory_zalloc(rows->n, sizeof *sorted);
  if (sorted == NULL) return NULL;
  for (size_t i = 0; i < rows->n; i++) sorted[i] = (ranked){rows->rank[i], rows->right[i]};
  qsort(sorted, rows->n, sizeof *sorted, by_rank);
  return sorted;
}

scrim_status levels_order_create(levels_order *out, const levels_rows *members, const levels_rows *others,
                                 scrim_error *error) {
  ranked *inside = sort_rows(members), *outside = sort_rows(others);
  *out = (levels_order){.n_members = members->n,
                        .n_others = others->n,
                        .member = memory_zalloc(members->n, sizeof(float)),
                        .other = memory_zalloc(others->n, sizeof(float)),
                        .right_below = memory_zalloc(others->n + 1, sizeof(uint32_t))};
  const int whole =
      inside != NULL && outside != NULL && out->member != NULL && out->other != NULL && out->right_below != NULL;
  for (size_t i = 0; whole && i < members->n; i++) out->member[i] = inside[i].rank;
  for (size_t i = 0; whole && i < others->n; i++) {
    out->other[i] = outside[i].rank;
    out->right_below[i + 1] = out->right_below[i] + outside[i].right;
  }
  memory_wipe_free(inside, members->n * sizeof *inside);
  memory_wipe_free(outside, others->n * sizeof *outside);
  if (whole) return SCRIM_OK;
  levels_order_free(out);
  return fail(error, SCRIM_E_MEMORY, "out of memory for the ranks of %zu rows", members->n + others->n);
}

void levels_order_free(levels_order *o) {
  memory_wipe_free(o->member, o->n_members * sizeof *o->member);
  memory_wipe_free(o->other, o->n_others * sizeof *o->other);
  memory_free(o->right_below);
  *o = (levels_order){0};
}

size_t levels_below(const float *sorted, size_t n, float edge) {
  size_t low = 0;
  while (n > 0) { /* the answer lies in low..low + n */
    const size_t half = n / 2;
    if (sorted[low + half] < edge) {
      low += half + 1;
      n -= half + 1;
    } else {
      n = half;
    }
  }
  return low;
}

levels_band levels_band_of(const levels_order *o, float edge) {
  const size_t others = levels_below(o->other, o->n_others, edge);
  const double share = (double)levels_below(o->member, o->n_members, edge) / (double)o->n_members;
  const size_t members = (size_t)lround(share * (double)o->n_others);
  return members <= others ? (levels_band){members, others, 0} : (levels_band){others, members, 1};
}

double levels_telling(const levels_order *o, levels_band band, size_t from) {
  const size_t low = band.low > from ? band.low : from;
  return band.high > low ? (o->right_below[band.high] - o->right_below[low]) / (double)o->n_others : 0;
}

/* ---- a filter's levels ---- */

static double telling_share(const levels *v, int step, const levels_order *o, const levels_order *guide) {
  const float *edge = v->edge + (size_t)step * (LEVELS_MAX - 1);
  double telling = 0;
  size_t end = 0;
  for (int i = 0; i < LEVELS_MAX - 1; i++) {
    const levels_band band = levels_band_of(o, edge[i]);
    const int agrees = band.reversed == levels_band_of(guide, edge[i]).reversed;
    telling += (agrees ? 1 : -1) * levels_telling(o, band, end);
    if (band.high > end) end = band.high;
  }
  return fmax(0, telling);
}

/* AUC for who recognises the share d of each party for certain and must guess between the others. */
static double auc_of_share(double d) {
  return 1 - (1 - d) * (1 - d) / 2;
}

void levels_leak(double leak[LEVELS_STEPS + 1], const levels *v, const levels_order *o, const levels_order *guide,
                 double gap) {
  for (int step = 0; step <= LEVELS_STEPS; step++)
    leak[step] = auc_of_share(fmin(1, gap + telling_share(v, step, o, guide))) - auc_of_share(gap);
}
