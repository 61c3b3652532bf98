/*
 * Training of a speaker encoder: augmented crops of all speakers alike, told apart by an additive angular margin
 * softmax (Deng et al. 2019, ArcFace). Speech at 0.9 and 1.1 of its speed counts as other speakers.
 */
#ifndef VOICE_DEID_ENCODER_TRAIN_H
#define VOICE_DEID_ENCODER_TRAIN_H

#include "voice_deid/speaker_encoder.h"
#include "voice_deid/speech_corpus.h"
#include <scrim/voice_encoder.h>

typedef struct encoder_settings {
  speaker_encoder_settings encoder;
  size_t epochs, batch;
  size_t crops;   /* of each class in an epoch */
  double seconds; /* of a crop */
  size_t speeds;  /* 1: as recorded; SPEECH_SPEEDS: each speed a class of its own */
  double augment; /* share of the usual changes, 0 to 1 */
  double rate;    /* of the optimiser, at its highest */
  double decay;   /* of the weights, in units of the rate */
  double margin;  /* radians */
  double scale;   /* of the cosines */
} encoder_settings;

enum { ENCODER_LEAST_SPEAKERS = 4 };

/*
 * One speaker in `ENCODER_HELD_OUT` is held out and picks the epoch by equal error rate. The corpus is only read.
 * *out is for inference: its weights are constants.
 */
enum { ENCODER_HELD_OUT = 11 };
scrim_status encoder_train(speaker_encoder **out, scrim_voice_encoder_fit *fit, const speech_corpus *corpus,
                           const encoder_settings *settings, const scrim_train_options *options, scrim_error *error);

#endif
