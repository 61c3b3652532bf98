/* Multi-layer perceptrons: made, trained on rows in memory, applied. */
#include "core/error.h"
#include "nn/nn.h"
#include "tensor/packed.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- activations: on the tape, and in place on plain values where the packed layer has not done it already ---- */

static const float LEAKY_SLOPE = 0.01f;

static tensor *leaky_op(tape *t, tensor *x) {
  return op_leaky_relu(t, x, LEAKY_SLOPE);
}
static tensor *identity_op(tape *t, tensor *x) {
  (void)t;
  return x;
}

static void tanh_run(float *x, size_t n) {
  for (size_t i = 0; i < n; i++) x[i] = tanhf(x[i]);
}
static void leaky_run(float *x, size_t n) {
  for (size_t i = 0; i < n; i++) x[i] = x[i] > 0 ? x[i] : LEAKY_SLOPE * x[i];
}
static void sigmoid_run(float *x, size_t n) {
  for (size_t i = 0; i < n; i++) x[i] = 1 / (1 + expf(-x[i]));
}
static void silu_run(float *x, size_t n) {
  for (size_t i = 0; i < n; i++) x[i] = x[i] / (1 + expf(-x[i]));
}

typedef struct activation_rule {
  tensor *(*op)(tape *t, tensor *x);
  void (*run)(float *x, size_t n);
  packed_activation packed;
  void (*init)(tensor *w, random_source *r);
} activation_rule;

static const activation_rule activations[] = {
    [NN_RELU] = {op_relu, NULL, PACKED_RELU, nn_init_he},
    [NN_TANH] = {op_tanh, tanh_run, PACKED_IDENTITY, nn_init_xavier},
    [NN_LEAKY_RELU] = {leaky_op, leaky_run, PACKED_IDENTITY, nn_init_he},
    [NN_SIGMOID] = {op_sigmoid, sigmoid_run, PACKED_IDENTITY, nn_init_xavier},
    [NN_SILU] = {op_silu, silu_run, PACKED_IDENTITY, nn_init_he},
    [NN_IDENTITY] = {identity_op, NULL, PACKED_IDENTITY, nn_init_xavier},
};

static const activation_rule *after_layer(const nn_mlp *m, int i) {
  return &activations[i + 1 < m->n_layers ? m->activation : NN_IDENTITY];
}

/* ---- making ---- */

static scrim_status mlp_check(int n_layers, const int *width, scrim_error *error) {
  if (n_layers < 1 || n_layers > NN_MLP_MAX_LAYERS) {
    return fail(error, SCRIM_E_ARGUMENT, "%d layers, must be 1..%d", n_layers, NN_MLP_MAX_LAYERS);
  }
  for (int i = 0; i <= n_layers; i++) {
    if (width[i] < 1) return fail(error, SCRIM_E_ARGUMENT, "width %d of layer %d, must be at least 1", width[i], i);
  }
  return SCRIM_OK;
}

scrim_status nn_mlp_create(nn_mlp *m, int n_layers, const int *width, nn_activation activation, random_source *init,
                           scrim_error *error) {
  *m = (nn_mlp){.n_layers = n_layers, .activation = activation};
  scrim_status status = mlp_check(n_layers, width, error);
  if (status != SCRIM_OK) return status;
  memcpy(m->width, width, ((size_t)n_layers + 1) * sizeof *width);
  m->params = nn_params_create();
  int added = m->params != NULL;
  for (int i = 0; added && i < n_layers; i++) {
    char name[24];
    snprintf(name, sizeof name, "layer%d", i);
    added = nn_linear_add(&m->layer[i], m->params, name, width[i], width[i + 1]);
    if (added && init) after_layer(m, i)->init(m->layer[i].w, init);
  }
  if (!added) status = fail(error, SCRIM_E_MEMORY, "out of memory for a network of %d layers", n_layers);
  if (status == SCRIM_OK && init) status = random_status(init, error);
  if (status != SCRIM_OK) nn_mlp_free(m);
  return status;
}

