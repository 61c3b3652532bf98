/* What the kinds of speaker encoder share: units of convolution and norm, and the table of kinds. */
#ifndef VOICE_DEID_ENCODER_PARTS_H
#define VOICE_DEID_ENCODER_PARTS_H

#include "voice_deid/speaker_encoder.h"

enum { ENCODER_MOST_UNITS = 16 };

/* Convolution in time or over an image, as many places out as in over `stride`, then batch norm. */
typedef struct encoder_unit {
  tensor *w; /* [out, in, taps] or [out, in, taps, taps] */
  nn_norm norm;
  int stride, dilation;
  int is_folded; /* 1: the norm is in w, and its shift is norm.beta */
} encoder_unit;

typedef struct encoder_kind {
  speaker_encoder_settings defaults;
  /* Adds the units for e->settings. Answers the channels of frames, 0 when out of memory. */
  int (*build)(speaker_encoder *e);
  /* x [b, features, frames] -> [b, channels, frames'] */
  tensor *(*frames)(tape *t, const speaker_encoder *e, tensor *x);
  /* Logits of the attention over frames', of x's shape; NULL: all alike. */
  tensor *(*attend)(tape *t, const speaker_encoder *e, tensor *x);
} encoder_kind;

extern const encoder_kind encoder_tdnn, encoder_resnet, encoder_statistics;

/*
 * frames -> mean | deviation -> batch norm -> linear -> batch norm -> unit length
 */
struct speaker_encoder {
  speaker_encoder_settings settings;
  const encoder_kind *kind;
  front_end *front;
  nn_params *params;
  encoder_unit unit[ENCODER_MOST_UNITS];
  int n_units;
  nn_norm pooled, out;
  nn_linear head;
};

/* The next unit: `rank` 1 in time, 2 over an image. 0 when out of memory. */
int encoder_unit_add(speaker_encoder *e, int rank, int in, int out, int taps, int stride, int dilation);
tensor *encoder_unit_apply(tape *t, const encoder_unit *u, tensor *x);
/* Puts the running statistics of the norms into the weights in front of them. The encoder is then for inference. */
void encoder_units_fold(speaker_encoder *e);

#endif
