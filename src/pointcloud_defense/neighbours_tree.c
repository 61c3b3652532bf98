/* Median cuts: a range of records is cut across its widest side until it is one leaf. */
#include "pointcloud_defense/neighbours_tree.h"

#include <float.h>
#include <math.h>
#include <string.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

static void swap(neighbours_record *a, neighbours_record *b) {
  const neighbours_record held = *a;
  *a = *b;
  *b = held;
}

/* ---- sorting: few records, or the few ranges where cutting by samples does not get on ---- */

static void sort_few(neighbours_record *r, size_t n, int axis) {
  for (size_t i = 1; i < n; i++) {
    const neighbours_record held = r[i];
    size_t at = i;
    for (; at > 0 && held.xyz[axis] < r[at - 1].xyz[axis]; at--) r[at] = r[at - 1];
    r[at] = held;
  }
}

static void sift(neighbours_record *r, size_t root, size_t n, int axis) {
  for (size_t child; (child = 2 * root + 1) < n; root = child) {
    if (child + 1 < n && r[child].xyz[axis] < r[child + 1].xyz[axis]) child++;
    if (!(r[root].xyz[axis] < r[child].xyz[axis])) return;
    swap(&r[root], &r[child]);
  }
}

static void sort_many(neighbours_record *r, size_t n, int axis) {
  for (size_t i = n / 2; i-- > 0;) sift(r, i, n, axis);
  for (size_t end = n; end-- > 1;) {
    swap(&r[0], &r[end]);
    sift(r, 0, end, axis);
  }
}

/* ---- selection ---- */

enum { SAMPLE_MOST = 63, FEW = 12, ROUNDS_MOST = 24 };

/* The coordinate that in an even sample stands where `target` stands in the whole. */
static float choose_pivot(const neighbours_record *r, size_t n, size_t target, int axis) {
  const size_t size = n < 256 ? 5 : n < 4096 ? 15 : SAMPLE_MOST;
  neighbours_record sample[SAMPLE_MOST];
  for (size_t i = 0; i < size; i++) sample[i] = r[(2 * i + 1) * n / (2 * size)];
  sort_few(sample, size, axis);
  return sample[target * size / n].xyz[axis];
}

/*
 * Records below the pivot to the front, in their order, the others behind them; answers how many are in front. Both
 * sides are written every time: a branch on the data could not be foretold.
 */
static size_t part(neighbours_record *r, neighbours_record *scratch, size_t n, float pivot, int axis) {
  size_t front = 0;
  for (size_t i = 0; i < n; i++) {
    const neighbours_record held = r[i];
    const size_t is_front = held.xyz[axis] < pivot;
    r[front] = held;
    scratch[i - front] = held;
    front += is_front;
  }
  memcpy(r + front, scratch, (n - front) * sizeof *r);
  return front;
}

/* The `target` first records along the axis to the front, 0 < target < n. */
static void cut(neighbours_record *r, neighbours_record *scratch, size_t n, size_t target, int axis) {
  for (int round = 0; n > FEW; round++) {
    if (round == ROUNDS_MOST) {
      sort_many(r, n, axis);
      return;
    }
    float pivot = choose_pivot(r, n, target, axis);
    size_t front = part(r, scratch, n, pivot, axis);
    if (front == 0) { /* the pivot is the least coordinate there is, and those that have it are cut off */
      pivot = nextafterf(pivot, INFINITY);
      front = part(r, scratch, n, pivot, axis);
      if (front >= target) return;
    }
    if (front > target) {
      n = front;
    } else {
      r += front;
      n -= front;
      target -= front;
      if (target == 0) return;
    }
  }
  sort_few(r, n, axis);
}

/* ---- extents ---- */

