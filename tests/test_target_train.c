/* The sampler learns toy speakers: what it draws is like them, not one of them, and not one thing. */
#include "core/memory.h"
#include "voice_deid/target_train.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

enum { SPEAKERS = 60, CLIPS = 4, PARTS = 2, WIDTH = 14, N = SPEAKERS * CLIPS };

static const target_settings shape = {.parts = PARTS, .dim = {8, 6}, .latent = 6, .hidden = 32};
static float rows[N * WIDTH];
static int class[N];
static size_t speaker[N];

static void to_unit(float *x, int n) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
  for (int i = 0; i < n; i++) x[i] /= (float)sqrt(sum);
}

/* Speakers lie about a centre of their class, in three directions that both encoders see. */
static int make_rows(void **state) {
  (void)state;
  random_source *r;
  float centre[PITCH_CLASSES][WIDTH], direction[3][WIDTH];
  if (random_source_from_seed(&r, 2, NULL) != SCRIM_OK) return 1;
  for (int i = 0; i < WIDTH; i++) {
    for (int c = 0; c < PITCH_CLASSES; c++) centre[c][i] = (float)random_normal(r);
    for (int d = 0; d < 3; d++) direction[d][i] = (float)random_normal(r);
  }
  for (size_t s = 0; s < SPEAKERS; s++) {
    const double at[] = {random_normal(r), random_normal(r), random_normal(r)};
    for (size_t c = 0; c < CLIPS; c++) {
      float *row = rows + (s * CLIPS + c) * WIDTH;
      for (int i = 0; i < WIDTH; i++) {
        row[i] = centre[s % PITCH_CLASSES][i] + 0.1f * (float)random_normal(r);
        for (int d = 0; d < 3; d++) row[i] += (float)at[d] * direction[d][i];
      }
      to_unit(row, 8);
      to_unit(row + 8, 6);
      class[s * CLIPS + c] = (int)(s % PITCH_CLASSES);
      speaker[s * CLIPS + c] = s;
    }
  }
  random_source_free(r);
  return 0;
}

static target_sampler *fresh(void) {
  target_sampler *s;
  random_source *r;
  assert_int_equal(random_source_from_seed(&r, 1, NULL), SCRIM_OK);
  assert_int_equal(target_sampler_create(&s, &shape, r, NULL), SCRIM_OK);
  random_source_free(r);
  return s;
}

static const target_data data = {.n = N, .speakers = SPEAKERS, .rows = rows, .class = class, .speaker = speaker};

static void what_is_drawn_is_like_speakers_but_nobody(void **state) {
  (void)state;
  target_sampler *s = fresh();
  target_figures f;
  const target_training training = {.epochs = 60, .concentration = 40, .near = 0.5, .seed = 1};
  assert_int_equal(target_train(s, &data, &training, &f, NULL), SCRIM_OK);
  assert_true(f.validation > 0.85);                    /* held-out speakers are understood */
  assert_true(f.active >= 3);                          /* the latent has not collapsed */
  assert_true(fabs(f.drawn_pair - f.real_pair) < 0.2); /* as various as speakers are */
  assert_true(f.drawn_dimensions > 0.5 * f.real_dimensions);
  assert_true(f.drawn_nearest[1] > 0.6); /* plausible */
  assert_true(f.drawn_classes < 0.9);    /* the condition says something */
  assert_true(f.allowed > 0.02 && f.allowed < 0.98);
  assert_true(f.bound == f.real_nearest[1]);
  int allowed = 0;
  for (int c = 0; c < PITCH_CLASSES; c++) allowed += target_sampler_count(s, c);
  assert_true(fabs(allowed / (double)(PITCH_CLASSES * TARGET_BANK) - f.allowed) < 1e-9);
  target_sampler_free(s);
}

static void a_collapsed_latent_is_seen(void **state) {
  (void)state;
  target_sampler *s = fresh();
  target_figures f;
  const target_training training = {.epochs = 30, .concentration = 0.05, .near = 1, .seed = 1};
  assert_int_equal(target_train(s, &data, &training, &f, NULL), SCRIM_OK);
  assert_int_equal(f.active, 0);
  assert_true(f.drawn_pair > f.real_pair + 0.2);
  target_sampler_free(s);
}

