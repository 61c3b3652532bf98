/* Adapters for signals: spectra and filters. */
#include "cuda/cuda_ops.h"

/* Rounded up so that what follows it in scratch is aligned as cuFFT wants it. */
static size_t cuda_aligned(size_t values) {
  return (values + 63) / 64 * 64;
}

/* ---- power_spectrum ---- */

static frame_shape cuda_frames_of(const node *n) {
  return (frame_shape){.items = (size_t)n->in[0]->dim[0],
                       .length = (size_t)n->in[0]->dim[1],
                       .frames = (size_t)n->out.dim[1],
                       .window = (size_t)n->at.frame.window,
                       .hop = (size_t)n->at.frame.hop,
                       .size = (size_t)n->at.frame.length};
}

/* Of one pass, in scratch: the frames, their spectra, what cuFFT works in. */
typedef struct cuda_spectra {
  const cuda_fft *fft;
  float *frames, *bins, *work;
} cuda_spectra;

/* 0: sticky error. */
static int cuda_spectra_open(node *n, const frame_shape *s, cuda_spectra *to) {
  const size_t rows = s->items * s->frames, frames = cuda_aligned(rows * s->size), bins = cuda_aligned(2 * n->out.n);
  to->fft = cuda_fft_find(n, s->size, rows);
  to->frames = to->fft ? cuda_scratch(n, frames + bins + cuda_fft_work(to->fft)) : NULL;
  if (!to->frames) return 0;
  to->bins = to->frames + frames;
  to->work = to->bins + bins;
  return 1;
}

void cuda_power_spectrum_forward(node *n) {
  const frame_shape s = cuda_frames_of(n);
  cuda_spectra t;
  if (!cuda_spectra_open(n, &s, &t)) return;
  float *bins = cuda_saved(n) ? cuda_saved(n) : t.bins; /* backward wants them */
  if (!cuda_ok(n, launch_frames(&s, cuda_in(n, 0), t.frames, cuda_stream(n)))) return;
  if (!cuda_fft_forward(n, t.fft, t.work, t.frames, bins)) return;
  cuda_ok(n, launch_power(bins, cuda_out(n), n->out.n, cuda_stream(n)));
}

/* With Y = g X, dx = window * (inverse transform of Y, unscaled). */
void cuda_power_spectrum_backward(node *n) {
  const frame_shape s = cuda_frames_of(n);
  const size_t bins = (size_t)n->out.dim[2];
  cuda_spectra t;
  if (!cuda_spectra_open(n, &s, &t)) return;
  if (!cuda_ok(n, launch_power_slope(cuda_saved(n), cuda_out_grad(n), t.bins, n->out.n / bins, bins, cuda_stream(n))))
    return;
  if (!cuda_fft_inverse(n, t.fft, t.work, t.bins, t.frames)) return;
  cuda_ok(n, launch_frames_slope(&s, t.frames, cuda_in_grad(n, 0), cuda_stream(n)));
}

/* ---- fft_conv: the spectrum of y = x * h is the product of theirs ---- */

/* Of one pass: padded signals in `time`, spectra of x, of h and of g. Each has `rows` rows, h's may have one. */
typedef struct cuda_conv {
  size_t rows, h_rows, size, bins; /* size of a transform, bins of a spectrum */
  const cuda_fft *fft, *h_fft;
  float *time, *x, *h, *g, *work;
} cuda_conv;

/* Smallest 2^a 3^b 5^c of at least n: the lengths that cuFFT does well. */
static size_t cuda_good_length(size_t n) {
  for (;; n++) {
    size_t rest = n;
    while (rest % 2 == 0) rest /= 2;
    while (rest % 3 == 0) rest /= 3;
    while (rest % 5 == 0) rest /= 5;
    if (rest == 1) return n;
  }
}

static int cuda_conv_open(node *n, cuda_conv *c) {
  *c = (cuda_conv){.rows = (size_t)n->in[0]->dim[0],
                   .h_rows = (size_t)n->in[1]->dim[0],
                   .size = cuda_good_length((size_t)n->out.dim[1])};
  c->bins = c->size / 2 + 1;
  c->fft = cuda_fft_find(n, c->size, c->rows);
  c->h_fft = c->fft ? cuda_fft_find(n, c->size, c->h_rows) : NULL;
  if (!c->h_fft) return 0;
  const size_t time = cuda_aligned(c->rows * c->size), spectrum = cuda_aligned(2 * c->rows * c->bins);
  const size_t work = cuda_fft_work(c->fft), h_work = cuda_fft_work(c->h_fft);
  c->time = cuda_scratch(n, time + 3 * spectrum + (work > h_work ? work : h_work));
  if (!c->time) return 0;
  c->x = c->time + time;
  c->h = c->x + spectrum;
  c->g = c->h + spectrum;
  c->work = c->g + spectrum;
  return 1;
}

/* to = spectra of `rows` rows of `length` samples */
static int cuda_conv_spectrum(node *n, const cuda_conv *c, const float *from, size_t rows, size_t length, float *to) {
  const cuda_fft *fft = rows == c->rows ? c->fft : c->h_fft;
  return cuda_ok(n, launch_pad(from, length, c->time, rows, c->size, cuda_stream(n))) &&
         cuda_fft_forward(n, fft, c->work, c->time, to);
}

static int cuda_conv_product(node *n, const cuda_conv *c, float *a, const float *b, size_t b_rows, float sign) {
  const spectrum_pass p = {
      .a = a, .b = b, .rows = c->rows, .b_rows = b_rows, .bins = c->bins, .sign = sign, .scale = 1 / (float)c->size};
  return cuda_ok(n, launch_spectrum_product(&p, cuda_stream(n)));
}

