#include "voice_deid/target_measure.h"
#include "core/error.h"
#include "core/memory.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PAIRS = 400, BANK = PITCH_CLASSES * TARGET_BANK };

static const double active_divergence = 0.05; /* nats, of a latent unit */

typedef struct measure {
  const target_sampler *sampler;
  const target_data *data;
  size_t width;
  int parts;
  float *speakers; /* [data->speakers, width] means of their clips, each part of unit length */
  float *drawn;    /* [BANK, width] */
  double *real;    /* [data->speakers] cosine to the nearest other */
  double *nearest; /* [BANK] of a target, to the nearest speaker */
  tape *tape;
} measure;

/* ---- cosines and quantiles ---- */

/* Mean over encoders: rows are unit vectors one after the other. */
static double cosine(const measure *m, const float *a, const float *b) {
  double sum = 0;
  for (size_t i = 0; i < m->width; i++) sum += (double)a[i] * (double)b[i];
  return sum / m->parts;
}

/* The largest cosine of x to a speaker other than `self`. */
static double nearest_speaker(const measure *m, const float *x, size_t self) {
  double most = -1;
  for (size_t s = 0; s < m->data->speakers; s++) {
    if (s != self) most = fmax(most, cosine(m, x, m->speakers + s * m->width));
  }
  return most;
}

