/*
 * Shapes that make a GPU's kernels choose another way: rows for a block, sums in chunks, several tiles; and one tensor
 * twice. They are held to the CPU's kernels.
 */
#ifndef TESTS_OP_CASES_WIDE_H
#define TESTS_OP_CASES_WIDE_H

#include "op_fixture.h"

CASE_BUILD(add_self, op_add(t, in[0], in[0]))
CASE_BUILD(kl_self, op_kl_gaussian(t, in[0], in[0]))
CASE_BUILD(soft_self, op_soft_cross_entropy(t, in[0], in[0]))
CASE_BUILD(attentive_self, op_attentive_stats(t, in[0], in[0]))
CASE_BUILD(gaussian_self, op_gaussian(t, in[0], in[0]))
CASE_BUILD(matmul_self, op_matmul(t, in[0], in[0]))

static const op_case wide_cases[] = {
    {"softmax, long rows", build_softmax, .shape = {{3, 1500}}, .range = {-4, 4}},
    {"log_softmax, long rows", build_log_softmax, .shape = {{3, 1500}}, .range = {-4, 4}},
    {"layer_norm, long rows", build_layer_norm, .shape = {{2, 1100}, {1100}, {1100}}},
    {"normalize, long rows", build_normalize, .shape = {{2, 1100}}, .f = {1e-8f}},
    {"cosine, long rows", build_cosine, .shape = {{2, 1100}, {2, 1100}}},
    {"centre, long rows", build_centre, .shape = {{2, 1300}}},
    {"attentive_stats, long rows", build_attentive_stats, .shape = {{1, 2, 1400}, {1, 2, 1400}}},
    {"cross_entropy, long rows", build_cross_entropy, .shape = {{3, 1200}}},
    {"soft_cross_entropy, long rows", build_soft_cross_entropy, .shape = {{3, 1200}, {3, 1200}}},
    {"margin_softmax, long rows", build_margin_softmax, .shape = {{2, 1100}}, .range = {-0.9f, 0.9f}, .f = {0.2f, 8}},
    {"add, tall", build_add, .shape = {{4000, 3}, {3}}},
    {"mul, one value, many", build_mul, .shape = {{9000}, {1}}},
    {"sum, many", build_sum, .shape = {{40000}}},
    {"reduce_mean, long first axis", build_reduce_mean, .shape = {{9000, 3}}, .i = {0}},
    {"reduce_mean, long middle axis", build_reduce_mean, .shape = {{3, 5000, 2}}, .i = {1}},
    {"reduce_mean, long last axis", build_reduce_mean, .shape = {{3, 9000}}, .i = {1}},
    {"reduce_max, many results", build_reduce_max, .shape = {{3, 5, 700}}, .i = {1}},
    {"batch_norm, tall", build_batch_norm, .shape = {{6000, 3}, NORM_SHAPES(3)}, .frozen = 24},
    {"batch_norm, long", build_batch_norm, .shape = {{4, 3, 2000}, NORM_SHAPES(3)}, .frozen = 24},
    {"layer_norm, tall", build_layer_norm, .shape = {{3000, 5}, {5}, {5}}},
    {"linear, tall", build_linear, .shape = {{3000, 5}, {4, 5}, {4}}},
    {"hinge, many", build_hinge, .shape = {{50000}}, .f = {0.3f}},
    {"transpose, several tiles", build_transpose, .shape = {{2, 70, 45}}},
    {"cosine to one, tall", build_cosine, .shape = {{3000, 4}, {1, 4}}},
    {"moving_filter, two channels", build_moving_filter, .shape = {{2, 700}, {9, 7}}, .i = {96}},
    {"minimum_phase, long", build_minimum_phase, .shape = {{2, 40}}, .range = {-0.1f, 0.1f}, .i = {100}},
    {"a + a", build_add_self, .shape = {{3, 7}}},
    {"kl_gaussian(a, a)", build_kl_self, .shape = {{3, 7}}},
    {"soft_cross_entropy(a, a)", build_soft_self, .shape = {{3, 7}}},
    {"attentive_stats(a, a)", build_attentive_self, .shape = {{2, 3, 7}}},
    {"gaussian(a, a)", build_gaussian_self, .shape = {{3, 7}}},
    {"a a", build_matmul_self, .shape = {{5, 5}}},
};
enum { N_WIDE_CASES = sizeof wide_cases / sizeof wide_cases[0] };

static inline void check_values(const op_case *c, const char *what, const float *got, const float *want, size_t n,
                                double tolerance) {
  double *values = malloc((n + 1) * sizeof *values);
  assert_non_null(values);
  for (size_t i = 0; i < n; i++) values[i] = (double)want[i];
  check_close(c->name, what, got, values, n, tolerance);
  free(values);
}

/* Result and gradients of the case on b, against those on the CPU. */
static inline void check_as_the_processor(const backend *b, const op_case *c, double tolerance) {
  fixture here, there;
  case_run a = {0}, other = {0};
  assert_true(fixture_open(&here, c, &cpu_backend));
  assert_true(fixture_open(&there, c, b));
  assert_int_equal(fixture_run(&here, &a), SCRIM_OK);
  assert_int_equal(fixture_run(&there, &other), SCRIM_OK);
  check_values(c, "output", tensor_values(other.out), a.out->data, a.out->n, tolerance);
  for (int k = 0; k < CASE_INPUTS; k++) {
    if (!a.in[k] || !a.in[k]->grad) continue;
    check_values(c, "a gradient", tensor_gradient(other.in[k]), a.in[k]->grad, a.in[k]->n, tolerance);
  }
  fixture_close(&there);
  fixture_close(&here);
}

#endif
