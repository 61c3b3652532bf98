/* Model inversion on planted data: inputs that the scores give away are rebuilt, inputs that they do not are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/memory.h"
#include "core/random.h"
#include "purifier/attack_inversion.h"
#include <math.h>

enum { K = 4, PIXELS = 6, KNOWN = 2400, AUDITED = 600, ROWS = KNOWN + AUDITED };

typedef struct world {
  float scores[ROWS * K];
  float telling[ROWS * PIXELS]; /* a function of the scores */
  float silent[ROWS * PIXELS];  /* independent of them */
  float classes[ROWS * PIXELS]; /* a pattern for each predicted class, and noise of deviation 0.1 */
  float one_hot[ROWS * K];
} world;
static world w;

static int make_world(void **state) {
  (void)state;
  random_source *random = NULL;
  if (random_source_from_seed(&random, 3, NULL) || random_begin(random, "test", NULL, 0, NULL)) return -1;
  for (size_t i = 0; i < ROWS; i++) {
    float *p = w.scores + i * K, sum = 0;
    size_t top = 0;
    for (size_t k = 0; k < K; k++) sum += p[k] = expf((float)random_normal(random));
    for (size_t k = 0; k < K; k++) {
      p[k] /= sum;
      if (p[k] > p[top]) top = k;
    }
    w.one_hot[i * K + top] = 1;
    for (size_t j = 0; j < PIXELS; j++) {
      size_t at = i * PIXELS + j;
      w.telling[at] = 0.5f + 0.2f * logf(p[j % K]) - 0.1f * logf(p[(j + 1) % K]);
      w.silent[at] = (float)random_normal(random);
      w.classes[at] = (float)((top + j) % 2) + 0.1f * (float)random_normal(random);
    }
  }
  random_source_free(random);
  return 0;
}

/* Mean squared distance of the audited inputs from their own mean: what guessing without scores costs. */
static double variance(const float *inputs) {
  double total = 0;
  for (size_t j = 0; j < PIXELS; j++) {
    double sum = 0, squares = 0;
    for (size_t i = KNOWN; i < ROWS; i++) {
      double x = inputs[i * PIXELS + j];
      sum += x, squares += x * x;
    }
    total += squares / AUDITED - (sum / AUDITED) * (sum / AUDITED);
  }
  return total / PIXELS;
}

/* Trains on the known rows' scores and rebuilds the audited rows from `released`. */
static double error_of(const float *scores, const float *released, const float *inputs) {
  const inversion_training training = {
      .classes = K, .features = PIXELS, .scores = scores, .inputs = inputs, .n = KNOWN, .epochs = 30, .seed = 5};
  inversion *v = NULL;
  double mse = NAN;
  assert_int_equal(inversion_create(&v, &training, NULL), SCRIM_OK);
  assert_int_equal(inversion_error(v, released + KNOWN * K, inputs + KNOWN * PIXELS, AUDITED, &mse, NULL), SCRIM_OK);
  inversion_free(v);
  return mse;
}

static void test_inputs_that_scores_give_away_are_rebuilt(void **state) {
  (void)state;
  assert_true(error_of(w.scores, w.scores, w.telling) < variance(w.telling) / 20);
}

static void test_inputs_that_scores_do_not_know_are_not(void **state) {
  (void)state;
  double mse = error_of(w.scores, w.scores, w.silent), blind = variance(w.silent);
  assert_true(mse > 0.98 * blind);
  assert_true(mse < 1.15 * blind);
}

/* From the label alone the class's pattern comes back, and nothing of the noise, whose variance is 0.01. */
static void test_label_only_gives_the_class_mean(void **state) {
  (void)state;
  double mse = error_of(w.one_hot, w.one_hot, w.classes);
  assert_true(mse > 0.0095);
  assert_true(mse < 0.0115);
}

/* A network trained on raw scores that is fed labels instead does worse than one trained on labels. */
static void test_adapting_pays(void **state) {
  (void)state;
  double unaware = error_of(w.scores, w.one_hot, w.telling), adaptive = error_of(w.one_hot, w.one_hot, w.telling);
  assert_true(adaptive < unaware);
  assert_true(adaptive > 0.3 * variance(w.telling));
  assert_true(adaptive < variance(w.telling));
}

static void test_rebuilt_inputs_stay_in_range_and_are_reproducible(void **state) {
  (void)state;
  const inversion_training training = {
      .classes = K, .features = PIXELS, .scores = w.scores, .inputs = w.telling, .n = KNOWN, .epochs = 3, .seed = 5};
  float odd[3 * K] = {0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0}, once[3 * PIXELS], twice[3 * PIXELS];
  for (int run = 0; run < 2; run++) {
    inversion *v = NULL;
    assert_int_equal(inversion_create(&v, &training, NULL), SCRIM_OK);
    assert_int_equal(inversion_run(v, odd, 3, run ? twice : once, NULL), SCRIM_OK);
    inversion_free(v);
  }
  assert_memory_equal(once, twice, sizeof once);
  float least = w.telling[0], most = least;
  for (size_t i = 0; i < KNOWN * PIXELS; i++) least = fminf(least, w.telling[i]), most = fmaxf(most, w.telling[i]);
  for (size_t i = 0; i < 3 * PIXELS; i++) assert_true(once[i] >= least && once[i] <= most);
}

static void test_failures(void **state) {
  (void)state;
  inversion_training training = {
      .classes = K, .features = PIXELS, .scores = w.scores, .inputs = w.telling, .epochs = 1};
  inversion *v = NULL;
  assert_int_equal(inversion_create(&v, &training, NULL), SCRIM_E_ARGUMENT);
  training.n = 50;
  for (unsigned long at = 1; at < 30; at++) {
    memory_fail_at(at, 0);
    scrim_status status = inversion_create(&v, &training, NULL);
    memory_fail_at(0, 0);
    assert_int_equal(status, SCRIM_E_MEMORY);
    assert_null(v);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_inputs_that_scores_give_away_are_rebuilt),
      cmocka_unit_test(test_inputs_that_scores_do_not_know_are_not),
      cmocka_unit_test(test_label_only_gives_the_class_mean),
      cmocka_unit_test(test_adapting_pays),
      cmocka_unit_test(test_rebuilt_inputs_stay_in_range_and_are_reproducible),
      cmocka_unit_test(test_failures),
  };
  return cmocka_run_group_tests(tests, make_world, NULL);
}
