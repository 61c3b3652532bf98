#include "pointcloud_defense/marker.h"

#include "core/error.h"
#include "tensor/packed.h"
#include "tensor/vector_math.h"

static const char prefix[] = "marker.";
/* What there is besides the network, by name in the file. */
static const char mean_name[] = "marker.mean", scale_name[] = "marker.scale", rule_name[] = "marker.rule";

size_t marker_width(const marker_shape *shape) {
  return shape->intensity ? MARKER_FEATURES : MARKER_GEOMETRY;
}

/* ---- making ---- */

scrim_status marker_create(marker *m, const marker_shape *shape, random_source *init, scrim_error *error) {
  const int width[MARKER_LAYERS + 1] = {(int)marker_width(shape), shape->width, shape->width, 2};
  *m = (marker){.shape = *shape};
  for (size_t i = 0; i < MARKER_FEATURES; i++) m->scale[i] = 1;
  return nn_mlp_create(&m->network, MARKER_LAYERS, width, NN_RELU, init, error);
}

void marker_free(marker *m) {
  nn_mlp_free(&m->network);
}

/* ---- in files ---- */

int marker_is_in(const tensorfile *file) {
  return tensorfile_has(file, mean_name);
}

scrim_status marker_put(const marker *m, tensorfile_writer *writer, scrim_error *error) {
  const int64_t width = (int64_t)marker_width(&m->shape), rules = MARKER_RULES;
  scrim_status status = nn_params_put(m->network.params, prefix, writer, error);
  if (status == SCRIM_OK) status = tensorfile_put(writer, mean_name, TENSORFILE_F32, 1, &width, m->mean, error);
  if (status == SCRIM_OK) status = tensorfile_put(writer, scale_name, TENSORFILE_F32, 1, &width, m->scale, error);
  if (status == SCRIM_OK) status = tensorfile_put(writer, rule_name, TENSORFILE_F32, 1, &rules, m->rule, error);
  return status;
}

/* Sizes, from the tensors that tell them. */
static scrim_status read_shape(marker_shape *shape, const tensorfile *file, scrim_error *error) {
  int64_t features = -1, layer[2] = {-1, -1};
  const void *unused;
  scrim_status status = tensorfile_get(file, mean_name, TENSORFILE_F32, 1, &features, &unused, error);
  if (status == SCRIM_OK)
    status = tensorfile_get(file, "marker.layer1.weight", TENSORFILE_F32, 2, layer, &unused, error);
  if (status != SCRIM_OK) return status;
  if ((features != MARKER_GEOMETRY && features != MARKER_FEATURES) || layer[0] < 1 || layer[0] > MARKER_MOST_WIDTH)
    return fail(error, SCRIM_E_FORMAT, "a marker of %lld features and width %lld", (long long)features,
                (long long)layer[0]);
  *shape = (marker_shape){(int)layer[0], features == MARKER_FEATURES};
  return SCRIM_OK;
}

static scrim_status read_numbers(marker *m, const tensorfile *file, scrim_error *error) {
  int64_t width = (int64_t)marker_width(&m->shape), rules = MARKER_RULES;
  const void *mean, *scale, *rule;
  scrim_status status = tensorfile_get(file, mean_name, TENSORFILE_F32, 1, &width, &mean, error);
  if (status == SCRIM_OK) status = tensorfile_get(file, scale_name, TENSORFILE_F32, 1, &width, &scale, error);
  if (status == SCRIM_OK) status = tensorfile_get(file, rule_name, TENSORFILE_F32, 1, &rules, &rule, error);
  if (status != SCRIM_OK) return status;
  memcpy(m->mean, mean, (size_t)width * sizeof *m->mean);
  memcpy(m->scale, scale, (size_t)width * sizeof *m->scale);
  memcpy(m->rule, rule, sizeof m->rule);
  const double k = m->rule[MARKER_K], threshold = m->rule[MARKER_THRESHOLD];
  if (!(k >= 1 && k <= NEIGHBOURS_MAX) || k != floor(k) || !(threshold >= 0 && threshold <= 1))
    return fail(error, SCRIM_E_FORMAT, "a marker of %g neighbours and threshold %g", k, threshold);
  return SCRIM_OK;
}

scrim_status marker_get(marker *m, const tensorfile *file, scrim_error *error) {
  random_source *any = NULL; /* the weights are read afterwards */
  marker_shape shape = {0};
  *m = (marker){0};
  scrim_status status = read_shape(&shape, file, error);
  if (status == SCRIM_OK) status = random_source_from_seed(&any, 0, error);
  if (status == SCRIM_OK) status = marker_create(m, &shape, any, error);
  random_source_free(any);
  if (status == SCRIM_OK) status = nn_params_get(m->network.params, prefix, file, error);
  if (status == SCRIM_OK) status = read_numbers(m, file, error);
  if (status != SCRIM_OK) marker_free(m);
  return status;
}

