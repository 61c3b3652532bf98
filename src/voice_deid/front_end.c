#include "voice_deid/front_end.h"

#include "core/error.h"
#include <math.h>

/* Root mean square that all speech is brought to, and the least power of a band then: some 60 dB below the speech. */
static const float level = 0.05f, power_floor = 1e-6f;

struct front_end {
  front_end_settings settings;
  tensor *triangles; /* [bands, bins] */
  int32_t *covers;   /* what of them is not 0 (op_log_bands) */
  tensor *cosines;   /* [cepstra, bands]; NULL without cepstra */
};

/* ---- settings ---- */

static scrim_status check_range(const char *name, int value, int low, int high, scrim_error *error) {
  if (value >= low && value <= high) return SCRIM_OK;
  return fail(error, SCRIM_E_PARAM, "front end: %s %d, must be %d to %d", name, value, low, high);
}

static scrim_status check_settings(const front_end_settings *s, scrim_error *error) {
  const struct {
    const char *name;
    int value, low, high;
  } rules[] = {{"fft", s->n_fft, 64, 4096},
               {"window", s->window, 32, s->n_fft},
               {"hop", s->hop, 16, s->window},
               {"bands", s->bands, 4, s->n_fft / 2},
               {"cepstra", s->cepstra, 0, s->bands - 1},
               {"scale", (int)s->scale, 0, FRONT_END_SCALES - 1},
               {"high_hz", s->high_hz, 200, SPEECH_RATE / 2},
               {"low_hz", s->low_hz, 0, s->high_hz - 100},
               {"mean_removal", s->mean_removal, 0, 1}};
  scrim_status status = SCRIM_OK;
  for (size_t i = 0; i < sizeof rules / sizeof *rules && status == SCRIM_OK; i++)
    status = check_range(rules[i].name, rules[i].value, rules[i].low, rules[i].high, error);
  if (status == SCRIM_OK && s->n_fft % 2)
    status = fail(error, SCRIM_E_PARAM, "front end: fft %d, must be even", s->n_fft);
  return status;
}

/* ---- the two matrices ---- */

static double to_scale(front_end_scale scale, double hz) {
  return scale == FRONT_END_MEL ? 2595 * log10(1 + hz / 700) : hz;
}

static double from_scale(front_end_scale scale, double value) {
  return scale == FRONT_END_MEL ? 700 * (pow(10, value / 2595) - 1) : value;
}

/* Band i rises from edge i to edge i + 1 and falls to edge i + 2. */
static void fill_triangles(front_end *f) {
  const front_end_settings *s = &f->settings;
  const double low = to_scale(s->scale, s->low_hz), step = (to_scale(s->scale, s->high_hz) - low) / (s->bands + 1);
  const int bins = f->triangles->dim[1];
  for (int i = 0; i < s->bands; i++) {
    double edge[3];
    for (int e = 0; e < 3; e++) edge[e] = from_scale(s->scale, low + (i + e) * step);
    for (int k = 0; k < bins; k++) {
      const double hz = (double)k * SPEECH_RATE / s->n_fft;
      const double rise = (hz - edge[0]) / (edge[1] - edge[0]), fall = (edge[2] - hz) / (edge[2] - edge[1]);
      f->triangles->data[(size_t)i * (size_t)bins + (size_t)k] = (float)fmax(0, fmin(rise, fall));
    }
  }
}

/* Bands are in the order of their bins, and so those of a bin are in a row. */
static void fill_covers(front_end *f) {
  const int bands = f->triangles->dim[0], bins = f->triangles->dim[1];
  int32_t *first = f->covers, *end = first + bands, *lowest = end + bands, *behind = lowest + bins;
  for (int i = 0; i < bands; i++)
    for (int k = 0; k < bins; k++) {
      if (!(f->triangles->data[(size_t)i * (size_t)bins + (size_t)k] > 0)) continue;
      if (end[i] == 0) first[i] = k;
      if (behind[k] == 0) lowest[k] = i;
      end[i] = k + 1;
      behind[k] = i + 1;
    }
}

