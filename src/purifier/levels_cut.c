#include "purifier/levels_cut.h"

#include "core/error.h"
#include "core/memory.h"
#include "purifier/levels_tell.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
  QUANTILES = 31, /* candidate edges from each of: right others, wrong others, members */
  MAX_CANDIDATES = 3 * QUANTILES,
  PLACES = MAX_CANDIDATES + 2, /* with the one below all rows and the one above */
  BUDGET_UNITS = 1024
};
#define SMALL 1e-6

/* ---- candidate edges ---- */

/* Places an edge could stand; place 0 is below all rows, place n + 1 above. */
typedef struct candidates {
  int n;
  float edge[PLACES];
  levels_band band[PLACES];
  double right[PLACES], wrong[PLACES]; /* shares of others that lie below */
} candidates;

static float on_grid(float rank) {
  return floorf(rank * LEVELS_GRID) / LEVELS_GRID;
}

/* The rank of the q-th quantile among right (wanted 1) or wrong (0) others. */
static float quantile_of(const levels_order *o, int wanted, int q) {
  const uint32_t right = o->right_below[o->n_others], n = wanted ? right : (uint32_t)o->n_others - right;
  const uint32_t rank = (uint32_t)((uint64_t)q * n / (QUANTILES + 1));
  size_t low = 0, high = o->n_others; /* the first position with more than `rank` wanted rows up to it */
  while (low < high) {
    const size_t middle = (low + high) / 2;
    const uint32_t below = wanted ? o->right_below[middle + 1] : (uint32_t)(middle + 1) - o->right_below[middle + 1];
    if (below > rank)
      high = middle;
    else
      low = middle + 1;
  }
  return o->other[low < o->n_others ? low : o->n_others - 1];
}

static void find_candidates(candidates *c, const levels_order *o) {
  float edge[MAX_CANDIDATES];
  for (int q = 1; q <= QUANTILES; q++) {
    edge[3 * q - 3] = quantile_of(o, 0, q);
    edge[3 * q - 2] = quantile_of(o, 1, q);
    edge[3 * q - 1] = o->member[(size_t)q * o->n_members / (QUANTILES + 1)];
  }
  for (int i = 0; i < MAX_CANDIDATES; i++) edge[i] = on_grid(edge[i]);
  levels_sort(edge, MAX_CANDIDATES);
  *c = (candidates){.n = 0};
  for (int i = 0; i < MAX_CANDIDATES; i++)
    if (edge[i] > o->other[0] && (c->n == 0 || edge[i] > c->edge[c->n])) c->edge[++c->n] = edge[i];
  c->edge[c->n + 1] = LEVELS_NO_EDGE;
  for (int i = 1; i <= c->n + 1; i++) {
    const size_t below = levels_below(o->other, o->n_others, c->edge[i]);
    c->band[i] = levels_band_of(o, c->edge[i]);
    c->right[i] = o->right_below[below] / (double)o->n_others;
    c->wrong[i] = (double)below / (double)o->n_others - c->right[i];
  }
}

/* ---- dynamic programming ---- */

typedef struct cutting {
  candidates c;
  int units[PLACES][PLACES];   /* [to][from] of the budget, for an edge at `to` above one at `from` */
  double cost[PLACES][PLACES]; /* [to][from] log-loss of the level between */
  /* Over levels so far, the edge that ends the last one, and budget spent. */
  float least[LEVELS_MAX + 1][PLACES][BUDGET_UNITS + 1];
  unsigned char choice[LEVELS_MAX + 1][PLACES][BUDGET_UNITS + 1]; /* the edge before */
} cutting;

static double log_loss(double right, double wrong) {
  const double r = right + SMALL, w = wrong + SMALL;
  return -(r * log(r / (r + w)) + w * log(w / (r + w)));
}

static void price_levels(cutting *t, const levels_order *o) {
  const candidates *c = &t->c;
  const double price = log((double)o->n_others) / (2 * (double)o->n_others); /* a parameter's, by Schwarz's criterion */
  double all = 0;
  for (int i = 1; i <= c->n; i++) all += levels_telling(o, c->band[i], c->band[i - 1].high);
  for (int to = 1; to <= c->n + 1; to++) {
    for (int from = 0; from < to; from++) {
      const double telling = levels_telling(o, c->band[to], c->band[from].high);
      t->units[to][from] = all > 0 ? (int)lround(fmin(1, telling / all) * BUDGET_UNITS) : 0;
      t->cost[to][from] = log_loss(c->right[to] - c->right[from], c->wrong[to] - c->wrong[from]) + price;
    }
  }
}

