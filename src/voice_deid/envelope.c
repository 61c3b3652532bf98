/* Band levels, the states made of them, and the cepstra of band gains. */
#include "voice_deid/envelope.h"
#include "core/error.h"
#include "core/memory.h"
#include "tensor/fourier.h"
#include <math.h>
#include <string.h>

enum { WINDOW = 512, BINS = WINDOW / 2 + 1, RATE = 16000, GRID = 512 };

static const double pi = 3.14159265358979323846;

struct envelope {
  fourier *transform;
  fourier_bin *spectrum;              /* [BINS] */
  float *time;                        /* [WINDOW] */
  float window[WINDOW];               /* Hann */
  double centre[ENVELOPE_BANDS + 2];  /* Hz; the first and last are where the outer bands end */
  float weight[ENVELOPE_BANDS][BINS]; /* of each band */
  float cosine[ENVELOPE_CEPSTRA][ENVELOPE_BANDS];
  float cepstra[ENVELOPE_BANDS][ENVELOPE_ORDER];
};

int envelope_nodes(size_t n) {
  return (int)((n + ENVELOPE_HOP - 2) / ENVELOPE_HOP) + 1;
}

const float *envelope_cepstra(const envelope *e) {
  return e->cepstra[0];
}

/* ---- tables ---- */

static double mel_of(double hz) {
  return 1127 * log(1 + hz / 700);
}

static double hz_of(double mel) {
  return 700 * (exp(mel / 1127) - 1);
}

static void fill_bands(envelope *e) {
  const double low = mel_of(60), high = mel_of(7800);
  for (int b = 0; b < ENVELOPE_BANDS + 2; b++) e->centre[b] = hz_of(low + (high - low) * b / (ENVELOPE_BANDS + 1));
  for (int b = 0; b < ENVELOPE_BANDS; b++) {
    const double left = e->centre[b], middle = e->centre[b + 1], right = e->centre[b + 2];
    double sum = 0;
    for (int k = 0; k < BINS; k++) {
      const double hz = (double)k * RATE / WINDOW;
      const double rise = (hz - left) / (middle - left), fall = (right - hz) / (right - middle);
      e->weight[b][k] = (float)fmax(0, fmin(rise, fall));
      sum += (double)e->weight[b][k];
    }
    for (int k = 0; k < BINS; k++) e->weight[b][k] /= (float)sum;
  }
}

static void fill_cosines(envelope *e) {
  for (int q = 0; q < ENVELOPE_CEPSTRA; q++) {
    for (int b = 0; b < ENVELOPE_BANDS; b++)
      e->cosine[q][b] = (float)(sqrt(2.0 / ENVELOPE_BANDS) * cos(pi * (q + 1) * (b + 0.5) / ENVELOPE_BANDS));
  }
}

/* How much of band b's gain there is at a frequency: straight lines between centres, level beyond the outer ones. */
static double band_share(const envelope *e, int b, double hz) {
  const double left = e->centre[b], middle = e->centre[b + 1], right = e->centre[b + 2];
  if (hz <= middle) return b == 0 ? 1 : fmax(0, (hz - left) / (middle - left));
  return b == ENVELOPE_BANDS - 1 ? 1 : fmax(0, (right - hz) / (right - middle));
}

/* c[m] = 2 / pi * integral over 0..pi of log |H(w)| cos(m w) dw, the gain being in dB; the trapezoid rule. */
static void fill_cepstra(envelope *e) {
  const double nepers = log(10) / 20;
  double cosine[2 * GRID], share[GRID + 1];
  for (int i = 0; i < 2 * GRID; i++) cosine[i] = cos(pi * i / GRID);
  for (int b = 0; b < ENVELOPE_BANDS; b++) {
    for (int i = 0; i <= GRID; i++) share[i] = band_share(e, b, RATE / 2.0 * i / GRID);
    share[0] /= 2;
    share[GRID] /= 2;
    for (int m = 1; m <= ENVELOPE_ORDER; m++) {
      double sum = 0;
      for (int i = 0; i <= GRID; i++) sum += share[i] * cosine[m * i % (2 * GRID)];
      e->cepstra[b][m - 1] = (float)(2 * nepers * sum / GRID);
    }
  }
}

