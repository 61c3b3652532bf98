/*
 * The confidence reformer: a conditional variational autoencoder G on [scores | one-hot of the arg max] (PURIFIER,
 * section on the confidence reformer).
 *
 *     [f(c) | l] -> Linear BN ReLU (h1) -> Linear BN ReLU (h2) -> Linear BN ReLU (h3) -> mean, log variance (latent)
 *     [z | l]    -> Linear (h3) -> Linear BN ReLU (h2) -> Linear BN ReLU (h1) -> Linear (K) -> softmax
 *
 * c: probabilities [K]; l: one-hot of the predicted class; f: identity, or the logarithm where `log_features` is set.
 */
#ifndef PURIFIER_REFORMER_H
#define PURIFIER_REFORMER_H

#include "nn/nn.h"

typedef struct reformer_shape {
  int classes;
  int hidden[3];
  int latent;
  int log_features;
} reformer_shape;

typedef struct reformer {
  reformer_shape shape;
  nn_params *params;
  nn_linear encoder[3], mean, log_variance;
  nn_norm encoder_norm[3];
  nn_linear decoder[4];    /* [latent + K -> h3], h3 -> h2, h2 -> h1, h1 -> K */
  nn_norm decoder_norm[4]; /* of the second and third; the others have none */
} reformer;

/*
 * Published layer sizes by number of classes: up to 10: 32, 64, 128 and 2; up to 200: 128, 256, 512 and 20; else 512,
 * 1024, 2048 and 100.
 */
reformer_shape reformer_shape_for(int classes);

/* `init` NULL: weights stay zero, to be loaded. */
scrim_status reformer_create(reformer **out, const reformer_shape *shape, random_source *init, scrim_error *error);
void reformer_free(reformer *r);

/* The features [K] of one probability row: what the encoder sees. In place is fine. */
void reformer_features(const reformer_shape *shape, const float *probabilities, float *features);

/* x [n, 2K] = [features | one-hot] -> mean [n, latent]; *log_variance likewise. */
tensor *reformer_encode(tape *t, const reformer *r, tensor *x, tensor **log_variance);
/* z [n, latent], one_hot [n, K] -> logits [n, K]. */
tensor *reformer_decode(tape *t, const reformer *r, tensor *z, tensor *one_hot);

#endif
