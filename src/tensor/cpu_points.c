/* Transposition in tiles, and the nearest neighbours of chamfer on coordinates laid out for vector code. */
#include "tensor/cpu.h"
#include "tensor/vector_math.h"

/* ---- transpose of the last two dimensions ---- */

/* A tile's rows and columns both stay in the first-level cache. */
enum { CPU_TILE = 32 };

/* to [columns, rows] = from [rows, columns] transposed; added when `add`. */
static void cpu_turn(const float *restrict from, float *restrict to, size_t rows, size_t columns, int add) {
  for (size_t tile = 0; tile < rows; tile += CPU_TILE) {
    const size_t end = tile + CPU_TILE < rows ? tile + CPU_TILE : rows;
    for (size_t c = 0; c < columns; c++) {
      for (size_t r = tile; r < end; r++) to[c * rows + r] = from[r * columns + c] + (add ? to[c * rows + r] : 0);
    }
  }
}

void cpu_transpose_forward(node *n) {
  const tensor *a = n->in[0];
  const size_t rows = (size_t)a->dim[a->rank - 2], columns = (size_t)a->dim[a->rank - 1];
  for (size_t i = 0; i < a->n; i += rows * columns) cpu_turn(a->data + i, n->out.data + i, rows, columns, 0);
}

void cpu_transpose_backward(node *n) {
  const tensor *a = n->in[0];
  const size_t rows = (size_t)a->dim[a->rank - 2], columns = (size_t)a->dim[a->rank - 1];
  for (size_t i = 0; i < a->n; i += rows * columns) cpu_turn(n->out.grad + i, a->grad + i, columns, rows, 1);
}

/* ---- chamfer ---- */

/* closeness[j] = -|point - b_j|^2, from b as coordinates [d, q]; answers the largest. */
VECTOR_CLONES static float cpu_closeness(const float *restrict point, const float *restrict b, size_t d, size_t q,
                                         float *restrict closeness) {
  for (size_t j = 0; j < q; j++) closeness[j] = 0;
  for (size_t k = 0; k < d; k++) {
    for (size_t j = 0; j < q; j++) {
      const float off = point[k] - b[k * q + j];
      closeness[j] -= off * off;
    }
  }
  return vector_max(closeness, q);
}

/* chosen[i] = the first row of b [q, d] nearest to row i of a [p, d]; answers the sum of the squared distances. */
static double cpu_nearest(const float *a, size_t p, const float *b, size_t q, size_t d, float *scratch,
                          int32_t *chosen) {
  float *coordinates = scratch, *closeness = scratch + d * q;
  double sum = 0;
  cpu_turn(b, coordinates, q, d, 0);
  for (size_t i = 0; i < p; i++) {
    const float best = cpu_closeness(a + i * d, coordinates, d, q, closeness);
    size_t j = 0;
    while (j + 1 < q && closeness[j] != best) j++; /* the end is for NaN, which equals nothing */
    chosen[i] = (int32_t)j;
    sum -= (double)best;
  }
  return sum;
}

void cpu_chamfer_forward(node *n) {
  const tensor *a = n->in[0], *b = n->in[1];
  const size_t items = (size_t)a->dim[0], p = (size_t)a->dim[1], q = (size_t)b->dim[1], d = (size_t)a->dim[2];
  float *scratch = tape_scratch(n, (d + 1) * (p > q ? p : q));
  double sum = 0;
  if (!scratch) return;
  for (size_t r = 0; r < items; r++) {
    const float *cloud = a->data + r * p * d, *other = b->data + r * q * d;
    sum += cpu_nearest(cloud, p, other, q, d, scratch, n->chosen + r * p) / (double)p;
    sum += cpu_nearest(other, q, cloud, p, d, scratch, n->chosen + items * p + r * q) / (double)q;
  }
  n->out.data[0] = (float)(sum / (double)items);
}
