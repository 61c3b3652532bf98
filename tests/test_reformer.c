#include "purifier/reformer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void layer_sizes_follow_the_classes(void **state) {
  (void)state;
  const struct {
    int classes, h1, h3, latent;
  } published[] = {{2, 32, 128, 2}, {10, 32, 128, 2}, {30, 128, 512, 20}, {100, 128, 512, 20}, {530, 512, 2048, 100}};
  for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
    const reformer_shape s = reformer_shape_for(published[i].classes);
    assert_int_equal(s.hidden[0], published[i].h1);
    assert_int_equal(s.hidden[2], published[i].h3);
    assert_int_equal(s.latent, published[i].latent);
  }
}

static void a_pass_has_the_shapes_of_the_figure(void **state) {
  (void)state;
  const reformer_shape shape = {4, {8, 16, 32}, 3, 0};
  float x[5 * 8] = {0}, one_hot[5 * 4] = {0};
  random_source *r;
  reformer *g;
  tape *t;
  for (int i = 0; i < 5; i++) x[i * 8 + i % 4] = x[i * 8 + 4 + i % 4] = one_hot[i * 4 + i % 4] = 1;
  assert_int_equal(random_source_from_seed(&r, 1, NULL), SCRIM_OK);
  assert_int_equal(random_begin(r, "weights", NULL, 0, NULL), SCRIM_OK);
  assert_int_equal(reformer_create(&g, &shape, r, NULL), SCRIM_OK);
  assert_int_equal(tape_create(&t, &cpu_backend, NULL), SCRIM_OK);
  tensor *log_variance, *input = tape_input(t, x, 2, (int[]){5, 8});
  tensor *mean = reformer_encode(t, g, input, &log_variance);
  tensor *logits = reformer_decode(t, g, mean, tape_input(t, one_hot, 2, (int[]){5, 4}));
  assert_int_equal(tape_status(t, NULL), SCRIM_OK);
  assert_true(mean->dim[0] == 5 && mean->dim[1] == 3 && log_variance->dim[1] == 3);
  assert_true(logits->dim[0] == 5 && logits->dim[1] == 4);
  tape_free(t);
  reformer_free(g);
  random_source_free(r);
}

static void log_features_tell_tails_apart(void **state) {
  (void)state;
  const reformer_shape shape = {3, {8, 8, 8}, 2, 1};
  const float rows[2][3] = {{0.999f, 0.000999f, 1e-6f}, {0.999f, 0.000001f, 0.000999f}};
  float a[3], b[3];
  reformer_features(&shape, rows[0], a);
  reformer_features(&shape, rows[1], b);
  assert_true(fabsf(a[1] - b[1]) > 0.5f);
  float zero[3] = {1, 0, 0};
  reformer_features(&shape, zero, zero);
  assert_true(isfinite(zero[1]));
}

static void running_out_of_memory_is_an_error(void **state) {
  (void)state;
  const reformer_shape shape = {4, {8, 8, 8}, 2, 0};
  reformer *g = NULL;
  unsigned long n = 1;
  scrim_status status;
  do {
    memory_fail_at(n++, 0);
    status = reformer_create(&g, &shape, NULL, NULL);
    if (status != SCRIM_OK) assert_int_equal(status, SCRIM_E_MEMORY);
  } while (status != SCRIM_OK && n < 1000);
  memory_fail_at(0, 0);
  assert_true(status == SCRIM_OK && n > 20);
  reformer_free(g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(layer_sizes_follow_the_classes),
      cmocka_unit_test(a_pass_has_the_shapes_of_the_figure),
      cmocka_unit_test(log_features_tell_tails_apart),
      cmocka_unit_test(running_out_of_memory_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
