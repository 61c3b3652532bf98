/* How much strength is enough. */
#include "core/error.h"
#include "core/memory.h"
#include "purifier/levels_cut.h"
#include "purifier/levels_tell.h"
#include <math.h>
#include <string.h>

enum { DRAWS = 4 };

typedef struct half_rows {
  size_t n;
  float *rank;
  unsigned char *right;
} half_rows;

static void half_free(half_rows *h) {
  memory_wipe_free(h->rank, h->n * sizeof *h->rank);
  memory_wipe_free(h->right, h->n);
}

/* The first or the second half of a party in the order of `order`. */
static scrim_status half_create(half_rows *h, const levels_rows *rows, const uint32_t *order, int second,
                                scrim_error *error) {
  const size_t from = second ? rows->n / 2 : 0;
  h->n = second ? rows->n - rows->n / 2 : rows->n / 2;
  h->rank = memory_zalloc(h->n, sizeof *h->rank);
  h->right = memory_zalloc(h->n, 1);
  if (h->rank == NULL || h->right == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu rows", h->n);
  for (size_t i = 0; i < h->n; i++) {
    h->rank[i] = rows->rank[order[from + i]];
    h->right[i] = rows->right[order[from + i]];
  }
  return SCRIM_OK;
}

static levels_rows as_rows(const half_rows *h) {
  return (levels_rows){h->rank, NULL, h->right, h->n};
}

/* One half of both parties. */
typedef struct half_parties {
  half_rows members, others;
  levels_order order;
} half_parties;

static scrim_status half_parties_create(half_parties *h, const levels_rows *members, const levels_rows *others,
                                        uint32_t *const order[2], int second, scrim_error *error) {
  scrim_status status = half_create(&h->members, members, order[0], second, error);
  if (status == SCRIM_OK) status = half_create(&h->others, others, order[1], second, error);
  if (status != SCRIM_OK) return status;
  const levels_rows m = as_rows(&h->members), o = as_rows(&h->others);
  return levels_order_create(&h->order, &m, &o, error);
}

static void half_parties_free(half_parties *h) {
  half_free(&h->members);
  half_free(&h->others);
  levels_order_free(&h->order);
}

/*
 * Adds to leak[step] its share of the mean over draws and both ways of cutting on one half and measuring on the other.
 */
static scrim_status crossed_leak(double leak[LEVELS_STEPS + 1], const half_parties half[2], double gap,
                                 scrim_error *error) {
  float *edge = memory_zalloc((LEVELS_STEPS + 1) * LEVELS_EDGES, sizeof *edge);
  scrim_status status = edge == NULL ? fail(error, SCRIM_E_MEMORY, "out of memory for cutting levels") : SCRIM_OK;
  for (int cut = 0; cut < 2 && status == SCRIM_OK; cut++) {
    double one_way[LEVELS_STEPS + 1];
    const levels v = {.edge = edge};
    const levels_rows members = as_rows(&half[cut].members), others = as_rows(&half[cut].others);
    status = levels_cut(edge, &members, &others, error);
    if (status != SCRIM_OK) break;
    levels_leak(one_way, &v, &half[!cut].order, &half[cut].order, gap);
    for (int step = 0; step <= LEVELS_STEPS; step++) leak[step] += one_way[step] / (2 * DRAWS);
  }
  memory_free(edge);
  return status;
}

static scrim_status measure_draw(double leak[LEVELS_STEPS + 1], const levels_rows *members, const levels_rows *others,
                                 uint32_t *const order[2], scrim_error *error) {
  half_parties half[2] = {{.order = {0}}};
  const double gap = fmax(0, levels_accuracy(members) - levels_accuracy(others));
  scrim_status status = half_parties_create(&half[0], members, others, order, 0, error);
  if (status == SCRIM_OK) status = half_parties_create(&half[1], members, others, order, 1, error);
  if (status == SCRIM_OK) status = crossed_leak(leak, half, gap, error);
  half_parties_free(&half[0]);
  half_parties_free(&half[1]);
  return status;
}

static scrim_status measure(double leak[LEVELS_STEPS + 1], const levels_rows *members, const levels_rows *others,
                            random_source *random, scrim_error *error) {
  uint32_t *order[2] = {memory_zalloc(members->n, sizeof **order), memory_zalloc(others->n, sizeof **order)};
  scrim_status status = order[0] == NULL || order[1] == NULL
                            ? fail(error, SCRIM_E_MEMORY, "out of memory for %zu rows", members->n + others->n)
                            : random_begin(random, "halves", NULL, 0, error);
  memset(leak, 0, (LEVELS_STEPS + 1) * sizeof *leak);
  for (size_t i = 0; status == SCRIM_OK && i < members->n; i++) order[0][i] = (uint32_t)i;
  for (size_t i = 0; status == SCRIM_OK && i < others->n; i++) order[1][i] = (uint32_t)i;
  for (int draw = 0; draw < DRAWS && status == SCRIM_OK; draw++) {
    random_shuffle(random, order[0], members->n);
    random_shuffle(random, order[1], others->n);
    status = measure_draw(leak, members, others, order, error);
  }
  memory_free(order[0]);
  memory_free(order[1]);
  return status == SCRIM_OK ? random_status(random, error) : status;
}

scrim_status levels_choose(int *step, double *leak, double most, const levels_rows *members, const levels_rows *others,
                           random_source *random, scrim_error *error) {
  double by_step[LEVELS_STEPS + 1];
  scrim_status status = SCRIM_OK;
  if (members->n >= 2 && others->n >= 2) {
    status = measure(by_step, members, others, random, error);
  } else { /* nothing to measure on: the most that can be, but for one level */
    for (int i = 0; i <= LEVELS_STEPS; i++) by_step[i] = i < LEVELS_STEPS ? 0.5 : 0;
  }
  if (status != SCRIM_OK) return status;
  while (by_step[*step] > most && *step < LEVELS_STEPS) ++*step;
  *leak = by_step[*step];
  return SCRIM_OK;
}
