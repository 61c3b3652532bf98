/* The largest over points and over neighbours: products by OpenBLAS, a block at a time, so that they stay in cache. */
#include "tensor/cpu.h"
#include "tensor/vector_math.h"
#include <cblas.h>
#include <string.h>

/* best = the larger of best and row, value by value; chosen = at where that was row. */
VECTOR_CLONES static void cpu_keep_larger(const float *restrict row, int32_t at, size_t n, float *restrict best,
                                          int32_t *restrict chosen) {
  for (size_t i = 0; i < n; i++) {
    const int larger = row[i] > best[i];
    best[i] = larger ? row[i] : best[i];
    chosen[i] = larger ? at : chosen[i];
  }
}

static void cpu_keep_first(const float *row, int32_t at, size_t n, float *best, int32_t *chosen) {
  memcpy(best, row, n * sizeof *best);
  for (size_t i = 0; i < n; i++) chosen[i] = at;
}

/* ---- linear_max ---- */

enum { CPU_MAXIMA_POINTS = 128, CPU_MAXIMA_ROWS = 32 };

void cpu_linear_max_forward(node *n) {
  const tensor *x = n->in[0], *w = n->in[1], *b = n->in[2];
  const int points = x->dim[1], in = x->dim[2], out = w->dim[0];
  const size_t width = (size_t)out;
  float *product = tape_scratch(n, CPU_MAXIMA_POINTS * width);
  if (!product) return;
  for (int set = 0; set < x->dim[0]; set++) {
    float *best = n->out.data + (size_t)set * width;
    int32_t *chosen = n->chosen + (size_t)set * width;
    for (int p = 0; p < points; p += CPU_MAXIMA_POINTS) {
      const int rows = points - p < CPU_MAXIMA_POINTS ? points - p : CPU_MAXIMA_POINTS;
      const float *from = x->data + ((size_t)set * (size_t)points + (size_t)p) * (size_t)in;
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, out, in, 1, from, in, w->data, in, 0, product, out);
      if (p == 0) cpu_keep_first(product, 0, width, best, chosen);
      for (int r = p == 0; r < rows; r++) cpu_keep_larger(product + (size_t)r * width, p + r, width, best, chosen);
    }
    for (size_t o = 0; b && o < width; o++) best[o] += b->data[o];
  }
}

/* ---- neighbour_max ---- */

/*
 * The k rows of least distance [points], nearest first, into near [k] and best [k]; of equally near ones the first. The
 * limit is kept at hand, because nearly all rows are turned away by it.
 */
static void cpu_find_near(const float *restrict distance, int points, int k, float *restrict best,
                          int32_t *restrict near) {
  float limit = INFINITY;
  for (int i = 0; i < k; i++) {
    best[i] = INFINITY;
    near[i] = 0;
  }
  for (int j = 0; j < points; j++) {
    const float d = distance[j];
    if (!(d < limit)) continue;
    int at = k - 1;
    for (; at > 0 && d < best[at - 1]; at--) {
      best[at] = best[at - 1];
      near[at] = near[at - 1];
    }
    best[at] = d;
    near[at] = j;
    limit = best[k - 1];
  }
}

/*
 * distance [rows, points] of points p on from all points of a set, but for what is the same for all of a row: |q|^2 -
 * 2 p q. squared [points]: |q|^2.
 */
static void cpu_distances(const float *places, int points, int d, int p, int rows, const float *squared,
                          float *distance) {
  for (int r = 0; r < rows; r++)
    memcpy(distance + (size_t)r * (size_t)points, squared, (size_t)points * sizeof *squared);
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, points, d, -2, places + (size_t)p * (size_t)d, d, places,
              d, 1, distance, points);
}

static void cpu_neighbour_set(const node *n, size_t set, float *scratch) {
  const tensor *values = n->in[0], *places = n->in[1];
  const int points = values->dim[1], d = places->dim[2], k = n->at.near.k;
  const size_t c = (size_t)values->dim[2], first = set * (size_t)points;
  const float *from = places->data + first * (size_t)d;
  float *squared = scratch, *distance = scratch + points;
  float *best = distance + (size_t)points * CPU_MAXIMA_ROWS;
  int32_t *near = (int32_t *)(best + k);
  for (int j = 0; j < points; j++) squared[j] = vector_dot(from + (size_t)(j * d), from + (size_t)(j * d), (size_t)d);
  for (int p = 0; p < points; p += CPU_MAXIMA_ROWS) {
    const int rows = points - p < CPU_MAXIMA_ROWS ? points - p : CPU_MAXIMA_ROWS;
    cpu_distances(from, points, d, p, rows, squared, distance);
    for (int r = 0; r < rows; r++) {
      const size_t at = (first + (size_t)(p + r)) * c;
      cpu_find_near(distance + (size_t)r * (size_t)points, points, k, best, near);
      cpu_keep_first(values->data + (first + (size_t)near[0]) * c, near[0], c, n->out.data + at, n->chosen + at);
      for (int i = 1; i < k; i++)
        cpu_keep_larger(values->data + (first + (size_t)near[i]) * c, near[i], c, n->out.data + at, n->chosen + at);
    }
  }
}

void cpu_neighbour_max_forward(node *n) {
  const size_t points = (size_t)n->in[0]->dim[1];
  float *scratch = tape_scratch(n, points * (CPU_MAXIMA_ROWS + 1) + 2 * (size_t)n->at.near.k);
  for (size_t set = 0; scratch && set < (size_t)n->in[0]->dim[0]; set++) cpu_neighbour_set(n, set, scratch);
}
