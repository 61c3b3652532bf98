/*
 * Speaker encoders: networks that turn speech into a point on the unit sphere, near for one speaker and far for two.
 * Kinds differ in front end and in network, for what fools one should have to fool them all:
 *
 *     tdnn        convolutions in time over mel bands, attentive statistics (x-vector, ECAPA)
 *     resnet      two-dimensional residual convolutions over a fine linear spectrogram, statistics
 *     statistics  cepstra and their deltas, one frame at a time, mean and deviation, perceptron
 */
#ifndef VOICE_DEID_SPEAKER_ENCODER_H
#define VOICE_DEID_SPEAKER_ENCODER_H

#include "nn/nn.h"
#include "voice_deid/front_end.h"

enum {
  SPEAKER_MOST_DIMENSIONS = 256,
  SPEAKER_LEAST_SAMPLES = 8000, /* what an encoder is given at least; shorter speech is repeated */
  SPEAKER_SEGMENT = 48000       /* what speaker_encoder_embed_samples gives it at most at once */
};

typedef struct speaker_encoder speaker_encoder; /* immutable once trained or loaded, shared by threads */

typedef struct speaker_encoder_settings {
  const char *kind; /* a name of speaker_encoder_kinds */
  int width;        /* channels of the network's first layers */
  int dimensions;   /* of the embedding */
  front_end_settings front;
} speaker_encoder_settings;

/* Name of kind i, NULL past the last, and its default settings. */
const char *speaker_encoder_kind_at(size_t i);
/* SCRIM_E_PARAM: no such kind; the error lists those there are. */
scrim_status speaker_encoder_defaults(speaker_encoder_settings *settings, const char *kind, scrim_error *error);

/*
 * With `init` its weights are drawn from the stream in which that stands and want gradients; with NULL they are zero,
 * to be loaded, and constant: a backward pass then costs only the way down to the samples.
 */
scrim_status speaker_encoder_create(speaker_encoder **out, const speaker_encoder_settings *settings,
                                    random_source *init, scrim_error *error);
void speaker_encoder_free(speaker_encoder *e); /* NULL is fine */
const speaker_encoder_settings *speaker_encoder_about(const speaker_encoder *e);
nn_params *speaker_encoder_params(const speaker_encoder *e);

/* samples [b, n], speech at 16 kHz, n at least SPEAKER_LEAST_SAMPLES -> [b, dimensions], rows of unit length */
tensor *speaker_encoder_embed(tape *t, const speaker_encoder *e, tensor *samples);
/*
 * The embedding [dimensions] of a whole utterance x [n], n at least 1: of equal segments of at most SPEAKER_SEGMENT
 * samples, averaged, of unit length. Resets the tape.
 */
scrim_status speaker_encoder_embed_samples(const speaker_encoder *e, tape *t, const float *x, size_t n, float *out,
                                           scrim_error *error);

/*
 * Files: tensors named prefix + name, settings as metadata of the same names. `prefix` such as "encoder.0.", so that a
 * file holds several; "" in a file of one encoder. The writer borrows the weights until it is freed.
 */
scrim_status speaker_encoder_put(const speaker_encoder *e, const char *prefix, tensorfile_writer *writer,
                                 scrim_error *error);
scrim_status speaker_encoder_get(speaker_encoder **out, const char *prefix, const tensorfile *file, scrim_error *error);
int speaker_encoder_is_in(const tensorfile *file, const char *prefix);
/* A file of one encoder, as `scrim voice train encoder` writes it. */
scrim_status speaker_encoder_load(speaker_encoder **out, const char *path, scrim_error *error);

#endif
