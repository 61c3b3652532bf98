/* Folding layers that follow each other. */
#include "purifier/reformer_fold.h"
#include <math.h>

#define NORM_EPSILON 1e-5

void affine_free(affine *a) {
  memory_free(a->w);
  memory_free(a->b);
  *a = (affine){0};
}

static int affine_create(affine *a, int in, int out) {
  *a = (affine){in, out, memory_zalloc((size_t)in * out, sizeof(double)), memory_zalloc((size_t)out, sizeof(double))};
  return a->w != NULL && a->b != NULL;
}

int affine_fold(affine *a, const nn_linear *l, const nn_norm *norm) {
  if (!affine_create(a, l->w->dim[1], l->w->dim[0])) return 0;
  for (int i = 0; i < a->out; i++) {
    double scale = 1, shift = 0;
    if (norm != NULL) {
      scale = norm->gamma->data[i] / sqrt(norm->var->data[i] + NORM_EPSILON);
      shift = norm->beta->data[i] - norm->mean->data[i] * scale;
    }
    for (int j = 0; j < a->in; j++) a->w[(size_t)i * a->in + j] = scale * l->w->data[(size_t)i * a->in + j];
    a->b[i] = scale * l->b->data[i] + shift;
  }
  return 1;
}

int affine_join(affine *joined, const affine *second, const affine *first) {
  if (!affine_create(joined, first->in, second->out)) return 0;
  for (int i = 0; i < second->out; i++) {
    double *row = joined->w + (size_t)i * first->in;
    joined->b[i] = second->b[i];
    for (int m = 0; m < second->in; m++) {
      const double weight = second->w[(size_t)i * second->in + m];
      for (int j = 0; j < first->in; j++) row[j] += weight * first->w[(size_t)m * first->in + j];
      joined->b[i] += weight * first->b[m];
    }
  }
  return 1;
}
