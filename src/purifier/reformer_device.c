#include "purifier/reformer_device.h"

#include "core/error.h"
#include "purifier/reformer_fold.h"
#include <stdio.h>
#include <string.h>

enum { ENCODER_LAYERS = 3, DECODER_LAYERS = 3 };

/* y = w x + b; where a class goes in as well, what it adds, with the bias in it. */
typedef struct folded {
  tensor *w, *b; /* [out, in], [out] */
  tensor *start; /* [K, out] or NULL */
} folded;

struct reformer_device {
  reformer_shape shape;
  nn_params *params; /* frozen: constants of the passes */
  folded encoder[ENCODER_LAYERS], mean, log_variance, decoder[DECODER_LAYERS];
  float *features, *z;   /* [REFORMER_DEVICE_ROWS, K], [REFORMER_DEVICE_ROWS, latent]; what passes read */
  int32_t *labels;       /* [REFORMER_DEVICE_ROWS] likewise */
  tape *encode, *decode; /* apart; else `encode` is both */
  tensor *out_mean, *out_log_variance, *out_probabilities;
};

/* ---- layers ---- */

/* The columns after n_dense, one a class, become the rows of `start`. 0: out of memory. */
static int add_layer(reformer_device *d, folded *to, const char *name, const affine *a, int n_dense) {
  char part[2][32];
  const int classes = a->in - n_dense;
  snprintf(part[0], sizeof part[0], "%s.w", name);
  snprintf(part[1], sizeof part[1], "%s.%s", name, classes ? "start" : "b");
  to->w = nn_params_add(d->params, part[0], 2, (int[]){a->out, n_dense}, 0);
  tensor **rest = classes ? &to->start : &to->b;
  *rest = classes ? nn_params_add(d->params, part[1], 2, (int[]){classes, a->out}, 0)
                  : nn_params_add(d->params, part[1], 1, &a->out, 0);
  if (!to->w || !*rest) return 0;
  for (int i = 0; i < a->out; i++) {
    const double *row = a->w + (size_t)i * (size_t)a->in;
    for (int j = 0; j < n_dense; j++) to->w->data[(size_t)i * (size_t)n_dense + (size_t)j] = (float)row[j];
    for (int c = 0; c < classes; c++)
      to->start->data[(size_t)c * (size_t)a->out + (size_t)i] = (float)(a->b[i] + row[n_dense + c]);
    if (!classes) to->b->data[i] = (float)a->b[i];
  }
  return 1;
}

static int fold_layer(reformer_device *d, folded *to, const char *name, const nn_linear *l, const nn_norm *norm,
                      int n_dense) {
  affine a = {0};
  const int made = affine_fold(&a, l, norm) && add_layer(d, to, name, &a, n_dense);
  affine_free(&a);
  return made;
}

/* The decoder's first layer has no activation: it and the second are one. */
static int join_layers(reformer_device *d, folded *to, const char *name, const reformer *r) {
  affine first = {0}, second = {0}, joined = {0};
  const int made = affine_fold(&first, &r->decoder[0], NULL) &&
                   affine_fold(&second, &r->decoder[1], &r->decoder_norm[1]) && affine_join(&joined, &second, &first) &&
                   add_layer(d, to, name, &joined, r->shape.latent);
  affine_free(&first);
  affine_free(&second);
  affine_free(&joined);
  return made;
}

static int fold_all(reformer_device *d, const reformer *r) {
  const int *h = r->shape.hidden;
  return fold_layer(d, &d->encoder[0], "encoder.0", &r->encoder[0], &r->encoder_norm[0], r->shape.classes) &&
         fold_layer(d, &d->encoder[1], "encoder.1", &r->encoder[1], &r->encoder_norm[1], h[0]) &&
         fold_layer(d, &d->encoder[2], "encoder.2", &r->encoder[2], &r->encoder_norm[2], h[1]) &&
         fold_layer(d, &d->mean, "mean", &r->mean, NULL, h[2]) &&
         fold_layer(d, &d->log_variance, "log_variance", &r->log_variance, NULL, h[2]) &&
         join_layers(d, &d->decoder[0], "decoder.0", r) &&
         fold_layer(d, &d->decoder[1], "decoder.1", &r->decoder[2], &r->decoder_norm[2], h[1]) &&
         fold_layer(d, &d->decoder[2], "decoder.2", &r->decoder[3], NULL, h[0]);
}

/* ---- passes ---- */

static tensor *layer_forward(const reformer_device *d, tape *t, const folded *l, tensor *x) {
  if (!l->start) return op_linear(t, x, l->w, l->b);
  return op_add(t, op_linear(t, x, l->w, NULL), op_gather(t, l->start, d->labels, REFORMER_DEVICE_ROWS));
}

static tensor *encode_pass(reformer_device *d, tape *t, int with_variance) {
  tensor *x = tape_input(t, d->features, 2, (int[]){REFORMER_DEVICE_ROWS, d->shape.classes});
  for (int i = 0; i < ENCODER_LAYERS; i++) x = op_relu(t, layer_forward(d, t, &d->encoder[i], x));
  if (with_variance) d->out_log_variance = layer_forward(d, t, &d->log_variance, x);
  return d->out_mean = layer_forward(d, t, &d->mean, x);
}

