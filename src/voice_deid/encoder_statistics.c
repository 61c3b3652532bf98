/*
 * The oldest kind: what sounds there are, not their order. Cepstra with their first and second differences in time go
 * frame by frame through a perceptron of w units a layer; mean and deviation of what comes out are the utterance.
 */
#include "voice_deid/encoder_parts.h"

enum { LAYERS = 4 };

static int build(speaker_encoder *e) {
  const int w = e->settings.width;
  int added = encoder_unit_add(e, 1, 3 * front_end_features(e->front), w, 1, 1, 1);
  for (int i = 1; i < LAYERS; i++) added = added && encoder_unit_add(e, 1, w, w, 1, 1, 1);
  return added ? w : 0;
}

/* x[i + 1] - x[i - 1] for all but the first and last frame */
static tensor *differences(tape *t, tensor *x) {
  if (x == NULL) return NULL;
  const int frames = x->dim[2] - 2;
  return op_sub(t, op_slice(t, x, 2, 2, frames), op_slice(t, x, 2, 0, frames));
}

static tensor *frames(tape *t, const speaker_encoder *e, tensor *x) {
  tensor *first = differences(t, x), *second = differences(t, first);
  if (second == NULL) return NULL;
  const int n = second->dim[2];
  tensor *parts[] = {op_slice(t, x, 2, 2, n), op_slice(t, first, 2, 1, n), second};
  x = op_concat(t, parts, 3, 1);
  for (int i = 0; i < LAYERS; i++) x = op_relu(t, encoder_unit_apply(t, &e->unit[i], x));
  return x;
}

const encoder_kind encoder_statistics = {
    .defaults = {.kind = "statistics",
                 .width = 192,
                 .dimensions = 128,
                 .front = {.window = 320,
                           .hop = 160,
                           .n_fft = 512,
                           .bands = 40,
                           .cepstra = 24,
                           .scale = FRONT_END_MEL,
                           .low_hz = 60,
                           .high_hz = 7800,
                           .mean_removal = 0}},
    .build = build,
    .frames = frames,
};
