/* Adapters of reductions. */
#include "cuda/cuda_ops.h"

/* All of in[0] at once, or over n's axis. */
static axis_pass cuda_all(node *n) {
  return (axis_pass){.a = cuda_in(n, 0), .y = cuda_out(n), .outer = 1, .length = n->in[0]->n, .inner = 1, .divisor = 1};
}

static axis_pass cuda_axis(node *n) {
  const tensor *a = n->in[0];
  const int axis = n->at.span.axis;
  const size_t run = cuda_run(a, axis), inner = cuda_run(a, axis + 1);
  return (axis_pass){
      .a = cuda_in(n, 0), .y = cuda_out(n), .outer = a->n / run, .length = run / inner, .inner = inner, .divisor = 1};
}

static void cuda_axis_sum_forward(node *n, axis_pass p) {
  p.scratch = cuda_sum_scratch(n, p.outer * p.inner, p.length);
  if (p.scratch) cuda_ok(n, launch_axis_sum_forward(&p, cuda_stream(n)));
}

static void cuda_axis_sum_backward(node *n, axis_pass p) {
  p.g = cuda_out_grad(n);
  p.a_grad = cuda_in_grad(n, 0);
  cuda_ok(n, launch_axis_sum_backward(&p, cuda_stream(n)));
}

void cuda_sum_forward(node *n) {
  cuda_axis_sum_forward(n, cuda_all(n));
}

void cuda_sum_backward(node *n) {
  cuda_axis_sum_backward(n, cuda_all(n));
}

static axis_pass cuda_divided(axis_pass p) {
  p.divisor = (float)p.length;
  return p;
}

void cuda_mean_forward(node *n) {
  cuda_axis_sum_forward(n, cuda_divided(cuda_all(n)));
}

void cuda_mean_backward(node *n) {
  cuda_axis_sum_backward(n, cuda_divided(cuda_all(n)));
}

void cuda_reduce_mean_forward(node *n) {
  cuda_axis_sum_forward(n, cuda_divided(cuda_axis(n)));
}

void cuda_reduce_mean_backward(node *n) {
  cuda_axis_sum_backward(n, cuda_divided(cuda_axis(n)));
}

void cuda_reduce_max_forward(node *n) {
  axis_pass p = cuda_axis(n);
  p.chosen = cuda_chosen(n);
  cuda_ok(n, launch_axis_max_forward(&p, cuda_stream(n)));
}

void cuda_reduce_max_backward(node *n) {
  axis_pass p = cuda_axis(n);
  p.chosen = cuda_chosen(n);
  p.g = cuda_out_grad(n);
  p.a_grad = cuda_in_grad(n, 0);
  cuda_ok(n, launch_axis_max_backward(&p, cuda_stream(n)));
}
