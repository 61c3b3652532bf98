/* What filters and spectra need around the transforms of cuFFT: frames, padding, products. */
#include "cuda/kernels_parts.cuh"

/* ---- power spectrum: x [items, length]; frame f of an item begins at f * hop ---- */

__device__ static float hann(size_t i, size_t window) {
  return 0.5f - 0.5f * cospif(2 * (float)i / (float)window);
}

/* frames [items * frames, size], windowed, zeros behind */
__global__ void frames_kernel(frame_shape s, const float *x, float *frames) {
  EACH(i, s.items * s.frames * s.size) {
    const size_t row = quotient(i, s.size), at = i - row * s.size, item = quotient(row, s.frames);
    const float *from = x + item * s.length + (row - item * s.frames) * s.hop;
    frames[i] = at < s.window ? from[at] * hann(at, s.window) : 0;
  }
}

cudaError_t launch_frames(const frame_shape *s, const float *x, float *frames, cudaStream_t stream) {
  return LAUNCH_EACH(frames_kernel, s->items * s->frames * s->size, stream, *s, x, frames);
}

/* x_grad: each sample adds up the frames that it is in, in order. */
__global__ void frames_slope_kernel(frame_shape s, const float *frames, float *x_grad) {
  EACH(i, s.items * s.length) {
    const size_t item = quotient(i, s.length), at = i - item * s.length;
    const size_t first = at < s.window ? 0 : quotient(at - s.window, s.hop) + 1;
    float sum = 0;
    for (size_t f = first; f < s.frames && f * s.hop <= at; f++) {
      const size_t in_frame = at - f * s.hop;
      sum += frames[(item * s.frames + f) * s.size + in_frame] * hann(in_frame, s.window);
    }
    x_grad[i] += sum;
  }
}

cudaError_t launch_frames_slope(const frame_shape *s, const float *frames, float *x_grad, cudaStream_t stream) {
  return LAUNCH_EACH(frames_slope_kernel, s->items * s->length, stream, *s, frames, x_grad);
}

__global__ void power_kernel(const float2 *spectrum, float *power, size_t n) {
  EACH(i, n) power[i] = spectrum[i].x * spectrum[i].x + spectrum[i].y * spectrum[i].y;
}

cudaError_t launch_power(const float *spectrum, float *power, size_t n, cudaStream_t stream) {
  return LAUNCH_EACH(power_kernel, n, stream, (const float2 *)spectrum, power, n);
}

/* The half spectrum stands for two of each bin but the first and the last: those count twice here, the others once. */
__global__ void power_slope_kernel(const float2 *spectrum, const float *g, float2 *to, size_t n, size_t bins) {
  EACH(i, n) {
    const size_t bin = remainder_of(i, bins);
    const float slope = bin == 0 || bin + 1 == bins ? 2 * g[i] : g[i];
    to[i] = make_float2(slope * spectrum[i].x, slope * spectrum[i].y);
  }
}

cudaError_t launch_power_slope(const float *spectrum, const float *g, float *to, size_t rows, size_t bins,
                               cudaStream_t stream) {
  return LAUNCH_EACH(power_slope_kernel, rows * bins, stream, (const float2 *)spectrum, g, (float2 *)to, rows * bins,
                     bins);
}

/* ---- convolution as a product of spectra ---- */

/* to [rows, size] = from [rows, run], zeros behind */
__global__ void pad_kernel(const float *from, size_t run, float *to, size_t size, size_t n) {
  EACH(i, n) {
    const size_t row = quotient(i, size), at = i - row * size;
    to[i] = at < run ? from[row * run + at] : 0;
  }
}

cudaError_t launch_pad(const float *from, size_t run, float *to, size_t rows, size_t size, cudaStream_t stream) {
  return LAUNCH_EACH(pad_kernel, rows * size, stream, from, run, to, size, rows * size);
}

/* a [rows, bins] *= scale * b, or conj(b) for sign -1; b has as many rows, or one. */
__global__ void spectrum_product_kernel(float2 *a, const float2 *b, size_t n, size_t b_n, float sign, float scale) {
  EACH(i, n) {
    const float2 x = a[i], y = b[remainder_of(i, b_n)];
    a[i] = make_float2(scale * (x.x * y.x - sign * (x.y * y.y)), scale * (sign * (x.x * y.y) + x.y * y.x));
  }
}

cudaError_t launch_spectrum_product(const spectrum_pass *p, cudaStream_t stream) {
  return LAUNCH_EACH(spectrum_product_kernel, p->rows * p->bins, stream, (float2 *)p->a, (const float2 *)p->b,
                     p->rows * p->bins, p->b_rows * p->bins, p->sign, p->scale);
}

/* The first row of a becomes the sum of all. */
__global__ void spectrum_sum_kernel(float2 *a, size_t rows, size_t bins) {
  EACH(bin, bins) {
    float2 sum = a[bin];
    for (size_t r = 1; r < rows; r++) {
      sum.x += a[r * bins + bin].x;
      sum.y += a[r * bins + bin].y;
    }
    a[bin] = sum;
  }
}

cudaError_t launch_spectrum_sum(float *a, size_t rows, size_t bins, cudaStream_t stream) {
  return LAUNCH_EACH(spectrum_sum_kernel, bins, stream, (float2 *)a, rows, bins);
}
