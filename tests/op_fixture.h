/* Running the cases of op_cases.h on a backend, in float, and holding them to what double says. */
#ifndef TESTS_OP_FIXTURE_H
#define TESTS_OP_FIXTURE_H

#include "op_cases.h"
#include "op_cases_double.h"
#include "tensor/backend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct fixture {
  const op_case *c;
  tape *tape;
  random_source *random;
  float *values[CASE_INPUTS];
} fixture;

enum { MOST_OUTPUTS = 1 << 17 };

/* Filled once, by group_setup. */
static float weights[MOST_OUTPUTS];

static inline int group_setup(void **state) {
  (void)state;
  for (size_t i = 0; i < MOST_OUTPUTS; i++) weights[i] = 2 * case_uniform(99, i) - 1;
  return 0;
}

/* 0 when out of memory; close it then, too. */
static inline int fixture_open(fixture *f, const op_case *c, const backend *b) {
  *f = (fixture){.c = c};
  if (tape_create(&f->tape, b, NULL) != SCRIM_OK) return 0;
  if (random_source_from_seed(&f->random, 1, NULL) != SCRIM_OK) return 0;
  tape_random(f->tape, f->random);
  for (int k = 0; k < CASE_INPUTS; k++) {
    f->values[k] = malloc((case_values(c, k) + 1) * sizeof *f->values[k]);
    if (!f->values[k]) return 0;
  }
  return 1;
}

static inline void fixture_close(fixture *f) {
  for (int k = 0; k < CASE_INPUTS; k++) free(f->values[k]);
  random_source_free(f->random);
  tape_free(f->tape);
}

/* One forward and backward pass; SCRIM_OK or the tape's error. */
static inline scrim_status fixture_run(fixture *f, case_run *r) {
  tape_reset(f->tape);
  for (int k = 0; k < CASE_INPUTS; k++) case_fill(f->c, k, f->values[k]);
  if (random_begin(f->random, "op_cases", "", 0, NULL) != SCRIM_OK) return SCRIM_E_INTERNAL;
  *r = case_build(f->tape, f->c, f->values, weights, MOST_OUTPUTS);
  const scrim_status status = tape_status(f->tape, NULL);
  if (status != SCRIM_OK) return status;
  return tape_backward(f->tape, r->loss, NULL);
}

/* Result and gradients one after the other, *n values; free(). */
static inline float *values_of(const fixture *f, const case_run *r, size_t *n) {
  const float *parts[1 + CASE_INPUTS] = {tensor_values(r->out)};
  size_t sizes[1 + CASE_INPUTS] = {r->out->n};
  for (int k = 0; k < CASE_INPUTS; k++) {
    parts[1 + k] = f->c->frozen >> k & 1 ? NULL : tensor_gradient(r->in[k]);
    sizes[1 + k] = parts[1 + k] ? r->in[k]->n : 0;
  }
  *n = 0;
  for (int k = 0; k <= CASE_INPUTS; k++) *n += sizes[k];
  float *all = malloc(*n * sizeof *all), *to = all;
  assert_non_null(all);
  for (int k = 0; k <= CASE_INPUTS; to += sizes[k++]) {
    if (sizes[k]) memcpy(to, parts[k], sizes[k] * sizeof *to);
  }
  return all;
}

static inline float *pass_values(fixture *f, size_t *n) {
  case_run r = {0};
  assert_int_equal(fixture_run(f, &r), SCRIM_OK);
  return values_of(f, &r, n);
}

static inline double largest(const double *x, size_t n) {
  double most = 0;
  for (size_t i = 0; i < n; i++) most = fmax(most, fabs(x[i]));
  return most;
}

/* Off by no more than `tolerance` times the largest value: that bounds what the terms of a sum can be. */
static inline void check_close(const char *name, const char *what, const float *got, const double *want, size_t n,
                               double tolerance) {
  const double limit = tolerance * largest(want, n);
  assert_non_null(got);
  for (size_t i = 0; i < n; i++) {
    if (fabs((double)got[i] - want[i]) <= limit) continue;
    fail_msg("%s: %s at %zu is %.9g, not %.9g: off by more than %.2g", name, what, i, (double)got[i], want[i], limit);
  }
}

/* Result and gradients of case `index`. */
static inline void check_case(const backend *b, size_t index, double tolerance) {
  static const char *const what[CASE_INPUTS] = {"gradient of input 0", "gradient of input 1", "gradient of input 2",
                                                "gradient of input 3", "gradient of input 4"};
  const op_case *c = &op_cases[index];
  fixture f;
  case_run r = {0};
  assert_true(fixture_open(&f, c, b));
  const scrim_status status = fixture_run(&f, &r);
  if (status != SCRIM_OK) fail_msg("%s: status %d", c->name, status);
  double_case *d = double_case_open(index);
  assert_non_null(d);
  size_t n;
  const double *output = double_case_output(d, &n);
  assert_int_equal(n, r.out->n);
  check_close(c->name, "output", tensor_values(r.out), output, n, tolerance);
  for (int k = 0; k < CASE_INPUTS; k++) {
    const double *gradient = double_case_gradient(d, k);
    if (gradient) check_close(c->name, what[k], tensor_gradient(r.in[k]), gradient, r.in[k]->n, tolerance);
  }
  double_case_close(d);
  fixture_close(&f);
}

#endif
