/* The folded plan gives what the network gives, and the same bits for a row in any batch. */
#include "purifier/reformer_plan.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { N = REFORMER_PLAN_ROWS, K = 7, LATENT = 5 };

static const reformer_shape shape = {K, {24, 40, 33}, LATENT, 0};
static reformer *network;
static reformer_plan *plan;
static float features[N * K], input[N * 2 * K], one_hot[N * K], *scratch;
static int32_t labels[N];

/* Random weights and running statistics, as after training. */
static int set_up(void **state) {
  (void)state;
  random_source *r;
  assert_int_equal(random_source_from_seed(&r, 5, NULL), SCRIM_OK);
  assert_int_equal(random_begin(r, "weights", NULL, 0, NULL), SCRIM_OK);
  assert_int_equal(reformer_create(&network, &shape, r, NULL), SCRIM_OK);
  for (size_t i = 0; i < nn_params_count(network->params); i++) {
    const char *name;
    int trainable;
    tensor *p = nn_params_at(network->params, i, &name, &trainable);
    const int is_variance = strstr(name, "var") != NULL && strstr(name, "norm") != NULL;
    for (size_t j = 0; j < p->n; j++)
      p->data[j] = (float)(is_variance ? 0.2 + random_uniform(r) : 0.3 * random_normal(r));
  }
  for (int i = 0; i < N; i++) {
    labels[i] = i % K;
    for (int j = 0; j < K; j++) input[i * 2 * K + j] = features[i * K + j] = (float)random_uniform(r);
    input[i * 2 * K + K + labels[i]] = one_hot[i * K + labels[i]] = 1;
  }
  random_source_free(r);
  assert_int_equal(reformer_plan_create(&plan, network, NULL), SCRIM_OK);
  scratch = memory_zalloc(reformer_plan_scratch(plan), sizeof *scratch);
  return scratch == NULL;
}

static int tear_down(void **state) {
  (void)state;
  memory_free(scratch);
  reformer_plan_free(plan);
  reformer_free(network);
  return 0;
}

static void close_enough(const float *a, const float *b, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (fabsf(a[i] - b[i]) > 1e-4f * (1 + fabsf(b[i]))) fail_msg("value %zu: %g, expected %g", i, a[i], b[i]);
}

static void the_plan_is_the_network(void **state) {
  (void)state;
  float mean[N * LATENT], log_variance[N * LATENT], probabilities[N * K];
  tape *t;
  tensor *expected_log_variance;
  assert_int_equal(tape_create(&t, &reference_backend, NULL), SCRIM_OK);
  tensor *expected_mean =
      reformer_encode(t, network, tape_input(t, input, 2, (int[]){N, 2 * K}), &expected_log_variance);
  tensor *expected =
      op_softmax(t, reformer_decode(t, network, expected_mean, tape_input(t, one_hot, 2, (int[]){N, K})));
  assert_int_equal(tape_status(t, NULL), SCRIM_OK);
  reformer_plan_encode(plan, features, labels, N, mean, log_variance, scratch);
  reformer_plan_decode(plan, mean, labels, N, probabilities, scratch);
  close_enough(mean, expected_mean->data, N * LATENT);
  close_enough(log_variance, expected_log_variance->data, N * LATENT);
  close_enough(probabilities, expected->data, N * K);
  tape_free(t);
}

static void a_row_has_the_same_bits_in_any_batch(void **state) {
  (void)state;
  float mean[N * LATENT], whole[N * K], alone[K];
  reformer_plan_encode(plan, features, labels, N, mean, NULL, scratch);
  reformer_plan_decode(plan, mean, labels, N, whole, scratch);
  for (int i = 0; i < N; i++) {
    reformer_plan_encode(plan, features + i * K, labels + i, 1, mean, NULL, scratch);
    reformer_plan_decode(plan, mean, labels + i, 1, alone, scratch);
    assert_memory_equal(alone, whole + i * K, sizeof alone);
  }
}

static void nothing_is_allocated_once_warm(void **state) {
  (void)state;
  float mean[N * LATENT], probabilities[N * K];
  memory_fail_at(1, 1);
  reformer_plan_encode(plan, features, labels, N, mean, NULL, scratch);
  reformer_plan_decode(plan, mean, labels, N, probabilities, scratch);
  assert_int_equal(memory_requests(), 0);
  memory_fail_at(0, 0);
}

static void running_out_of_memory_is_an_error(void **state) {
  (void)state;
  reformer_plan *p = NULL;
  unsigned long n = 1;
  scrim_status status;
  do {
    memory_fail_at(n++, 0);
    status = reformer_plan_create(&p, network, NULL);
    if (status != SCRIM_OK) assert_int_equal(status, SCRIM_E_MEMORY);
  } while (status != SCRIM_OK && n < 1000);
  memory_fail_at(0, 0);
  assert_true(status == SCRIM_OK && n > 20);
  reformer_plan_free(p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_plan_is_the_network),
      cmocka_unit_test(a_row_has_the_same_bits_in_any_batch),
      cmocka_unit_test(nothing_is_allocated_once_warm),
      cmocka_unit_test(running_out_of_memory_is_an_error),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
