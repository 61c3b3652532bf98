/*
 * Responses of minimum phase, LANES rows side by side: the recursion along one row waits for itself, many do not wait
 * for each other. Each row's sums have the order that they have in plain C (reference_filters.c), and so its bits.
 */
#include "tensor/cpu.h"
#include "tensor/vector_math.h"

enum { LANES = 32 };

/* A column of LANES rows, and several of them: [..][LANES]. */
typedef float (*phase_lanes)[LANES];

/* Of one pass, in the tape's scratch. */
typedef struct phase_room {
  size_t rows, order, taps;
  phase_lanes cepstra; /* [order] forward: the m-th times m; backward: its gradient */
  phase_lanes taps_of; /* [taps] the responses */
  phase_lanes slopes;  /* [taps] backward: theirs */
} phase_room;

/* 0 (sticky) when out of memory. */
static int phase_open(phase_room *p, node *n) {
  *p = (phase_room){.rows = (size_t)n->out.dim[0], .order = (size_t)n->in[0]->dim[1], .taps = (size_t)n->out.dim[1]};
  p->cepstra = (phase_lanes)tape_scratch(n, (p->order + 2 * p->taps) * LANES);
  if (!p->cepstra) return 0;
  p->taps_of = p->cepstra + p->order;
  p->slopes = p->taps_of + p->taps;
  return 1;
}

static size_t phase_rows(const phase_room *p, size_t first) {
  return p->rows - first < LANES ? p->rows - first : LANES;
}

/* Rows first to first + rows of a matrix of so many columns, side by side; lanes without a row are 0. */
static void phase_gather(phase_lanes to, const float *from, size_t columns, size_t first, size_t rows) {
  for (size_t j = 0; j < columns; j++) {
    for (size_t lane = 0; lane < LANES; lane++) to[j][lane] = lane < rows ? from[(first + lane) * columns + j] : 0;
  }
}

VECTOR_CLONES static void phase_recur(const phase_room *p) {
  for (size_t lane = 0; lane < LANES; lane++) p->taps_of[0][lane] = 1;
  for (size_t i = 1; i < p->taps; i++) {
    const size_t most = i < p->order ? i : p->order;
    float sum[LANES] = {0};
    for (size_t m = 1; m <= most; m++) {
      for (size_t lane = 0; lane < LANES; lane++) sum[lane] += p->cepstra[m - 1][lane] * p->taps_of[i - m][lane];
    }
    for (size_t lane = 0; lane < LANES; lane++) p->taps_of[i][lane] = sum[lane] / (float)i;
  }
}

void cpu_minimum_phase_forward(node *n) {
  phase_room p;
  if (!phase_open(&p, n)) return;
  for (size_t first = 0; first < p.rows; first += LANES) {
    const size_t rows = phase_rows(&p, first);
    phase_gather(p.cepstra, n->in[0]->data, p.order, first, rows);
    for (size_t m = 0; m < p.order; m++) {
      for (size_t lane = 0; lane < LANES; lane++) p.cepstra[m][lane] *= (float)(m + 1);
    }
    phase_recur(&p);
    for (size_t lane = 0; lane < rows; lane++) {
      for (size_t i = 0; i < p.taps; i++) n->out.data[(first + lane) * p.taps + i] = p.taps_of[i][lane];
    }
  }
}

VECTOR_CLONES static void phase_correlate(const phase_room *p) {
  for (size_t m = 1; m <= p->order; m++) {
    float sum[LANES] = {0};
    for (size_t i = m; i < p->taps; i++) {
      for (size_t lane = 0; lane < LANES; lane++) sum[lane] += p->slopes[i][lane] * p->taps_of[i - m][lane];
    }
    for (size_t lane = 0; lane < LANES; lane++) p->cepstra[m - 1][lane] = sum[lane];
  }
}

/* dH / dc[m] = z^-m H */
void cpu_minimum_phase_backward(node *n) {
  tensor *c = n->in[0];
  phase_room p;
  if (!phase_open(&p, n)) return;
  for (size_t first = 0; first < p.rows; first += LANES) {
    const size_t rows = phase_rows(&p, first);
    phase_gather(p.taps_of, n->out.data, p.taps, first, rows);
    phase_gather(p.slopes, n->out.grad, p.taps, first, rows);
    phase_correlate(&p);
    for (size_t lane = 0; lane < rows; lane++) {
      for (size_t m = 0; m < p.order && m + 1 < p.taps; m++)
        c->grad[(first + lane) * p.order + m] += p.cepstra[m][lane];
    }
  }
}
