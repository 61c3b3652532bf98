/* Adapters of operations that work value by value, noise among them. */
#include "cuda/cuda_ops.h"

/* ---- two inputs ---- */

static binary_pass cuda_binary(node *n) {
  return (binary_pass){.a = cuda_in(n, 0), .b = cuda_in(n, 1), .y = cuda_out(n), .n = n->in[0]->n, .b_n = n->in[1]->n};
}

/* 0 (sticky): no scratch. */
static int cuda_binary_slopes(node *n, binary_pass *p) {
  *p = cuda_binary(n);
  p->g = cuda_out_grad(n);
  p->a_grad = cuda_in_grad(n, 0);
  p->b_grad = cuda_in_grad(n, 1);
  if (!p->b_grad || p->b_n == p->n) return 1;
  return (p->scratch = cuda_sum_scratch(n, p->b_n, p->n / p->b_n)) != NULL;
}

#define BINARY(name)                                                                                                   \
  void cuda_##name##_forward(node *n) {                                                                                \
    const binary_pass p = cuda_binary(n);                                                                              \
    cuda_ok(n, launch_##name##_forward(&p, cuda_stream(n)));                                                           \
  }                                                                                                                    \
  void cuda_##name##_backward(node *n) {                                                                               \
    binary_pass p;                                                                                                     \
    if (cuda_binary_slopes(n, &p)) cuda_ok(n, launch_##name##_backward(&p, cuda_stream(n)));                           \
  }

BINARY(add)
BINARY(sub)
BINARY(mul)

/* ---- one input; a and b: the attributes ---- */

static unary_pass cuda_unary(node *n, float a, float b) {
  return (unary_pass){.x = cuda_in(n, 0), .y = cuda_out(n), .n = n->out.n, .a = a, .b = b};
}

#define UNARY_OF(name, a, b)                                                                                           \
  void cuda_##name##_forward(node *n) {                                                                                \
    const unary_pass p = cuda_unary(n, a, b);                                                                          \
    cuda_ok(n, launch_##name##_forward(&p, cuda_stream(n)));                                                           \
  }                                                                                                                    \
  void cuda_##name##_backward(node *n) {                                                                               \
    unary_pass p = cuda_unary(n, a, b);                                                                                \
    p.g = cuda_out_grad(n);                                                                                            \
    p.x_grad = cuda_in_grad(n, 0);                                                                                     \
    cuda_ok(n, launch_##name##_backward(&p, cuda_stream(n)));                                                          \
  }
#define UNARY(name) UNARY_OF(name, 0, 0)

UNARY_OF(affine, n->at.affine.scale, n->at.affine.shift)
UNARY(relu)
UNARY_OF(leaky_relu, n->at.leaky.slope, 0)
UNARY(tanh)
UNARY(sigmoid)
UNARY(silu)
UNARY(gelu)
UNARY(softplus)
UNARY(exp)
UNARY_OF(log, n->at.clamp.floor, 0)
UNARY(square)
UNARY_OF(sqrt, n->at.clamp.floor, 0)

/* ---- noise ---- */

static noise_pass cuda_noise(node *n) {
  return (noise_pass){
      .x = cuda_in(n, 0), .noise = cuda_saved(n), .y = cuda_out(n), .n = n->out.n, .seed = n->at.noise.seed};
}

void cuda_dropout_forward(node *n) {
  const noise_pass p = cuda_noise(n);
  cuda_ok(n, launch_dropout_forward(&p, n->at.noise.rate, cuda_stream(n)));
}

void cuda_dropout_backward(node *n) {
  noise_pass p = cuda_noise(n);
  p.g = cuda_out_grad(n);
  p.x_grad = cuda_in_grad(n, 0);
  cuda_ok(n, launch_dropout_backward(&p, cuda_stream(n)));
}

void cuda_gaussian_forward(node *n) {
  noise_pass p = cuda_noise(n);
  p.log_variance = cuda_in(n, 1);
  cuda_ok(n, launch_gaussian_forward(&p, cuda_stream(n)));
}

void cuda_gaussian_backward(node *n) {
  noise_pass p = cuda_noise(n);
  p.log_variance = cuda_in(n, 1);
  p.g = cuda_out_grad(n);
  p.x_grad = cuda_in_grad(n, 0);
  p.log_variance_grad = cuda_in_grad(n, 1);
  cuda_ok(n, launch_gaussian_backward(&p, cuda_stream(n)));
}
