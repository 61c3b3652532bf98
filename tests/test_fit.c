/* Fitting perceptrons: toy problems that only a hidden layer solves, held-out rows, early stop, bad data, no memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "nn/nn.h"
#include <cmocka.h>
#include <math.h>
#include <string.h>

enum { ROWS = 400, TEST = 400 };

typedef struct toy {
  float x[(ROWS + TEST) * 2];  /* uniform on a square */
  int32_t labels[ROWS + TEST]; /* ring around the middle, or quadrants of opposite sign, or the rest */
  float y[ROWS + TEST];        /* x0 * x1 */
} toy;

static toy data;

static int make_data(void **state) {
  (void)state;
  random_source *r;
  if (random_source_from_seed(&r, 23, NULL) != SCRIM_OK) return -1;
  for (size_t i = 0; i < ROWS + TEST; i++) {
    const double a = 4 * random_uniform(r) - 2, b = 4 * random_uniform(r) - 2;
    data.x[2 * i] = (float)a;
    data.x[2 * i + 1] = (float)b;
    data.labels[i] = a * a + b * b < 1 ? 0 : a * b < 0 ? 1 : 2;
    data.y[i] = (float)(a * b);
  }
  random_source_free(r);
  return 0;
}

static nn_mlp mlp_make(int out, nn_activation activation) {
  nn_mlp m;
  random_source *r;
  assert_int_equal(random_source_from_seed(&r, 3, NULL), SCRIM_OK);
  assert_int_equal(nn_mlp_create(&m, 3, (int[]){2, 32, 32, out}, activation, r, NULL), SCRIM_OK);
  random_source_free(r);
  return m;
}

static nn_fit fit_make(void) {
  return (nn_fit){.batch = 32, .epochs = 60, .rate = 0.01, .weight_decay = 1e-4, .validation = 0.2, .seed = 4};
}

static double accuracy(const nn_mlp *m) {
  float scores[TEST * 3];
  assert_int_equal(nn_mlp_predict(m, data.x + 2 * ROWS, TEST, 1, scores, NULL), SCRIM_OK);
  size_t right = 0;
  for (size_t i = 0; i < TEST; i++) {
    const float *s = scores + 3 * i;
    const int32_t top = s[0] >= s[1] && s[0] >= s[2] ? 0 : s[1] >= s[2] ? 1 : 2;
    right += top == data.labels[ROWS + i];
  }
  return (double)right / TEST;
}

/* No linear classifier passes 0.6 here. */
static void learns_classes(void **state) {
  (void)state;
  static const nn_activation kinds[] = {NN_RELU, NN_TANH};
  for (size_t k = 0; k < 2; k++) {
    nn_mlp m = mlp_make(3, kinds[k]);
    const nn_fit fit = fit_make();
    assert_int_equal(nn_mlp_fit(&m, data.x, data.labels, ROWS, &fit, NULL), SCRIM_OK);
    assert_true(accuracy(&m) > 0.93);
    nn_mlp_free(&m);
  }
}

static void learns_a_function(void **state) {
  (void)state;
  nn_mlp m = mlp_make(1, NN_SILU);
  float guess[TEST];
  const nn_fit fit = fit_make();
  assert_int_equal(nn_mlp_fit_regression(&m, data.x, data.y, ROWS, &fit, NULL), SCRIM_OK);
  assert_int_equal(nn_mlp_predict(&m, data.x + 2 * ROWS, TEST, 0, guess, NULL), SCRIM_OK);
  double error = 0, variance = 0;
  for (size_t i = 0; i < TEST; i++) {
    const double y = (double)data.y[ROWS + i];
    error += ((double)guess[i] - y) * ((double)guess[i] - y);
    variance += y * y;
  }
  assert_true(error / variance < 0.02);
  nn_mlp_free(&m);
}

static void same_seed_same_network(void **state) {
  (void)state;
  nn_fit fit = fit_make();
  fit.epochs = 3;
  nn_mlp m[3];
  for (int i = 0; i < 3; i++) {
    m[i] = mlp_make(3, NN_RELU);
    m[i].dropout = 0.2f;
    fit.seed = i < 2 ? 4 : 5;
    assert_int_equal(nn_mlp_fit(&m[i], data.x, data.labels, ROWS, &fit, NULL), SCRIM_OK);
  }
  const tensor *a = m[0].layer[1].w, *b = m[1].layer[1].w, *c = m[2].layer[1].w;
  assert_memory_equal(a->data, b->data, a->n * sizeof(float));
  assert_memory_not_equal(a->data, c->data, a->n * sizeof(float));
  for (int i = 0; i < 3; i++) nn_mlp_free(&m[i]);
}

/* Labels of pure chance: the validation figure soon gets worse, so a patient run ends long before its last epoch. */
static int count_calls(const scrim_progress *progress, void *context) {
  *(size_t *)context = progress->step;
  return 0;
}

static void validation_stops_learning_by_heart(void **state) {
  (void)state;
  int32_t chance[ROWS];
  random_source *r;
  assert_int_equal(random_source_from_seed(&r, 8, NULL), SCRIM_OK);
  for (size_t i = 0; i < ROWS; i++) chance[i] = (int32_t)random_below(r, 3);
  random_source_free(r);
  size_t steps = 0;
  nn_mlp m = mlp_make(3, NN_RELU);
  nn_fit fit = fit_make();
  fit.epochs = 1000;
  fit.patience = 5;
  fit.progress = count_calls;
  fit.progress_context = &steps;
  assert_int_equal(nn_mlp_fit(&m, data.x, chance, ROWS, &fit, NULL), SCRIM_OK);
  assert_in_range(steps, 6 * 10, 100 * 10); /* 320 rows in batches of 32 */
  nn_mlp_free(&m);
}

