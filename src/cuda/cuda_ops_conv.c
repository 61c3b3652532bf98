/*
 * Adapters of convolution: y [c_out, items * places] = w [c_out, c_in * taps] columns [.., items * places], for as many
 * items at once as the scratch holds.
 */
#include "cuda/cuda_ops.h"

static conv_shape cuda_conv1d_of(const node *n) {
  const tensor *x = n->in[0], *w = n->in[1];
  return (conv_shape){.items = (size_t)x->dim[0],
                      .c_in = (size_t)x->dim[1],
                      .height = 1,
                      .width = (size_t)x->dim[2],
                      .c_out = (size_t)w->dim[0],
                      .taps_high = 1,
                      .taps_wide = (size_t)w->dim[2],
                      .out_height = 1,
                      .out_width = (size_t)n->out.dim[2],
                      .stride = n->at.conv.stride,
                      .dilation = n->at.conv.dilation,
                      .padding_wide = n->at.conv.padding};
}

static conv_shape cuda_conv2d_of(const node *n) {
  const tensor *x = n->in[0], *w = n->in[1];
  return (conv_shape){.items = (size_t)x->dim[0],
                      .c_in = (size_t)x->dim[1],
                      .height = (size_t)x->dim[2],
                      .width = (size_t)x->dim[3],
                      .c_out = (size_t)w->dim[0],
                      .taps_high = (size_t)w->dim[2],
                      .taps_wide = (size_t)w->dim[3],
                      .out_height = (size_t)n->out.dim[2],
                      .out_width = (size_t)n->out.dim[3],
                      .stride = n->at.conv.stride,
                      .dilation = 1,
                      .padding_high = n->at.conv.padding,
                      .padding_wide = n->at.conv.padding};
}

static size_t cuda_conv_depth(const conv_shape *s) {
  return s->c_in * s->taps_high * s->taps_wide;
}

static size_t cuda_conv_places(const conv_shape *s) {
  return s->out_height * s->out_width;
}

/* Columns and channels of one item. */
static size_t cuda_conv_item(const conv_shape *s) {
  return (cuda_conv_depth(s) + s->c_out) * cuda_conv_places(s);
}

/* Items first.. of x and y, as many as part->items. */
static int cuda_conv_part(node *n, const conv_shape *part, size_t first, float *columns) {
  const size_t depth = cuda_conv_depth(part), width = part->items * cuda_conv_places(part);
  float *channels = columns + depth * width;
  const float *x = cuda_in(n, 0) + first * part->c_in * part->height * part->width;
  float *y = cuda_out(n) + first * part->c_out * cuda_conv_places(part);
  const cuda_product product = {
      .rows = part->c_out, .columns = width, .depth = depth, .a = cuda_in(n, 1), .b = columns, .to = channels};
  return cuda_ok(n, launch_unfold(part, x, columns, cuda_stream(n))) && cuda_multiply(n, &product) &&
         cuda_ok(n, launch_channels_in(part, channels, cuda_in(n, 2), y, cuda_stream(n)));
}

static void cuda_conv_forward(node *n, conv_shape s) {
  const size_t items = s.items, at_once = cuda_at_once(items, cuda_conv_item(&s));
  float *columns = cuda_scratch(n, at_once * cuda_conv_item(&s));
  for (size_t first = 0; columns && first < items; first += at_once) {
    s.items = items - first < at_once ? items - first : at_once;
    if (!cuda_conv_part(n, &s, first, columns)) return;
  }
}

/* w_grad += g columns^T, x_grad += fold(w^T g) */
static int cuda_conv_part_backward(node *n, const conv_shape *part, size_t first, float *columns) {
  const size_t depth = cuda_conv_depth(part), width = part->items * cuda_conv_places(part);
  const size_t x_first = first * part->c_in * part->height * part->width;
  float *channels = columns + depth * width, *x_grad = cuda_in_grad(n, 0), *w_grad = cuda_in_grad(n, 1);
  const float *g = cuda_out_grad(n) + first * part->c_out * cuda_conv_places(part);
  const cuda_product w_part = {.rows = part->c_out,
                               .columns = depth,
                               .depth = width,
                               .a = channels,
                               .b = columns,
                               .b_turned = 1,
                               .to = w_grad,
                               .keep = 1};
  const cuda_product x_part = {.rows = depth,
                               .columns = width,
                               .depth = part->c_out,
                               .a = cuda_in(n, 1),
                               .a_turned = 1,
                               .b = channels,
                               .to = columns};
  cudaStream_t stream = cuda_stream(n);
  if (!cuda_ok(n, launch_channels_out(part, g, channels, stream))) return 0;
  if (w_grad && !cuda_ok(n, launch_unfold(part, cuda_in(n, 0) + x_first, columns, stream))) return 0;
  if (w_grad && !cuda_multiply(n, &w_part)) return 0;
  if (x_grad && !cuda_multiply(n, &x_part)) return 0;
  return !x_grad || cuda_ok(n, launch_fold(part, columns, x_grad + x_first, stream));
}

static void cuda_conv_backward(node *n, conv_shape s) {
  const size_t items = s.items, at_once = cuda_at_once(items, cuda_conv_item(&s)), places = cuda_conv_places(&s);
  const size_t sum = launch_sum_scratch(s.c_out, items * places), part = at_once * cuda_conv_item(&s);
  float *scratch = cuda_scratch(n, part > sum ? part : sum), *b_grad = cuda_in_grad(n, 2);
  if (!scratch) return;
  if (b_grad &&
      !cuda_ok(n, launch_bias_backward(cuda_out_grad(n), b_grad, items, s.c_out, places, scratch, cuda_stream(n))))
    return;
  for (size_t first = 0; first < items; first += at_once) {
    s.items = items - first < at_once ? items - first : at_once;
    if (!cuda_conv_part_backward(n, &s, first, scratch)) return;
  }
}

void cuda_conv1d_forward(node *n) {
  cuda_conv_forward(n, cuda_conv1d_of(n));
}

void cuda_conv1d_backward(node *n) {
  cuda_conv_backward(n, cuda_conv1d_of(n));
}

void cuda_conv2d_forward(node *n) {
  cuda_conv_forward(n, cuda_conv2d_of(n));
}

void cuda_conv2d_backward(node *n) {
  cuda_conv_backward(n, cuda_conv2d_of(n));
}
