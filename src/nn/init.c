/* First values of weights. `r` stands in a stream that the caller has begun; values are drawn in row-major order. */
#include "nn/nn.h"
#include <math.h>

void nn_init_normal(tensor *w, double std, random_source *r) {
  float *values = tensor_overwrite(w);
  for (size_t i = 0; i < w->n; i++) values[i] = (float)(std * random_normal(r));
}

void nn_init_uniform(tensor *w, double bound, random_source *r) {
  float *values = tensor_overwrite(w);
  for (size_t i = 0; i < w->n; i++) values[i] = (float)(bound * (2.0 * random_uniform(r) - 1.0));
}

/* Inputs of one output: [out, in] -> in, [c_out, c_in, taps] -> c_in * taps. */
static double fan_in(const tensor *w) {
  return (double)(w->n / (size_t)w->dim[0]);
}

/* Outputs that one input feeds: [out, in] -> out, [c_out, c_in, taps] -> c_out * taps. */
static double fan_out(const tensor *w) {
  return w->rank < 2 ? 1.0 : (double)(w->n / (size_t)w->dim[1]);
}

/* He et al. 2015, eq. 10: keeps the variance of activations through ReLU layers. */
void nn_init_he(tensor *w, random_source *r) {
  nn_init_normal(w, sqrt(2.0 / fan_in(w)), r);
}

/* Glorot and Bengio 2010, eq. 16: the same for activations that are linear near zero. */
void nn_init_xavier(tensor *w, random_source *r) {
  nn_init_uniform(w, sqrt(6.0 / (fan_in(w) + fan_out(w))), r);
}

void nn_init_fill(tensor *w, float value) {
  float *values = tensor_overwrite(w);
  for (size_t i = 0; i < w->n; i++) values[i] = value;
}
