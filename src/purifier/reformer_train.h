/* Training of the confidence reformer on reference rows. */
#ifndef PURIFIER_REFORMER_TRAIN_H
#define PURIFIER_REFORMER_TRAIN_H

#include "purifier/score_filter.h"
#include <scrim/scores.h>

typedef struct reformer_data {
  const float *probabilities; /* [n, K], on the input grid */
  const int32_t *labels;      /* [n] predicted classes */
  const int32_t *truth;       /* [n] true classes, or NULL */
  size_t n_held, n;           /* the first n_held rows pick the epoch, the others are trained on */
} reformer_data;

typedef struct reformer_fit {
  size_t epochs, best_epoch;
  double held_loss; /* at the best epoch */
  double kl;        /* nats a row in the latent, held-out rows, best epoch */
  int active_units; /* latent units whose mean varies over held-out rows (variance above 0.01); 0: collapsed */
} reformer_fit;

/*
 * Loss of a row with weights r, l, k, c of the settings:
 *     r |G(c, l) - c|^2 + l CE(G(c, l), l) + k KL(q(z | c, l) || N(0, I)) + c CE(G(c, l), y)
 * The paper's equation is r = 1, l = lambda, k = 0, c = 0 without sampling; its released code adds a KL that is summed
 * over the batch, k = batch * K relative to its mean-squared error, and collapses. The last term needs true labels. A
 * checkpoint is bound to the rows and weights: resuming with others is SCRIM_E_STATE.
 */
scrim_status reformer_train(reformer *r, reformer_fit *fit, const reformer_data *data, const score_settings *settings,
                            const scrim_train_options *options, scrim_error *error);

#endif
