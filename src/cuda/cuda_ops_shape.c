/* Adapters of picking, joining and turning. */
#include "cuda/cuda_ops.h"

static gather_pass cuda_gather(node *n) {
  const tensor *a = n->in[0];
  return (gather_pass){.a = cuda_in(n, 0),
                       .index = cuda_index(n),
                       .y = cuda_out(n),
                       .a_rows = (size_t)a->dim[0],
                       .rows = (size_t)n->out.dim[0],
                       .width = a->n / (size_t)a->dim[0]};
}

void cuda_gather_forward(node *n) {
  const gather_pass p = cuda_gather(n);
  cuda_ok(n, launch_gather_forward(&p, cuda_stream(n)));
}

void cuda_gather_backward(node *n) {
  gather_pass p = cuda_gather(n);
  p.g = cuda_out_grad(n);
  p.a_grad = cuda_in_grad(n, 0);
  p.scratch = cuda_sum_scratch(n, p.a_rows * p.width, p.rows);
  if (p.scratch) cuda_ok(n, launch_gather_backward(&p, cuda_stream(n)));
}

/* Part k lies `at` values into each run of the result. */
static run_pass cuda_part(const node *n, int k) {
  const size_t run = cuda_run(n->in[k], n->at.span.axis), out_run = cuda_run(&n->out, n->at.span.axis);
  return (run_pass){.from_step = run, .to_step = out_run, .run = run, .count = n->out.n / out_run};
}

void cuda_concat_forward(node *n) {
  float *to = cuda_out(n);
  for (int k = 0; k < n->n_in; k++) {
    run_pass p = cuda_part(n, k);
    p.from = cuda_in(n, k);
    p.to = to;
    if (!cuda_ok(n, launch_copy_runs(&p, cuda_stream(n)))) return;
    to += p.run;
  }
}

void cuda_concat_backward(node *n) {
  const float *from = cuda_out_grad(n);
  for (int k = 0; k < n->n_in; k++) {
    const run_pass forward = cuda_part(n, k);
    run_pass p = forward;
    p.from = from;
    p.from_step = forward.to_step;
    p.to = cuda_in_grad(n, k);
    p.to_step = forward.from_step;
    if (p.to && !cuda_ok(n, launch_add_runs(&p, cuda_stream(n)))) return;
    from += p.run;
  }
}

/* Where the slice begins in in[0]. */
static size_t cuda_slice_start(const node *n) {
  return (size_t)n->at.span.start * cuda_run(&n->out, n->at.span.axis + 1);
}

static run_pass cuda_slice(const node *n) {
  const size_t run = cuda_run(&n->out, n->at.span.axis);
  return (run_pass){
      .from_step = cuda_run(n->in[0], n->at.span.axis), .to_step = run, .run = run, .count = n->out.n / run};
}

void cuda_slice_forward(node *n) {
  run_pass p = cuda_slice(n);
  p.from = cuda_in(n, 0) + cuda_slice_start(n);
  p.to = cuda_out(n);
  cuda_ok(n, launch_copy_runs(&p, cuda_stream(n)));
}

void cuda_slice_backward(node *n) {
  const run_pass forward = cuda_slice(n);
  run_pass p = forward;
  p.from = cuda_out_grad(n);
  p.from_step = forward.to_step;
  p.to = cuda_in_grad(n, 0) + cuda_slice_start(n);
  p.to_step = forward.from_step;
  cuda_ok(n, launch_add_runs(&p, cuda_stream(n)));
}

/* The tape has made the result a view of the input. */
void cuda_reshape_forward(node *n) {
  (void)n;
}

void cuda_reshape_backward(node *n) {
  const run_pass p = {.from = cuda_out_grad(n), .to = cuda_in_grad(n, 0), .run = n->out.n, .count = 1};
  cuda_ok(n, launch_add_runs(&p, cuda_stream(n)));
}

/* x's last two dimensions. */
static transpose_pass cuda_transpose(const tensor *x) {
  const size_t rows = (size_t)x->dim[x->rank - 2], columns = (size_t)x->dim[x->rank - 1];
  return (transpose_pass){.matrices = x->n / (rows * columns), .rows = rows, .columns = columns};
}

void cuda_transpose_forward(node *n) {
  transpose_pass p = cuda_transpose(n->in[0]);
  p.x = cuda_in(n, 0);
  p.y = cuda_out(n);
  cuda_ok(n, launch_transpose(&p, cuda_stream(n)));
}

void cuda_transpose_backward(node *n) {
  transpose_pass p = cuda_transpose(&n->out);
  p.x = cuda_out_grad(n);
  p.y = cuda_in_grad(n, 0);
  p.add = 1;
  cuda_ok(n, launch_transpose(&p, cuda_stream(n)));
}
