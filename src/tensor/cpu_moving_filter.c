/*
 * A moving filter by FFTW, response by response: what is sent out around sample j * hop, weighted by how much of
 * response j it passes, is convolved with that and added up. The gradients are correlations, and so products with a
 * conjugate spectrum.
 */
#include "tensor/cpu.h"
#include "tensor/cpu_fft.h"
#include <string.h>

/* Of one pass: a signal and three half spectra in the tape's scratch. */
typedef struct cpu_moving {
  size_t hop, taps, n, responses; /* n: samples of a channel */
  int length;                     /* of a transform */
  float *time;                    /* [length] */
  fourier_bin *x, *h, *g;         /* [length / 2 + 1] */
  const fourier *transform;
} cpu_moving;

/* 0 (sticky) when out of memory. */
static int cpu_moving_open(cpu_moving *m, node *n) {
  const tensor *x = n->in[0], *h = n->in[1];
  *m = (cpu_moving){.hop = (size_t)n->at.moving.hop,
                    .taps = (size_t)h->dim[1],
                    .n = (size_t)x->dim[1],
                    .responses = (size_t)h->dim[0]};
  const size_t span = 2 * m->hop < m->n ? 2 * m->hop : m->n;
  m->length = fourier_good_length((int)(span + m->taps));
  const size_t values = cpu_fft_round((size_t)m->length), bins = cpu_fft_round((size_t)m->length + 2);
  m->time = tape_scratch(n, values + 3 * bins);
  if (!m->time) return 0;
  m->x = (fourier_bin *)(m->time + values);
  m->h = (fourier_bin *)(m->time + values + bins);
  m->g = (fourier_bin *)(m->time + values + 2 * bins);
  m->transform = cpu_fft_find(n, m->length);
  return m->transform != NULL;
}

/* The samples that pass response j: first to end, and the weight of each. */
typedef struct cpu_span {
  size_t first, end, middle;
} cpu_span;

static cpu_span cpu_moving_span(const cpu_moving *m, size_t j) {
  const size_t middle = j * m->hop, end = middle + m->hop < m->n ? middle + m->hop : m->n;
  return (cpu_span){.first = j == 0 ? 0 : middle - m->hop + 1, .end = end, .middle = middle};
}

static float cpu_span_weight(const cpu_moving *m, const cpu_span *s, size_t i) {
  const size_t away = i < s->middle ? s->middle - i : i - s->middle;
  return (float)(m->hop - away) / (float)m->hop;
}

/* to = spectrum of from [n], zeros behind */
static void cpu_moving_spectrum(const cpu_moving *m, const float *from, size_t n, fourier_bin *to) {
  memcpy(m->time, from, n * sizeof *from);
  memset(m->time + n, 0, ((size_t)m->length - n) * sizeof *from);
  fourier_forward(m->transform, m->time, to);
}

/* m->x = spectrum of the channel's samples that pass the response, weighted */
static void cpu_moving_sent(const cpu_moving *m, const cpu_span *s, const float *channel) {
  const size_t n = s->end - s->first;
  for (size_t i = 0; i < n; i++) m->time[i] = channel[s->first + i] * cpu_span_weight(m, s, s->first + i);
  memset(m->time + n, 0, ((size_t)m->length - n) * sizeof *m->time);
  fourier_forward(m->transform, m->time, m->x);
}

/* Samples that the response reaches from the span's first on. */
static size_t cpu_moving_reach(const cpu_moving *m, const cpu_span *s) {
  const size_t reach = s->end - s->first + m->taps - 1, left = m->n - s->first;
  return reach < left ? reach : left;
}

/* Leaves in m->time the signal of a * b, or of a * conj(b) for sign -1. `to`, which may be a, becomes scratch. */
static void cpu_moving_product(const cpu_moving *m, fourier_bin *a, fourier_bin *b, float sign, fourier_bin *to) {
  const float scale = 1 / (float)m->length;
  for (int i = 0; i <= m->length / 2; i++) {
    const float re = a[i][0] * b[i][0] - sign * (a[i][1] * b[i][1]);
    const float im = sign * (a[i][0] * b[i][1]) + a[i][1] * b[i][0];
    to[i][0] = scale * re;
    to[i][1] = scale * im;
  }
  fourier_inverse(m->transform, to, m->time);
}

void cpu_moving_filter_forward(node *n) {
  const tensor *x = n->in[0], *h = n->in[1];
  cpu_moving m;
  if (!cpu_moving_open(&m, n)) return;
  memset(n->out.data, 0, n->out.n * sizeof(float));
  for (size_t j = 0; j < m.responses && (j == 0 || (j - 1) * m.hop + 1 < m.n); j++) {
    const cpu_span s = cpu_moving_span(&m, j);
    const size_t reach = cpu_moving_reach(&m, &s);
    cpu_moving_spectrum(&m, h->data + j * m.taps, m.taps, m.h);
    for (size_t c = 0; c < x->n; c += m.n) {
      cpu_moving_sent(&m, &s, x->data + c);
      cpu_moving_product(&m, m.x, m.h, 1, m.x);
      float *to = n->out.data + c + s.first;
      for (size_t i = 0; i < reach; i++) to[i] += m.time[i];
    }
  }
}

void cpu_moving_filter_backward(node *n) {
  tensor *x = n->in[0], *h = n->in[1];
  cpu_moving m;
  if (!cpu_moving_open(&m, n)) return;
  for (size_t j = 0; j < m.responses && (j == 0 || (j - 1) * m.hop + 1 < m.n); j++) {
    const cpu_span s = cpu_moving_span(&m, j);
    const size_t reach = cpu_moving_reach(&m, &s);
    if (x->grad) cpu_moving_spectrum(&m, h->data + j * m.taps, m.taps, m.h);
    for (size_t c = 0; c < x->n; c += m.n) {
      cpu_moving_spectrum(&m, n->out.grad + c + s.first, reach, m.g);
      if (h->grad) {
        cpu_moving_sent(&m, &s, x->data + c);
        cpu_moving_product(&m, m.g, m.x, -1, m.x);
        for (size_t k = 0; k < m.taps; k++) h->grad[j * m.taps + k] += m.time[k];
      }
      if (!x->grad) continue;
      cpu_moving_product(&m, m.g, m.h, -1, m.g);
      for (size_t i = s.first; i < s.end; i++) x->grad[c + i] += m.time[i - s.first] * cpu_span_weight(&m, &s, i);
    }
  }
}
