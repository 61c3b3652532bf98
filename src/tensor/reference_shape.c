/* Plain C: picking, joining and turning. */
#include "tensor/reference.h"
#include <string.h>

static void reference_add_to(real *grad, const real *g, size_t n) {
  for (size_t i = 0; i < n; i++) grad[i] += g[i];
}

FORWARD(gather) {
  const tensor *a = n->in[0];
  const size_t width = a->n / (size_t)a->dim[0];
  for (int r = 0; r < n->out.dim[0]; r++) {
    memcpy(n->out.data + (size_t)r * width, a->data + (size_t)n->index[r] * width, width * sizeof(real));
  }
}

BACKWARD(gather) {
  tensor *a = n->in[0];
  const size_t width = a->n / (size_t)a->dim[0];
  for (int r = 0; r < n->out.dim[0]; r++) {
    reference_add_to(a->grad + (size_t)n->index[r] * width, n->out.grad + (size_t)r * width, width);
  }
}

/* Values in one run of x from `axis` on: the axis itself and all dimensions after it. */
static size_t reference_run(const tensor *x, int axis) {
  size_t run = 1;
  for (int i = axis; i < x->rank; i++) run *= (size_t)x->dim[i];
  return run;
}

FORWARD(concat) {
  const size_t out_run = reference_run(&n->out, n->at.span.axis), outer = n->out.n / out_run;
  real *to = n->out.data;
  for (int k = 0; k < n->n_in; k++) {
    const size_t run = reference_run(n->in[k], n->at.span.axis);
    for (size_t o = 0; o < outer; o++) memcpy(to + o * out_run, n->in[k]->data + o * run, run * sizeof(real));
    to += run;
  }
}

BACKWARD(concat) {
  const size_t out_run = reference_run(&n->out, n->at.span.axis), outer = n->out.n / out_run;
  const real *from = n->out.grad;
  for (int k = 0; k < n->n_in; k++) {
    const size_t run = reference_run(n->in[k], n->at.span.axis);
    for (size_t o = 0; n->in[k]->grad && o < outer; o++) {
      reference_add_to(n->in[k]->grad + o * run, from + o * out_run, run);
    }
    from += run;
  }
}

FORWARD(slice) {
  const size_t in_run = reference_run(n->in[0], n->at.span.axis), run = reference_run(&n->out, n->at.span.axis);
  const real *from = n->in[0]->data + (size_t)n->at.span.start * reference_run(&n->out, n->at.span.axis + 1);
  for (size_t o = 0; o < n->out.n / run; o++) memcpy(n->out.data + o * run, from + o * in_run, run * sizeof(real));
}

BACKWARD(slice) {
  const size_t in_run = reference_run(n->in[0], n->at.span.axis), run = reference_run(&n->out, n->at.span.axis);
  real *to = n->in[0]->grad + (size_t)n->at.span.start * reference_run(&n->out, n->at.span.axis + 1);
  for (size_t o = 0; o < n->out.n / run; o++) reference_add_to(to + o * in_run, n->out.grad + o * run, run);
}

/* The builder made the result a view of the input. */
FORWARD(reshape) {
  (void)n;
}

BACKWARD(reshape) {
  reference_add_to(n->in[0]->grad, n->out.grad, n->out.n);
}

FORWARD(transpose) {
  const tensor *a = n->in[0];
  const size_t rows = (size_t)a->dim[a->rank - 2], columns = (size_t)a->dim[a->rank - 1];
  for (size_t i = 0; i < a->n; i++) {
    const size_t matrix = i / (rows * columns) * rows * columns, r = i / columns % rows, c = i % columns;
    n->out.data[matrix + c * rows + r] = a->data[i];
  }
}

BACKWARD(transpose) {
  const tensor *a = n->in[0];
  const size_t rows = (size_t)a->dim[a->rank - 2], columns = (size_t)a->dim[a->rank - 1];
  for (size_t i = 0; i < a->n; i++) {
    const size_t matrix = i / (rows * columns) * rows * columns, r = i / columns % rows, c = i % columns;
    a->grad[i] += n->out.grad[matrix + c * rows + r];
  }
}
