/* The reformer on a device agrees with the plan of the CPU, block after block, in one go and with noise between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "cuda/cuda.h"
#include "emulated_cuda.h"
#include "purifier/reformer_device.h"
#include "purifier/reformer_plan.h"
#include <cmocka.h>
#include <math.h>
#include <string.h>

enum { N = REFORMER_PLAN_ROWS, K = 5, LATENT = 3 };

static const reformer_shape shape = {K, {6, 9, 7}, LATENT, 0};
static const backend *const backends[] = {&cpu_backend, &cuda_backend};
static reformer *network;
static reformer_plan *plan;
static float features[N * K], *scratch;
static int32_t labels[N];

/* Random weights and running statistics, as after training. */
static int set_up(void **state) {
  (void)state;
  random_source *r;
  if (random_source_from_seed(&r, 5, NULL) != SCRIM_OK || random_begin(r, "weights", NULL, 0, NULL) != SCRIM_OK)
    return 1;
  if (reformer_create(&network, &shape, r, NULL) != SCRIM_OK) return 1;
  for (size_t i = 0; i < nn_params_count(network->params); i++) {
    const char *name;
    tensor *p = nn_params_at(network->params, i, &name, NULL);
    const int is_variance = strstr(name, "running_var") != NULL;
    for (size_t j = 0; j < p->n; j++)
      p->data[j] = (float)(is_variance ? 0.2 + random_uniform(r) : 0.3 * random_normal(r));
  }
  for (int i = 0; i < N; i++) {
    labels[i] = i % K;
    for (int j = 0; j < K; j++) features[i * K + j] = (float)random_uniform(r);
  }
  random_source_free(r);
  if (reformer_plan_create(&plan, network, NULL) != SCRIM_OK) return 1;
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

static void assert_near(const float *a, const float *b, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!(fabsf(a[i] - b[i]) <= 1e-5f * (1 + fabsf(b[i])))) fail_msg("value %zu: %g, not %g", i, a[i], b[i]);
}

static void in_one_go(void **state) {
  (void)state;
  float mean[N * LATENT], want[N * K], got[N * K];
  reformer_plan_encode(plan, features, labels, N, mean, NULL, scratch);
  reformer_plan_decode(plan, mean, labels, N, want, scratch);
  for (int b = 0; b < 2; b++) {
    reformer_device *d;
    assert_int_equal(reformer_device_create(&d, backends[b], network, 0, NULL), SCRIM_OK);
    for (size_t from = 0; from < N; from += 40) { /* the last block is short */
      const size_t n = N - from < 40 ? N - from : 40;
      assert_int_equal(reformer_device_reform(d, features + from * K, labels + from, n, got + from * K, NULL),
                       SCRIM_OK);
    }
    assert_near(got, want, N * K);
    reformer_device_free(d);
  }
  assert_int_equal(emulated_cuda_allocated(), 0);
}

static void apart(void **state) {
  (void)state;
  float mean[2][N * LATENT], log_variance[2][N * LATENT], probabilities[2][N * K];
  reformer_plan_encode(plan, features, labels, N, mean[0], log_variance[0], scratch);
  for (int i = 0; i < N * LATENT; i++) mean[0][i] += 0.1f * sinf((float)i);
  reformer_plan_decode(plan, mean[0], labels, N, probabilities[0], scratch);
  for (int b = 0; b < 2; b++) {
    reformer_device *d;
    assert_int_equal(reformer_device_create(&d, backends[b], network, 1, NULL), SCRIM_OK);
    assert_int_equal(reformer_device_encode(d, features, labels, N, mean[1], log_variance[1], NULL), SCRIM_OK);
    for (int i = 0; i < N * LATENT; i++) mean[1][i] += 0.1f * sinf((float)i);
    assert_int_equal(reformer_device_decode(d, mean[1], labels, N, probabilities[1], NULL), SCRIM_OK);
    assert_near(mean[1], mean[0], N * LATENT);
    assert_near(log_variance[1], log_variance[0], N * LATENT);
    assert_near(probabilities[1], probabilities[0], N * K);
    reformer_device_free(d);
  }
}

static void without_memory_there_is_none(void **state) {
  (void)state;
  unsigned long n = 1;
  for (reformer_device *d = NULL; !d; n++) {
    scrim_error error = {0};
    memory_fail_at(n, 0);
    const scrim_status status = reformer_device_create(&d, &cpu_backend, network, 1, &error);
    memory_fail_at(0, 0);
    assert_true((status == SCRIM_OK) == (d != NULL));
    assert_true(status == SCRIM_OK || status == SCRIM_E_MEMORY);
    if (!d) continue;
    reformer_device_free(d);
    break;
  }
  assert_true(n > 20);
}

static void a_device_that_fails_lets_nothing_out(void **state) {
  (void)state;
  float out[N * K];
  scrim_error error = {0};
  reformer_device *d;
  assert_int_equal(reformer_device_create(&d, &cuda_backend, network, 0, NULL), SCRIM_OK);
  memset(out, 0, sizeof out);
  emulated_cuda_fail_at(3);
  assert_int_equal(reformer_device_reform(d, features, labels, N, out, &error), SCRIM_E_DEVICE);
  emulated_cuda_fail_at(0);
  for (int i = 0; i < N * K; i++) assert_true(out[i] == 0);
  assert_int_equal(reformer_device_reform(d, features, labels, N, out, &error), SCRIM_E_DEVICE); /* for good */
  reformer_device_free(d);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(in_one_go),
      cmocka_unit_test(apart),
      cmocka_unit_test(without_memory_there_is_none),
      cmocka_unit_test(a_device_that_fails_lets_nothing_out),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
