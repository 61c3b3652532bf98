/*
 * The two 16-bit floats of the protocols, as their bits.
 *
 *     FP16 (IEEE binary16): 1 sign, 5 exponent and 10 fraction bits
 *     BF16: the upper half of a float32
 */
#ifndef SERVE_HALF_H
#define SERVE_HALF_H

#include <stdint.h>

/* Exact. */
float half_to_float(uint16_t half);
float bfloat_to_float(uint16_t bfloat);

/* To nearest, ties to even; infinite where the nearest would be beyond the range; NaN stays a NaN of the same sign. */
uint16_t half_from_float(float value);
uint16_t bfloat_from_float(float value);

#endif
