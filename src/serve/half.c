#include "serve/half.h"

#include <math.h>
#include <string.h>

static float half_of_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static uint32_t half_bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

/* Drops the lowest n bits, rounding to nearest, ties to even; a carry into the exponent is what it should be. */
static uint32_t half_round(uint32_t bits, int n) {
  const uint32_t odd = bits >> n & 1;
  return (bits + (((uint32_t)1 << (n - 1)) - 1) + odd) >> n;
}

float half_to_float(uint16_t half) {
  const uint32_t sign = (uint32_t)(half & 0x8000u) << 16, exponent = half >> 10 & 31u, fraction = half & 1023u;
  if (exponent == 0) { /* zero or below the normal range: fraction * 2^-24, exact */
    const float small = (float)fraction * 0x1p-24f;
    return sign ? -small : small;
  }
  return half_of_bits(sign | (exponent == 31 ? 255u : exponent + 112) << 23 | fraction << 13);
}

uint16_t half_from_float(float value) {
  const uint32_t bits = half_bits_of(value), sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;
  uint32_t half;
  if (magnitude > 0x7f800000u)
    half = 0x7e00u | (magnitude >> 13 & 0x1ffu);
  else if (magnitude >= 0x47800000u) /* 2^16 and above */
    half = 0x7c00u;
  else if (magnitude >= 0x38800000u) /* 2^-14 and above: the exponent's bias goes from 127 to 15 */
    half = half_round(magnitude - (112u << 23), 13);
  else /* adding 1/2 leaves multiples of 2^-24 in the fraction, and the addition rounds as it should */
    half = half_bits_of(fabsf(value) + 0.5f) - half_bits_of(0.5f);
  return (uint16_t)(sign | half);
}

float bfloat_to_float(uint16_t bfloat) {
  return half_of_bits((uint32_t)bfloat << 16);
}

uint16_t bfloat_from_float(float value) {
  const uint32_t bits = half_bits_of(value);
  if (isnan(value)) return (uint16_t)(bits >> 16 | 0x40u); /* a NaN whose lower half was all of it stays one */
  return (uint16_t)half_round(bits, 16);
}
