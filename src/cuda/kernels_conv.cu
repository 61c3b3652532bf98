/*
 * What convolution needs besides products: columns [c_in * taps, items * places] of what each output reads, their
 * transpose, and the way between [c_out, items * places], which a product gives, and [items, c_out, places].
 * A signal is an image of one line.
 */
#include "cuda/kernels_parts.cuh"

/* Row or column of the input that a tap reads for an output, or -1 in the padding. */
__device__ static int64_t conv_source(size_t out, size_t tap, int stride, int dilation, int padding, size_t size) {
  const int64_t from = (int64_t)out * stride + (int64_t)tap * dilation - padding;
  return from < 0 || from >= (int64_t)size ? -1 : from;
}

__global__ void unfold_kernel(conv_shape s, const float *x, float *columns) {
  const size_t places = s.out_height * s.out_width, width = s.items * places;
  EACH(i, s.c_in * s.taps_high * s.taps_wide * width) {
    const size_t line = quotient(i, width), at = i - line * width;
    const size_t item = quotient(at, places), place = at - item * places;
    const size_t tap = quotient(line, s.taps_wide), channel = quotient(tap, s.taps_high);
    const int64_t row = conv_source(quotient(place, s.out_width), tap - channel * s.taps_high, s.stride, s.dilation,
                                    s.padding_high, s.height);
    const int64_t column = conv_source(remainder_of(place, s.out_width), line - tap * s.taps_wide, s.stride, s.dilation,
                                       s.padding_wide, s.width);
    const size_t plane = (item * s.c_in + channel) * s.height;
    columns[i] = row < 0 || column < 0 ? 0 : x[(plane + (size_t)row) * s.width + (size_t)column];
  }
}

cudaError_t launch_unfold(const conv_shape *s, const float *x, float *columns, cudaStream_t stream) {
  const size_t n = s->c_in * s->taps_high * s->taps_wide * s->items * s->out_height * s->out_width;
  return LAUNCH_EACH(unfold_kernel, n, stream, *s, x, columns);
}

/* The output that reads input `from` with the tap, or -1. */
__device__ static int64_t conv_reader(size_t from, size_t tap, int stride, int dilation, int padding, size_t size) {
  const int64_t at = (int64_t)from + padding - (int64_t)tap * dilation;
  if (at < 0 || at % stride != 0 || at / stride >= (int64_t)size) return -1;
  return at / stride;
}

/* Each input adds up what read it, tap after tap. */
__global__ void fold_kernel(conv_shape s, const float *columns, float *x_grad) {
  const size_t places = s.out_height * s.out_width, width = s.items * places;
  EACH(i, s.items * s.c_in * s.height * s.width) {
    const size_t line = quotient(i, s.width), from_column = i - line * s.width;
    const size_t plane = quotient(line, s.height), from_row = line - plane * s.height;
    const size_t item = quotient(plane, s.c_in), channel = plane - item * s.c_in;
    float sum = 0;
    for (size_t high = 0; high < s.taps_high; high++) {
      const int64_t row = conv_reader(from_row, high, s.stride, s.dilation, s.padding_high, s.out_height);
      for (size_t wide = 0; row >= 0 && wide < s.taps_wide; wide++) {
        const int64_t column = conv_reader(from_column, wide, s.stride, s.dilation, s.padding_wide, s.out_width);
        const size_t k = (channel * s.taps_high + high) * s.taps_wide + wide;
        if (column >= 0) sum += columns[k * width + item * places + (size_t)row * s.out_width + (size_t)column];
      }
    }
    x_grad[i] += sum;
  }
}

cudaError_t launch_fold(const conv_shape *s, const float *columns, float *x_grad, cudaStream_t stream) {
  return LAUNCH_EACH(fold_kernel, s->items * s->c_in * s->height * s->width, stream, *s, columns, x_grad);
}

/* y [items, channels, places] = x [channels, items, places], plus b [channels] if it is not NULL */
__global__ void channels_in_kernel(const float *x, const float *b, float *y, size_t items, size_t channels,
                                   size_t places) {
  EACH(i, items * channels * places) {
    const size_t plane = quotient(i, places), item = quotient(plane, channels), channel = plane - item * channels;
    y[i] = x[(channel * items + item) * places + i - plane * places] + (b ? b[channel] : 0);
  }
}

cudaError_t launch_channels_in(const conv_shape *s, const float *x, const float *b, float *y, cudaStream_t stream) {
  const size_t places = s->out_height * s->out_width;
  return LAUNCH_EACH(channels_in_kernel, s->items * s->c_out * places, stream, x, b, y, s->items, s->c_out, places);
}

/* y [channels, items, places] = x [items, channels, places] */
__global__ void channels_out_kernel(const float *x, float *y, size_t items, size_t channels, size_t places) {
  EACH(i, items * channels * places) {
    const size_t plane = quotient(i, places), channel = quotient(plane, items), item = plane - channel * items;
    y[i] = x[(item * channels + channel) * places + i - plane * places];
  }
}

cudaError_t launch_channels_out(const conv_shape *s, const float *x, float *y, cudaStream_t stream) {
  const size_t places = s->out_height * s->out_width;
  return LAUNCH_EACH(channels_out_kernel, s->items * s->c_out * places, stream, x, y, s->items, s->c_out, places);
}

/* ---- biases of products: y [rows, columns] ---- */

__global__ void bias_kernel(const float *b, float *y, size_t n, size_t columns) {
  EACH(i, n) y[i] = b[remainder_of(i, columns)];
}

cudaError_t launch_bias_forward(const float *b, float *y, size_t rows, size_t columns, cudaStream_t stream) {
  return LAUNCH_EACH(bias_kernel, rows * columns, stream, b, y, rows * columns, columns);
}

/* b_grad [columns]: the sum over rows, and over `inner` values that each column has in a row. */
struct bias_sum {
  const float *g;
  size_t columns, inner;
  __device__ void operator()(size_t r, size_t i, sum_pair *s) const {
    s->a += g[(quotient(i, inner) * columns + r) * inner + remainder_of(i, inner)];
  }
};

cudaError_t launch_bias_backward(const float *g, float *b_grad, size_t rows, size_t columns, size_t inner,
                                 float *scratch, cudaStream_t stream) {
  const bias_sum of = {g, columns, inner};
  const add_to_pair to = {b_grad, NULL};
  return launch_sum(columns, rows * inner, inner == 1, of, to, scratch, stream);
}
