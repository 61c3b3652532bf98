/* Adapters of operations on sets of points. */
#include "cuda/cuda_ops.h"

/* ---- linear_max: a product, of which only the largest stay ---- */

/* Sets first..: product [sets, points, out], then the largest over the points. */
static int cuda_linear_max_part(node *n, size_t first, size_t sets, float *product) {
  const size_t points = (size_t)n->in[0]->dim[1], in = (size_t)n->in[0]->dim[2], out = (size_t)n->in[1]->dim[0];
  const cuda_product all = {.rows = sets * points,
                            .columns = out,
                            .depth = in,
                            .a = cuda_in(n, 0) + first * points * in,
                            .b = cuda_in(n, 1),
                            .b_turned = 1,
                            .to = product};
  const axis_pass largest = {.a = product,
                             .b = cuda_in(n, 2),
                             .y = cuda_out(n) + first * out,
                             .chosen = cuda_chosen(n) + first * out,
                             .outer = sets,
                             .length = points,
                             .inner = out};
  return cuda_multiply(n, &all) && cuda_ok(n, launch_axis_max_forward(&largest, cuda_stream(n)));
}

void cuda_linear_max_forward(node *n) {
  const size_t sets = (size_t)n->in[0]->dim[0], size = (size_t)n->in[0]->dim[1] * (size_t)n->in[1]->dim[0];
  const size_t at_once = cuda_at_once(sets, size);
  float *product = cuda_scratch(n, at_once * size);
  for (size_t first = 0; product && first < sets; first += at_once) {
    const size_t left = sets - first;
    if (!cuda_linear_max_part(n, first, left < at_once ? left : at_once, product)) return;
  }
}

void cuda_linear_max_backward(node *n) {
  const tensor *x = n->in[0], *w = n->in[1];
  const linear_max_pass p = {.x = cuda_in(n, 0),
                             .w = cuda_in(n, 1),
                             .g = cuda_out_grad(n),
                             .chosen = cuda_chosen(n),
                             .x_grad = cuda_in_grad(n, 0),
                             .w_grad = cuda_in_grad(n, 1),
                             .sets = (size_t)x->dim[0],
                             .points = (size_t)x->dim[1],
                             .in = (size_t)x->dim[2],
                             .out = (size_t)w->dim[0]};
  float *b_grad = cuda_in_grad(n, 2);
  if (!cuda_ok(n, launch_linear_max_backward(&p, cuda_stream(n))) || !b_grad) return;
  float *scratch = cuda_sum_scratch(n, p.out, p.sets);
  if (scratch) cuda_ok(n, launch_bias_backward(p.g, b_grad, p.sets, p.out, 1, scratch, cuda_stream(n)));
}

/* ---- neighbour_max ---- */

static neighbour_pass cuda_neighbour(node *n) {
  const tensor *values = n->in[0];
  return (neighbour_pass){.values = cuda_in(n, 0),
                          .places = cuda_in(n, 1),
                          .y = cuda_out(n),
                          .chosen = cuda_chosen(n),
                          .sets = (size_t)values->dim[0],
                          .points = (size_t)values->dim[1],
                          .c = (size_t)values->dim[2],
                          .d = (size_t)n->in[1]->dim[2],
                          .k = (size_t)n->at.near.k};
}

/* As many points at once as there is room for their distances and their neighbours. */
void cuda_neighbour_max_forward(node *n) {
  neighbour_pass p = cuda_neighbour(n);
  const size_t all = p.sets * p.points, at_once = cuda_at_once(all, p.points + p.k);
  p.distance = cuda_scratch(n, at_once * (p.points + p.k));
  if (!p.distance) return;
  p.near = (int32_t *)(p.distance + at_once * p.points);
  for (p.first = 0; p.first < all; p.first += at_once) {
    p.rows = all - p.first < at_once ? all - p.first : at_once;
    if (!cuda_ok(n, launch_neighbour_max_forward(&p, cuda_stream(n)))) return;
  }
}

/* Who is near is taken as it is: places gets no gradient. */
void cuda_neighbour_max_backward(node *n) {
  neighbour_pass p = cuda_neighbour(n);
  p.g = cuda_out_grad(n);
  p.values_grad = cuda_in_grad(n, 0);
  if (p.values_grad) cuda_ok(n, launch_neighbour_max_backward(&p, cuda_stream(n)));
}

/* ---- chamfer ---- */

static chamfer_pass cuda_chamfer(node *n) {
  const tensor *a = n->in[0], *b = n->in[1];
  return (chamfer_pass){.a = cuda_in(n, 0),
                        .b = cuda_in(n, 1),
                        .y = cuda_out(n),
                        .chosen = cuda_chosen(n),
                        .items = (size_t)a->dim[0],
                        .p = (size_t)a->dim[1],
                        .q = (size_t)b->dim[1],
                        .d = (size_t)a->dim[2]};
}

void cuda_chamfer_forward(node *n) {
  chamfer_pass p = cuda_chamfer(n);
  const size_t points = p.items * (p.p + p.q);
  p.scratch = cuda_scratch(n, points + 1 + launch_sum_scratch(1, points));
  if (p.scratch) cuda_ok(n, launch_chamfer_forward(&p, cuda_stream(n)));
}

void cuda_chamfer_backward(node *n) {
  chamfer_pass p = cuda_chamfer(n);
  p.g = cuda_out_grad(n);
  p.a_grad = cuda_in_grad(n, 0);
  p.b_grad = cuda_in_grad(n, 1);
  cuda_ok(n, launch_chamfer_backward(&p, cuda_stream(n)));
}