#if defined(__x86_64__)
/* A record is one vector, whose last lane is nobody's business. Two at a time: a minimum waits for the one before. */
void neighbours_extent(const neighbours_record *r, size_t n, float low[4], float high[4]) {
  const __m128 most = _mm_set1_ps(FLT_MAX), least = _mm_set1_ps(-FLT_MAX);
  __m128 lows[2] = {most, most}, highs[2] = {least, least};
  for (size_t i = 0; i + 1 < n; i += 2)
    for (size_t j = 0; j < 2; j++) {
      const __m128 at = _mm_loadu_ps(r[i + j].xyz);
      lows[j] = _mm_min_ps(at, lows[j]);
      highs[j] = _mm_max_ps(at, highs[j]);
    }
  if (n % 2 != 0) {
    lows[0] = _mm_min_ps(_mm_loadu_ps(r[n - 1].xyz), lows[0]);
    highs[0] = _mm_max_ps(_mm_loadu_ps(r[n - 1].xyz), highs[0]);
  }
  _mm_storeu_ps(low, _mm_min_ps(lows[0], lows[1]));
  _mm_storeu_ps(high, _mm_max_ps(highs[0], highs[1]));
}
#else
void neighbours_extent(const neighbours_record *r, size_t n, float low[4], float high[4]) {
  for (int axis = 0; axis < 4; axis++) low[axis] = FLT_MAX, high[axis] = -FLT_MAX;
  for (size_t i = 0; i < n; i++)
    for (int axis = 0; axis < 3; axis++) {
      low[axis] = fminf(low[axis], r[i].xyz[axis]);
      high[axis] = fmaxf(high[axis], r[i].xyz[axis]);
    }
}
#endif

/* The axis along which the records reach farthest. */
static int widest_axis(const neighbours_record *r, size_t n) {
  float low[4], high[4];
  int widest = 0;
  neighbours_extent(r, n, low, high);
  for (int axis = 1; axis < 3; axis++)
    if (high[axis] - low[axis] > high[widest] - low[widest]) widest = axis;
  return widest;
}

/* ---- the order ---- */

/* Where a range is cut: after as many leaves, a power of two, as leave less than as many. */
static size_t cut_at(size_t n, size_t leaf) {
  size_t front = leaf;
  while (2 * front < n) front *= 2;
  return front;
}

static void order(neighbours_record *r, neighbours_record *scratch, size_t n, size_t leaf) {
  while (n > leaf) {
    const size_t front = cut_at(n, leaf);
    cut(r, scratch, n, front, widest_axis(r, n));
    order(r, scratch, front, leaf); /* at most as deep as there are doublings */
    r += front;
    n -= front;
  }
}

/* Ranges that threads may order on their own, each with its own part of the scratch. */
enum { RANGES_MOST = 16 };
typedef struct ranges {
  neighbours_record *records, *scratch;
  size_t leaf, n, begin[RANGES_MOST], count[RANGES_MOST];
} ranges;

static void order_range(void *context, size_t i, unsigned worker) {
  const ranges *all = context;
  (void)worker;
  order(all->records + all->begin[i], all->scratch + all->begin[i], all->count[i], all->leaf);
}

/* Cuts each range in two. */
static void halve(ranges *all) {
  const size_t n = all->n;
  for (size_t i = 0; i < n; i++) {
    neighbours_record *r = all->records + all->begin[i];
    if (all->count[i] <= all->leaf) continue;
    const size_t front = cut_at(all->count[i], all->leaf);
    cut(r, all->scratch + all->begin[i], all->count[i], front, widest_axis(r, all->count[i]));
    all->begin[all->n] = all->begin[i] + front;
    all->count[all->n++] = all->count[i] - front;
    all->count[i] = front;
  }
}

void neighbours_order(neighbours_record *records, neighbours_record *scratch, size_t n, size_t leaf, pool *threads) {
  ranges all = {records, scratch, leaf, 1, {0}, {n}};
  if (threads == NULL || pool_threads(threads) == 1 || n < 4096) {
    order(records, scratch, n, leaf);
    return;
  }
  /* Two ranges a thread, for cuts are uneven where n is no power of two. */
  while (all.n < 2 * pool_threads(threads) && all.n < RANGES_MOST) halve(&all);
  pool_run(threads, all.n, order_range, &all);
}
