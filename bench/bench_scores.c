/*
 * The score filter's cost, end to end through scrim_apply: checks, what the strength asks for, rounding.
 *
 * Reads lines "K batch network members calls" and answers each with the seconds that `calls` applications of a batch
 * took, on one thread. network 1: strength 0, which runs the network on every row; 0: the default, at which a row is
 * ranked and given its code word. `members` is the size of the swap index (0: swapper off). bench_scores.py drives it
 * in turns with PyTorch.
 */
#include "core/random.h"
#include <math.h>
#include <scrim.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { REFERENCE = 200 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void check(scrim_status status, const scrim_error *error) {
  if (status == SCRIM_OK) return;
  fprintf(stderr, "bench_scores: %s\n", error->message);
  exit(1);
}

/* Rows that sum to 1 with a clear top, and labels that agree with most of them; other ones for another name. */
static float *make_rows(const char *of, size_t n, size_t k, int32_t **labels) {
  random_source *r;
  scrim_error error;
  float *rows = malloc(n * k * sizeof *rows);
  *labels = malloc(n * sizeof **labels);
  if (rows == NULL || *labels == NULL) exit(1);
  check(random_source_from_seed(&r, 1, &error), &error);
  check(random_begin(r, of, NULL, 0, &error), &error);
  for (size_t i = 0; i < n; i++) {
    double sum = 0;
    (*labels)[i] = (int32_t)random_below(r, k);
    for (size_t j = 0; j < k; j++)
      sum += rows[i * k + j] = (float)exp(2 * random_normal(r) + ((int32_t)j == (*labels)[i] ? 7 : 0));
    for (size_t j = 0; j < k; j++) rows[i * k + j] /= (float)sum;
  }
  random_source_free(r);
  return rows;
}

/* A filter of the published size; its weights matter to nobody here, so one epoch is enough. */
static scrim_filter *make_filter(size_t k, int network, size_t members, const scrim_key *key) {
  scrim_filter *filter;
  scrim_config config;
  scrim_error error;
  int32_t *labels, *member_labels = NULL;
  float *reference = make_rows("reference", REFERENCE, k, &labels);
  float *member_rows = members > 0 ? make_rows("members", members, k, &member_labels) : NULL;
  check(scrim_config_init(&config, "scores", &error), &error);
  check(scrim_config_set(&config, "epochs", 1, &error), &error);
  if (network) check(scrim_config_set(&config, "strength", 0, &error), &error);
  check(scrim_config_set(&config, "swap", members > 0, &error), &error);
  check(scrim_config_set(&config, "swap_rate", 1, &error), &error);
  const scrim_scores_data data = {k, reference, REFERENCE, labels, member_rows, members, member_labels};
  check(scrim_scores_train(&filter, &data, &config, key, NULL, &error), &error);
  free(reference);
  free(labels);
  free(member_rows);
  free(member_labels);
  return filter;
}

static double time_calls(size_t k, size_t batch, int network, size_t members, size_t calls) {
  static const unsigned char secret[SCRIM_KEY_BYTES] = {42};
  scrim_key *key;
  scrim_session *session;
  scrim_error error;
  int32_t *labels;
  check(scrim_key_create(&key, secret, &error), &error);
  scrim_filter *filter = make_filter(k, network, members, key);
  check(scrim_session_create(&session, filter, key, NULL, &error), &error);
  float *rows = make_rows("rows", batch, k, &labels), *released = malloc(batch * k * sizeof *released);
  if (released == NULL) exit(1);
  const scrim_view in = {SCRIM_SCORES, rows, batch, k, batch, 0};
  scrim_view out = {SCRIM_SCORES, released, 0, k, batch, 0};
  double start = 0;
  for (size_t i = 0; i < calls + 1 + calls / 10; i++) {
    if (i == 1 + calls / 10) start = now(); /* the first calls warm up */
    check(scrim_apply(session, &in, &out, &error), &error);
  }
  const double seconds = now() - start;
  free(rows);
  free(labels);
  free(released);
  scrim_session_free(session);
  scrim_filter_free(filter);
  scrim_key_free(key);
  return seconds;
}

int main(void) {
  size_t k, batch, members, calls;
  int network;
  while (scanf("%zu %zu %d %zu %zu", &k, &batch, &network, &members, &calls) == 5) {
    printf("%.9f\n", time_calls(k, batch, network, members, calls));
    fflush(stdout);
  }
  return 0;
}
