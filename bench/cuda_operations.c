/*
 * Operations of the table, forward and backward, and a step of the optimiser, at sizes of training. A pass is recorded
 * once; then one adapter is called again and again on what is on the device already. Bytes: every input and the result
 * once; on the way back also gradients, which are added to.
 */
#include "cuda_parts.h"
#include "nn/nn.h"
#include "voice_deid/front_end.h"

enum { MOST_INPUTS = 6 };

typedef struct operation {
  const char *name;
  /* Leaves in [MOST_INPUTS] and the result; `small` as of bench. */
  tensor *(*build)(tape *t, int small);
  double (*operations)(const tensor *y); /* of forward; backward has twice as many. NULL: bytes are what counts */
  int back_by_bytes;                     /* 1: in backward they count in any case: it visits the largest alone */
} operation;

/* A leaf of random numbers, the tape's; with a gradient, or without. */
static tensor *leaf(tape *t, int gradient, int rank, const int *dim) {
  size_t n = 1;
  for (int i = 0; i < rank; i++) n *= (size_t)dim[i];
  float *values = host_uniform(n);
  tensor *x = tape_variable(t, values, rank, dim);
  must_hold(x != NULL, "memory of the tape");
  if (!gradient) x->grad = NULL;
  memory_free(values);
  return x;
}

#define SHAPE(...)                                                                                                     \
  sizeof((int[]){__VA_ARGS__}) / sizeof(int), (int[]) {                                                                \
    __VA_ARGS__                                                                                                        \
  }
#define LEAF(...) leaf(t, 1, SHAPE(__VA_ARGS__))

static int32_t labels[1 << 16];

static tensor *build_linear(tape *t, int small) {
  const int n = small ? 32 : 16384, k = small ? 24 : 512;
  return op_linear(t, LEAF(n, k), LEAF(k, k), LEAF(k));
}

static double linear_operations(const tensor *y) {
  return 2 * (double)y->n * y->node->in[0]->dim[y->node->in[0]->rank - 1];
}

static tensor *build_conv1d(tape *t, int small) {
  const int items = small ? 2 : 64, c = small ? 8 : 192;
  return op_conv1d(t, LEAF(items, c, small ? 30 : 300), LEAF(c, c, 3), NULL, 1, 1, 1);
}

static double conv_operations(const tensor *y) {
  const tensor *w = y->node->in[1];
  return 2 * (double)y->n * w->dim[1] * w->dim[2];
}

static tensor *build_linear_max(tape *t, int small) {
  const int sets = small ? 2 : 32, in = small ? 16 : 128, out = small ? 24 : 1024;
  return op_linear_max(t, LEAF(sets, small ? 40 : 1024, in), LEAF(out, in), NULL);
}

static double linear_max_operations(const tensor *y) {
  const tensor *x = y->node->in[0];
  return 2 * (double)y->n * x->dim[1] * x->dim[2];
}

static tensor *build_relu(tape *t, int small) {
  return op_relu(t, LEAF(small ? 64 : 16384, 512));
}

static tensor *build_gelu(tape *t, int small) {
  return op_gelu(t, LEAF(small ? 64 : 16384, 512));
}

static tensor *build_softmax(tape *t, int small) {
  return op_softmax(t, LEAF(small ? 64 : 1 << 16, 100));
}

static tensor *build_cross_entropy(tape *t, int small) {
  return op_cross_entropy(t, LEAF(small ? 64 : 1 << 16, 100), labels);
}

static tensor *build_layer_norm(tape *t, int small) {
  return op_layer_norm(t, LEAF(small ? 64 : 1 << 16, 256), LEAF(256), LEAF(256), 1e-5f);
}

static tensor *build_batch_norm(tape *t, int small) {
  tensor *mean = leaf(t, 0, SHAPE(512)), *variance = op_square(t, leaf(t, 0, SHAPE(512)));
  tape_training(t, 1);
  return op_batch_norm(t, LEAF(small ? 64 : 16384, 512), LEAF(512), LEAF(512), mean, variance, 0.1f, 1e-5f);
}

static tensor *build_attentive_stats(tape *t, int small) {
  const int items = small ? 2 : 64, frames = small ? 40 : 300;
  return op_attentive_stats(t, LEAF(items, 192, frames), LEAF(items, 192, frames));
}

static tensor *build_power_spectrum(tape *t, int small) {
  return op_power_spectrum(t, LEAF(small ? 1 : 64, small ? 2000 : 48000), 320, 160, 512);
}

static tensor *build_neighbour_max(tape *t, int small) {
  const int sets = small ? 1 : 8, points = small ? 50 : 1024;
  return op_neighbour_max(t, LEAF(sets, points, 64), leaf(t, 0, SHAPE(sets, points, 3)), 20);
}

static tensor *build_moving_filter(tape *t, int small) {
  const int n = small ? 3200 : 64000;
  return op_moving_filter(t, leaf(t, 0, SHAPE(1, n)), LEAF(n / 320 + 1, 160), 320);
}

static tensor *build_minimum_phase(tape *t, int small) {
  return op_minimum_phase(t, op_affine(t, LEAF(small ? 4 : 4096, 96), 0.01f, 0), 160);
}