/* ---- inference ---- */

struct marker_plan {
  marker_shape shape;
  size_t k;
  double threshold;
  float *weights;         /* of all layers */
  device_network network; /* where they are */
  packed_linear *layer[MARKER_LAYERS];
};

/* W ((x - mean) * scale) + b, as one layer. */
static void fold_first(const marker *m, float *w, float *b) {
  const size_t in = marker_width(&m->shape), out = (size_t)m->shape.width;
  const nn_linear *l = &m->network.layer[0];
  for (size_t i = 0; i < out; i++) {
    double bias = l->b->data[i];
    for (size_t j = 0; j < in; j++) {
      w[i * in + j] = l->w->data[i * in + j] * m->scale[j];
      bias -= (double)w[i * in + j] * m->mean[j];
    }
    b[i] = (float)bias;
  }
}

/* softmax (y)[1] = sigmoid(y[1] - y[0]) */
static void fold_last(const marker *m, float *w, float *b) {
  const size_t in = (size_t)m->shape.width;
  const nn_linear *l = &m->network.layer[MARKER_LAYERS - 1];
  for (size_t j = 0; j < in; j++) w[j] = l->w->data[in + j] - l->w->data[j];
  *b = l->b->data[1] - l->b->data[0];
}

/* 0: out of memory. */
static int fold(marker_plan *plan, const marker *m) {
  const int width = m->shape.width, in = (int)marker_width(&m->shape);
  const nn_linear *second = &m->network.layer[1];
  float *at = memory_zalloc((size_t)(in + width + 3) * (size_t)width + 1, sizeof *at);
  plan->weights = at;
  plan->network = (device_network){.layers = MARKER_LAYERS, .width = {in, width, width, 1}};
  if (at == NULL) return 0;
  for (int i = 0; i < MARKER_LAYERS; i++) {
    const size_t inputs = (size_t)plan->network.width[i], outputs = (size_t)plan->network.width[i + 1];
    plan->network.w[i] = at;
    plan->network.b[i] = at + inputs * outputs;
    if (i == 0) fold_first(m, at, at + inputs * outputs);
    if (i == 1) memcpy(at, second->w->data, inputs * outputs * sizeof *at);
    if (i == 1) memcpy(at + inputs * outputs, second->b->data, outputs * sizeof *at);
    if (i == 2) fold_last(m, at, at + inputs * outputs);
    at += (inputs + 1) * outputs;
  }
  return 1;
}

scrim_status marker_plan_create(marker_plan **out, const marker *m, scrim_error *error) {
  marker_plan *plan = memory_zalloc(1, sizeof *plan);
  int made = plan != NULL && fold(plan, m);
  for (int i = 0; i < MARKER_LAYERS && made; i++) {
    const device_network *n = &plan->network;
    plan->layer[i] = packed_linear_create(n->w[i], n->b[i], n->width[i], n->width[i + 1],
                                          i + 1 < MARKER_LAYERS ? PACKED_RELU : PACKED_IDENTITY);
    made = plan->layer[i] != NULL;
  }
  if (!made) {
    marker_plan_free(plan);
    return fail(error, SCRIM_E_MEMORY, "out of memory for the plan of a marker of width %d", m->shape.width);
  }
  plan->shape = m->shape;
  plan->k = (size_t)m->rule[MARKER_K];
  plan->threshold = m->rule[MARKER_THRESHOLD];
  *out = plan;
  return SCRIM_OK;
}

void marker_plan_free(marker_plan *plan) {
  if (plan == NULL) return;
  for (int i = 0; i < MARKER_LAYERS; i++) packed_linear_free(plan->layer[i]);
  memory_free(plan->weights);
  memory_free(plan);
}

const device_network *marker_plan_network(const marker_plan *plan) {
  return &plan->network;
}

int marker_plan_intensity(const marker_plan *plan) {
  return plan->shape.intensity;
}

size_t marker_plan_k(const marker_plan *plan) {
  return plan->k;
}

double marker_plan_threshold(const marker_plan *plan) {
  return plan->threshold;
}

void marker_plan_run(const marker_plan *plan, const float *features, size_t n, float *likely) {
  float hidden[2][NEIGHBOURS_LANES * MARKER_MOST_WIDTH];
  const size_t in = marker_width(&plan->shape), width = (size_t)plan->shape.width;
  packed_linear_run(plan->layer[0], features, in, NULL, hidden[0], width, n);
  packed_linear_run(plan->layer[1], hidden[0], width, NULL, hidden[1], width, n);
  packed_linear_run(plan->layer[2], hidden[1], width, NULL, likely, 1, n);
  for (size_t i = 0; i < n; i++) likely[i] = vector_sigmoid(likely[i]);
}