static void no_target_is_nearer_than_the_bound(void **state) {
  (void)state;
  target_sampler *s = fresh();
  target_figures f;
  const target_training training = {.epochs = 5, .concentration = 40, .near = 0.2, .seed = 1};
  float mean[SPEAKERS][WIDTH] = {{0}}, drawn[WIDTH];
  tape *t;
  assert_int_equal(target_train(s, &data, &training, &f, NULL), SCRIM_OK);
  assert_int_equal(tape_create(&t, &cpu_backend, NULL), SCRIM_OK);
  for (int i = 0; i < N * WIDTH; i++) mean[i / (CLIPS * WIDTH)][i % WIDTH] += rows[i];
  for (int i = 0; i < SPEAKERS; i++) {
    to_unit(mean[i], 8);
    to_unit(mean[i] + 8, 6);
  }
  for (int i = 0; i < 50; i++) {
    const int number = target_sampler_number(s, 0, i % target_sampler_count(s, 0));
    assert_int_equal(target_sampler_make(s, t, 0, number, drawn, NULL), SCRIM_OK);
    for (int k = 0; k < SPEAKERS; k++) {
      double cosine = 0;
      for (int d = 0; d < WIDTH; d++) cosine += (double)mean[k][d] * (double)drawn[d] / PARTS;
      assert_true(cosine <= f.bound + 1e-6);
    }
  }
  tape_free(t);
  target_sampler_free(s);
}

static void the_same_seed_gives_the_same_weights(void **state) {
  (void)state;
  target_sampler *a = fresh(), *b = fresh();
  target_figures f;
  const target_training training = {.epochs = 2, .concentration = 40, .near = 1, .seed = 9};
  assert_int_equal(target_train(a, &data, &training, &f, NULL), SCRIM_OK);
  assert_int_equal(target_train(b, &data, &training, &f, NULL), SCRIM_OK);
  const tensor *x = nn_params_at(target_sampler_params(a), 0, NULL, NULL);
  const tensor *y = nn_params_at(target_sampler_params(b), 0, NULL, NULL);
  assert_memory_equal(x->data, y->data, x->n * sizeof *x->data);
  target_sampler_free(a);
  target_sampler_free(b);
}

static void bad_data_is_refused(void **state) {
  (void)state;
  target_sampler *s = fresh();
  target_figures f;
  scrim_error error;
  const target_training training = {.epochs = 1, .concentration = 40, .near = 1};
  target_data few = data;
  few.speakers = 19;
  assert_int_equal(target_train(s, &few, &training, &f, &error), SCRIM_E_DATA);
  class[3] = PITCH_CLASSES;
  assert_int_equal(target_train(s, &data, &training, &f, &error), SCRIM_E_DATA);
  assert_int_equal(error.row, 3);
  class[3] = 0;
  target_sampler_free(s);
}

static void failed_requests_are_reported(void **state) {
  (void)state;
  target_figures f;
  const target_training training = {.epochs = 1, .concentration = 40, .near = 1};
  for (unsigned long n = 1;; n += 1 + n / 4) {
    target_sampler *s = fresh();
    memory_fail_at(n, 0);
    const scrim_status status = target_train(s, &data, &training, &f, NULL);
    const unsigned long asked = memory_requests();
    memory_fail_at(0, 0);
    target_sampler_free(s);
    if (asked < n) break;
    assert_int_equal(status, SCRIM_E_MEMORY);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_drawn_is_like_speakers_but_nobody),
      cmocka_unit_test(a_collapsed_latent_is_seen),
      cmocka_unit_test(no_target_is_nearer_than_the_bound),
      cmocka_unit_test(the_same_seed_gives_the_same_weights),
      cmocka_unit_test(bad_data_is_refused),
      cmocka_unit_test(failed_requests_are_reported),
  };
  return cmocka_run_group_tests(tests, make_rows, NULL);
}