void nn_mlp_free(nn_mlp *m) {
  if (!m) return;
  nn_params_free(m->params);
  m->params = NULL;
}

tensor *nn_mlp_forward(tape *t, const nn_mlp *m, tensor *x) {
  for (int i = 0; i < m->n_layers; i++) {
    x = after_layer(m, i)->op(t, nn_linear_forward(t, &m->layer[i], x));
    if (m->dropout > 0 && i + 1 < m->n_layers) x = op_dropout(t, x, m->dropout);
  }
  return x;
}

/* ---- applying: a block of rows goes through all layers while it is in the cache ---- */

enum { PREDICT_ROWS = 256 };

typedef struct predictor {
  const nn_mlp *m;
  packed_linear *layer[NN_MLP_MAX_LAYERS];
  float *block[2]; /* [PREDICT_ROWS, widest layer] each; layers go to and fro */
} predictor;

static void predictor_close(predictor *p) {
  for (int i = 0; i < p->m->n_layers; i++) packed_linear_free(p->layer[i]);
  memory_free(p->block[0]);
  memory_free(p->block[1]);
}

static scrim_status predictor_open(predictor *p, const nn_mlp *m, size_t n, scrim_error *error) {
  *p = (predictor){.m = m};
  const size_t rows = n < PREDICT_ROWS ? n : PREDICT_ROWS;
  size_t widest = 1;
  int made = 1;
  for (int i = 0; made && i < m->n_layers; i++) {
    const int in = m->width[i], out = m->width[i + 1];
    p->layer[i] = packed_linear_create(m->layer[i].w->data, m->layer[i].b->data, in, out, after_layer(m, i)->packed);
    if ((size_t)out > widest) widest = (size_t)out;
    made = p->layer[i] != NULL;
  }
  for (int i = 0; made && i < 2; i++) {
    p->block[i] = memory_zalloc(rows, widest * sizeof(float));
    made = p->block[i] != NULL;
  }
  if (made) return SCRIM_OK;
  predictor_close(p);
  return fail(error, SCRIM_E_MEMORY, "out of memory for a prediction of %zu rows", rows);
}

/* x [n, in] -> out [n, out], n at most PREDICT_ROWS. */
static void predict_block(const predictor *p, const float *x, size_t n, float *out) {
  const nn_mlp *m = p->m;
  for (int i = 0; i < m->n_layers; i++) {
    const size_t in = (size_t)m->width[i], width = (size_t)m->width[i + 1];
    float *y = i + 1 < m->n_layers ? p->block[i % 2] : out;
    packed_linear_run(p->layer[i], x, in, NULL, y, width, n);
    if (after_layer(m, i)->run) after_layer(m, i)->run(y, n * width);
    x = y;
  }
}

static void softmax_rows(float *x, size_t n, size_t width) {
  for (size_t i = 0; i < n; i++, x += width) {
    float top = x[0], sum = 0;
    for (size_t j = 1; j < width; j++) top = x[j] > top ? x[j] : top;
    for (size_t j = 0; j < width; j++) sum += x[j] = expf(x[j] - top);
    for (size_t j = 0; j < width; j++) x[j] /= sum;
  }
}

scrim_status nn_mlp_predict(const nn_mlp *m, const float *x, size_t n, int softmax, float *out, scrim_error *error) {
  const size_t in = (size_t)m->width[0], width = (size_t)m->width[m->n_layers];
  if (n == 0) return SCRIM_OK;
  predictor p;
  scrim_status status = predictor_open(&p, m, n, error);
  if (status != SCRIM_OK) return status;
  for (size_t start = 0; start < n; start += PREDICT_ROWS) {
    const size_t rows = n - start < PREDICT_ROWS ? n - start : PREDICT_ROWS;
    predict_block(&p, x + start * in, rows, out + start * width);
  }
  if (softmax) softmax_rows(out, n, width);
  predictor_close(&p);
  return SCRIM_OK;
}
