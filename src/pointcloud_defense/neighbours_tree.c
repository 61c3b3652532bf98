/* Median cuts: a range of records is cut across its widest side until it is one leaf. */
#include "pointcloud_defense/neighbours_tree.h"

#include <float.h>
#include <math.h>
#include <string.h>

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

/* The axis along which the records reach farthest. */
static int widest_axis(const neighbours_record *r, size_t n) {
  float low[3] = {FLT_MAX, FLT_MAX, FLT_MAX}, high[3] = {-FLT_MAX, -FLT_MAX, -FLT_MAX};
  for (size_t i = 0; i < n; i++)
    for (int axis = 0; axis < 3; axis++) {
      const float at = r[i].xyz[axis];
      low[axis] = at < low[axis] ? at : low[axis];
      high[axis] = at > high[axis] ? at : high[axis];
    }
  int widest = 0;
  for (int axis = 1; axis < 3; axis++)
    if (high[axis] - low[axis] > high[widest] - low[widest]) widest = axis;
  return widest;
}

void neighbours_order(neighbours_record *r, neighbours_record *scratch, size_t n, size_t leaf) {
  while (n > leaf) {
    size_t front = leaf;
    while (2 * front < n) front *= 2;
    cut(r, scratch, n, front, widest_axis(r, n));
    neighbours_order(r, scratch, front, leaf); /* at most as deep as there are doublings */
    r += front;
    n -= front;
  }
}