/* One more level, from `from` to `to`, on top of all ways to get to `from`. */
static void extend(cutting *t, int level, int from, int to) {
  const int units = t->units[to][from];
  const float cost = (float)t->cost[to][from];
  const float *before = t->least[level - 1][from];
  float *after = t->least[level][to];
  for (int spent = units; spent <= BUDGET_UNITS; spent++) {
    if (before[spent - units] + cost < after[spent]) {
      after[spent] = before[spent - units] + cost;
      t->choice[level][to][spent] = (unsigned char)from;
    }
  }
}

static void solve(cutting *t) {
  for (int level = 0; level <= LEVELS_MAX; level++)
    for (int to = 0; to <= t->c.n + 1; to++)
      for (int spent = 0; spent <= BUDGET_UNITS; spent++) t->least[level][to][spent] = INFINITY;
  t->least[0][0][0] = 0;
  for (int level = 1; level <= LEVELS_MAX; level++)
    for (int to = 1; to <= t->c.n + 1; to++)
      for (int from = 0; from < to; from++) extend(t, level, from, to);
}

/* The best cuts whose cost in budget is at most `budget`, found back along the choices. */
static void read_cuts(float edge[LEVELS_EDGES], const cutting *t, int budget) {
  const int top = t->c.n + 1;
  int level = 1, spent = 0, to = top;
  for (int l = 1; l <= LEVELS_MAX; l++)
    for (int s = 0; s <= budget; s++)
      if (t->least[l][top][s] < t->least[level][top][spent]) level = l, spent = s;
  for (int i = 0; i < LEVELS_EDGES; i++) edge[i] = LEVELS_NO_EDGE;
  for (; level > 1; level--) {
    const int from = t->choice[level][to][spent];
    spent -= t->units[to][from];
    to = from;
    edge[level - 2] = t->c.edge[to];
  }
}

scrim_status levels_cut(float *edge, const levels_rows *members, const levels_rows *others, scrim_error *error) {
  levels_order order;
  scrim_status status = levels_order_create(&order, members, others, error);
  if (status != SCRIM_OK) return status;
  cutting *t = memory_zalloc(1, sizeof *t);
  if (t == NULL) status = fail(error, SCRIM_E_MEMORY, "out of memory for cutting levels");
  if (status == SCRIM_OK) {
    find_candidates(&t->c, &order);
    price_levels(t, &order);
    solve(t);
    for (int step = 0; step <= LEVELS_STEPS; step++) {
      const double left = 1 - (double)step / LEVELS_STEPS;
      read_cuts(edge + (size_t)step * LEVELS_EDGES, t, (int)floor(left * left * BUDGET_UNITS));
    }
    for (int i = 0; i < LEVELS_EDGES; i++) edge[LEVELS_STEPS * LEVELS_EDGES + i] = LEVELS_NO_EDGE;
  }
  memory_free(t);
  levels_order_free(&order);
  return status;
}

scrim_status levels_cut_evenly(float *edge, const levels_rows *reference, scrim_error *error) {
  const size_t n = reference->n;
  float *sorted;
  const scrim_status status = levels_sorted(&sorted, reference, error);
  if (status != SCRIM_OK) return status;
  for (int step = 0; step <= LEVELS_STEPS; step++) {
    const double below = 1 - (double)step / LEVELS_STEPS; /* share of the reference that is not in the top level */
    for (int i = 0; i < LEVELS_EDGES; i++) {
      const double quantile = below * (i + 1) / LEVELS_EDGES;
      edge[step * LEVELS_EDGES + i] =
          step == LEVELS_STEPS ? LEVELS_NO_EDGE : on_grid(sorted[(size_t)(quantile * (double)(n - 1))]);
    }
  }
  memory_wipe_free(sorted, n * sizeof *sorted);
  return SCRIM_OK;
}
