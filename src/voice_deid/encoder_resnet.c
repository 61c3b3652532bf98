/*
 * Residual convolutions over the spectrogram as an image (He et al. 2016, basic blocks), at w channels:
 *
 *     1 x features x frames -> w (every second band and frame) -> block w -> blocks 2w, 4w, 6w, each halving both sides
 *
 * What is left of the bands joins the channels.
 */
#include "voice_deid/encoder_parts.h"

enum { STAGES = 4 };
static const int stage_width[STAGES] = {1, 2, 4, 6}; /* in units of w */

/* The first block keeps size and channels, and so needs no unit in its shortcut. */
static int build_block(speaker_encoder *e, int in, int out) {
  const int stride = in == out ? 1 : 2;
  return encoder_unit_add(e, 2, in, out, 3, stride, 1) && encoder_unit_add(e, 2, out, out, 3, 1, 1) &&
         (in == out || encoder_unit_add(e, 2, in, out, 1, stride, 1));
}

/* What stride 2 leaves of n, with as much padding as keeps n at stride 1. */
static int halved(int n) {
  return (n + 1) / 2;
}

static int build(speaker_encoder *e) {
  const int w = e->settings.width;
  int added = encoder_unit_add(e, 2, 1, w, 3, 2, 1), in = w, bands = halved(front_end_features(e->front));
  for (int i = 0; added && i < STAGES; i++) {
    const int out = stage_width[i] * w;
    added = build_block(e, in, out);
    if (in != out) bands = halved(bands);
    in = out;
  }
  return added ? in * bands : 0;
}

static tensor *block(tape *t, const encoder_unit *u, int has_shortcut, tensor *x) {
  tensor *y = op_relu(t, encoder_unit_apply(t, &u[0], x));
  y = encoder_unit_apply(t, &u[1], y);
  return op_relu(t, op_add(t, y, has_shortcut ? encoder_unit_apply(t, &u[2], x) : x));
}

static tensor *frames(tape *t, const speaker_encoder *e, tensor *x) {
  const encoder_unit *u = e->unit;
  if (x != NULL) x = op_reshape(t, x, 4, (int[]){x->dim[0], 1, x->dim[1], x->dim[2]});
  x = op_relu(t, encoder_unit_apply(t, u++, x));
  for (int i = 0; i < STAGES; i++) {
    x = block(t, u, i > 0, x);
    u += i > 0 ? 3 : 2;
  }
  return x == NULL ? NULL : op_reshape(t, x, 3, (int[]){x->dim[0], x->dim[1] * x->dim[2], x->dim[3]});
}

const encoder_kind encoder_resnet = {
    .defaults = {.kind = "resnet",
                 .width = 12,
                 .dimensions = 128,
                 .front = {.window = 512,
                           .hop = 200,
                           .n_fft = 512,
                           .bands = 64,
                           .scale = FRONT_END_LINEAR,
                           .low_hz = 0,
                           .high_hz = 8000,
                           .mean_removal = 1}},
    .build = build,
    .frames = frames,
};
