#include "pointcloud_defense/prior.h"

#include "core/error.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const float slope = 0.01f;
static const char prefix[] = "prior.";

/* ---- sizes ---- */

/* Layers of the encoder, the head and the network, in units of the width; 0: the latent. */
static const int encoder_widths[PRIOR_ENCODER_LAYERS] = {1, 1, 2, 4};
static const int head_widths[PRIOR_HEAD_LAYERS] = {2, 1, 0};
static const int widths[PRIOR_LAYERS - 1] = {1, 2, 4, 2, 1};

int prior_width(const prior_shape *shape, int layer) {
  return layer + 1 < PRIOR_LAYERS ? widths[layer] * shape->width : PRIOR_WAYS;
}

void prior_times(double noise, float times[PRIOR_TIMES]) {
  const double u = log(noise);
  times[0] = (float)u;
  times[1] = (float)sin(u);
  times[2] = (float)cos(u);
}

/* ---- making ---- */

static int add_linear(prior *p, nn_linear *l, const char *name, int index, int in, int out) {
  char full[40];
  snprintf(full, sizeof full, "%s.%d", name, index);
  return nn_linear_add(l, p->params, full, in, out);
}

static int add_layer(prior *p, int i, int in) {
  const int out = prior_width(&p->shape, i), context = p->shape.latent + PRIOR_TIMES;
  char name[40];
  snprintf(name, sizeof name, "shift.%d.weight", i);
  p->layer[i].shift = nn_params_add(p->params, name, 2, (const int[]){out, context}, 1);
  return p->layer[i].shift != NULL && add_linear(p, &p->layer[i].linear, "layer", i, in, out) &&
         add_linear(p, &p->layer[i].gate, "gate", i, context, out);
}

static int add_layers(prior *p) {
  const int w = p->shape.width;
  int added = 1, in = PRIOR_INVARIANTS;
  for (int i = 0; added && i < PRIOR_ENCODER_LAYERS; i++) {
    added = add_linear(p, &p->encoder[i], "encoder", i, in, encoder_widths[i] * w);
    in = encoder_widths[i] * w;
  }
  for (int i = 0; added && i < PRIOR_HEAD_LAYERS; i++) {
    const int out = head_widths[i] > 0 ? head_widths[i] * w : p->shape.latent;
    added = add_linear(p, &p->head[i], "head", i, in, out);
    in = out;
  }
  added = added && nn_linear_add(&p->gauge, p->params, "gauge", in, 1);
  in = PRIOR_INVARIANTS;
  for (int i = 0; added && i < PRIOR_LAYERS; i++) {
    added = add_layer(p, i, in);
    in = prior_width(&p->shape, i);
  }
  return added;
}

/* The last layer starts at 0: an untrained prior finds no noise. */
static void init_weights(prior *p, random_source *init) {
  for (int i = 0; i < PRIOR_ENCODER_LAYERS; i++) nn_init_he(p->encoder[i].w, init);
  for (int i = 0; i < PRIOR_HEAD_LAYERS; i++) nn_init_he(p->head[i].w, init);
  nn_init_xavier(p->gauge.w, init);
  for (int i = 0; i < PRIOR_LAYERS; i++) {
    nn_init_xavier(p->layer[i].gate.w, init);
    nn_init_xavier(p->layer[i].shift, init);
    if (i + 1 < PRIOR_LAYERS)
      nn_init_he(p->layer[i].linear.w, init);
    else
      nn_init_fill(p->layer[i].shift, 0);
  }
}

scrim_status prior_create(prior **out, const prior_shape *shape, random_source *init, scrim_error *error) {
  prior *p = memory_zalloc(1, sizeof *p);
  if (p != NULL) {
    p->shape = *shape;
    p->params = nn_params_create();
  }
  if (p == NULL || p->params == NULL || !add_layers(p)) {
    prior_free(p);
    return fail(error, SCRIM_E_MEMORY, "out of memory for a prior of width %d", shape->width);
  }
  if (init != NULL) init_weights(p, init);
  const scrim_status status = init != NULL ? random_status(init, error) : SCRIM_OK;
  if (status == SCRIM_OK)
    *out = p;
  else
    prior_free(p);
  return status;
}

