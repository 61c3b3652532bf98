/* Covariances, their common axes, and likelihood ratios. */
#include "voice_deid/attack_backend.h"
#include "core/error.h"
#include "core/memory.h"
#include "voice_deid/symmetric_eigen.h"
#include <math.h>

struct attack_backend {
  size_t dim;
  double *mean;    /* [dim] */
  double *axis;    /* [dim, dim] rows; projected = axis (x - mean) */
  double *between; /* [dim] variance of speakers along each axis, within 1 */
};

/* What training works on, for one call. */
typedef struct training {
  size_t dim, speakers;
  size_t present, spare;   /* speakers; degrees of freedom within them */
  size_t *count;           /* [speakers] */
  double *centre;          /* [speakers, dim] mean of each */
  double *within, *spread; /* [dim, dim] */
  double *vector, *value;  /* [dim, dim], [dim] */
} training;

/* ---- covariances ---- */

/* matrix [dim, dim] += weight * v v' */
static void add_square(double *matrix, const double *v, size_t dim, double weight) {
  for (size_t i = 0; i < dim; i++)
    for (size_t j = 0; j < dim; j++) matrix[i * dim + j] += weight * v[i] * v[j];
}

static void find_centres(training *t, const verification_set *set, double *mean) {
  const size_t dim = t->dim;
  for (size_t i = 0; i < set->n; i++) {
    const size_t s = (size_t)set->speaker[i];
    t->count[s]++;
    for (size_t d = 0; d < dim; d++) {
      t->centre[s * dim + d] += set->rows[i * dim + d];
      mean[d] += set->rows[i * dim + d] / (double)set->n;
    }
  }
  for (size_t s = 0; s < t->speakers; s++)
    for (size_t d = 0; d < dim && t->count[s] > 0; d++) t->centre[s * dim + d] /= (double)t->count[s];
}

/* Unbiased W from deviations within speakers; B from what their centres spread more than W explains. */
static scrim_status find_covariances(training *t, const verification_set *set, const double *mean, scrim_error *error) {
  const size_t dim = t->dim;
  double inverse_count = 0; /* mean of 1 / utterances */
  for (size_t s = 0; s < t->speakers; s++) {
    if (t->count[s] == 0) continue;
    t->present++;
    inverse_count += 1 / (double)t->count[s];
  }
  t->spare = set->n - t->present;
  if (t->present < 2 || t->spare == 0)
    return fail(error, SCRIM_E_DATA, "%zu utterances of %zu speakers are too few to learn from", set->n, t->present);
  inverse_count /= (double)t->present;
  for (size_t i = 0; i < set->n; i++) {
    for (size_t d = 0; d < dim; d++)
      t->value[d] = set->rows[i * dim + d] - t->centre[(size_t)set->speaker[i] * dim + d];
    add_square(t->within, t->value, dim, 1 / (double)t->spare);
  }
  for (size_t s = 0; s < t->speakers; s++) {
    if (t->count[s] == 0) continue;
    for (size_t d = 0; d < dim; d++) t->value[d] = t->centre[s * dim + d] - mean[d];
    add_square(t->spread, t->value, dim, 1 / (double)(t->present - 1));
  }
  for (size_t i = 0; i < dim * dim; i++) t->spread[i] -= inverse_count * t->within[i];
  return SCRIM_OK;
}

/*
 * Towards a sphere of the same mean variance, by as much as an estimate of so many degrees of freedom needs: the oracle
 * approximating shrinkage of Chen, Wiesel, Eldar, Hero (IEEE TSP 58(10), 2010).
 */
static void shrink(double *matrix, size_t dim, size_t freedom) {
  const double p = (double)dim, n = (double)freedom;
  double trace = 0, square = 0;
  for (size_t i = 0; i < dim; i++) trace += matrix[i * dim + i];
  for (size_t i = 0; i < dim * dim; i++) square += matrix[i] * matrix[i];
  const double sphere = fmax(trace / p, 0), wanted = (1 - 2 / p) * square + trace * trace;
  const double spread = (n + 1 - 2 / p) * (square - trace * trace / p);
  const double share = spread > wanted ? fmax(wanted / spread, 0) : 1;
  for (size_t i = 0; i < dim * dim; i++) matrix[i] *= 1 - share;
  for (size_t i = 0; i < dim; i++) matrix[i * dim + i] += share * sphere + 1e-12;
}

/* ---- common axes ---- */

/* to = rows a b' of [dim, dim] matrices: to[i][j] = sum over k of a[i][k] b[j][k] */
static void multiply_rows(const double *a, const double *b, size_t dim, double *to) {
  for (size_t i = 0; i < dim; i++)
    for (size_t j = 0; j < dim; j++) {
      double sum = 0;
      for (size_t k = 0; k < dim; k++) sum += a[i * dim + k] * b[j * dim + k];
      to[i * dim + j] = sum;
    }
}

