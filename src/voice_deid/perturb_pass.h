/*
 * One pass of a perturbation on a tape: from a linear map of the envelope's state, and slow moves, to gains, responses,
 * sound and the loss. What the optimiser (perturb.c) and the training of the generator have in common.
 */
#ifndef VOICE_DEID_PERTURB_PASS_H
#define VOICE_DEID_PERTURB_PASS_H

#include "voice_deid/channel.h"
#include "voice_deid/envelope.h"
#include "voice_deid/speaker_encoder.h"

enum {
  PERTURB_ENCODERS = 8,
  PERTURB_MOST_SAMPLES = 10 * SPEECH_RATE,
  PERTURB_MOST_NODES = PERTURB_MOST_SAMPLES / ENVELOPE_HOP + 2
};

typedef struct perturb_settings {
  double strength, peak; /* dB */
  int steps;             /* at most */
  double rate;           /* of Adam, dB a step */
  double target_margin, source_margin;
  double target_weight;   /* of the first term; the second has 1 */
  double plain_weight;    /* of encoders that keep the means of their features; those which remove them have 1 */
  double moves;           /* how fast slow moves are learnt beside the map; 0: none */
  double channel;         /* dB, standard deviation of the channels that encoders hear through */
  double noise;           /* dB below the speech */
  double cut;             /* seconds that an encoder hears at a step */
  const backend *backend; /* where passes run; NULL: the CPU */
} perturb_settings;

/* What a pass is about; all of it borrowed. */
typedef struct perturb_segment {
  const float *sent; /* [n] what goes through the moving response */
  int n, nodes;
  const float *states;                   /* [nodes, ENVELOPE_STATE] */
  const float *activity;                 /* [nodes] */
  const float *source[PERTURB_ENCODERS]; /* unit embeddings */
  const float *target[PERTURB_ENCODERS];
} perturb_segment;

/* map [ENVELOPE_BANDS, ENVELOPE_STATE], moves [nodes, ENVELOPE_BANDS] or NULL -> gains in dB [nodes, ENVELOPE_BANDS] */
tensor *perturb_gains(tape *t, const perturb_segment *s, tensor *map, tensor *moves, double peak);
/* Root mean square of the gains over bands and active nodes, dB. */
double perturb_size(const perturb_segment *s, const float *gains);
/* -> [nodes, ENVELOPE_TAPS] */
tensor *perturb_responses(tape *t, const envelope *e, tensor *gains);
/* -> [1, n] */
tensor *perturb_output(tape *t, const perturb_segment *s, tensor *responses);
/* What encoder e makes of the output, as it hears it at this step, by the encoder's weight -> [1] */
tensor *perturb_loss(tape *t, const perturb_segment *s, const perturb_settings *settings, channel *c, int slot,
                     const speaker_encoder *encoder, int e, tensor *output, random_source *random);

#endif