/* The orthonormal cosine transform without its first row, which is the level. */
static void fill_cosines(front_end *f) {
  const int bands = f->settings.bands;
  for (int i = 0; i < f->settings.cepstra; i++)
    for (int j = 0; j < bands; j++)
      f->cosines->data[(size_t)i * (size_t)bands + (size_t)j] =
          (float)(sqrt(2.0 / bands) * cos(3.14159265358979323846 * (i + 1) * (j + 0.5) / bands));
}

/* A constant: no node, no gradient. NULL when out of memory. */
static tensor *make_matrix(int rows, int columns) {
  const size_t n = (size_t)rows * (size_t)columns;
  tensor *m = memory_zalloc(1, sizeof *m);
  float *data = memory_zalloc(n, sizeof *data);
  if (m != NULL && data != NULL) {
    *m = (tensor){.rank = 2, .dim = {rows, columns}, .n = n, .data = data};
    return m;
  }
  memory_free(m);
  memory_free(data);
  return NULL;
}

static void free_matrix(tensor *m) {
  if (m == NULL) return;
  tensor_forget(m);
  memory_free(m->data);
  memory_free(m);
}

static int make_matrices(front_end *f) {
  const front_end_settings *s = &f->settings;
  f->triangles = make_matrix(s->bands, s->n_fft / 2 + 1);
  f->covers = memory_zalloc(2 * (size_t)(s->bands + s->n_fft / 2 + 1), sizeof *f->covers);
  if (s->cepstra > 0) f->cosines = make_matrix(s->cepstra, s->bands);
  return f->triangles != NULL && f->covers != NULL && (f->cosines != NULL || s->cepstra == 0);
}

scrim_status front_end_create(front_end **out, const front_end_settings *settings, scrim_error *error) {
  const scrim_status status = check_settings(settings, error);
  if (status != SCRIM_OK) return status;
  front_end *f = memory_zalloc(1, sizeof *f);
  if (f != NULL) f->settings = *settings;
  if (f == NULL || !make_matrices(f)) {
    front_end_free(f);
    return fail(error, SCRIM_E_MEMORY, "out of memory for a front end of %d bands", settings->bands);
  }
  fill_triangles(f);
  fill_covers(f);
  fill_cosines(f);
  *out = f;
  return SCRIM_OK;
}

void front_end_free(front_end *f) {
  if (f == NULL) return;
  free_matrix(f->triangles);
  free_matrix(f->cosines);
  memory_free(f->covers);
  memory_free(f);
}

/* ---- use ---- */

int front_end_features(const front_end *f) {
  return f->settings.cepstra > 0 ? f->settings.cepstra : f->settings.bands;
}

int front_end_frames(const front_end *f, size_t n) {
  return n < (size_t)f->settings.window ? 0 : 1 + (int)((n - (size_t)f->settings.window) / (size_t)f->settings.hop);
}

tensor *front_end_apply(tape *t, const front_end *f, tensor *samples) {
  const front_end_settings *s = &f->settings;
  if (samples == NULL) return NULL;
  const float length = level * sqrtf((float)samples->dim[samples->rank - 1]); /* of the clip as a vector */
  tensor *x = op_affine(t, op_normalize(t, samples, 1e-6f), length, 0);
  x = op_power_spectrum(t, x, s->window, s->hop, s->n_fft);
  if (s->cepstra == 0) {
    x = op_log_bands(t, x, f->triangles, f->covers, power_floor, s->mean_removal);
    if (s->mean_removal || x == NULL) return x;
  } else {
    x = op_log(t, op_linear(t, x, f->triangles, NULL), power_floor);
    x = op_transpose(t, op_linear(t, x, f->cosines, NULL));
    if (s->mean_removal || x == NULL) return op_centre(t, x);
  }
  const int clips = x->dim[0], features = x->dim[1], frames = x->dim[2];
  x = op_centre(t, op_reshape(t, x, 2, (int[]){clips, features * frames}));
  return op_reshape(t, x, 3, (int[]){clips, features, frames});
}
