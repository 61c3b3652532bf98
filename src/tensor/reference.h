/* The plain C kernels: what every fast one is tested against. Written on `real`, so that they run in double as well. */
#ifndef TENSOR_REFERENCE_H
#define TENSOR_REFERENCE_H

#include "tensor/backend.h"

/* The kernels of an operation: FORWARD(add) { ... uses node *n ... } The two precisions must not share symbols. */
#ifdef TENSOR_DOUBLE
#define REFERENCE(name) reference_double_##name
#else
#define REFERENCE(name) reference_##name
#endif
#define FORWARD(name) void REFERENCE(name##_forward)(node * n)
#define BACKWARD(name) void REFERENCE(name##_backward)(node * n)

#define DECLARE(name)                                                                                                  \
  FORWARD(name);                                                                                                       \
  BACKWARD(name)

/* reference_pointwise.c */
DECLARE(add);
DECLARE(sub);
DECLARE(mul);
DECLARE(affine);
DECLARE(relu);
DECLARE(leaky_relu);
DECLARE(tanh);
DECLARE(sigmoid);
DECLARE(silu);
DECLARE(gelu);
DECLARE(softplus);
DECLARE(exp);
DECLARE(log);
DECLARE(square);
DECLARE(sqrt);
DECLARE(dropout);
DECLARE(gaussian);

/* reference_layers.c */
DECLARE(linear);
DECLARE(matmul);
DECLARE(conv1d);

/* reference_conv2d.c */
DECLARE(conv2d);

/* reference_norms.c */
DECLARE(batch_norm);
DECLARE(layer_norm);
DECLARE(softmax);
DECLARE(log_softmax);
DECLARE(cosine);
DECLARE(normalize);
DECLARE(centre);

/* reference_shape.c */
DECLARE(gather);
DECLARE(concat);
DECLARE(slice);
DECLARE(reshape);
DECLARE(transpose);

/* reference_reduce.c */
DECLARE(sum);
DECLARE(mean);
DECLARE(reduce_mean);
DECLARE(reduce_max);
DECLARE(attentive_stats);

/* reference_points.c */
DECLARE(linear_max);
DECLARE(neighbour_max);

/* reference_losses.c */
DECLARE(mse);
DECLARE(l1);
DECLARE(cross_entropy);
DECLARE(soft_cross_entropy);
DECLARE(binary_cross_entropy);
DECLARE(kl_gaussian);
DECLARE(margin_softmax);
DECLARE(hinge);
DECLARE(chamfer);

/* reference_fft_conv.c */
DECLARE(fft_conv);

/* reference_filters.c */
DECLARE(moving_filter);
DECLARE(minimum_phase);

/* reference_power_spectrum.c */
DECLARE(power_spectrum);

#undef DECLARE

#endif