static int compare_doubles(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double quantile(const double *sorted, size_t n, double share) {
  return sorted[(size_t)llround(share * (double)(n - 1))];
}

/* ---- what is compared ---- */

static void fill_speakers(measure *m) {
  const int *dim = target_sampler_about(m->sampler)->dim;
  for (size_t i = 0; i < m->data->n; i++) {
    float *mean = m->speakers + m->data->speaker[i] * m->width;
    for (size_t k = 0; k < m->width; k++) mean[k] += m->data->rows[i * m->width + k];
  }
  for (size_t s = 0; s < m->data->speakers; s++) {
    float *part = m->speakers + s * m->width;
    for (int p = 0; p < m->parts; part += dim[p++]) {
      double square = 1e-12;
      for (int k = 0; k < dim[p]; k++) square += (double)part[k] * (double)part[k];
      for (int k = 0; k < dim[p]; k++) part[k] /= (float)sqrt(square);
    }
  }
}

static scrim_status fill_drawn(measure *m, scrim_error *error) {
  scrim_status status = SCRIM_OK;
  for (int i = 0; i < BANK && status == SCRIM_OK; i++) {
    float *to = m->drawn + (size_t)i * m->width;
    status = target_sampler_make(m->sampler, m->tape, i / TARGET_BANK, i % TARGET_BANK, to, error);
    if (status == SCRIM_OK) m->nearest[i] = nearest_speaker(m, to, SIZE_MAX);
  }
  return status;
}

/* ---- figures ---- */

/* Row i of at most MOST_PAIRS that stand for n. */
static const float *sample(const float *rows, size_t n, size_t width, size_t i) {
  return rows + i * n / (n < MOST_PAIRS ? n : MOST_PAIRS) * width;
}

/* Mean cosine of two of the rows, and the dimensions that they spread over. */
static scrim_status measure_spread(const measure *m, const float *rows, size_t n, double *pair, double *dimensions,
                                   scrim_error *error) {
  const size_t used = n < MOST_PAIRS ? n : MOST_PAIRS;
  double mean = 0, own = 0, cross = 0;
  double *to_mean = memory_zalloc(used, sizeof *to_mean);
  if (to_mean == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu cosines", used);
  for (size_t i = 0; i < used; i++) {
    for (size_t j = 0; j < used; j++)
      to_mean[i] += cosine(m, sample(rows, n, m->width, i), sample(rows, n, m->width, j));
    to_mean[i] /= (double)used;
    mean += to_mean[i] / (double)used;
  }
  for (size_t i = 0; i < used; i++) {
    for (size_t j = 0; j < used; j++) {
      const double one = cosine(m, sample(rows, n, m->width, i), sample(rows, n, m->width, j));
      const double centred = one - to_mean[i] - to_mean[j] + mean;
      cross += centred * centred;
      if (i == j) own += centred;
    }
  }
  *pair = (mean * (double)used - 1) / (double)(used - 1);
  *dimensions = cross > 0 ? own * own / cross : 0;
  memory_free(to_mean);
  return SCRIM_OK;
}

/* Mean cosine between the mean targets of two classes. */
static double class_cosine(const measure *m, float *mean /* [PITCH_CLASSES, width], zeroed */) {
  double sum = 0;
  for (int i = 0; i < BANK; i++) {
    for (size_t k = 0; k < m->width; k++)
      mean[(size_t)(i / TARGET_BANK) * m->width + k] += m->drawn[(size_t)i * m->width + k];
  }
  for (int a = 0; a < PITCH_CLASSES; a++) {
    const float *x = mean + (size_t)a * m->width, *y = mean + (size_t)((a + 1) % PITCH_CLASSES) * m->width;
    sum += cosine(m, x, y) / sqrt(cosine(m, x, x) * cosine(m, y, y) + 1e-30);
  }
  return sum / PITCH_CLASSES;
}

/* How much of the latent says something about the clips. */
static scrim_status measure_latent(measure *m, target_figures *f, scrim_error *error) {
  const int latent = target_sampler_about(m->sampler)->latent, columns = (int)m->width + PITCH_CLASSES;
  double *divergence = memory_zalloc((size_t)latent, sizeof *divergence);
  float *row = memory_zalloc((size_t)columns, sizeof *row);
  scrim_status status =
      divergence && row ? SCRIM_OK : fail(error, SCRIM_E_MEMORY, "out of memory for %d latent units", latent);
  for (size_t i = 0; i < m->data->n && status == SCRIM_OK; i++) {
    tensor *mean, *log_variance;
    memset(row + m->width, 0, PITCH_CLASSES * sizeof *row);
    memcpy(row, m->data->rows + i * m->width, m->width * sizeof *row);
    row[m->width + (size_t)m->data->class[i]] = 1;
    tape_reset(m->tape);
    target_sampler_encode(m->sampler, m->tape, tape_input(m->tape, row, 2, (int[]){1, columns}), &mean, &log_variance);
    const float *means = tensor_values(mean), *log_variances = tensor_values(log_variance);
    status = tape_status(m->tape, error);
    for (int k = 0; k < latent && status == SCRIM_OK; k++) {
      const double u = (double)means[k], v = (double)log_variances[k];
      divergence[k] += 0.5 * (u * u + exp(v) - v - 1) / (double)m->data->n;
    }
  }
  for (int k = 0; k < latent && status == SCRIM_OK; k++) {
    f->divergence += divergence[k];
    f->active += divergence[k] > active_divergence;
  }
  memory_free(divergence);
  memory_wipe_free(row, (size_t)columns * sizeof *row);
  return status;
}

/* Marks the targets that are nearer to nobody than the bound. */
static scrim_status mark(measure *m, target_sampler *s, double near, target_figures *f, scrim_error *error) {
  static const double shares[] = {0.05, 0.5, 0.95};
  for (size_t i = 0; i < m->data->speakers; i++) m->real[i] = nearest_speaker(m, m->speakers + i * m->width, i);
  qsort(m->real, m->data->speakers, sizeof *m->real, compare_doubles);
  f->bound = quantile(m->real, m->data->speakers, near);
  unsigned char *allowed = target_sampler_allowed(s);
  for (int i = 0; i < BANK; i++) {
    allowed[i] = m->nearest[i] <= f->bound;
    f->allowed += allowed[i] / (double)BANK;
  }
  for (int c = 0; c < PITCH_CLASSES; c++) {
    if (target_sampler_count(s, c) == 0)
      return fail(error, SCRIM_E_DATA, "all targets of pitch class %d are nearer to a training speaker than %g", c,
                  f->bound);
  }
  qsort(m->nearest, BANK, sizeof *m->nearest, compare_doubles);
  for (int q = 0; q < 3; q++) {
    f->real_nearest[q] = quantile(m->real, m->data->speakers, shares[q]);
    f->drawn_nearest[q] = quantile(m->nearest, BANK, shares[q]);
  }
  return SCRIM_OK;
}

static scrim_status measure_all(measure *m, target_sampler *s, double near, target_figures *f, scrim_error *error) {
  float *class_mean = memory_zalloc(PITCH_CLASSES * m->width, sizeof *class_mean);
  if (class_mean == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for the figures of targets");
  fill_speakers(m);
  scrim_status status = fill_drawn(m, error);
  if (status == SCRIM_OK) status = mark(m, s, near, f, error);
  if (status == SCRIM_OK) status = measure_latent(m, f, error);
  if (status == SCRIM_OK)
    status = measure_spread(m, m->speakers, m->data->speakers, &f->real_pair, &f->real_dimensions, error);
  if (status == SCRIM_OK) status = measure_spread(m, m->drawn, BANK, &f->drawn_pair, &f->drawn_dimensions, error);
  if (status == SCRIM_OK) f->drawn_classes = class_cosine(m, class_mean);
  memory_free(class_mean);
  return status;
}

scrim_status target_measure(target_sampler *s, const target_data *data, double near, target_figures *figures,
                            scrim_error *error) {
  measure m = {
      .sampler = s, .data = data, .width = (size_t)target_sampler_width(s), .parts = target_sampler_about(s)->parts};
  m.speakers = memory_zalloc(data->speakers, m.width * sizeof *m.speakers);
  m.drawn = memory_zalloc(BANK, m.width * sizeof *m.drawn);
  m.real = memory_zalloc(data->speakers, sizeof *m.real);
  m.nearest = memory_zalloc(BANK, sizeof *m.nearest);
  scrim_status status = m.speakers && m.drawn && m.real && m.nearest
                            ? tape_create(&m.tape, &cpu_backend, error)
                            : fail(error, SCRIM_E_MEMORY, "out of memory for %zu speakers", data->speakers);
  if (status == SCRIM_OK) status = measure_all(&m, s, near, figures, error);
  tape_free(m.tape);
  memory_wipe_free(m.speakers, data->speakers * m.width * sizeof *m.speakers);
  memory_wipe_free(m.drawn, BANK * m.width * sizeof *m.drawn);
  memory_free(m.real);
  memory_free(m.nearest);
  return status;
}
