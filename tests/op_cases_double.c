/* The tape, the builders and the plain C kernels once more, in double and under other names. */
#define TENSOR_DOUBLE
#include "op_cases_names.h"

#include "tensor/op_filters.c"
#include "tensor/op_layers.c"
#include "tensor/op_losses.c"
#include "tensor/op_points.c"
#include "tensor/op_pointwise.c"
#include "tensor/op_random.c"
#include "tensor/op_shape.c"
#include "tensor/op_signals.c"
#include "tensor/reference.c"
#include "tensor/reference_conv2d.c"
#include "tensor/reference_fft_conv.c"
#include "tensor/reference_filters.c"
#include "tensor/reference_layers.c"
#include "tensor/reference_losses.c"
#include "tensor/reference_norms.c"
#include "tensor/reference_points.c"
#include "tensor/reference_pointwise.c"
#include "tensor/reference_power_spectrum.c"
#include "tensor/reference_reduce.c"
#include "tensor/reference_shape.c"
#include "tensor/tape.c"
#include "tensor/tape_error.c"

#include "op_cases.h"
#include "op_cases_double.h"
#include <stdlib.h>

struct double_case {
  const op_case *c;
  tape *tape;
  random_source *random;
  real *values[CASE_INPUTS];
  real *gradient[CASE_INPUTS];
  real *weights, *output;
  size_t n_output;
};

/* As many weights as the largest output of the list has values. */
enum { MOST_OUTPUTS = 1 << 17 };

/* Runs the case on what is in d->values. */
static case_run double_case_run(double_case *d) {
  tape_reset(d->tape);
  if (random_begin(d->random, "op_cases", "", 0, NULL) != SCRIM_OK) return (case_run){0};
  return case_build(d->tape, d->c, d->values, d->weights, MOST_OUTPUTS);
}

static real *double_copy(const real *x, size_t n) {
  real *copy = malloc(n * sizeof *copy);
  return copy ? memcpy(copy, x, n * sizeof *copy) : NULL;
}

/* Fills what the analytic side answers. */
static int double_case_start(double_case *d) {
  if (tape_create(&d->tape, &reference_backend, NULL) != SCRIM_OK) return 0;
  if (random_source_from_seed(&d->random, 1, NULL) != SCRIM_OK) return 0;
  tape_random(d->tape, d->random);
  d->weights = malloc(MOST_OUTPUTS * sizeof *d->weights);
  for (size_t i = 0; d->weights && i < MOST_OUTPUTS; i++) d->weights[i] = (real)(float)(2 * case_uniform(99, i) - 1);
  for (int k = 0; k < CASE_INPUTS; k++) {
    d->values[k] = malloc((case_values(d->c, k) + 1) * sizeof(real));
    if (!d->values[k]) return 0;
    case_fill(d->c, k, d->values[k]);
  }
  case_run r = double_case_run(d);
  if (!r.loss || tape_backward(d->tape, r.loss, NULL) != SCRIM_OK) return 0;
  for (int k = 0; k < CASE_INPUTS; k++) {
    if (r.in[k] && r.in[k]->grad) d->gradient[k] = double_copy(r.in[k]->grad, r.in[k]->n);
  }
  d->output = double_copy(r.out->data, r.out->n);
  d->n_output = r.out->n;
  return d->output != NULL;
}

double_case *double_case_open(size_t index) {
  double_case *d = calloc(1, sizeof *d);
  if (!d) return NULL;
  d->c = &op_cases[index];
  if (double_case_start(d)) return d;
  double_case_close(d);
  return NULL;
}

void double_case_close(double_case *d) {
  if (!d) return;
  for (int k = 0; k < CASE_INPUTS; k++) {
    free(d->values[k]);
    free(d->gradient[k]);
  }
  free(d->weights);
  free(d->output);
  random_source_free(d->random);
  tape_free(d->tape);
  free(d);
}

const double *double_case_output(const double_case *d, size_t *n) {
  *n = d->n_output;
  return d->output;
}

const double *double_case_gradient(const double_case *d, int input) {
  return d->gradient[input];
}

/* The loss with one value moved by `step`. */
static real double_case_moved(double_case *d, real *x, real step) {
  const real x0 = *x;
  *x = x0 + step;
  const case_run r = double_case_run(d);
  *x = x0;
  return r.loss ? r.loss->data[0] : (real)NAN;
}

/* Central differences of fourth order: the fifth derivative leaves h^4 / 30, rounding of the loss 1e-16 / h. */
double double_case_slope(double_case *d, int input, size_t element) {
  static const real h = 1e-3;
  real *x = &d->values[input][element];
  const real near = double_case_moved(d, x, h) - double_case_moved(d, x, -h);
  const real far = double_case_moved(d, x, 2 * h) - double_case_moved(d, x, -2 * h);
  return (8 * near - far) / (12 * h);
}
