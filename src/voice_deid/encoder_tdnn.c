/*
 * Convolutions in time after Snyder et al. 2018 (x-vectors), with residual blocks whose outputs are all used and
 * attentive statistics, as in Desplanques et al. 2020 (ECAPA-TDNN), at w channels:
 *
 *     features -> w (5 taps, every second frame) -> 3 blocks w -> w (3 taps, dilation 1, 2, 3) -> [3w] -> 2w
 *     attention: 2w -> w / 2, tanh -> 2w
 */
#include "voice_deid/encoder_parts.h"

enum { BLOCKS = 3, STEM = 0, JOIN = BLOCKS + 1, LOOK, WEIGH };

static int build(speaker_encoder *e) {
  const int w = e->settings.width;
  int added = encoder_unit_add(e, 1, front_end_features(e->front), w, 5, 2, 1);
  for (int i = 1; i <= BLOCKS; i++) added = added && encoder_unit_add(e, 1, w, w, 3, 1, i);
  added = added && encoder_unit_add(e, 1, BLOCKS * w, 2 * w, 1, 1, 1);
  added = added && encoder_unit_add(e, 1, 2 * w, w / 2, 1, 1, 1) && encoder_unit_add(e, 1, w / 2, 2 * w, 1, 1, 1);
  return added ? 2 * w : 0;
}

static tensor *frames(tape *t, const speaker_encoder *e, tensor *x) {
  tensor *block[BLOCKS];
  x = op_relu(t, encoder_unit_apply(t, &e->unit[STEM], x));
  for (int i = 0; i < BLOCKS; i++) {
    x = op_add(t, x, op_relu(t, encoder_unit_apply(t, &e->unit[1 + i], x)));
    block[i] = x;
  }
  return op_relu(t, encoder_unit_apply(t, &e->unit[JOIN], op_concat(t, block, BLOCKS, 1)));
}

static tensor *attend(tape *t, const speaker_encoder *e, tensor *x) {
  tensor *look = op_tanh(t, encoder_unit_apply(t, &e->unit[LOOK], x));
  return encoder_unit_apply(t, &e->unit[WEIGH], look);
}

const encoder_kind encoder_tdnn = {
    .defaults = {.kind = "tdnn",
                 .width = 96,
                 .dimensions = 128,
                 .front = {.window = 400,
                           .hop = 160,
                           .n_fft = 512,
                           .bands = 64,
                           .scale = FRONT_END_MEL,
                           .low_hz = 20,
                           .high_hz = 7600,
                           .mean_removal = 0}},
    .build = build,
    .frames = frames,
    .attend = attend,
};
