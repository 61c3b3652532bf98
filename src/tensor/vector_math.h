/*
 * exp, log, tanh and sums in plain C that compilers turn into vector code. Not a libm: single precision, errors of
 * about 2 units in the last place (4 for the normal distribution), no errno, no rounding modes. Every step is a
 * multiplication, addition, division or bit operation without contraction, so all vector widths give the same bits.
 */
#ifndef TENSOR_VECTOR_MATH_H
#define TENSOR_VECTOR_MATH_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Functions so marked are compiled once for each generation of x86-64, and the loader picks. clang 14 cannot; there
 * they get what -march says.
 */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define VECTOR_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define VECTOR_CLONES
#endif

/* nvcc compiles the functions of one number for the device too: there they give the same bits. */
#ifdef __CUDACC__
#define VECTOR_INLINE static __host__ __device__ __forceinline__
#else
#define VECTOR_INLINE static inline __attribute__((always_inline, unused))
#endif

VECTOR_INLINE float vector_from_bits(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

VECTOR_INLINE uint32_t vector_bits(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

/* condition ? yes : no, with both worked out and no branch, which would keep a loop from becoming vector code. */
VECTOR_INLINE float vector_select(int condition, float yes, float no) {
  const uint32_t mask = 0 - (uint32_t)condition;
  return vector_from_bits((vector_bits(yes) & mask) | (vector_bits(no) & ~mask));
}

/* 2^n for n in -126..127, as a two's complement number. */
VECTOR_INLINE float vector_power_of_2(uint32_t n) {
  return vector_from_bits((n + 127) << 23);
}

/* Adding 1.5 * 2^23 rounds to the nearest integer and leaves it in the low bits. */
#define VECTOR_ROUNDER 12582912.0f
/* ln 2 in two parts, of which the first times a small integer is exact. */
#define VECTOR_LN2_HIGH 0.693359375f
#define VECTOR_LN2_LOW (-2.12194440e-4f)

/* x = n ln 2 + r with |r| <= ln 2 / 2. Answers exp(r) - 1: the series up to r^7 leaves 5e-9. */
VECTOR_INLINE float vector_exp_parts(float x, uint32_t *n) {
  const float rounded = x * 1.44269504f + VECTOR_ROUNDER;
  const float whole = rounded - VECTOR_ROUNDER;
  *n = vector_bits(rounded) - vector_bits(VECTOR_ROUNDER);
  const float r = (x - whole * VECTOR_LN2_HIGH) - whole * VECTOR_LN2_LOW;
  float p = 1.f / 5040;
  p = p * r + 1.f / 720;
  p = p * r + 1.f / 120;
  p = p * r + 1.f / 24;
  p = p * r + 1.f / 6;
  p = p * r + 0.5f;
  return p * (r * r) + r;
}

/* Infinity above 88.73, 0 below -104, NaN for NaN. */
VECTOR_INLINE float vector_exp(float x) {
  x = vector_select(x > 89.f, 89.f, x);
  x = vector_select(x < -104.f, -104.f, x);
  uint32_t n;
  const float p = 1 + vector_exp_parts(x, &n);
  /* Two factors, because 2^128 and 2^-150 are no floats. The sign bit is shifted in by hand: >> of a negative is up
   * to the compiler. */
  const uint32_t half = (n >> 1) | (n & 0x80000000u);
  return p * vector_power_of_2(half) * vector_power_of_2(n - half);
}

/* By exp(2|x|) - 1, which does not cancel near 0. */
VECTOR_INLINE float vector_tanh(float x) {
  float t = 2 * fabsf(x);
  t = vector_select(t > 20.f, 20.f, t);
  uint32_t n;
  const float p = vector_exp_parts(t, &n), power = vector_power_of_2(n);
  const float e = power * p + (power - 1);
  return copysignf(e / (e + 2), x);
}

VECTOR_INLINE float vector_sigmoid(float x) {
  return 1 / (1 + vector_exp(-x));
}

/* x > 0; infinity and NaN answer themselves. */
VECTOR_INLINE float vector_log(float x) {
  const int tiny = x < 1.17549435e-38f; /* subnormal: scaled by 2^23 */
  const uint32_t bits = vector_bits(vector_select(tiny, x * 8388608.f, x));
  /* x = 2^e m with m in [sqrt(1/2), sqrt(2)): 0x3f3504f3 are the bits of sqrt(1/2). */
  const uint32_t e = (bits - 0x3f3504f3u) & 0xff800000u;
  const float f = vector_from_bits(bits - e) - 1, exponent = (float)((int32_t)e / (1 << 23) - 23 * tiny);
  /* log(1 + f) = 2 atanh(s) = 2 s + 2/3 s^3 + 2/5 s^5 ..., with 2 s = f - s f. */
  const float s = f / (2 + f), z = s * s;
  float p = 2.f / 9;
  p = p * z + 2.f / 7;
  p = p * z + 2.f / 5;
  p = p * z + 2.f / 3;
  const float log_m = f - (s * (f - z * p) - exponent * VECTOR_LN2_LOW);
  return vector_select(x < INFINITY, exponent * VECTOR_LN2_HIGH + log_m, x);
}

/* log(1 + exp(x)) */
VECTOR_INLINE float vector_softplus(float x) {
  const float u = vector_exp(-fabsf(x)), w = 1 + u;
  return vector_select(x > 0, x, 0) +
         (vector_log(w) + (u - (w - 1)) / w); /* the last term puts back what 1 + u rounded off */
}

#define VECTOR_INV_SQRT_2PI 0.39894228f

/* Density of N(0, 1). */
VECTOR_INLINE float vector_normal_density(float x) {
  return VECTOR_INV_SQRT_2PI * vector_exp(-0.5f * x * x);
}

/*
 * Distribution function of N(0, 1). The lower tail is exp(-x^2 / 2) t q(t) with t = 1 / (1 + 0.42 |x| / sqrt(2)); q was
 * fitted to exp(z^2) erfc(z) / 2 over z = 0..10, where it is within 3e-9.
 */
VECTOR_INLINE float vector_normal_cdf(float x) {
  const float t = 1 / (1 + 0.29698485f * fabsf(x));
  float q = -0.0205686066f;
  q = q * t + 0.1153520669f;
  q = q * t - 0.2433202311f;
  q = q * t + 0.2185735890f;
  q = q * t - 0.0986635353f;
  q = q * t + 0.1068661816f;
  q = q * t + 0.0750205703f;
  q = q * t + 0.1099471865f;
  q = q * t + 0.1183061175f;
  q = q * t + 0.1184866602f;
  const float tail = vector_exp(-0.5f * x * x) * (q * t);
  return vector_select(x > 0, 1 - tail, tail);
}

/* ---- reductions in a fixed order: 16 lanes, whatever the machine's vectors hold; not for a device ---- */

#ifndef __CUDACC__

enum { VECTOR_LANES = 16 };
typedef float vector_lanes __attribute__((vector_size(64)));
typedef int32_t vector_mask __attribute__((vector_size(64)));

#define VECTOR_LOAD(lanes, from) memcpy(&(lanes), (from), sizeof(lanes))

/* sum of x[i] * y[i] */
VECTOR_INLINE float vector_dot(const float *x, const float *y, size_t n) {
  vector_lanes sum = {0}, a, b;
  float rest = 0;
  size_t i = 0;
  for (; i + VECTOR_LANES <= n; i += VECTOR_LANES) {
    VECTOR_LOAD(a, x + i);
    VECTOR_LOAD(b, y + i);
    sum += a * b;
  }
  for (; i < n; i++) rest += x[i] * y[i];
  for (int l = 0; l < VECTOR_LANES; l++) rest += sum[l];
  return rest;
}

/* sum of (x[i] - centre) * y[i] */
VECTOR_INLINE float vector_centred_dot(const float *x, float centre, const float *y, size_t n) {
  vector_lanes sum = {0}, a, b;
  float rest = 0;
  size_t i = 0;
  for (; i + VECTOR_LANES <= n; i += VECTOR_LANES) {
    VECTOR_LOAD(a, x + i);
    VECTOR_LOAD(b, y + i);
    sum += (a - centre) * b;
  }
  for (; i < n; i++) rest += (x[i] - centre) * y[i];
  for (int l = 0; l < VECTOR_LANES; l++) rest += sum[l];
  return rest;
}

/* sum of (x[i] - centre)^2 */
VECTOR_INLINE float vector_spread(const float *x, float centre, size_t n) {
  vector_lanes sum = {0}, a;
  float rest = 0;
  size_t i = 0;
  for (; i + VECTOR_LANES <= n; i += VECTOR_LANES) {
    VECTOR_LOAD(a, x + i);
    a -= centre;
    sum += a * a;
  }
  for (; i < n; i++) rest += (x[i] - centre) * (x[i] - centre);
  for (int l = 0; l < VECTOR_LANES; l++) rest += sum[l];
  return rest;
}

VECTOR_INLINE float vector_sum(const float *x, size_t n) {
  vector_lanes sum = {0}, a;
  float rest = 0;
  size_t i = 0;
  for (; i + VECTOR_LANES <= n; i += VECTOR_LANES) {
    VECTOR_LOAD(a, x + i);
    sum += a;
  }
  for (; i < n; i++) rest += x[i];
  for (int l = 0; l < VECTOR_LANES; l++) rest += sum[l];
  return rest;
}

/* n > 0 */
VECTOR_INLINE float vector_max(const float *x, size_t n) {
  float top = x[0];
  size_t i = 0;
  if (n >= VECTOR_LANES) {
    vector_lanes best, a;
    VECTOR_LOAD(best, x);
    for (i = VECTOR_LANES; i + VECTOR_LANES <= n; i += VECTOR_LANES) {
      VECTOR_LOAD(a, x + i);
      const vector_mask larger = a > best;
      best = (vector_lanes)((larger & (vector_mask)a) | (~larger & (vector_mask)best));
    }
    for (int l = 0; l < VECTOR_LANES; l++) top = best[l] > top ? best[l] : top;
  }
  for (; i < n; i++) top = x[i] > top ? x[i] : top;
  return top;
}

#endif
#endif
