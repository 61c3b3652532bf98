/* Builders of operations that draw noise: the CPU's is drawn here, so that its kernels are plain arithmetic. */
#include "tensor/tape.h"
#include "tensor/vector_math.h"
#include <math.h>

/* The i-th output of splitmix64 (Steele, Lea, Flood 2014) started at seed: a counter generator, so that loops become
 * vector code. */
static inline uint64_t noise_bits(uint64_t seed, uint64_t i) {
  uint64_t z = seed + (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

/* noise[i] ~ N(0, 1), by Box and Muller (1958): 64 bits give a radius in (0, 1] and an angle, so two values. */
static void noise_normal(real *noise, size_t n, uint64_t seed) {
  static const float two_pi = 6.2831853f;
  for (size_t i = 0; i < n; i += 2) {
    uint64_t bits = noise_bits(seed, i / 2);
    float uniform = (float)((bits >> 32) + 1) * 0x1p-32f;
    float radius = sqrtf(-2 * logf(uniform));
    float angle = two_pi * (float)(bits & 0xffffff) * 0x1p-24f;
    noise[i] = radius * cosf(angle);
    if (i + 1 < n) noise[i + 1] = radius * sinf(angle);
  }
}

/* mask[i] = 0 with probability `rate`, else 1 / (1 - rate), so that the expectation stays. */
VECTOR_CLONES static void noise_mask(real *mask, size_t n, float rate, uint64_t seed) {
  const uint64_t limit = (uint64_t)((double)rate * 0x1p53);
  const real kept = 1 / (1 - (real)rate);
  for (size_t i = 0; i < n; i++) mask[i] = noise_bits(seed, i) >> 11 < limit ? 0 : kept;
}

tensor *op_dropout(tape *t, tensor *a, float rate) {
  if (!tape_accepts(t, OP_DROPOUT, 1, &a)) return NULL;
  if (!(rate >= 0 && rate < 1)) return tape_unfit(t, OP_DROPOUT, "the rate must be in [0, 1)", a);
  if (!t->training || rate == 0) return a;
  uint64_t seed;
  if (!tape_seed(t, OP_DROPOUT, &seed)) return NULL;
  node *n = tape_node(t, OP_DROPOUT, 1, &a, a->rank, a->dim);
  if (!n || !tape_save(n, a->n)) return NULL;
  n->at.noise.seed = seed;
  n->at.noise.rate = rate;
  if (tape_on_host(t, OP_DROPOUT)) noise_mask(n->saved, a->n, rate, seed);
  return tape_run(n);
}

tensor *op_gaussian(tape *t, tensor *mean, tensor *log_variance) {
  tensor *in[] = {mean, log_variance};
  if (!tape_accepts(t, OP_GAUSSIAN, 2, in)) return NULL;
  if (!tape_same_shape(mean, log_variance)) {
    return tape_misfit(t, OP_GAUSSIAN, "mean and log variance must have one shape", mean, log_variance);
  }
  uint64_t seed;
  if (!tape_seed(t, OP_GAUSSIAN, &seed)) return NULL;
  node *n = tape_node(t, OP_GAUSSIAN, 2, in, mean->rank, mean->dim);
  if (!n || !tape_save(n, mean->n)) return NULL;
  n->at.noise.seed = seed;
  if (tape_on_host(t, OP_GAUSSIAN)) noise_normal(n->saved, mean->n, seed);
  return tape_run(n);
}
