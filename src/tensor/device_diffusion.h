/*
 * The diffusion of objects and scenes on a device: what neighbours tell of each point (prior_local.h), the prior's
 * network (prior.h) and the steps (diffusion.h) between taking a cloud in and giving it out. Within a step nothing
 * waits for the host, but for noise that it brings: noise is the host's to draw, from the key, and is never made here.
 *
 * It agrees with the CPU but for rounding of logarithms and of sums over the whole cloud; points that are nowhere count
 * in no mean. The same cloud comes to the same bits on the same device.
 */
#ifndef TENSOR_DEVICE_DIFFUSION_H
#define TENSOR_DEVICE_DIFFUSION_H

#include "tensor/device_scene.h"

/* Borrowed, and copied when it is taken. `controls`: outputs of all layers of the network together. */
typedef struct device_prior {
  int latent, times;                     /* what controls are told: the latent, and numbers that tell the noise */
  device_network encoder;                /* ReLU after every layer, pooled over points */
  device_network head;                   /* ReLU between -> latent */
  device_network network;                /* leaky ReLU between; its biases are 0, and in `bias` */
  float slope;                           /* of that below 0 */
  const float *gate, *gate_bias, *shift; /* [controls, latent + times], [controls], [controls, latent + times] */
  const float *bias;                     /* [controls] of the network's layers */
} device_prior;

/* x = outer * (inner * x + part * epsilon) + spread * noise, epsilon by the network told of noise `level`. */
typedef struct device_step {
  double level;
  float inner, part, outer, spread;
  const float *noise; /* [n, 3]; NULL: none */
} device_step;

/* Memory, weights and one cloud; of one thread at a time. */
typedef struct device_diffusion device_diffusion;

typedef struct device_diffusion_functions {
  /* SCRIM_E_UNSUPPORTED: the prior is too wide, or is not one that the device knows. */
  scrim_status (*open)(device_diffusion **out, const device_prior *prior, scrim_error *error);
  void (*close)(device_diffusion *d); /* wipes; NULL is fine */
  /* x [n, 3], n > 0. SCRIM_E_DATA: too many points. */
  scrim_status (*take)(device_diffusion *d, const float *x, size_t n, scrim_error *error);
  /* What the encoder makes of the cloud as it is: latent, and the mean distance of a place to its 8 nearest. */
  scrim_status (*look)(device_diffusion *d, float *latent, double *spacing, scrim_error *error);
  /* x = signal * x + spread * noise */
  scrim_status (*forward)(device_diffusion *d, float signal, float spread, const float *noise, scrim_error *error);
  scrim_status (*step)(device_diffusion *d, const device_step *step, scrim_error *error);
  scrim_status (*give)(device_diffusion *d, float *x, scrim_error *error); /* waits for all that was asked for */
} device_diffusion_functions;

#endif
