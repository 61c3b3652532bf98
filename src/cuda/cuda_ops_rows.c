/* Adapters of operations on rows, the last dimension; and of batch norm. */
#include "cuda/cuda_ops.h"

static size_t cuda_last(const tensor *x) {
  return (size_t)x->dim[x->rank - 1];
}

/* ---- softmax, log softmax, centre ---- */

static row_pass cuda_rows(node *n) {
  const size_t k = cuda_last(n->in[0]);
  return (row_pass){.x = cuda_in(n, 0), .y = cuda_out(n), .rows = n->in[0]->n / k, .k = k};
}

#define ROWS(name)                                                                                                     \
  void cuda_##name##_forward(node *n) {                                                                                \
    const row_pass p = cuda_rows(n);                                                                                   \
    cuda_ok(n, launch_##name##_forward(&p, cuda_stream(n)));                                                           \
  }                                                                                                                    \
  void cuda_##name##_backward(node *n) {                                                                               \
    row_pass p = cuda_rows(n);                                                                                         \
    p.g = cuda_out_grad(n);                                                                                            \
    p.x_grad = cuda_in_grad(n, 0);                                                                                     \
    cuda_ok(n, launch_##name##_backward(&p, cuda_stream(n)));                                                          \
  }

ROWS(softmax)
ROWS(log_softmax)
ROWS(centre)

/* ---- layer_norm, normalize ---- */

static norm_pass cuda_norm(node *n) {
  const size_t k = cuda_last(n->in[0]);
  return (norm_pass){.x = cuda_in(n, 0),
                     .y = cuda_out(n),
                     .saved = cuda_saved(n),
                     .rows = n->in[0]->n / k,
                     .k = k,
                     .epsilon = n->at.norm.epsilon};
}

void cuda_layer_norm_forward(node *n) {
  norm_pass p = cuda_norm(n);
  p.gamma = cuda_in(n, 1);
  p.beta = cuda_in(n, 2);
  cuda_ok(n, launch_layer_norm_forward(&p, cuda_stream(n)));
}

void cuda_layer_norm_backward(node *n) {
  norm_pass p = cuda_norm(n);
  p.gamma = cuda_in(n, 1);
  p.g = cuda_out_grad(n);
  p.x_grad = cuda_in_grad(n, 0);
  p.gamma_grad = cuda_in_grad(n, 1);
  p.beta_grad = cuda_in_grad(n, 2);
  p.scratch = cuda_sum_scratch(n, p.k, p.rows);
  if (p.scratch) cuda_ok(n, launch_layer_norm_backward(&p, cuda_stream(n)));
}

void cuda_normalize_forward(node *n) {
  const norm_pass p = cuda_norm(n);
  cuda_ok(n, launch_normalize_forward(&p, cuda_stream(n)));
}

void cuda_normalize_backward(node *n) {
  norm_pass p = cuda_norm(n);
  p.g = cuda_out_grad(n);
  p.x_grad = cuda_in_grad(n, 0);
  cuda_ok(n, launch_normalize_backward(&p, cuda_stream(n)));
}

/* ---- cosine ---- */

static cosine_pass cuda_cosine(node *n) {
  return (cosine_pass){.a = cuda_in(n, 0),
                       .b = cuda_in(n, 1),
                       .y = cuda_out(n),
                       .inverse = cuda_saved(n),
                       .rows = (size_t)n->in[0]->dim[0],
                       .b_rows = (size_t)n->in[1]->dim[0],
                       .k = (size_t)n->in[0]->dim[1]};
}

void cuda_cosine_forward(node *n) {
  const cosine_pass p = cuda_cosine(n);
  cuda_ok(n, launch_cosine_forward(&p, cuda_stream(n)));
}

void cuda_cosine_backward(node *n) {
  cosine_pass p = cuda_cosine(n);
  p.g = cuda_out_grad(n);
  p.a_grad = cuda_in_grad(n, 0);
  p.b_grad = cuda_in_grad(n, 1);
  p.scratch = cuda_sum_scratch(n, p.k, p.rows);
  if (p.scratch) cuda_ok(n, launch_cosine_backward(&p, cuda_stream(n)));
}

/* ---- attentive_stats ---- */

static attentive_pass cuda_attentive(node *n) {
  const tensor *x = n->in[0];
  return (attentive_pass){.x = cuda_in(n, 0),
                          .logits = cuda_in(n, 1),
                          .y = cuda_out(n),
                          .weights = cuda_saved(n),
                          .rows = (size_t)x->dim[0] * (size_t)x->dim[1],
                          .k = (size_t)x->dim[2],
                          .channels = (size_t)x->dim[1]};
}

void cuda_attentive_stats_forward(node *n) {
  const attentive_pass p = cuda_attentive(n);
  cuda_ok(n, launch_attentive_stats_forward(&p, cuda_stream(n)));
}

void cuda_attentive_stats_backward(node *n) {
  attentive_pass p = cuda_attentive(n);
  p.g = cuda_out_grad(n);
  p.x_grad = cuda_in_grad(n, 0);
  p.logits_grad = cuda_in_grad(n, 1);
  cuda_ok(n, launch_attentive_stats_backward(&p, cuda_stream(n)));
}

/* ---- batch_norm ---- */

/* scratch: the slopes of all channels, then that of the sums. */
static int cuda_batch_norm(node *n, batch_norm_pass *p) {
  const tensor *x = n->in[0];
  const size_t outer = (size_t)x->dim[0], c = (size_t)x->dim[1], inner = x->n / (outer * c);
  *p = (batch_norm_pass){.x = cuda_in(n, 0),
                         .gamma = cuda_in(n, 1),
                         .beta = cuda_in(n, 2),
                         .running_mean = cuda_in_place(n, 3),
                         .running_var = cuda_in_place(n, 4),
                         .y = cuda_out(n),
                         .saved = cuda_saved(n),
                         .outer = outer,
                         .c = c,
                         .inner = inner,
                         .momentum = n->at.norm.momentum,
                         .epsilon = n->at.norm.epsilon,
                         .training = n->training};
  p->slopes = cuda_scratch(n, 2 * c + launch_sum_scratch(c, outer * inner));
  if (!p->slopes) return 0;
  p->scratch = p->slopes + 2 * c;
  return 1;
}

void cuda_batch_norm_forward(node *n) {
  batch_norm_pass p;
  if (cuda_batch_norm(n, &p)) cuda_ok(n, launch_batch_norm_forward(&p, cuda_stream(n)));
}

void cuda_batch_norm_backward(node *n) {
  batch_norm_pass p;
  if (!cuda_batch_norm(n, &p)) return;
  p.g = cuda_out_grad(n);
  p.x_grad = cuda_in_grad(n, 0);
  p.gamma_grad = cuda_in_grad(n, 1);
  p.beta_grad = cuda_in_grad(n, 2);
  cuda_ok(n, launch_batch_norm_backward(&p, cuda_stream(n)));
}
