#include "purifier/reformer_plan.h"

#include "core/error.h"
#include "purifier/reformer_fold.h"
#include "tensor/packed.h"
#include <math.h>

struct reformer_plan {
  reformer_shape shape;
  packed_linear *encoder[3], *mean, *log_variance, *decoder[3];
  float *encoder_start,
      *decoder_start; /* [K, h1], [K, h2]: what a predicted class adds to the first layers, with the bias */
};

/*
 * Packs columns 0..n_dense-1; the columns after them, one a class, become rows of *start [K, out] with the bias added.
 */
static packed_linear *pack(const affine *a, int n_dense, packed_activation activation, float **start) {
  packed_linear *packed = NULL;
  float *w = memory_zalloc((size_t)a->out * n_dense, sizeof *w), *b = memory_zalloc((size_t)a->out, sizeof *b);
  const int classes = a->in - n_dense;
  if (start != NULL) *start = memory_zalloc((size_t)classes * a->out, sizeof **start);
  if (w != NULL && b != NULL && (start == NULL || *start != NULL)) {
    for (int i = 0; i < a->out; i++) {
      b[i] = (float)a->b[i];
      for (int j = 0; j < n_dense; j++) w[(size_t)i * n_dense + j] = (float)a->w[(size_t)i * a->in + j];
      for (int c = 0; c < classes; c++)
        (*start)[(size_t)c * a->out + i] = (float)(a->b[i] + a->w[(size_t)i * a->in + n_dense + c]);
    }
    packed = packed_linear_create(w, b, n_dense, a->out, activation);
  }
  memory_free(w);
  memory_free(b);
  return packed;
}

static packed_linear *fold_and_pack(const nn_linear *l, const nn_norm *norm, int n_dense, float **start) {
  affine a = {0};
  packed_linear *packed = NULL;
  if (affine_fold(&a, l, norm)) packed = pack(&a, n_dense, norm != NULL ? PACKED_RELU : PACKED_IDENTITY, start);
  affine_free(&a);
  return packed;
}

/* The decoder's first layer has no activation: it and the second are one. */
static packed_linear *join_and_pack(const reformer *r, float **start) {
  affine first = {0}, second = {0}, joined = {0};
  packed_linear *packed = NULL;
  if (affine_fold(&first, &r->decoder[0], NULL) && affine_fold(&second, &r->decoder[1], &r->decoder_norm[1]) &&
      affine_join(&joined, &second, &first))
    packed = pack(&joined, r->shape.latent, PACKED_RELU, start);
  affine_free(&first);
  affine_free(&second);
  affine_free(&joined);
  return packed;
}

scrim_status reformer_plan_create(reformer_plan **out, const reformer *r, scrim_error *error) {
  reformer_plan *p = memory_zalloc(1, sizeof *p);
  const int *h = r->shape.hidden;
  if (p != NULL) {
    p->shape = r->shape;
    p->encoder[0] = fold_and_pack(&r->encoder[0], &r->encoder_norm[0], r->shape.classes, &p->encoder_start);
    p->encoder[1] = fold_and_pack(&r->encoder[1], &r->encoder_norm[1], h[0], NULL);
    p->encoder[2] = fold_and_pack(&r->encoder[2], &r->encoder_norm[2], h[1], NULL);
    p->mean = fold_and_pack(&r->mean, NULL, h[2], NULL);
    p->log_variance = fold_and_pack(&r->log_variance, NULL, h[2], NULL);
    p->decoder[0] = join_and_pack(r, &p->decoder_start);
    p->decoder[1] = fold_and_pack(&r->decoder[2], &r->decoder_norm[2], h[1], NULL);
    p->decoder[2] = fold_and_pack(&r->decoder[3], NULL, h[0], NULL);
  }
  if (p == NULL || p->encoder[0] == NULL || p->encoder[1] == NULL || p->encoder[2] == NULL || p->mean == NULL ||
      p->log_variance == NULL || p->decoder[0] == NULL || p->decoder[1] == NULL || p->decoder[2] == NULL) {
    reformer_plan_free(p);
    return fail(error, SCRIM_E_MEMORY, "out of memory for the inference plan of %d classes", r->shape.classes);
  }
  *out = p;
  return SCRIM_OK;
}

void reformer_plan_free(reformer_plan *p) {
  if (p == NULL) return;
  for (int i = 0; i < 3; i++) {
    packed_linear_free(p->encoder[i]);
    packed_linear_free(p->decoder[i]);
  }
  packed_linear_free(p->mean);
  packed_linear_free(p->log_variance);
  memory_free(p->encoder_start);
  memory_free(p->decoder_start);
  memory_free(p);
}

static size_t widest(const reformer_plan *p) {
  int width = p->shape.hidden[0];
  for (int i = 1; i < 3; i++) width = p->shape.hidden[i] > width ? p->shape.hidden[i] : width;
  return (size_t)(width + 15) / 16 * 16;
}

size_t reformer_plan_scratch(const reformer_plan *p) {
  return 2 * REFORMER_PLAN_ROWS * widest(p);
}

/* The class rows that a first layer starts from. */
static void starts(const float *table, int width, const int32_t *labels, size_t n, const float **start) {
  for (size_t i = 0; i < n; i++) start[i] = table + (size_t)labels[i] * width;
}

void reformer_plan_encode(const reformer_plan *p, const float *features, const int32_t *labels, size_t n, float *mean,
                          float *log_variance, float *scratch) {
  const float *start[REFORMER_PLAN_ROWS] = {NULL};
  const size_t width = widest(p), k = (size_t)p->shape.classes, latent = (size_t)p->shape.latent;
  float *a = scratch, *b = scratch + REFORMER_PLAN_ROWS * width;
  starts(p->encoder_start, p->shape.hidden[0], labels, n, start);
  packed_linear_run(p->encoder[0], features, k, start, a, width, n);
  packed_linear_run(p->encoder[1], a, width, NULL, b, width, n);
  packed_linear_run(p->encoder[2], b, width, NULL, a, width, n);
  packed_linear_run(p->mean, a, width, NULL, mean, latent, n);
  if (log_variance != NULL) packed_linear_run(p->log_variance, a, width, NULL, log_variance, latent, n);
}

static void softmax_row(float *row, size_t k) {
  float top = row[0], sum = 0;
  for (size_t j = 1; j < k; j++) top = row[j] > top ? row[j] : top;
  for (size_t j = 0; j < k; j++) row[j] = expf(row[j] - top);
  for (size_t j = 0; j < k; j++) sum += row[j];
  const float scale = 1 / sum;
  for (size_t j = 0; j < k; j++) row[j] *= scale;
}

void reformer_plan_decode(const reformer_plan *p, const float *z, const int32_t *labels, size_t n, float *probabilities,
                          float *scratch) {
  const float *start[REFORMER_PLAN_ROWS] = {NULL};
  const size_t width = widest(p), k = (size_t)p->shape.classes;
  float *a = scratch, *b = scratch + REFORMER_PLAN_ROWS * width;
  starts(p->decoder_start, p->shape.hidden[1], labels, n, start);
  packed_linear_run(p->decoder[0], z, (size_t)p->shape.latent, start, a, width, n);
  packed_linear_run(p->decoder[1], a, width, NULL, b, width, n);
  packed_linear_run(p->decoder[2], b, width, NULL, probabilities, k, n);
  for (size_t i = 0; i < n; i++) softmax_row(probabilities + i * k, k);
}
