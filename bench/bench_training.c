/*
 * One training step of the confidence reformer, timed: forward, backward, Adam with amsgrad.
 *
 *     bench_training CLASSES BATCH STEPS [cuda]
 *
 * prints the number of trainable values, the loss before and after, and the median seconds a step. bench_training.py
 * runs it in turn with the same network in PyTorch. With "cuda" on the GPU, by the backend in the folder BUILD.
 */
#include "purifier/reformer.h"
#include "tensor/backend_open.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WARM_UP = 20 };

typedef struct workload {
  reformer *r;
  nn_optimizer *optimizer;
  tape *tape;
  random_source *random;
  int n, k;
  float *x;        /* [n, 2k] scores and one-hot */
  float *one_hot;  /* [n, k] */
  float *scores;   /* [n, k] */
  int32_t *labels; /* [n] */
} workload;

static void must(scrim_status status, const scrim_error *error) {
  if (status == SCRIM_OK) return;
  fprintf(stderr, "bench_training: %s\n", error->message);
  exit(EXIT_FAILURE);
}

/* Rows of random scores whose arg max is the label. */
static void fill_rows(workload *w) {
  const size_t k = (size_t)w->k;
  for (size_t i = 0; i < (size_t)w->n; i++) {
    float *row = w->scores + i * k, sum = 0;
    const size_t label = (size_t)random_below(w->random, k);
    for (size_t j = 0; j < k; j++) sum += row[j] = (float)random_uniform(w->random) + (j == label ? (float)k : 0);
    for (size_t j = 0; j < k; j++) row[j] /= sum;
    memcpy(w->x + i * 2 * k, row, k * sizeof *row);
    w->x[i * 2 * k + k + label] = w->one_hot[i * k + label] = 1;
    w->labels[i] = (int32_t)label;
  }
}

static void workload_open(workload *w, int classes, int batch, int cuda) {
  scrim_error error = {0};
  const reformer_shape shape = reformer_shape_for(classes);
  *w = (workload){.n = batch, .k = classes};
  must(random_source_from_seed(&w->random, 1, &error), &error);
  must(reformer_create(&w->r, &shape, w->random, &error), &error);
  const backend *b = &cpu_backend;
  const char *folder = getenv("BUILD");
  if (cuda) must(backend_open_in(&b, 0, folder ? folder : "build", &error), &error);
  must(tape_create(&w->tape, b, &error), &error);
  const nn_optimizer_config adam = {.kind = NN_AMSGRAD, .rate = 1e-3, .beta1 = 0.5};
  const size_t values = (size_t)batch * (size_t)classes;
  w->optimizer = nn_optimizer_create(w->r->params, &adam);
  w->x = memory_zalloc(2 * values, sizeof *w->x);
  w->one_hot = memory_zalloc(values, sizeof *w->one_hot);
  w->scores = memory_zalloc(values, sizeof *w->scores);
  w->labels = memory_zalloc((size_t)batch, sizeof *w->labels);
  if (!w->optimizer || !w->x || !w->one_hot || !w->scores || !w->labels) {
    must(SCRIM_E_MEMORY, &(scrim_error){.message = "out of memory"});
  }
  fill_rows(w);
}

static void workload_close(workload *w) {
  memory_free(w->x);
  memory_free(w->one_hot);
  memory_free(w->scores);
  memory_free(w->labels);
  nn_optimizer_free(w->optimizer);
  tape_free(w->tape);
  reformer_free(w->r);
  random_source_free(w->random);
}

static tensor *forward(workload *w) {
  tape *t = w->tape;
  tensor *x = tape_input(t, w->x, 2, (int[]){w->n, 2 * w->k});
  tensor *one_hot = tape_input(t, w->one_hot, 2, (int[]){w->n, w->k});
  tensor *scores = tape_input(t, w->scores, 2, (int[]){w->n, w->k});
  tensor *log_variance, *mean = reformer_encode(t, w->r, x, &log_variance);
  tensor *logits = reformer_decode(t, w->r, op_gaussian(t, mean, log_variance), one_hot);
  tensor *fit = op_add(t, op_mse(t, op_softmax(t, logits), scores), op_cross_entropy(t, logits, w->labels));
  return op_add(t, fit, op_kl_gaussian(t, mean, log_variance));
}

/* One step; answers its loss. */
static double step(workload *w, uint64_t number) {
  scrim_error error = {0};
  tape_reset(w->tape);
  tape_training(w->tape, 1);
  tape_random(w->tape, w->random);
  must(random_begin(w->random, "step", &number, sizeof number, &error), &error);
  tensor *loss = forward(w);
  must(tape_status(w->tape, &error), &error);
  nn_params_zero_grad(w->r->params);
  must(tape_backward(w->tape, loss, &error), &error);
  nn_optimizer_step(w->optimizer, 1);
  must(nn_optimizer_status(w->optimizer, &error), &error);
  const float *value = tensor_values(loss);
  must(tape_status(w->tape, &error), &error);
  return (double)*value;
}

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int by_value(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  const int given = argc == 4 || argc == 5, cuda = argc == 5 && strcmp(argv[4], "cuda") == 0;
  const int classes = given ? atoi(argv[1]) : 0, batch = given ? atoi(argv[2]) : 0, steps = given ? atoi(argv[3]) : 0;
  if (classes < 2 || batch < 2 || steps < 1 || (argc == 5 && !cuda)) {
    fprintf(stderr, "usage: bench_training CLASSES BATCH STEPS [cuda]\n");
    return 64;
  }
  workload w;
  workload_open(&w, classes, batch, cuda);
  const double before = step(&w, 0);
  for (int i = 1; i < WARM_UP; i++) step(&w, (uint64_t)i);
  double *taken = memory_zalloc((size_t)steps, sizeof *taken), after = before;
  if (!taken) must(SCRIM_E_MEMORY, &(scrim_error){.message = "out of memory"});
  for (int i = 0; i < steps; i++) {
    const double began = seconds_now();
    after = step(&w, (uint64_t)(WARM_UP + i));
    taken[i] = seconds_now() - began;
  }
  qsort(taken, (size_t)steps, sizeof *taken, by_value);
  printf("%zu %.6f %.6f %.9f\n", nn_params_values(w.r->params), before, after, taken[steps / 2]);
  memory_free(taken);
  workload_close(&w);
  return 0;
}
