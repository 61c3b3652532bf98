/*
 * One step of training of each filter's network, for bench_cuda.py, which takes the same one in PyTorch: batch from the
 * host, forward, backward, the optimiser, and the loss back to the host.
 *
 *     bench_cuda steps cpu|cuda scores|cloud|voice BATCH STEPS
 *
 * answers the trainable values, the loss before and after, and the median seconds of a step.
 */
#include "cuda_parts.h"
#include "pointcloud_defense/prior.h"
#include "purifier/reformer.h"
#include "tensor/backend_open.h"
#include "voice_deid/speaker_encoder.h"
#include <stdlib.h>
#include <string.h>

enum { WARM_UP = 10, CLASSES = 100, POINTS = 512, SAMPLES = 2 * SPEECH_RATE };

/* A network and a batch for it. */
typedef struct job {
  int batch;
  nn_params *params;
  nn_optimizer_config optimizer;
  tensor *(*loss)(tape *t, const struct job *j);
  void *network;
  void (*close)(void *network);
  tensor *centres; /* of the voice's classes */
  float *input[5]; /* as the loss has them */
  int32_t *labels; /* [batch], or the cloud's owners [batch * POINTS] */
  random_source *random;
} job;

/* ---- scores: the reformer ---- */

static tensor *scores_loss(tape *t, const job *j) {
  const reformer *r = j->network;
  tensor *x = tape_input(t, j->input[0], 2, (int[]){j->batch, 2 * CLASSES});
  tensor *one_hot = tape_input(t, j->input[1], 2, (int[]){j->batch, CLASSES});
  tensor *scores = tape_input(t, j->input[2], 2, (int[]){j->batch, CLASSES});
  tensor *log_variance, *mean = reformer_encode(t, r, x, &log_variance);
  tensor *logits = reformer_decode(t, r, op_gaussian(t, mean, log_variance), one_hot);
  tensor *fit = op_add(t, op_mse(t, op_softmax(t, logits), scores), op_cross_entropy(t, logits, j->labels));
  return op_add(t, fit, op_kl_gaussian(t, mean, log_variance));
}

static void close_reformer(void *network) {
  reformer_free(network);
}

static void open_scores(job *j) {
  const reformer_shape shape = reformer_shape_for(CLASSES);
  const size_t n = (size_t)j->batch;
  reformer *r;
  scrim_error error;
  must_scrim(reformer_create(&r, &shape, j->random, &error), &error);
  j->network = r;
  j->close = close_reformer;
  j->params = r->params;
  j->optimizer = (nn_optimizer_config){.kind = NN_AMSGRAD, .rate = 1e-3, .beta1 = 0.5};
  j->loss = scores_loss;
  j->input[0] = memory_zalloc(n * 2 * CLASSES, sizeof(float));
  j->input[1] = memory_zalloc(n * CLASSES, sizeof(float));
  j->input[2] = host_uniform(n * CLASSES);
  for (size_t i = 0; i < n; i++) {
    float *row = j->input[2] + i * CLASSES, sum = 0;
    const size_t label = i * 31 % CLASSES;
    for (size_t k = 0; k < CLASSES; k++) sum += row[k] = 1 + row[k] + (k == label ? 100.0f : 0);
    for (size_t k = 0; k < CLASSES; k++) j->input[0][i * 2 * CLASSES + k] = row[k] /= sum;
    j->input[0][i * 2 * CLASSES + CLASSES + label] = j->input[1][i * CLASSES + label] = 1;
    j->labels[i] = (int32_t)label;
  }
}

/* ---- clouds: the prior ---- */

static tensor *cloud_loss(tape *t, const job *j) {
  const prior *p = j->network;
  const int b = j->batch, m = b * POINTS;
  tensor *latent = prior_encode(t, p, tape_input(t, j->input[0], 3, (int[]){b, POINTS, PRIOR_INVARIANTS}));
  tensor *times = tape_input(t, j->input[1], 2, (int[]){b, PRIOR_TIMES});
  tensor *context = op_concat(t, (tensor *[]){latent, times}, 2, 1);
  tensor *x = tape_input(t, j->input[0], 2, (int[]){m, PRIOR_INVARIANTS});
  tensor *ways = tape_input(t, j->input[2], 3, (int[]){3, m, PRIOR_WAYS});
  tensor *noise = prior_epsilon(t, p, x, ways, context, j->labels);
  tensor *noise_loss = op_mse(t, noise, tape_input(t, j->input[3], 2, (int[]){m, 3}));
  tensor *gauge_loss = op_mse(t, prior_gauge(t, p, latent), tape_input(t, j->input[4], 2, (int[]){b, 1}));
  return op_add(t, noise_loss, op_affine(t, gauge_loss, 0.2f, 0));
}

static void close_prior(void *network) {
  prior_free(network);
}