/* The last of a front end: bands, logarithms and their mean. It is not the last where cepstra are wanted. */
static tensor *build_log_bands(tape *t, int small) {
  static front_end *f;
  const front_end_settings settings = {
      .window = 400, .hop = 160, .n_fft = 512, .bands = 80, .low_hz = 20, .high_hz = 7600, .mean_removal = 1};
  scrim_error error;
  if (!f) must_scrim(front_end_create(&f, &settings, &error), &error);
  return front_end_apply(t, f, LEAF(small ? 1 : 64, small ? 2000 : 48000));
}

static const operation operations[] = {
    {"linear 512 x 512", build_linear, linear_operations, 0},
    {"conv1d, 192 channels, 3 taps", build_conv1d, conv_operations, 0},
    {"linear_max 128 to 1024", build_linear_max, linear_max_operations, 1},
    {"relu", build_relu, NULL, 0},
    {"gelu", build_gelu, NULL, 0},
    {"softmax, rows of 100", build_softmax, NULL, 0},
    {"cross_entropy, rows of 100", build_cross_entropy, NULL, 0},
    {"layer_norm, rows of 256", build_layer_norm, NULL, 0},
    {"batch_norm, 512 channels", build_batch_norm, NULL, 0},
    {"attentive_stats, 300 frames", build_attentive_stats, NULL, 0},
    {"power_spectrum, 64 x 3 s", build_power_spectrum, NULL, 0},
    {"log_bands, 64 x 3 s", build_log_bands, NULL, 0},
    {"neighbour_max, 20 of 1024", build_neighbour_max, NULL, 0},
    {"moving_filter, 4 s", build_moving_filter, NULL, 0},
    {"minimum_phase, 4096 x 160", build_minimum_phase, NULL, 0},
};

static void forward(void *state) {
  node *n = ((tensor *)state)->node;
  cuda_backend.op[n->kind].forward(n);
}

static void backward(void *state) {
  node *n = ((tensor *)state)->node;
  cuda_backend.op[n->kind].backward(n);
}

/* Values of all inputs, and of gradients that are wanted. */
static void count(const tensor *y, double *inputs, double *gradients) {
  *inputs = *gradients = 0;
  for (int i = 0; i < y->node->n_in; i++) {
    const tensor *x = y->node->in[i];
    if (!x) continue;
    *inputs += (double)x->n;
    if (tape_wants(x)) *gradients += (double)x->n;
  }
}

static void bench_operation(const bench *b, tape *t, const operation *o) {
  char text[96];
  double inputs, gradients;
  scrim_error error;
  tape_reset(t);
  tape_training(t, 0);
  tensor *y = o->build(t, b->small);
  must_scrim(tape_status(t, &error), &error);
  must_scrim(tape_backward(t, y->n == 1 ? y : op_mean(t, y), &error), &error);
  count(y, &inputs, &gradients);
  const double work = o->operations ? o->operations(y) : 4 * (inputs + (double)y->n);
  const int by_bytes = !o->operations || o->back_by_bytes;
  const double back = by_bytes ? 4 * (inputs + (double)y->n + 2 * gradients) : 2 * o->operations(y);
  snprintf(text, sizeof text, "%s, forward", o->name);
  tell_kernel(b, text, measure_events(b, forward, y), work, o->operations ? ROOF_FLOAT32 : ROOF_COPY);
  snprintf(text, sizeof text, "%s, backward", o->name);
  tell_kernel(b, text, measure_events(b, backward, y), back, by_bytes ? ROOF_COPY : ROOF_FLOAT32);
  must_scrim(tape_status(t, &error), &error);
}

static void step(void *state) {
  must_hold(nn_optimizer_step(state, 1) >= 0, "a step of the optimiser");
}

/* Weight, three moments and gradient are read, all but the gradient written. */
static void bench_optimizer(const bench *b, tape *t, double clip) {
  const nn_optimizer_config config = {.kind = NN_AMSGRAD, .rate = 1e-4, .clip_norm = clip};
  const int side = b->small ? 40 : 4096;
  scrim_error error;
  nn_params *params = nn_params_create();
  tensor *w = params ? nn_params_add(params, "w", 2, (int[]){side, side}, 1) : NULL;
  must_hold(w != NULL, "memory of the host");
  nn_init_fill(w, 0.5f);
  nn_optimizer *o = nn_optimizer_create(params, &config);
  must_hold(o != NULL, "memory of the host");
  tape_reset(t);
  must_scrim(tape_backward(t, op_mean(t, op_square(t, w)), &error), &error);
  tell_kernel(b, clip > 0 ? "amsgrad, clipped by the norm of all" : "amsgrad", measure_events(b, step, o),
              (double)w->n * 4 * (clip > 0 ? 10 : 9), ROOF_COPY);
  tape_reset(t);
  nn_optimizer_free(o);
  nn_params_free(params);
}

void bench_operations(bench *b) {
  scrim_error error;
  tape *t;
  roofs_measure(b);
  must_scrim(tape_create(&t, &cuda_backend, &error), &error);
  for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) labels[i] = (int32_t)(i % 100);
  tell_part("Operations", "operation | ms | least..most | amount | rate | share");
  for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) bench_operation(b, t, &operations[i]);
  bench_optimizer(b, t, 0);
  bench_optimizer(b, t, 1e9);
  const char *name;
  must_hold(tape_fallbacks(t, &name) == 0, "an operation of the GPU alone");
  tape_free(t);
}