/* The first `run` samples of each signal in c->time. */
static run_pass cuda_conv_cut(const cuda_conv *c, size_t rows, size_t run, float *to) {
  return (run_pass){.from = c->time, .from_step = c->size, .to = to, .to_step = run, .run = run, .count = rows};
}

void cuda_fft_conv_forward(node *n) {
  const tensor *x = n->in[0], *h = n->in[1];
  cuda_conv c;
  if (!cuda_conv_open(n, &c)) return;
  if (!cuda_conv_spectrum(n, &c, cuda_in(n, 1), c.h_rows, (size_t)h->dim[1], c.h)) return;
  if (!cuda_conv_spectrum(n, &c, cuda_in(n, 0), c.rows, (size_t)x->dim[1], c.x)) return;
  if (!cuda_conv_product(n, &c, c.x, c.h, c.h_rows, 1)) return;
  if (!cuda_fft_inverse(n, c.fft, c.work, c.x, c.time)) return;
  const run_pass cut = cuda_conv_cut(&c, c.rows, (size_t)n->out.dim[1], cuda_out(n));
  cuda_ok(n, launch_copy_runs(&cut, cuda_stream(n)));
}

/* dx = g correlated with h: a product with the conjugate spectrum. c->g holds g's spectrum before and after. */
static int cuda_conv_x_slope(node *n, const cuda_conv *c, float *x_grad) {
  const tensor *x = n->in[0], *h = n->in[1];
  if (!cuda_conv_spectrum(n, c, cuda_in(n, 1), c->h_rows, (size_t)h->dim[1], c->h)) return 0;
  if (!cuda_conv_spectrum(n, c, cuda_out_grad(n), c->rows, (size_t)n->out.dim[1], c->g)) return 0;
  if (!cuda_conv_product(n, c, c->g, c->h, c->h_rows, -1)) return 0;
  if (!cuda_fft_inverse(n, c->fft, c->work, c->g, c->time)) return 0;
  const run_pass cut = cuda_conv_cut(c, c->rows, (size_t)x->dim[1], x_grad);
  return cuda_ok(n, launch_add_runs(&cut, cuda_stream(n)));
}

/* dh = g correlated with x; for a filter that all rows share the sum of them, taken in the spectrum. */
static void cuda_conv_h_slope(node *n, const cuda_conv *c, float *h_grad) {
  const tensor *x = n->in[0], *h = n->in[1];
  if (!cuda_conv_spectrum(n, c, cuda_in(n, 0), c->rows, (size_t)x->dim[1], c->x)) return;
  if (!cuda_conv_spectrum(n, c, cuda_out_grad(n), c->rows, (size_t)n->out.dim[1], c->g)) return;
  if (!cuda_conv_product(n, c, c->g, c->x, c->rows, -1)) return;
  if (c->h_rows < c->rows && !cuda_ok(n, launch_spectrum_sum(c->g, c->rows, c->bins, cuda_stream(n)))) return;
  if (!cuda_fft_inverse(n, c->h_fft, c->work, c->g, c->time)) return;
  const run_pass cut = cuda_conv_cut(c, c->h_rows, (size_t)h->dim[1], h_grad);
  cuda_ok(n, launch_add_runs(&cut, cuda_stream(n)));
}

void cuda_fft_conv_backward(node *n) {
  cuda_conv c;
  if (!cuda_conv_open(n, &c)) return;
  float *x_grad = cuda_in_grad(n, 0), *h_grad = cuda_in_grad(n, 1);
  if (x_grad && !cuda_conv_x_slope(n, &c, x_grad)) return;
  if (h_grad) cuda_conv_h_slope(n, &c, h_grad);
}

/* ---- moving_filter ---- */

static moving_pass cuda_moving(node *n) {
  return (moving_pass){.x = cuda_in(n, 0),
                       .h = cuda_in(n, 1),
                       .y = cuda_out(n),
                       .channels = (size_t)n->in[0]->dim[0],
                       .length = (size_t)n->in[0]->dim[1],
                       .responses = (size_t)n->in[1]->dim[0],
                       .taps = (size_t)n->in[1]->dim[1],
                       .hop = (size_t)n->at.moving.hop};
}

void cuda_moving_filter_forward(node *n) {
  const moving_pass p = cuda_moving(n);
  cuda_ok(n, launch_moving_filter_forward(&p, cuda_stream(n)));
}

void cuda_moving_filter_backward(node *n) {
  moving_pass p = cuda_moving(n);
  p.g = cuda_out_grad(n);
  p.x_grad = cuda_in_grad(n, 0);
  p.h_grad = cuda_in_grad(n, 1);
  p.scratch = cuda_sum_scratch(n, p.responses * p.taps, p.channels * 2 * p.hop);
  if (p.scratch) cuda_ok(n, launch_moving_filter_backward(&p, cuda_stream(n)));
}

/* ---- minimum_phase ---- */

static cepstra_pass cuda_cepstra(node *n) {
  return (cepstra_pass){.c = cuda_in(n, 0),
                        .h = cuda_out(n),
                        .rows = (size_t)n->in[0]->dim[0],
                        .order = (size_t)n->in[0]->dim[1],
                        .taps = (size_t)n->out.dim[1]};
}

void cuda_minimum_phase_forward(node *n) {
  const cepstra_pass p = cuda_cepstra(n);
  cuda_ok(n, launch_minimum_phase_forward(&p, cuda_stream(n)));
}

void cuda_minimum_phase_backward(node *n) {
  cepstra_pass p = cuda_cepstra(n);
  p.g = cuda_out_grad(n);
  p.c_grad = cuda_in_grad(n, 0);
  cuda_ok(n, launch_minimum_phase_backward(&p, cuda_stream(n)));
}
