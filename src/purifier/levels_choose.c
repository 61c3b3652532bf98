/* How much strength is enough. */
#include "core/error.h"
#include "core/memory.h"
#include "purifier/levels_cut.h"
#include "purifier/levels_tell.h"
#include <math.h>
#include <string.h>

/* Every other row of a party, from row `half` (0 or 1) on. */
typedef struct half_rows {
  size_t n;
  float *rank;
  unsigned char *right;
} half_rows;

static void half_free(half_rows *h) {
  memory_wipe_free(h->rank, h->n * sizeof *h->rank);
  memory_wipe_free(h->right, h->n);
}

static scrim_status half_create(half_rows *h, const levels_rows *rows, size_t half, scrim_error *error) {
  h->n = (rows->n + 1 - half) / 2;
  h->rank = memory_zalloc(h->n, sizeof *h->rank);
  h->right = memory_zalloc(h->n, 1);
  if (h->rank == NULL || h->right == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu rows", h->n);
  for (size_t i = 0; i < h->n; i++) {
    h->rank[i] = rows->rank[2 * i + half];
    h->right[i] = rows->right[2 * i + half];
  }
  return SCRIM_OK;
}

static levels_rows as_rows(const half_rows *h) {
  return (levels_rows){h->rank, NULL, h->right, h->n};
}

static double accuracy(const levels_rows *rows) {
  size_t right = 0;
  for (size_t i = 0; i < rows->n; i++) right += rows->right[i];
  return (double)right / (double)rows->n;
}

/* One half of both parties. */
typedef struct half_parties {
  half_rows members, others;
  levels_order order;
} half_parties;

static scrim_status half_parties_create(half_parties *h, const levels_rows *members, const levels_rows *others,
                                        size_t half, scrim_error *error) {
  scrim_status status = half_create(&h->members, members, half, error);
  if (status == SCRIM_OK) status = half_create(&h->others, others, half, error);
  if (status != SCRIM_OK) return status;
  const levels_rows m = as_rows(&h->members), o = as_rows(&h->others);
  return levels_order_create(&h->order, &m, &o, error);
}

static void half_parties_free(half_parties *h) {
  half_free(&h->members);
  half_free(&h->others);
  levels_order_free(&h->order);
}

/* leak[step], the mean over both ways of cutting on one half and measuring on the other. */
static scrim_status crossed_leak(double leak[LEVELS_STEPS + 1], const half_parties half[2], double gap,
                                 scrim_error *error) {
  float *edge = memory_zalloc((LEVELS_STEPS + 1) * LEVELS_EDGES, sizeof *edge);
  scrim_status status = edge == NULL ? fail(error, SCRIM_E_MEMORY, "out of memory for cutting levels") : SCRIM_OK;
  memset(leak, 0, (LEVELS_STEPS + 1) * sizeof *leak);
  for (int cut = 0; cut < 2 && status == SCRIM_OK; cut++) {
    double one_way[LEVELS_STEPS + 1];
    const levels v = {.edge = edge};
    const levels_rows members = as_rows(&half[cut].members), others = as_rows(&half[cut].others);
    status = levels_cut(edge, &members, &others, error);
    if (status != SCRIM_OK) break;
    levels_leak(one_way, &v, &half[!cut].order, &half[cut].order, gap);
    for (int step = 0; step <= LEVELS_STEPS; step++) leak[step] += one_way[step] / 2;
  }
  memory_free(edge);
  return status;
}

static scrim_status measure(double leak[LEVELS_STEPS + 1], const levels_rows *members, const levels_rows *others,
                            scrim_error *error) {
  half_parties half[2] = {{.order = {0}}};
  const double gap = fmax(0, accuracy(members) - accuracy(others));
  scrim_status status = half_parties_create(&half[0], members, others, 0, error);
  if (status == SCRIM_OK) status = half_parties_create(&half[1], members, others, 1, error);
  if (status == SCRIM_OK) status = crossed_leak(leak, half, gap, error);
  half_parties_free(&half[0]);
  half_parties_free(&half[1]);
  return status;
}

scrim_status levels_choose(int *step, double *leak, double most, const levels_rows *members, const levels_rows *others,
                           scrim_error *error) {
  double by_step[LEVELS_STEPS + 1];
  scrim_status status = SCRIM_OK;
  if (members->n >= 2 && others->n >= 2) {
    status = measure(by_step, members, others, error);
  } else { /* nothing to measure on: the most that can be, but for one level */
    for (int i = 0; i <= LEVELS_STEPS; i++) by_step[i] = i < LEVELS_STEPS ? 0.5 : 0;
  }
  if (status != SCRIM_OK) return status;
  while (by_step[*step] > most && *step < LEVELS_STEPS) ++*step;
  *leak = by_step[*step];
  return SCRIM_OK;
}