/*
 * One-hot inputs and labels of chance: what is learnt on a row says nothing about another. Held-out rows keep their
 * first weights, and the figure on them stops falling; on training rows it would fall to the end.
 */
static void held_out_rows_are_not_learnt(void **state) {
  (void)state;
  enum { N = 50, CLASSES = 3, HELD = 10, LAST = 400 };
  static float one_hot_rows[N * N], first[CLASSES * N];
  int32_t chance[N];
  size_t steps = 0, untouched = 0;
  nn_mlp m;
  random_source *r;
  assert_int_equal(random_source_from_seed(&r, 31, NULL), SCRIM_OK);
  assert_int_equal(nn_mlp_create(&m, 1, (int[]){N, CLASSES}, NN_RELU, r, NULL), SCRIM_OK);
  for (size_t i = 0; i < N; i++) {
    one_hot_rows[i * N + i] = 1;
    chance[i] = (int32_t)random_below(r, CLASSES);
  }
  random_source_free(r);
  memcpy(first, m.layer[0].w->data, sizeof first);
  const nn_fit fit = {.batch = 8,
                      .epochs = LAST,
                      .rate = 0.02,
                      .validation = (double)HELD / N,
                      .patience = 20,
                      .seed = 1,
                      .progress = count_calls,
                      .progress_context = &steps};
  assert_int_equal(nn_mlp_fit(&m, one_hot_rows, chance, N, &fit, NULL), SCRIM_OK);
  for (size_t j = 0; j < N; j++) untouched += m.layer[0].w->data[j] == first[j];
  assert_int_equal(untouched, HELD);
  assert_true(steps < LAST * (N - HELD) / 8 / 2);
  nn_mlp_free(&m);
}

static int refuse(const scrim_progress *progress, void *context) {
  (void)progress, (void)context;
  return 1;
}

static void bad_data_and_settings_are_named(void **state) {
  (void)state;
  nn_mlp m = mlp_make(3, NN_RELU);
  nn_fit fit = fit_make();
  scrim_error error = {0};
  toy bad = data;
  bad.labels[17] = 3;
  assert_int_equal(nn_mlp_fit(&m, bad.x, bad.labels, ROWS, &fit, &error), SCRIM_E_DATA);
  assert_int_equal(error.row, 17);
  assert_non_null(strstr(error.message, "label 3 of row 17, must be 0..2"));
  bad.x[2 * 11 + 1] = INFINITY;
  assert_int_equal(nn_mlp_fit(&m, bad.x, data.labels, ROWS, &fit, &error), SCRIM_E_DATA);
  assert_int_equal(error.row, 11);
  assert_non_null(strstr(error.message, "feature 1 of row 11 is inf"));
  assert_int_equal(nn_mlp_fit(&m, data.x, data.labels, 0, &fit, &error), SCRIM_E_ARGUMENT);
  fit.validation = 1;
  assert_int_equal(nn_mlp_fit(&m, data.x, data.labels, ROWS, &fit, &error), SCRIM_E_ARGUMENT);
  fit = fit_make(), fit.batch = 0;
  assert_int_equal(nn_mlp_fit(&m, data.x, data.labels, ROWS, &fit, &error), SCRIM_E_ARGUMENT);
  fit = fit_make(), fit.rate = -1;
  assert_int_equal(nn_mlp_fit(&m, data.x, data.labels, ROWS, &fit, &error), SCRIM_E_ARGUMENT);
  fit = fit_make(), fit.progress = refuse;
  assert_int_equal(nn_mlp_fit(&m, data.x, data.labels, ROWS, &fit, &error), SCRIM_E_CANCELLED);
  nn_mlp_free(&m);

  m = mlp_make(1, NN_RELU);
  bad.y[5] = NAN;
  assert_int_equal(nn_mlp_fit_regression(&m, data.x, bad.y, ROWS, &fit, &error), SCRIM_E_DATA);
  assert_non_null(strstr(error.message, "target 0 of row 5 is nan"));
  nn_mlp_free(&m);
}

static void every_failed_request_is_survived(void **state) {
  (void)state;
  nn_fit fit = fit_make();
  fit.epochs = 1;
  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long n = 1; status != SCRIM_OK && n < 500; n++) {
    nn_mlp m = mlp_make(3, NN_RELU);
    memory_fail_at(n, 0);
    status = nn_mlp_fit(&m, data.x, data.labels, 40, &fit, NULL);
    memory_fail_at(0, 0);
    assert_true(status == SCRIM_OK || status == SCRIM_E_MEMORY);
    nn_mlp_free(&m);
  }
  assert_int_equal(status, SCRIM_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(learns_classes),
      cmocka_unit_test(learns_a_function),
      cmocka_unit_test(same_seed_same_network),
      cmocka_unit_test(validation_stops_learning_by_heart),
      cmocka_unit_test(held_out_rows_are_not_learnt),
      cmocka_unit_test(bad_data_and_settings_are_named),
      cmocka_unit_test(every_failed_request_is_survived),
  };
  return cmocka_run_group_tests(tests, make_data, NULL);
}
