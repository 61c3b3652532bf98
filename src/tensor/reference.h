/* The plain C kernels: what every fast one is tested against. Written on `real`, so that they run in double as well. */
#ifndef TENSOR_REFERENCE_H
#define TENSOR_REFERENCE_H

#include "tensor/backend.h"

#define REFERENCE_KERNEL(name) void reference_##name##_forward(node *n), reference_##name##_backward(node *n)

/* reference_pointwise.c */
REFERENCE_KERNEL(add);
REFERENCE_KERNEL(sub);
REFERENCE_KERNEL(mul);
REFERENCE_KERNEL(affine);
REFERENCE_KERNEL(relu);
REFERENCE_KERNEL(leaky_relu);
REFERENCE_KERNEL(tanh);
REFERENCE_KERNEL(sigmoid);
REFERENCE_KERNEL(silu);
REFERENCE_KERNEL(gelu);
REFERENCE_KERNEL(softplus);
REFERENCE_KERNEL(exp);
REFERENCE_KERNEL(log);
REFERENCE_KERNEL(square);
REFERENCE_KERNEL(sqrt);
REFERENCE_KERNEL(dropout);
REFERENCE_KERNEL(gaussian);

/* reference_layers.c */
REFERENCE_KERNEL(linear);
REFERENCE_KERNEL(matmul);
REFERENCE_KERNEL(conv1d);

/* reference_norms.c */
REFERENCE_KERNEL(batch_norm);
REFERENCE_KERNEL(layer_norm);
REFERENCE_KERNEL(softmax);
REFERENCE_KERNEL(log_softmax);
REFERENCE_KERNEL(cosine);
REFERENCE_KERNEL(normalize);

/* reference_shape.c */
REFERENCE_KERNEL(gather);
REFERENCE_KERNEL(concat);
REFERENCE_KERNEL(slice);
REFERENCE_KERNEL(reshape);
REFERENCE_KERNEL(transpose);

/* reference_reduce.c */
REFERENCE_KERNEL(sum);
REFERENCE_KERNEL(mean);
REFERENCE_KERNEL(reduce_mean);
REFERENCE_KERNEL(reduce_max);
REFERENCE_KERNEL(attentive_stats);

/* reference_losses.c */
REFERENCE_KERNEL(mse);
REFERENCE_KERNEL(l1);
REFERENCE_KERNEL(cross_entropy);
REFERENCE_KERNEL(soft_cross_entropy);
REFERENCE_KERNEL(binary_cross_entropy);
REFERENCE_KERNEL(kl_gaussian);
REFERENCE_KERNEL(margin_softmax);
REFERENCE_KERNEL(hinge);
REFERENCE_KERNEL(chamfer);

/* reference_fft_conv.c */
REFERENCE_KERNEL(fft_conv);

#undef REFERENCE_KERNEL

#endif
