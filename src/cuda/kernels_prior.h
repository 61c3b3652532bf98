/*
 * Launchers of what diffusion needs besides neighbours: what they tell of a point (prior_local.c), the network, the
 * step. "Rows" are [rows, slots]: one number of all places side by side.
 */
#ifndef CUDA_KERNELS_PRIOR_H
#define CUDA_KERNELS_PRIOR_H

#include "cuda/kernels_networks.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  PRIOR_K = 32, /* neighbours */
  PRIOR_SCALES_OF = 3,
  PRIOR_WAYS_OF = 11,
  PRIOR_ROWS = 3 * PRIOR_WAYS_OF,                                                                    /* of ways */
  PRIOR_NUMBERS = PRIOR_WAYS_OF + PRIOR_WAYS_OF * (PRIOR_WAYS_OF - 1) / 2 + 3 * PRIOR_SCALES_OF + 2, /* invariants */
  PRIOR_SEEN = 38,          /* rows that go from one kernel to the next */
  PRIOR_KNOWN = 8,          /* numbers of a place that its neighbours ask for */
  PRIOR_POOLED_SLOTS = 128, /* places that a block pools */
  PRIOR_SUM_SLOTS = 256     /* places whose spacings a block adds up */
};

typedef struct diffuse_cloud {
  points_tree tree;
  float *x;              /* [n, 3] the cloud */
  const uint32_t *first; /* [n] */
  const uint32_t *index; /* [PRIOR_K, slots] */
  const float *squared;  /* [PRIOR_K, slots] */
  float *known;          /* [n, PRIOR_KNOWN] normal, height, least deviation of neighbours, way of the middle scale */
  float *once, *twice;   /* [n, 3] where points are after one projection, and two */
  float *seen;           /* [PRIOR_SEEN, slots] */
  float *ways;           /* [PRIOR_ROWS, slots] in units of the spacing, one axis after the other */
  float *numbers;        /* [PRIOR_NUMBERS, slots] invariants */
  double *sums;          /* [slots / PRIOR_SUM_SLOTS, rounded up] */
  double *spacing;       /* [1] */
  float *epsilon;        /* [n, 3] */
  uint32_t *copies;      /* [n + 1] of each place, itself among them; the last: of all */
} diffuse_cloud;

/* ways, numbers and spacing of a cloud whose neighbours have been found. */
cudaError_t diffuse_look(const diffuse_cloud *cloud, cudaStream_t stream);

typedef struct diffuse_network {
  networks_network encoder, head, network;
  int latent, times, controls;
  float slope;
  const float *gate, *gate_bias, *shift, *bias; /* as device_prior has them */
  float *pooled;                                /* [blocks of PRIOR_POOLED_SLOTS, outputs of the encoder] */
  float *told;                                  /* [latent] */
  float *controls_gate, *controls_shift;        /* [controls] */
  float *unit;                                  /* [1] what the network's answers are multiplied with */
} diffuse_network;

/* numbers -> told */
cudaError_t diffuse_encode(const diffuse_cloud *cloud, const diffuse_network *network, cudaStream_t stream);
/* numbers, ways, told and `level` of noise -> epsilon of places */
cudaError_t diffuse_epsilon(const diffuse_cloud *cloud, const diffuse_network *network, double level,
                            cudaStream_t stream);
/* x = outer * (inner * x + part * epsilon) + spread * noise; `noise` NULL: none. */
cudaError_t diffuse_move(const diffuse_cloud *cloud, float inner, float part, float outer, float spread,
                         const float *noise, cudaStream_t stream);
/* x = signal * x + spread * noise */
cudaError_t diffuse_noise(const diffuse_cloud *cloud, float signal, float spread, const float *noise,
                          cudaStream_t stream);

#ifdef __cplusplus
}
#endif

#endif
