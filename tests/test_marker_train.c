/* What can be learned is learned, and what cannot is not; frames that teach nothing are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "pointcloud_defense/marker_train.h"
#include "snow_world.h"
#include <cmocka.h>
#include <string.h>

enum { FRAMES = 3, POINTS = 1500 };

static float rows[FRAMES][POINTS * SNOW_COLUMNS];
static uint8_t labels[FRAMES][POINTS];
static marker_frame frames[FRAMES];
static const marker_settings plain = {.shape = {16, 0}, .k = 9, .epochs = 12, .zero_is_nowhere = 1, .threads = 1};

static int snow(void **state) {
  (void)state;
  for (size_t i = 0; i < FRAMES; i++) {
    snow_frame(rows[i], labels[i], POINTS, 10 + i);
    frames[i] = (marker_frame){rows[i], labels[i], POINTS, SNOW_COLUMNS};
  }
  return 0;
}

static scrim_status train(marker *m, marker_fit *fit, const marker_settings *settings, scrim_error *error) {
  return marker_train(m, fit, frames, FRAMES, settings, 5, NULL, NULL, error);
}

static void flakes_are_learned(void **state) {
  marker m;
  marker_fit fit;
  (void)state;
  assert_int_equal(train(&m, &fit, &plain, NULL), SCRIM_OK);
  assert_int_equal(fit.frames, FRAMES);
  assert_int_equal(fit.held_frames, 1);
  assert_int_equal(fit.rows, 2 * POINTS);
  assert_true(fit.iou > 0.75 && fit.precision > 0.8 && fit.recall > 0.8);
  assert_true(m.rule[MARKER_K] == 9 && m.rule[MARKER_THRESHOLD] > 0 && m.rule[MARKER_THRESHOLD] < 1);
  const double geometry = fit.iou;
  marker_free(&m);
  marker_settings with = plain;
  with.shape.intensity = 1;
  assert_int_equal(train(&m, &fit, &with, NULL), SCRIM_OK);
  assert_true(fit.iou > geometry && fit.iou > 0.97);
  marker_free(&m);
}

static void the_same_seed_gives_the_same_bits(void **state) {
  marker m[2];
  marker_fit fit;
  (void)state;
  for (int i = 0; i < 2; i++) {
    marker_settings settings = plain;
    settings.threads = i == 0 ? 1 : 4;
    settings.epochs = 2;
    assert_int_equal(train(&m[i], &fit, &settings, NULL), SCRIM_OK);
  }
  for (size_t i = 0; i < nn_params_count(m[0].network.params); i++) {
    const tensor *a = nn_params_at(m[0].network.params, i, NULL, NULL);
    assert_memory_equal(a->data, nn_params_at(m[1].network.params, i, NULL, NULL)->data, a->n * sizeof *a->data);
  }
  assert_memory_equal(m[0].mean, m[1].mean, sizeof m[0].mean);
  assert_memory_equal(m[0].rule, m[1].rule, sizeof m[0].rule);
  marker_free(&m[0]);
  marker_free(&m[1]);
}

/* Labels that no neighbourhood tells: to mark all is then about the best, and finds a twelfth. */
static void noise_is_not_learned(void **state) {
  static uint8_t other[FRAMES][POINTS];
  marker m;
  marker_fit fit;
  (void)state;
  for (size_t i = 0; i < FRAMES; i++) {
    for (size_t j = 0; j < POINTS; j++) other[i][j] = (uint8_t)(j % SNOW_EVERY == 7 + i); /* walls and floor alike */
    frames[i].label = other[i];
  }
  assert_int_equal(train(&m, &fit, &plain, NULL), SCRIM_OK);
  for (size_t i = 0; i < FRAMES; i++) frames[i].label = labels[i];
  assert_true(fit.iou < 0.2);
  marker_free(&m);
}

static void what_teaches_nothing_is_refused(void **state) {
  marker m;
  marker_fit fit;
  scrim_error error;
  (void)state;
  assert_int_equal(marker_train(&m, &fit, frames, 1, &plain, 1, NULL, NULL, &error), SCRIM_E_DATA);
  frames[2].n = 0;
  assert_int_equal(train(&m, &fit, &plain, &error), SCRIM_E_DATA);
  frames[2].n = 5;
  assert_int_equal(train(&m, &fit, &plain, &error), SCRIM_E_DATA);
  assert_non_null(strstr(error.message, "0 of 5 points in 1 frames"));
  frames[2].n = POINTS;
}

static void out_of_memory_is_said(void **state) {
  marker_settings quick = plain;
  (void)state;
  quick.epochs = 1;
  for (size_t i = 0; i < FRAMES; i++) frames[i].n = 40;
  for (unsigned long at = 1;; at += 1 + at / 8) {
    marker m;
    marker_fit fit;
    memory_fail_at(at, 0);
    const scrim_status status = train(&m, &fit, &quick, NULL);
    const int failed = memory_requests() >= at;
    memory_fail_at(0, 0);
    assert_int_equal(status, failed ? SCRIM_E_MEMORY : SCRIM_OK);
    if (failed) continue;
    marker_free(&m);
    break;
  }
  for (size_t i = 0; i < FRAMES; i++) frames[i].n = POINTS;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(flakes_are_learned),    cmocka_unit_test(the_same_seed_gives_the_same_bits),
      cmocka_unit_test(noise_is_not_learned),  cmocka_unit_test(what_teaches_nothing_is_refused),
      cmocka_unit_test(out_of_memory_is_said),
  };
  return cmocka_run_group_tests(tests, snow, NULL);
}