static void open_cloud(job *j) {
  const prior_shape shape = {32, 16}; /* the default */
  const size_t b = (size_t)j->batch, m = b * POINTS;
  prior *p;
  scrim_error error;
  must_scrim(prior_create(&p, &shape, j->random, &error), &error);
  j->network = p;
  j->close = close_prior;
  j->params = p->params;
  j->optimizer = (nn_optimizer_config){.kind = NN_ADAM, .rate = 2e-3, .clip_norm = 10};
  j->loss = cloud_loss;
  const size_t sizes[] = {m * PRIOR_INVARIANTS, b * PRIOR_TIMES, 3 * m * PRIOR_WAYS, 3 * m, b};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) j->input[i] = host_uniform(sizes[i]);
  for (size_t i = 0; i < m; i++) j->labels[i] = (int32_t)(i / POINTS);
}

/* ---- voices: the speaker encoder of kind statistics ---- */

static tensor *voice_loss(tape *t, const job *j) {
  tensor *samples = tape_input(t, j->input[0], 2, (int[]){j->batch, SAMPLES});
  tensor *embedded = speaker_encoder_embed(t, j->network, samples);
  tensor *cosines = op_linear(t, embedded, op_normalize(t, j->centres, 1e-6f), NULL);
  return op_margin_softmax(t, cosines, j->labels, 0.2f, 30);
}

static void close_encoder(void *network) {
  speaker_encoder_free(network);
}

static void open_voice(job *j) {
  speaker_encoder_settings settings;
  speaker_encoder *e;
  scrim_error error;
  must_scrim(speaker_encoder_defaults(&settings, "statistics", &error), &error);
  must_scrim(speaker_encoder_create(&e, &settings, j->random, &error), &error);
  j->network = e;
  j->close = close_encoder;
  j->params = speaker_encoder_params(e);
  j->centres = nn_params_add(j->params, "centres", 2, (int[]){CLASSES, settings.dimensions}, 1);
  must_hold(j->centres != NULL, "memory of the host");
  nn_init_normal(j->centres, 0.1, j->random);
  j->optimizer = (nn_optimizer_config){.kind = NN_ADAMW, .rate = 1e-3, .weight_decay = 1e-4, .clip_norm = 10};
  j->loss = voice_loss;
  j->input[0] = host_uniform((size_t)j->batch * SAMPLES);
  for (int i = 0; i < j->batch; i++) j->labels[i] = (int32_t)(i % CLASSES);
}

/* ---- steps ---- */

static double take_step(job *j, tape *t, nn_optimizer *o, uint64_t number) {
  scrim_error error;
  tape_reset(t);
  tape_training(t, 1);
  tape_random(t, j->random);
  must_scrim(random_begin(j->random, "step", &number, sizeof number, &error), &error);
  tensor *loss = j->loss(t, j);
  must_scrim(tape_status(t, &error), &error);
  nn_params_zero_grad(j->params);
  must_scrim(tape_backward(t, loss, &error), &error);
  must_hold(nn_optimizer_step(o, 1) >= 0, "a step of the optimiser");
  const float *value = tensor_values(loss);
  must_hold(value != NULL, "reading the loss");
  return (double)*value;
}

static void take_steps(job *j, const backend *b, size_t steps) {
  double *taken = memory_zalloc(steps, sizeof *taken), before = 0, after = 0;
  tape *t;
  scrim_error error;
  nn_optimizer *o = nn_optimizer_create(j->params, &j->optimizer);
  must_hold(taken && o, "memory of the host");
  must_scrim(tape_create(&t, b, &error), &error);
  for (size_t i = 0; i < WARM_UP + steps; i++) {
    const double began = bench_now();
    after = take_step(j, t, o, i);
    if (i == 0) before = after;
    if (i >= WARM_UP) taken[i - WARM_UP] = bench_now() - began;
  }
  printf("%zu %.6f %.6f %.9f\n", nn_params_values(j->params), before, after, spread_of(taken, steps).median);
  nn_optimizer_free(o);
  tape_free(t);
  memory_free(taken);
}

static void close_job(job *j) {
  j->close(j->network);
  for (size_t i = 0; i < sizeof j->input / sizeof *j->input; i++) memory_free(j->input[i]);
  memory_free(j->labels);
  random_source_free(j->random);
}

int bench_steps(int n, char **of) {
  static const struct {
    const char *name;
    void (*open)(job *j);
  } jobs[] = {{"scores", open_scores}, {"cloud", open_cloud}, {"voice", open_voice}};
  const int batch = n == 4 ? atoi(of[2]) : 0, steps = n == 4 ? atoi(of[3]) : 0;
  scrim_error error;
  const backend *b = &cpu_backend;
  if (batch < 2 || steps < 1) return 64;
  if (strcmp(of[0], "cuda") == 0) b = &cuda_backend;
  for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
    if (strcmp(of[1], jobs[i].name) != 0) continue;
    job j = {.batch = batch, .labels = memory_zalloc((size_t)batch * POINTS, sizeof *j.labels)};
    must_hold(j.labels != NULL, "memory of the host");
    must_scrim(random_source_from_seed(&j.random, 1, &error), &error);
    must_scrim(random_begin(j.random, "weights", NULL, 0, &error), &error);
    jobs[i].open(&j);
    take_steps(&j, b, (size_t)steps);
    close_job(&j);
    return 0;
  }
  return 64;
}