/* Axes that make W 1 and B diagonal: whiten by W, then turn to the axes of what becomes of B. */
static void find_axes(attack_backend *b, training *t) {
  const size_t dim = t->dim;
  shrink(t->within, dim, t->spare);
  shrink(t->spread, dim, t->present - 1);
  symmetric_eigen(t->within, dim, t->value, t->vector);
  for (size_t i = 0; i < dim; i++)
    for (size_t k = 0; k < dim; k++) t->vector[i * dim + k] /= sqrt(t->value[i]); /* whitening rows */
  multiply_rows(t->vector, t->spread, dim, t->within);                            /* B is symmetric */
  multiply_rows(t->within, t->vector, dim, t->spread);
  symmetric_eigen(t->spread, dim, b->between, t->within);
  for (size_t i = 0; i < dim; i++) {
    b->between[i] = fmax(b->between[i], 0);
    for (size_t k = 0; k < dim; k++) {
      double sum = 0;
      for (size_t j = 0; j < dim; j++) sum += t->within[i * dim + j] * t->vector[j * dim + k];
      b->axis[i * dim + k] = sum;
    }
  }
}

/* ---- the whole ---- */

static int open_training(training *t, const verification_set *set) {
  const size_t dim = set->dim;
  *t = (training){.dim = dim, .speakers = set->speakers};
  t->count = memory_zalloc(set->speakers, sizeof *t->count);
  t->centre = memory_zalloc(set->speakers * dim, sizeof *t->centre);
  t->within = memory_zalloc(dim * dim, sizeof *t->within);
  t->spread = memory_zalloc(dim * dim, sizeof *t->spread);
  t->vector = memory_zalloc(dim * dim, sizeof *t->vector);
  t->value = memory_zalloc(dim, sizeof *t->value);
  return t->count && t->centre && t->within && t->spread && t->vector && t->value;
}

static void close_training(training *t) {
  memory_free(t->count);
  memory_free(t->centre);
  memory_free(t->within);
  memory_free(t->spread);
  memory_free(t->vector);
  memory_free(t->value);
}

scrim_status attack_backend_train(attack_backend **out, const verification_set *set, scrim_error *error) {
  training t = {0};
  attack_backend *b = memory_zalloc(1, sizeof *b);
  *out = NULL;
  if (b) {
    b->dim = set->dim;
    b->mean = memory_zalloc(set->dim, sizeof *b->mean);
    b->axis = memory_zalloc(set->dim * set->dim, sizeof *b->axis);
    b->between = memory_zalloc(set->dim, sizeof *b->between);
  }
  scrim_status status = SCRIM_OK;
  if (!b || !b->mean || !b->axis || !b->between || !open_training(&t, set))
    status = fail(error, SCRIM_E_MEMORY, "out of memory for a back-end of %zu dimensions", set->dim);
  if (status == SCRIM_OK) {
    find_centres(&t, set, b->mean);
    status = find_covariances(&t, set, b->mean, error);
  }
  if (status == SCRIM_OK) {
    find_axes(b, &t);
    *out = b;
  } else {
    attack_backend_free(b);
  }
  close_training(&t);
  return status;
}

void attack_backend_free(attack_backend *b) {
  if (!b) return;
  memory_free(b->mean);
  memory_free(b->axis);
  memory_free(b->between);
  memory_free(b);
}

void attack_backend_project(const attack_backend *b, const float *rows, size_t n, float *projected) {
  for (size_t r = 0; r < n; r++)
    for (size_t i = 0; i < b->dim; i++) {
      double sum = 0;
      for (size_t k = 0; k < b->dim; k++) sum += b->axis[i * b->dim + k] * (rows[r * b->dim + k] - b->mean[k]);
      projected[r * b->dim + i] = (float)sum;
    }
}

double attack_backend_score(const void *context, const float *enrolled, const float *tried, size_t dim) {
  const attack_backend *b = context;
  double ratio = 0;
  for (size_t i = 0; i < dim; i++) {
    const double v = b->between[i], x = enrolled[i], y = tried[i], squares = x * x + y * y;
    /* One speaker: covariance [[1 + v, v], [v, 1 + v]], determinant 1 + 2v. Two: 1 + v each. */
    ratio += log(1 + v) - 0.5 * log(1 + 2 * v);
    ratio += 0.5 * (squares / (1 + v) - ((1 + v) * squares - 2 * v * x * y) / (1 + 2 * v));
  }
  return ratio;
}
