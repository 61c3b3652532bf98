/* Layers: names, shapes and first values of their parameters; their functions against arithmetic by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "nn/nn.h"
#include <cmocka.h>
#include <math.h>
#include <string.h>

static tape *tape_make(void) {
  tape *t;
  assert_int_equal(tape_create(&t, &cpu_backend, NULL), SCRIM_OK);
  return t;
}

static void assert_filled(const tensor *w, float value) {
  for (size_t i = 0; i < w->n; i++) assert_true(w->data[i] == value);
}

static void parameters_carry_pytorch_names(void **state) {
  (void)state;
  static const char *const names[] = {"enc.weight",      "enc.bias",       "bn.weight", "bn.bias",
                                      "bn.running_mean", "bn.running_var", "ln.weight", "ln.bias"};
  nn_params *p = nn_params_create();
  nn_linear linear;
  nn_norm batch, layer;
  assert_true(nn_linear_add(&linear, p, "enc", 3, 5));
  assert_true(nn_batch_norm_add(&batch, p, "bn", 5));
  assert_true(nn_layer_norm_add(&layer, p, "ln", 4));
  assert_int_equal(nn_params_count(p), 8);
  for (size_t i = 0; i < 8; i++) {
    const char *name;
    int trainable;
    nn_params_at(p, i, &name, &trainable);
    assert_string_equal(name, names[i]);
    assert_int_equal(trainable, strstr(name, "running") == NULL);
  }
  assert_int_equal(linear.w->dim[0], 5);
  assert_int_equal(linear.w->dim[1], 3);
  assert_filled(linear.w, 0);
  assert_filled(batch.gamma, 1);
  assert_filled(batch.beta, 0);
  assert_filled(batch.mean, 0);
  assert_filled(batch.var, 1);
  assert_filled(layer.gamma, 1);
  assert_true(layer.mean == NULL && layer.var == NULL);
  nn_params_free(p);
}

static void linear_is_x_times_w_transposed_plus_b(void **state) {
  (void)state;
  static const float w[] = {1, 2, 3, 4, 5, 6}, x[] = {1, 0, -1, 2, 1, 0}, y[] = {-1.5f, -1, 4.5f, 14};
  nn_params *p = nn_params_create();
  nn_linear l;
  assert_true(nn_linear_add(&l, p, "l", 3, 2));
  memcpy(l.w->data, w, sizeof w);
  l.b->data[0] = 0.5f;
  l.b->data[1] = 1;
  tape *t = tape_make();
  const tensor *out = nn_linear_forward(t, &l, tape_input(t, x, 2, (int[]){2, 3}));
  assert_non_null(out);
  for (int i = 0; i < 4; i++) assert_float_equal(out->data[i], y[i], 1e-6);
  tape_free(t);
  nn_params_free(p);
}

/* Column 0 holds 1, 2, 3, 6: mean 3, biased variance 3.5, unbiased 14/3. Column 1 holds 0 only. */
static void batch_norm_learns_the_statistics(void **state) {
  (void)state;
  static const float x[] = {1, 0, 2, 0, 3, 0, 6, 0};
  nn_params *p = nn_params_create();
  nn_norm bn;
  assert_true(nn_batch_norm_add(&bn, p, "bn", 2));
  bn.gamma->data[0] = 2;
  bn.beta->data[0] = 1;
  tape *t = tape_make();
  tape_training(t, 1);
  const tensor *y = nn_batch_norm_forward(t, &bn, tape_input(t, x, 2, (int[]){4, 2}));
  assert_non_null(y);
  for (int i = 0; i < 4; i++) {
    assert_float_equal(y->data[2 * i], 2 * (x[2 * i] - 3) / sqrt(3.5 + 1e-5) + 1, 1e-5);
    assert_float_equal(y->data[2 * i + 1], 0, 1e-6);
  }
  assert_float_equal(bn.mean->data[0], 0.1 * 3, 1e-6);
  assert_float_equal(bn.var->data[0], 0.9 + 0.1 * 14 / 3, 1e-6);
  assert_float_equal(bn.var->data[1], 0.9, 1e-6);

  tape_reset(t);
  tape_training(t, 0);
  y = nn_batch_norm_forward(t, &bn, tape_input(t, x, 2, (int[]){4, 2}));
  const double scale = 2 / sqrt((double)bn.var->data[0] + 1e-5);
  for (int i = 0; i < 4; i++) assert_float_equal(y->data[2 * i], (x[2 * i] - 0.3) * scale + 1, 1e-5);
  assert_float_equal(bn.mean->data[0], 0.3, 1e-6);
  tape_free(t);
  nn_params_free(p);
}

static void layer_norm_works_row_by_row(void **state) {
  (void)state;
  static const float x[] = {1, 2, 3, 6, -4, -4, 4, 4};
  nn_params *p = nn_params_create();
  nn_norm ln;
  assert_true(nn_layer_norm_add(&ln, p, "ln", 4));
  ln.gamma->data[3] = 3;
  ln.beta->data[0] = 1;
  tape *t = tape_make();
  const tensor *y = nn_layer_norm_forward(t, &ln, tape_input(t, x, 2, (int[]){2, 4}));
  assert_non_null(y);
  assert_float_equal(y->data[0], -2 / sqrt(3.5 + 1e-5) + 1, 1e-5);
  assert_float_equal(y->data[3], 3 * 3 / sqrt(3.5 + 1e-5), 1e-5);
  assert_float_equal(y->data[4], -1 + 1, 1e-5);
  assert_float_equal(y->data[7], 3, 1e-5);
  tape_free(t);
  nn_params_free(p);
}

static void memory_and_names_run_out_cleanly(void **state) {
  (void)state;
  char name[300];
  memset(name, 'n', sizeof name - 1);
  name[sizeof name - 1] = 0;
  nn_linear linear;
  nn_norm norm;
  nn_params *p = nn_params_create();
  assert_false(nn_linear_add(&linear, p, name, 2, 2));
  for (unsigned long n = 1; n <= 8; n++) {
    memory_fail_at(n, 0);
    assert_false(nn_linear_add(&linear, p, "l", 2, 2));
    memory_fail_at(n, 0);
    assert_false(nn_batch_norm_add(&norm, p, "bn", 2));
    memory_fail_at(n, 0);
    assert_false(nn_layer_norm_add(&norm, p, "ln", 2));
    memory_fail_at(0, 0);
  }
  nn_params_free(p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(parameters_carry_pytorch_names),   cmocka_unit_test(linear_is_x_times_w_transposed_plus_b),
      cmocka_unit_test(batch_norm_learns_the_statistics), cmocka_unit_test(layer_norm_works_row_by_row),
      cmocka_unit_test(memory_and_names_run_out_cleanly),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
