/* Plain C: the largest over the points of a set, and over a point's neighbours. */
#include "tensor/reference.h"

/* ---- linear_max: y [n, out], the largest over p of x [n, p, in] w^T, plus b; of equals the first ---- */

FORWARD(linear_max) {
  const tensor *x = n->in[0], *w = n->in[1], *b = n->in[2];
  const size_t points = (size_t)x->dim[1], in = (size_t)x->dim[2], out = (size_t)w->dim[0];
  for (size_t y = 0; y < n->out.n; y++) {
    const real *cloud = x->data + y / out * points * in, *row = w->data + y % out * in;
    real best = 0;
    for (size_t p = 0; p < points; p++) {
      real sum = 0;
      for (size_t i = 0; i < in; i++) sum += cloud[p * in + i] * row[i];
      if (p > 0 && !(sum > best)) continue;
      best = sum;
      n->chosen[y] = (int32_t)p;
    }
    n->out.data[y] = best + (b ? b->data[y % out] : 0);
  }
}

BACKWARD(linear_max) {
  tensor *x = n->in[0], *w = n->in[1], *b = n->in[2];
  const size_t points = (size_t)x->dim[1], in = (size_t)x->dim[2], out = (size_t)w->dim[0];
  for (size_t y = 0; y < n->out.n; y++) {
    const real g = n->out.grad[y];
    const size_t point = (y / out * points + (size_t)n->chosen[y]) * in, row = y % out * in;
    for (size_t i = 0; x->grad && i < in; i++) x->grad[point + i] += g * w->data[row + i];
    for (size_t i = 0; w->grad && i < in; i++) w->grad[row + i] += g * x->data[point + i];
    if (b && b->grad) b->grad[y % out] += g;
  }
}

/* ---- neighbour_max: each value's largest over the k points nearest by `places`, the point itself among them ---- */

static real reference_squared(const real *a, const real *b, size_t d) {
  real sum = 0;
  for (size_t i = 0; i < d; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

/* How many points of the set come before point j as neighbours of point i; of equally near ones the first. */
static size_t reference_rank(const real *places, size_t points, size_t d, size_t i, size_t j) {
  const real mine = reference_squared(places + i * d, places + j * d, d);
  size_t rank = 0;
  for (size_t other = 0; other < points; other++) {
    const real theirs = reference_squared(places + i * d, places + other * d, d);
    rank += theirs < mine || (theirs == mine && other < j);
  }
  return rank;
}

FORWARD(neighbour_max) {
  const tensor *values = n->in[0], *places = n->in[1];
  const size_t points = (size_t)values->dim[1], c = (size_t)values->dim[2], d = (size_t)places->dim[2];
  const size_t k = (size_t)n->at.near.k;
  for (size_t at = 0; at < values->n / c; at++) {
    const size_t set = at / points;
    size_t found = 0;
    for (size_t j = 0; j < points && found < k; j++) {
      const real *value = values->data + (set * points + j) * c;
      if (reference_rank(places->data + set * points * d, points, d, at % points, j) >= k) continue;
      for (size_t i = 0; i < c; i++) {
        if (found > 0 && !(value[i] > n->out.data[at * c + i])) continue;
        n->out.data[at * c + i] = value[i];
        n->chosen[at * c + i] = (int32_t)j;
      }
      found++;
    }
  }
}

/* Who is near is taken as it is: `places` gets no gradient. */
BACKWARD(neighbour_max) {
  tensor *values = n->in[0];
  const size_t points = (size_t)values->dim[1], c = (size_t)values->dim[2];
  for (size_t y = 0; values->grad && y < n->out.n; y++) {
    const size_t set = y / c / points;
    values->grad[(set * points + (size_t)n->chosen[y]) * c + y % c] += n->out.grad[y];
  }
}
