/*
 * The fast kernels against plain C, operation by operation, on the large cases of the tests: forward plus
 * backward.
 *
 *     bench_ops [NAME]
 *
 * prints the median microseconds of both and their ratio, for all cases or for those whose name begins with NAME.
 */
#include "../tests/op_cases.h"
#include "tensor/backend_open.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BENCH_ROUNDS = 51, BENCH_OUTPUTS = 1 << 17 };

typedef struct workload {
  const op_case *c;
  tape *tape;
  random_source *random;
  float *values[CASE_INPUTS], *weights;
} workload;

static void must(int held, const char *what) {
  if (held) return;
  fprintf(stderr, "bench_ops: %s\n", what);
  exit(EXIT_FAILURE);
}

static void workload_open(workload *w, const op_case *c, const backend *b) {
  *w = (workload){.c = c};
  must(tape_create(&w->tape, b, NULL) == SCRIM_OK, "no tape");
  must(random_source_from_seed(&w->random, 1, NULL) == SCRIM_OK, "no randomness");
  must(random_begin(w->random, "bench_ops", "", 0, NULL) == SCRIM_OK, "no randomness");
  tape_random(w->tape, w->random);
  w->weights = memory_zalloc(BENCH_OUTPUTS, sizeof *w->weights);
  must(w->weights != NULL, "out of memory");
  for (size_t i = 0; i < BENCH_OUTPUTS; i++) w->weights[i] = 2 * case_uniform(99, i) - 1;
  for (int k = 0; k < CASE_INPUTS; k++) {
    w->values[k] = memory_zalloc(case_values(c, k) + 1, sizeof *w->values[k]);
    must(w->values[k] != NULL, "out of memory");
    case_fill(c, k, w->values[k]);
  }
}

static void workload_close(workload *w) {
  for (int k = 0; k < CASE_INPUTS; k++) memory_free(w->values[k]);
  memory_free(w->weights);
  random_source_free(w->random);
  tape_free(w->tape);
}

static void workload_run(workload *w) {
  tape_reset(w->tape);
  const case_run r = case_build(w->tape, w->c, w->values, w->weights, BENCH_OUTPUTS);
  must(r.loss != NULL, w->c->name);
  must(tape_backward(w->tape, r.loss, NULL) == SCRIM_OK, w->c->name);
  must(tensor_values(r.loss) != NULL, w->c->name); /* a GPU has come to the end by then */
}

static double microseconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return 1e6 * (double)now.tv_sec + 1e-3 * (double)now.tv_nsec;
}

static int by_value(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Median microseconds of a pass. */
static double measure(const op_case *c, const backend *b) {
  double taken[BENCH_ROUNDS];
  workload w;
  workload_open(&w, c, b);
  workload_run(&w);
  for (int i = 0; i < BENCH_ROUNDS; i++) {
    const double began = microseconds_now();
    workload_run(&w);
    taken[i] = microseconds_now() - began;
  }
  workload_close(&w);
  qsort(taken, BENCH_ROUNDS, sizeof *taken, by_value);
  return taken[BENCH_ROUNDS / 2];
}

int main(int argc, char **argv) {
  const char *start = argc > 1 ? argv[1] : "";
  const backend *gpu;
  const char *folder = getenv("BUILD");
  const int has_gpu = backend_open_in(&gpu, 0, folder ? folder : "build", NULL) == SCRIM_OK;
  printf("%-40s %12s %12s %8s%s\n", "forward and backward", "plain C us", "fast us", "ratio",
         has_gpu ? "       GPU us    ratio" : "");
  for (size_t i = 0; i < N_OP_CASES; i++) {
    const op_case *c = &op_cases[i];
    if (!c->large || strncmp(c->name, start, strlen(start)) != 0) continue;
    const double plain = measure(c, &reference_backend), fast = measure(c, &cpu_backend);
    printf("%-40s %12.1f %12.1f %8.2f", c->name, plain, fast, plain / fast);
    if (has_gpu) {
      const double there = measure(c, gpu);
      printf(" %12.1f %8.2f", there, fast / there);
    }
    putchar('\n');
  }
  return 0;
}
