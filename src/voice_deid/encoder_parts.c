#include "voice_deid/encoder_parts.h"

#include <math.h>
#include <stdio.h>

static const float norm_epsilon = 1e-5f; /* as nn_batch_norm_forward has it */

int encoder_unit_add(speaker_encoder *e, int rank, int in, int out, int taps, int stride, int dilation) {
  if (e->n_units == ENCODER_MOST_UNITS) return 0;
  encoder_unit *u = &e->unit[e->n_units];
  char name[40];
  snprintf(name, sizeof name, "unit.%d.weight", e->n_units);
  u->w = nn_params_add(e->params, name, 2 + rank, (const int[]){out, in, taps, taps}, 1);
  snprintf(name, sizeof name, "unit.%d.norm", e->n_units);
  u->stride = stride;
  u->dilation = dilation;
  e->n_units++;
  return u->w != NULL && nn_batch_norm_add(&u->norm, e->params, name, out);
}

tensor *encoder_unit_apply(tape *t, const encoder_unit *u, tensor *x) {
  const int padding = u->dilation * (u->w->dim[2] - 1) / 2;
  tensor *shift = u->is_folded ? u->norm.beta : NULL;
  if (u->w->rank == 3)
    x = op_conv1d(t, x, u->w, shift, u->stride, u->dilation, padding);
  else
    x = op_conv2d(t, x, u->w, shift, u->stride, padding);
  return u->is_folded ? x : nn_batch_norm_forward(t, &u->norm, x);
}

/*
 * gamma (w x - mean) / sqrt(var + epsilon) + beta = (s w) x + (beta - s mean), with s = gamma / sqrt(var + epsilon).
 * What stays in the norm makes it do nothing, so that the encoder can be saved and folded again.
 */
static void fold(encoder_unit *u) {
  const size_t inner = u->w->n / (size_t)u->w->dim[0];
  for (size_t c = 0; c < (size_t)u->w->dim[0]; c++) {
    const float scale = u->norm.gamma->data[c] / sqrtf(u->norm.var->data[c] + norm_epsilon);
    for (size_t i = 0; i < inner; i++) u->w->data[c * inner + i] *= scale;
    u->norm.beta->data[c] -= scale * u->norm.mean->data[c];
    u->norm.gamma->data[c] = 1;
    u->norm.mean->data[c] = 0;
    u->norm.var->data[c] = 1 - norm_epsilon;
  }
  u->is_folded = 1;
}

void encoder_units_fold(speaker_encoder *e) {
  for (int i = 0; i < e->n_units; i++) fold(&e->unit[i]);
}
