/* Layers: their parameters under PyTorch's names (name.weight, name.bias, ...), so that weights can be exchanged. */
#include "nn/nn.h"
#include <stdio.h>

enum { LAYERS_NAME_BYTES = 200 };

static const float NORM_MOMENTUM = 0.1f, NORM_EPSILON = 1e-5f;

/* name.part filled with `value`; NULL when out of memory or the name is too long. */
static tensor *add_part(nn_params *p, const char *name, const char *part, int rank, const int *dim, float value,
                        int trainable) {
  char full[LAYERS_NAME_BYTES];
  int length = snprintf(full, sizeof full, "%s.%s", name, part);
  if (length < 0 || length >= LAYERS_NAME_BYTES) return NULL;
  tensor *w = nn_params_add(p, full, rank, dim, trainable);
  if (w && value != 0) nn_init_fill(w, value);
  return w;
}

int nn_linear_add(nn_linear *l, nn_params *p, const char *name, int in, int out) {
  l->w = add_part(p, name, "weight", 2, (int[]){out, in}, 0, 1);
  l->b = add_part(p, name, "bias", 1, &out, 0, 1);
  return l->w && l->b;
}

int nn_batch_norm_add(nn_norm *l, nn_params *p, const char *name, int channels) {
  l->gamma = add_part(p, name, "weight", 1, &channels, 1, 1);
  l->beta = add_part(p, name, "bias", 1, &channels, 0, 1);
  l->mean = add_part(p, name, "running_mean", 1, &channels, 0, 0);
  l->var = add_part(p, name, "running_var", 1, &channels, 1, 0);
  return l->gamma && l->beta && l->mean && l->var;
}

int nn_layer_norm_add(nn_norm *l, nn_params *p, const char *name, int channels) {
  l->gamma = add_part(p, name, "weight", 1, &channels, 1, 1);
  l->beta = add_part(p, name, "bias", 1, &channels, 0, 1);
  l->mean = l->var = NULL;
  return l->gamma && l->beta;
}

tensor *nn_linear_forward(tape *t, const nn_linear *l, tensor *x) {
  return op_linear(t, x, l->w, l->b);
}

tensor *nn_batch_norm_forward(tape *t, const nn_norm *l, tensor *x) {
  return op_batch_norm(t, x, l->gamma, l->beta, l->mean, l->var, NORM_MOMENTUM, NORM_EPSILON);
}

tensor *nn_layer_norm_forward(tape *t, const nn_norm *l, tensor *x) {
  return op_layer_norm(t, x, l->gamma, l->beta, NORM_EPSILON);
}
