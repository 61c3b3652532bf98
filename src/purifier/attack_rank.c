/* Mid-ranks within groups. */
#include "purifier/attack_rank.h"
#include "core/error.h"
#include "core/memory.h"
#include <math.h>
#include <stdlib.h>

typedef struct ranked {
  double value;
  uint32_t group, index;
} ranked;

static int by_group_and_value(const void *a, const void *b) {
  const ranked *x = a, *y = b;
  if (x->group != y->group) return x->group < y->group ? -1 : 1;
  return (x->value > y->value) - (x->value < y->value);
}

/* One group's items [n] in rising order. */
static void rank_group(double *value, const ranked *item, size_t n) {
  for (size_t start = 0, end; start < n; start = end) {
    for (end = start; end < n && item[end].value == item[start].value; end++) {
    }
    double share = 0.5 * (double)(start + end) / (double)n; /* below, and half of the equals; in (0, 1) */
    for (size_t i = start; i < end; i++) value[item[i].index] = log(share / (1 - share));
  }
}

scrim_status rank_within(double *value, const uint32_t *group, size_t n, scrim_error *error) {
  ranked *item = memory_zalloc(n, sizeof *item);
  if (!item) return fail(error, SCRIM_E_MEMORY, "out of memory for the ranks of %zu rows", n);
  for (size_t i = 0; i < n; i++) item[i] = (ranked){value[i], group[i], (uint32_t)i};
  qsort(item, n, sizeof *item, by_group_and_value);
  for (size_t start = 0, end; start < n; start = end) {
    for (end = start; end < n && item[end].group == item[start].group; end++) {
    }
    rank_group(value, item + start, end - start);
  }
  memory_free(item);
  return SCRIM_OK;
}