void prior_free(prior *p) {
  if (p == NULL) return;
  nn_params_free(p->params);
  memory_free(p);
}

/* ---- the figure ---- */

tensor *prior_encode(tape *t, const prior *p, tensor *invariants) {
  tensor *x = invariants;
  for (int i = 0; i < PRIOR_ENCODER_LAYERS; i++) x = op_relu(t, nn_linear_forward(t, &p->encoder[i], x));
  x = op_reduce_mean(t, x, 1);
  for (int i = 0; i + 1 < PRIOR_HEAD_LAYERS; i++) x = op_relu(t, nn_linear_forward(t, &p->head[i], x));
  return nn_linear_forward(t, &p->head[PRIOR_HEAD_LAYERS - 1], x);
}

tensor *prior_gauge(tape *t, const prior *p, tensor *latent) {
  return nn_linear_forward(t, &p->gauge, latent);
}

tensor *prior_epsilon(tape *t, const prior *p, tensor *invariants, tensor *ways, tensor *context,
                      const int32_t *owner) {
  tensor *x = invariants;
  for (int i = 0; i < PRIOR_LAYERS && x != NULL; i++) {
    const prior_layer *l = &p->layer[i];
    tensor *gate = op_sigmoid(t, nn_linear_forward(t, &l->gate, context));
    tensor *shift = op_linear(t, context, l->shift, NULL);
    const int n = x->dim[0];
    x = op_mul(t, nn_linear_forward(t, &l->linear, x), op_gather(t, gate, owner, n));
    x = op_add(t, x, op_gather(t, shift, owner, n));
    if (i + 1 < PRIOR_LAYERS) x = op_leaky_relu(t, x, slope);
  }
  x = op_reduce_mean(t, op_mul(t, ways, x), 2);
  return op_affine(t, op_transpose(t, x), -PRIOR_WAYS, 0);
}

/* ---- files ---- */

scrim_status prior_put(const prior *p, tensorfile_writer *writer, scrim_error *error) {
  return nn_params_put(p->params, prefix, writer, error);
}

int prior_is_in(const tensorfile *file) {
  return tensorfile_has(file, "prior.encoder.0.weight");
}

/* That the file holds its largest tensors, so that a small file cannot ask for much memory. */
static scrim_status check_weights(const prior_shape *s, const tensorfile *file, scrim_error *error) {
  const struct {
    const char *name;
    int out, in;
  } layers[] = {{"prior.encoder.3.weight", 4 * s->width, 2 * s->width},
                {"prior.gate.2.weight", 4 * s->width, s->latent + PRIOR_TIMES},
                {"prior.layer.2.weight", 4 * s->width, 2 * s->width}};
  scrim_status status = SCRIM_OK;
  for (size_t i = 0; i < sizeof layers / sizeof *layers && status == SCRIM_OK; i++) {
    int64_t shape[2] = {layers[i].out, layers[i].in};
    const void *data;
    status = tensorfile_get(file, layers[i].name, TENSORFILE_F32, 2, shape, &data, error);
  }
  return status;
}

static scrim_status read_shape(prior_shape *shape, const tensorfile *file, scrim_error *error) {
  int64_t head[2] = {-1, -1};
  const void *data;
  const scrim_status status = tensorfile_get(file, "prior.head.2.weight", TENSORFILE_F32, 2, head, &data, error);
  if (status != SCRIM_OK) return status;
  if (head[0] < 1 || head[0] > 1024 || head[1] < 1 || head[1] > 512)
    return fail(error, SCRIM_E_FORMAT, "a prior of width %lld and latent %lld", (long long)head[1], (long long)head[0]);
  *shape = (prior_shape){(int)head[1], (int)head[0]};
  return check_weights(shape, file, error);
}

scrim_status prior_get(prior **out, const tensorfile *file, scrim_error *error) {
  prior_shape shape;
  prior *p = NULL;
  scrim_status status = read_shape(&shape, file, error);
  if (status == SCRIM_OK) status = prior_create(&p, &shape, NULL, error);
  if (status == SCRIM_OK) status = nn_params_get(p->params, prefix, file, error);
  if (status == SCRIM_OK)
    *out = p;
  else
    prior_free(p);
  return status;
}
