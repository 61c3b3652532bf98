/* A step of an optimiser, for devices that train where the weights lie. nn/optimizer.c works out the terms. */
#ifndef TENSOR_OPTIMIZER_STEP_H
#define TENSOR_OPTIMIZER_STEP_H

#include <scrim/status.h>
#include <stddef.h>

enum { OPTIMIZER_MOMENTS = 3 };

typedef enum optimizer_rule { OPTIMIZER_SGD, OPTIMIZER_ADAM, OPTIMIZER_AMSGRAD } optimizer_rule;

/* What a step has in common for all values. */
typedef struct optimizer_terms {
  float clip;                       /* scale of the gradient */
  float l2;                         /* weight decay that joins the gradient */
  float keep;                       /* factor of the weight: 1, less with decoupled weight decay */
  float rate;                       /* bias-corrected */
  float beta1, beta2, rest1, rest2; /* rests: 1 - beta, rounded once, as the float 1 - beta2 has few good digits */
  float root;                       /* scale of the square root of the second moment: its bias correction */
  float epsilon;
} optimizer_terms;

/* Addresses of one parameter's n values. Moments: SGD the velocity, Adam first and second, amsgrad the largest too. */
typedef struct optimizer_block {
  float *weight;
  const float *gradient;
  float *moment[OPTIMIZER_MOMENTS];
  size_t n;
} optimizer_block;

typedef struct device_optimizer {
  size_t room_bytes; /* that `norm` needs on the device for each block */
  /* The root of the sum of all squared gradients. Waits for it. */
  scrim_status (*norm)(const optimizer_block *blocks, size_t n_blocks, void *room, double *norm, scrim_error *error);
  scrim_status (*step)(optimizer_rule rule, const optimizer_terms *terms, const optimizer_block *blocks,
                       size_t n_blocks, scrim_error *error);
} device_optimizer;

#endif
