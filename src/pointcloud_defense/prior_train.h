/* Training of the prior on clean objects. */
#ifndef POINTCLOUD_DEFENSE_PRIOR_TRAIN_H
#define POINTCLOUD_DEFENSE_PRIOR_TRAIN_H

#include "pointcloud_defense/prior.h"
#include <scrim/scores.h>

typedef struct prior_settings {
  prior_shape shape;
  size_t epochs, batch; /* objects a batch */
  size_t points;        /* of each object a step, drawn anew, of those that are given noise */
  double rate;
  int reach; /* time steps 1..reach are trained */
} prior_settings;

typedef struct prior_fit {
  size_t epochs, best_epoch;
  double held_loss;   /* the loss on held-out objects, each at time steps spread over 1..reach */
  double clean_noise; /* what the gauge tells of 19 in 20 of them without noise, or less */
} prior_fit;

/*
 * objects [n, points, 3], finite, n at least PRIOR_LEAST_OBJECTS, points at least settings->points; the first tenth is
 * held out and picks the epoch. The loss of an object x_0 with a time step t and noise epsilon is Ho et al.'s (2020)
 * simple one, |epsilon - network(x_t, t, encoder(x_t))|^2, and a fifth of the gauge's squared error.
 *
 * What comes to be filtered is not normal noise of just the size that its distortion tells: prior_noise.h.
 *
 * A checkpoint is bound to objects and settings.
 * SCRIM_E_DATA: an object of one place, or training that diverged. SCRIM_E_STATE, SCRIM_E_CANCELLED, SCRIM_E_MEMORY.
 */
enum { PRIOR_LEAST_OBJECTS = 20 };
scrim_status prior_train(prior *p, prior_fit *fit, const float *objects, size_t n, size_t points,
                         const prior_settings *settings, const scrim_train_options *options, scrim_error *error);

/* To mean 0 and deviation 1 over all coordinates: xyz = (xyz - mean) / *deviation. 0 if all are at one place. */
int prior_normalise(float *xyz, size_t n, double mean[3], double *deviation);

#endif
