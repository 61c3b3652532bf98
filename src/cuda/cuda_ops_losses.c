/* Adapters of losses. */
#include "cuda/cuda_ops.h"

/* ---- between two tensors ---- */

static loss_pass cuda_loss(node *n, size_t count) {
  return (loss_pass){.a = cuda_in(n, 0),
                     .b = n->n_in > 1 ? cuda_in(n, 1) : NULL,
                     .y = cuda_out(n),
                     .n = n->in[0]->n,
                     .count = (float)count};
}

static loss_pass cuda_loss_slopes(node *n, size_t count) {
  loss_pass p = cuda_loss(n, count);
  p.g = cuda_out_grad(n);
  p.a_grad = cuda_in_grad(n, 0);
  if (n->n_in > 1) p.b_grad = cuda_in_grad(n, 1);
  return p;
}

static size_t cuda_loss_rows(const node *n) {
  const tensor *a = n->in[0];
  return a->n / (size_t)a->dim[a->rank - 1];
}

#define PAIR_LOSS(name, count)                                                                                         \
  void cuda_##name##_forward(node *n) {                                                                                \
    loss_pass p = cuda_loss(n, count);                                                                                 \
    p.scratch = cuda_sum_scratch(n, 1, p.n);                                                                           \
    if (p.scratch) cuda_ok(n, launch_##name##_forward(&p, cuda_stream(n)));                                            \
  }                                                                                                                    \
  void cuda_##name##_backward(node *n) {                                                                               \
    const loss_pass p = cuda_loss_slopes(n, count);                                                                    \
    cuda_ok(n, launch_##name##_backward(&p, cuda_stream(n)));                                                          \
  }

PAIR_LOSS(mse, n->in[0]->n)
PAIR_LOSS(l1, n->in[0]->n)
PAIR_LOSS(binary_cross_entropy, n->in[0]->n)
PAIR_LOSS(kl_gaussian, cuda_loss_rows(n))

void cuda_hinge_forward(node *n) {
  loss_pass p = cuda_loss(n, n->in[0]->n);
  p.scratch = cuda_sum_scratch(n, 1, p.n);
  if (p.scratch) cuda_ok(n, launch_hinge_forward(&p, n->at.margin.margin, cuda_stream(n)));
}

void cuda_hinge_backward(node *n) {
  const loss_pass p = cuda_loss_slopes(n, n->in[0]->n);
  cuda_ok(n, launch_hinge_backward(&p, n->at.margin.margin, cuda_stream(n)));
}

/* ---- classification ---- */

static class_pass cuda_class(node *n) {
  const tensor *logits = n->in[0];
  const size_t k = (size_t)logits->dim[logits->rank - 1];
  return (class_pass){.logits = cuda_in(n, 0),
                      .labels = cuda_index(n),
                      .y = cuda_out(n),
                      .saved = cuda_saved(n),
                      .rows = logits->n / k,
                      .k = k};
}

/* Room for the loss of each row, and for their sum. 0: sticky error. */
static int cuda_class_scratch(node *n, class_pass *p) {
  p->row_loss = cuda_scratch(n, p->rows + 1 + launch_sum_scratch(1, p->rows));
  if (!p->row_loss) return 0;
  p->scratch = p->row_loss + (p->rows + 1) / 2 * 2; /* the sums are in pairs */
  return 1;
}

static class_pass cuda_class_slopes(node *n) {
  class_pass p = cuda_class(n);
  p.g = cuda_out_grad(n);
  p.logits_grad = cuda_in_grad(n, 0);
  return p;
}

void cuda_cross_entropy_forward(node *n) {
  class_pass p = cuda_class(n);
  if (cuda_class_scratch(n, &p)) cuda_ok(n, launch_label_loss_forward(&p, cuda_stream(n)));
}

void cuda_cross_entropy_backward(node *n) {
  const class_pass p = cuda_class_slopes(n);
  cuda_ok(n, launch_label_loss_backward(&p, cuda_stream(n)));
}

void cuda_margin_softmax_forward(node *n) {
  class_pass p = cuda_class(n);
  p.margin = n->at.margin.margin;
  p.scale = n->at.margin.scale;
  if (cuda_class_scratch(n, &p)) cuda_ok(n, launch_label_loss_forward(&p, cuda_stream(n)));
}

void cuda_margin_softmax_backward(node *n) {
  class_pass p = cuda_class_slopes(n);
  p.margin = n->at.margin.margin;
  p.scale = n->at.margin.scale;
  cuda_ok(n, launch_label_loss_backward(&p, cuda_stream(n)));
}

void cuda_soft_cross_entropy_forward(node *n) {
  class_pass p = cuda_class(n);
  p.target = cuda_in(n, 1);
  if (cuda_class_scratch(n, &p)) cuda_ok(n, launch_soft_cross_entropy_forward(&p, cuda_stream(n)));
}

void cuda_soft_cross_entropy_backward(node *n) {
  class_pass p = cuda_class_slopes(n);
  p.target = cuda_in(n, 1);
  p.target_grad = cuda_in_grad(n, 1);
  cuda_ok(n, launch_soft_cross_entropy_backward(&p, cuda_stream(n)));
}
