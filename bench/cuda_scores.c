/*
 * A million rows of 100 classes through a reformer of the default size: the whole session, with its transfers, checks
 * and rounding; and the passes of the network, block by block, with their transfers.
 */
#include "cuda_parts.h"
#include "purifier/reformer_device.h"
#include <scrim.h>

enum { CLASSES = 100, REFERENCE = 400, ROUNDS = 5 };

/* Rows of probabilities whose largest is at the label. */
static float *make_rows(size_t n, int32_t *labels) {
  float *rows = host_uniform(n * CLASSES);
  for (size_t i = 0; i < n; i++) {
    float *row = rows + i * CLASSES, sum = 0;
    const size_t label = (i * 7919) % CLASSES;
    for (size_t j = 0; j < CLASSES; j++) sum += row[j] = 1 + row[j] + (j == label ? 40.0f : 0);
    for (size_t j = 0; j < CLASSES; j++) row[j] /= sum;
    if (labels) labels[i] = (int32_t)label;
  }
  return rows;
}

/* Of one row through layers that are folded: what a class adds is looked up. */
static double operations(const reformer_shape *s) {
  const double k = s->classes, h1 = s->hidden[0], h2 = s->hidden[1], h3 = s->hidden[2], z = s->latent;
  return 2 * (k * h1 + h1 * h2 + h2 * h3 + h3 * z + z * h2 + h2 * h1 + h1 * k);
}

static void train(scrim_filter **filter) {
  scrim_config config;
  scrim_error error;
  const scrim_scores_data data = {
      .classes = CLASSES, .reference = make_rows(REFERENCE, NULL), .n_reference = REFERENCE};
  must_scrim(scrim_config_init(&config, "scores", &error), &error);
  must_scrim(scrim_config_set(&config, "epochs", 1, &error), &error);
  must_scrim(scrim_config_set(&config, "strength", 0, &error), &error);
  must_scrim(scrim_scores_train(filter, &data, &config, NULL, NULL, &error), &error);
  memory_free((float *)data.reference);
}

/* Seconds for n rows. */
static double session_seconds(scrim_device device, const scrim_filter *filter, float *rows, size_t n) {
  static const unsigned char bytes[SCRIM_KEY_BYTES] = {1};
  double taken[ROUNDS];
  scrim_key *key;
  scrim_config config;
  scrim_session *session;
  scrim_error error;
  float *to = memory_alloc(n * CLASSES * sizeof *to);
  must_hold(to != NULL, "memory of the host");
  must_scrim(scrim_key_create(&key, bytes, &error), &error);
  must_scrim(scrim_filter_config(filter, &config, &error), &error);
  config.device = device;
  must_scrim(scrim_session_create(&session, filter, key, &config, &error), &error);
  for (int i = -1; i < ROUNDS; i++) {
    const scrim_view in = {.kind = SCRIM_SCORES, .data = rows, .rows = n, .columns = CLASSES};
    scrim_view out = {.kind = SCRIM_SCORES, .data = to, .columns = CLASSES, .capacity = n};
    const double began = bench_now();
    must_scrim(scrim_apply(session, &in, &out, &error), &error);
    if (i >= 0) taken[i] = bench_now() - began;
  }
  scrim_session_free(session);
  scrim_key_free(key);
  memory_free(to);
  return spread_of(taken, ROUNDS).median;
}

static double pass_seconds(const reformer_shape *shape, const float *rows, const int32_t *labels, size_t n) {
  double taken[ROUNDS];
  random_source *random;
  reformer *r;
  reformer_device *d;
  scrim_error error;
  float *to = memory_alloc(REFORMER_DEVICE_ROWS * CLASSES * sizeof *to);
  must_hold(to != NULL, "memory of the host");
  must_scrim(random_source_from_seed(&random, 1, &error), &error);
  must_scrim(reformer_create(&r, shape, random, &error), &error);
  must_scrim(reformer_device_create(&d, &cuda_backend, r, 0, &error), &error);
  for (int round = -1; round < ROUNDS; round++) {
    const double began = bench_now();
    for (size_t i = 0; i < n; i += REFORMER_DEVICE_ROWS) {
      const size_t some = n - i < REFORMER_DEVICE_ROWS ? n - i : REFORMER_DEVICE_ROWS;
      must_scrim(reformer_device_reform(d, rows + i * CLASSES, labels + i, some, to, &error), &error);
    }
    if (round >= 0) taken[round] = bench_now() - began;
  }
  reformer_device_free(d);
  reformer_free(r);
  random_source_free(random);
  memory_free(to);
  return spread_of(taken, ROUNDS).median;
}

static void tell(const bench *b, const char *what, double seconds, size_t n, double each) {
  char text[96], note[96];
  const double share = (double)n * each / seconds / b->roof[ROOF_FLOAT32];
  snprintf(text, sizeof text, "%s, %zu x %d", what, n, CLASSES);
  snprintf(note, sizeof note, "%.1f ms, %.3g million rows a second", 1e3 * seconds, 1e-6 * (double)n / seconds);
  tell_figure(b, text, 100 * share, "% of float32", 40, 0, note);
}

void bench_scores(bench *b) {
  const size_t n = b->small ? 600 : 1000000, fewer = b->small ? 100 : 50000;
  const reformer_shape shape = reformer_shape_for(CLASSES);
  int32_t *labels = memory_alloc(n * sizeof *labels);
  scrim_filter *filter;
  must_hold(labels != NULL, "memory of the host");
  float *rows = make_rows(n, labels);
  train(&filter);
  roofs_measure(b);
  tell_part("Score batches through the reformer", "what | measured | aim | note");
  const double seconds = session_seconds(SCRIM_DEVICE_CUDA, filter, rows, n);
  tell(b, "a session", seconds, n, operations(&shape));
  tell(b, "the network, block by block", pass_seconds(&shape, rows, labels, n), n, operations(&shape));
  const double cpu = session_seconds(SCRIM_DEVICE_CPU, filter, rows, fewer) * (double)n / (double)fewer;
  tell_figure(b, "a session on one thread of the CPU over one on the GPU", cpu / seconds, "times", 0, 0, "");
  scrim_filter_free(filter);
  memory_free(rows);
  memory_free(labels);
}