scrim_status envelope_create(envelope **out, scrim_error *error) {
  *out = NULL;
  envelope *e = memory_zalloc(1, sizeof *e);
  if (e == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for an envelope");
  e->transform = fourier_create(WINDOW);
  e->spectrum = memory_zalloc(BINS, sizeof *e->spectrum);
  e->time = memory_zalloc(WINDOW, sizeof *e->time);
  if (e->transform == NULL || e->spectrum == NULL || e->time == NULL) {
    envelope_free(e);
    return fail(error, SCRIM_E_MEMORY, "out of memory for an envelope");
  }
  for (int i = 0; i < WINDOW; i++) e->window[i] = (float)(0.5 - 0.5 * cos(2 * pi * (i + 0.5) / WINDOW));
  fill_bands(e);
  fill_cosines(e);
  fill_cepstra(e);
  *out = e;
  return SCRIM_OK;
}

void envelope_free(envelope *e) {
  if (e == NULL) return;
  fourier_free(e->transform);
  memory_wipe_free(e->spectrum, BINS * sizeof *e->spectrum);
  memory_wipe_free(e->time, WINDOW * sizeof *e->time);
  memory_free(e);
}

/* ---- states ---- */

/* Levels [ENVELOPE_BANDS] in dB of the window around sample `middle`; answers that of all bands together. */
static float measure_node(envelope *e, const float *x, size_t n, size_t middle, float *levels) {
  for (size_t i = 0; i < WINDOW; i++) {
    const size_t at = middle + i - WINDOW / 2; /* wraps below 0, to what is past the end */
    e->time[i] = at < n ? x[at] * e->window[i] : 0;
  }
  fourier_forward(e->transform, e->time, e->spectrum);
  float power[BINS], all = 0;
  for (int k = 0; k < BINS; k++)
    power[k] = e->spectrum[k][0] * e->spectrum[k][0] + e->spectrum[k][1] * e->spectrum[k][1];
  for (int b = 0; b < ENVELOPE_BANDS; b++) {
    float sum = 0;
    for (int k = 0; k < BINS; k++) sum += e->weight[b][k] * power[k];
    levels[b] = sum;
    all += sum;
  }
  for (int b = 0; b < ENVELOPE_BANDS; b++) levels[b] = 10 * log10f(levels[b] + 1e-5f * all + 1e-20f);
  return 10 * log10f(all + 1e-20f);
}

/* Each column of a state to mean 0 and variance 1 over what is active, then by activity. */
static void normalise_states(float *states, const float *activity, size_t nodes) {
  double total = 1e-9;
  for (size_t j = 0; j < nodes; j++) total += (double)activity[j];
  for (int q = 0; q < ENVELOPE_CEPSTRA; q++) {
    double mean = 0, square = 0;
    for (size_t j = 0; j < nodes; j++) mean += (double)(activity[j] * states[j * ENVELOPE_STATE + (size_t)q]);
    mean /= total;
    for (size_t j = 0; j < nodes; j++) {
      const double away = (double)states[j * ENVELOPE_STATE + (size_t)q] - mean;
      square += (double)activity[j] * away * away;
    }
    const double scale = 1 / sqrt(square / total + 1e-6);
    for (size_t j = 0; j < nodes; j++) {
      float *value = &states[j * ENVELOPE_STATE + (size_t)q];
      *value = activity[j] * (float)(((double)*value - mean) * scale);
    }
  }
}

void envelope_measure(envelope *e, const float *x, size_t n, float *states, float *activity) {
  const size_t nodes = (size_t)envelope_nodes(n);
  float loudest = -200;
  for (size_t j = 0; j < nodes; j++) {
    float levels[ENVELOPE_BANDS], *state = states + j * ENVELOPE_STATE;
    activity[j] = measure_node(e, x, n, j * ENVELOPE_HOP, levels);
    loudest = fmaxf(loudest, activity[j]);
    for (int q = 0; q < ENVELOPE_CEPSTRA; q++) {
      state[q] = 0;
      for (int b = 0; b < ENVELOPE_BANDS; b++) state[q] += e->cosine[q][b] * levels[b];
    }
  }
  for (size_t j = 0; j < nodes; j++) {
    activity[j] = loudest <= -190 ? 0 : fminf(1, fmaxf(0, (activity[j] - loudest + 40) / 15));
    states[j * ENVELOPE_STATE + ENVELOPE_CEPSTRA] = activity[j];
  }
  normalise_states(states, activity, nodes);
}