static void decode_pass(reformer_device *d, tape *t, tensor *z) {
  tensor *x = op_relu(t, layer_forward(d, t, &d->decoder[0], z));
  x = op_relu(t, layer_forward(d, t, &d->decoder[1], x));
  d->out_probabilities = op_softmax(t, layer_forward(d, t, &d->decoder[2], x));
}

static scrim_status record(reformer_device *d, const backend *b, int apart, scrim_error *error) {
  scrim_status status = tape_create(&d->encode, b, error);
  if (status == SCRIM_OK && apart) status = tape_create(&d->decode, b, error);
  if (status != SCRIM_OK) return status;
  tensor *mean = encode_pass(d, d->encode, apart);
  if (!apart) {
    decode_pass(d, d->encode, mean);
    return tape_status(d->encode, error);
  }
  decode_pass(d, d->decode, tape_input(d->decode, d->z, 2, (int[]){REFORMER_DEVICE_ROWS, d->shape.latent}));
  status = tape_status(d->encode, error);
  return status == SCRIM_OK ? tape_status(d->decode, error) : status;
}

scrim_status reformer_device_create(reformer_device **out, const backend *b, const reformer *r, int apart,
                                    scrim_error *error) {
  *out = NULL;
  reformer_device *d = memory_zalloc(1, sizeof *d);
  if (!d) return fail(error, SCRIM_E_MEMORY, "out of memory for a reformer on a device");
  d->shape = r->shape;
  d->params = nn_params_create();
  d->features = memory_zalloc(REFORMER_DEVICE_ROWS * (size_t)r->shape.classes, sizeof *d->features);
  d->z = memory_zalloc(REFORMER_DEVICE_ROWS * (size_t)r->shape.latent, sizeof *d->z);
  d->labels = memory_zalloc(REFORMER_DEVICE_ROWS, sizeof *d->labels);
  scrim_status status = SCRIM_OK;
  if (!d->params || !d->features || !d->z || !d->labels || !fold_all(d, r))
    status = fail(error, SCRIM_E_MEMORY, "out of memory for a reformer of %d classes on a device", r->shape.classes);
  if (status == SCRIM_OK) status = record(d, b, apart, error);
  if (status == SCRIM_OK)
    *out = d;
  else
    reformer_device_free(d);
  return status;
}

void reformer_device_free(reformer_device *d) {
  if (!d) return;
  tape_free(d->encode);
  tape_free(d->decode);
  nn_params_free(d->params);
  memory_wipe_free(d->features, REFORMER_DEVICE_ROWS * (size_t)d->shape.classes * sizeof *d->features);
  memory_wipe_free(d->z, REFORMER_DEVICE_ROWS * (size_t)d->shape.latent * sizeof *d->z);
  memory_wipe_free(d->labels, REFORMER_DEVICE_ROWS * sizeof *d->labels);
  memory_free(d);
}

/* ---- blocks: rows beyond n are what an earlier block left there, and nobody reads what becomes of them ---- */

static scrim_status take_out(tape *t, tensor *from, size_t n, float *to, scrim_error *error) {
  const float *values = tensor_values(from);
  const scrim_status status = tape_status(t, error);
  if (status == SCRIM_OK) memcpy(to, values, n * (size_t)from->dim[1] * sizeof *to);
  return status;
}

scrim_status reformer_device_reform(reformer_device *d, const float *features, const int32_t *labels, size_t n,
                                    float *probabilities, scrim_error *error) {
  memcpy(d->features, features, n * (size_t)d->shape.classes * sizeof *features);
  memcpy(d->labels, labels, n * sizeof *labels);
  const scrim_status status = tape_replay(d->encode, error);
  return status == SCRIM_OK ? take_out(d->encode, d->out_probabilities, n, probabilities, error) : status;
}

scrim_status reformer_device_encode(reformer_device *d, const float *features, const int32_t *labels, size_t n,
                                    float *mean, float *log_variance, scrim_error *error) {
  memcpy(d->features, features, n * (size_t)d->shape.classes * sizeof *features);
  memcpy(d->labels, labels, n * sizeof *labels);
  scrim_status status = tape_replay(d->encode, error);
  if (status == SCRIM_OK) status = take_out(d->encode, d->out_mean, n, mean, error);
  return status == SCRIM_OK ? take_out(d->encode, d->out_log_variance, n, log_variance, error) : status;
}

scrim_status reformer_device_decode(reformer_device *d, const float *z, const int32_t *labels, size_t n,
                                    float *probabilities, scrim_error *error) {
  memcpy(d->z, z, n * (size_t)d->shape.latent * sizeof *z);
  memcpy(d->labels, labels, n * sizeof *labels);
  const scrim_status status = tape_replay(d->decode, error);
  return status == SCRIM_OK ? take_out(d->decode, d->out_probabilities, n, probabilities, error) : status;
}
