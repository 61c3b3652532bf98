/* Training the prior: it learns, the same seed gives the same bits, what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "pointcloud_defense/prior_train.h"
#include "pointcloud_defense/shapes.h"
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OBJECTS = 40, POINTS = 64 };
static random_source *source;
static float objects[OBJECTS * POINTS * 3];
static const prior_settings small = {.shape = {8, 8}, .epochs = 4, .batch = 8, .points = 32, .rate = 5e-3, .reach = 40};

static int open_all(void **state) {
  (void)state;
  if (random_source_from_seed(&source, 1, NULL) != SCRIM_OK) return 1;
  for (size_t i = 0; i < OBJECTS; i++)
    if (shape_draw(source, 2, i, POINTS, objects + i * POINTS * 3, NULL) != SCRIM_OK) return 1;
  return 0;
}

static int close_all(void **state) {
  (void)state;
  random_source_free(source);
  return 0;
}

static scrim_status train(prior **out, prior_fit *fit, const prior_settings *s, const scrim_train_options *options,
                          scrim_error *error) {
  prior *p = NULL;
  assert_int_equal(random_begin(source, "weights", NULL, 0, NULL), SCRIM_OK);
  scrim_status status = prior_create(&p, &s->shape, source, error);
  if (status == SCRIM_OK) status = prior_train(p, fit, objects, OBJECTS, POINTS, s, options, error);
  if (status == SCRIM_OK)
    *out = p;
  else
    prior_free(p);
  return status;
}

static void assert_same(const prior *a, const prior *b) {
  for (size_t i = 0; i < nn_params_count(a->params); i++) {
    const tensor *x = nn_params_at(a->params, i, NULL, NULL), *y = nn_params_at(b->params, i, NULL, NULL);
    assert_memory_equal(x->data, y->data, x->n * sizeof *x->data);
  }
}

/* Against a prior that has hardly been trained, and so finds no noise: what is left is mostly along the surface. */
static void it_learns(void **state) {
  (void)state;
  prior *p;
  prior_fit fit, untrained;
  prior_settings s = small;
  const scrim_train_options options = {.seed = 1};
  s.batch = 4;
  s.points = 48;
  s.shape.width = 16;
  s.epochs = 1;
  s.rate = 1e-9;
  assert_int_equal(train(&p, &untrained, &s, &options, NULL), SCRIM_OK);
  prior_free(p);
  s.epochs = 60;
  s.rate = 0.01;
  assert_int_equal(train(&p, &fit, &s, &options, NULL), SCRIM_OK);
  assert_true(fit.held_loss < 0.7 * untrained.held_loss);
  assert_int_equal(fit.epochs, 60);
  assert_in_range(fit.best_epoch, 1, 60);
  assert_true(fit.clean_noise >= 0 && fit.clean_noise < 0.3); /* noise of all sizes: up to 1 and more */
  prior_free(p);
}

static int stop_at_three(const scrim_progress *progress, void *context) {
  (void)context;
  return progress->step >= 12;
}

static void resuming_gives_the_same_bits(void **state) {
  (void)state;
  prior *whole, *resumed = NULL;
  prior_fit fit, again;
  char path[] = "/tmp/scrim-prior-XXXXXX";
  const int fd = mkstemp(path);
  assert_true(fd >= 0);
  close(fd);
  remove(path);
  scrim_train_options options = {.seed = 3};
  assert_int_equal(train(&whole, &fit, &small, &options, NULL), SCRIM_OK);
  options.checkpoint = path;
  options.progress = stop_at_three;
  assert_int_equal(train(&resumed, &again, &small, &options, NULL), SCRIM_E_CANCELLED);
  options.progress = NULL;
  options.resume = 1;
  prior_settings other = small;
  other.reach = 41;
  assert_int_equal(train(&resumed, &again, &other, &options, NULL), SCRIM_E_STATE);
  assert_int_equal(train(&resumed, &again, &small, &options, NULL), SCRIM_OK);
  assert_same(whole, resumed);
  assert_true(fit.held_loss == again.held_loss && fit.best_epoch == again.best_epoch);
  assert_true(fit.clean_noise == again.clean_noise);
  prior_free(resumed);
  options = (scrim_train_options){.seed = 4};
  assert_int_equal(train(&resumed, &again, &small, &options, NULL), SCRIM_OK);
  assert_true(again.held_loss != fit.held_loss);
  prior_free(resumed);
  prior_free(whole);
}

static void normalised_clouds_have_mean_0_and_deviation_1(void **state) {
  (void)state;
  float xyz[POINTS * 3];
  double mean[3], deviation, sum = 0, square = 0;
  for (size_t i = 0; i < POINTS * 3; i++) xyz[i] = 5 * objects[i] + 7;
  assert_int_equal(prior_normalise(xyz, POINTS, mean, &deviation), 1);
  for (size_t i = 0; i < POINTS * 3; i++) {
    sum += xyz[i], square += (double)xyz[i] * xyz[i];
    assert_true(fabs(xyz[i] * deviation + mean[i % 3] - (5 * objects[i] + 7)) < 1e-5);
  }
  assert_true(fabs(sum) < 1e-3 && fabs(square / (POINTS * 3) - 1) < 1e-5);
  for (size_t i = 0; i < POINTS * 3; i++) xyz[i] = 2;
  assert_int_equal(prior_normalise(xyz, POINTS, mean, &deviation), 0);
}

static void bad_objects_are_refused(void **state) {
  (void)state;
  prior *p;
  prior_fit fit;
  scrim_error error;
  const scrim_train_options options = {.seed = 1};
  prior_settings s = small;
  float same[OBJECTS * 3];
  s.points = POINTS + 1;
  assert_int_equal(train(&p, &fit, &s, &options, &error), SCRIM_E_DATA);
  assert_string_equal(error.message, "40 objects of 64 points (at least 20 of 65)");
  assert_int_equal(prior_create(&p, &small.shape, source, NULL), SCRIM_OK);
  s.points = 1;
  for (size_t i = 0; i < OBJECTS * 3; i++) same[i] = 1;
  assert_int_equal(prior_train(p, &fit, objects, PRIOR_LEAST_OBJECTS - 1, POINTS, &small, &options, &error),
                   SCRIM_E_DATA);
  assert_int_equal(prior_train(p, &fit, same, OBJECTS, 1, &s, &options, &error), SCRIM_E_DATA);
  assert_string_equal(error.message, "object 0: all points are at one place");
  prior_free(p);
}

static void out_of_memory_is_said(void **state) {
  (void)state;
  scrim_status status = SCRIM_E_MEMORY;
  prior_settings s = small;
  s.epochs = 1;
  const scrim_train_options options = {.seed = 1};
  for (unsigned long at = 1; status != SCRIM_OK; at++) {
    prior *p = NULL;
    prior_fit fit;
    memory_fail_at(at, 0);
    status = train(&p, &fit, &s, &options, NULL);
    memory_fail_at(0, 0);
    assert_true(status == SCRIM_OK || status == SCRIM_E_MEMORY);
    prior_free(p);
    assert_true(at < 2000);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_learns),
      cmocka_unit_test(resuming_gives_the_same_bits),
      cmocka_unit_test(normalised_clouds_have_mean_0_and_deviation_1),
      cmocka_unit_test(bad_objects_are_refused),
      cmocka_unit_test(out_of_memory_is_said),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
