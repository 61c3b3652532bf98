/*
 * What objects go through in the training of the prior: points lost, and noise of several kinds.
 *
 * Attacks are not normal noise. Those on a PointNet start from uniform noise and push the few points that it looks at,
 * the largest of some feature, to the corners of the cube of their budget, where their neighbours do not go. Random
 * points in random corners do not teach that: more than half of the attack-like noise here is made against classifiers
 * with random weights, which look at such points too.
 *
 * Everything random is the caller's to draw: numbers uniform in 0..1, and normal ones.
 */
#ifndef POINTCLOUD_DEFENSE_PRIOR_NOISE_H
#define POINTCLOUD_DEFENSE_PRIOR_NOISE_H

#include <stddef.h>

enum {
  PRIOR_NOISE_UNIFORM = 5, /* numbers of an object that are uniform */
  PRIOR_NOISE_SIDE = 3,    /* and normal */
  PRIOR_NOISE_POINT = 5,   /* normal numbers of a point */
  PRIOR_NOISE_HIDDEN = 16, /* the classifier's layers */
  PRIOR_NOISE_FEATURES = 128,
  PRIOR_NOISE_CRITIC = PRIOR_NOISE_HIDDEN * 4 + PRIOR_NOISE_FEATURES * (PRIOR_NOISE_HIDDEN + 1)
};

/* A tape gives normal numbers; their distribution function makes one uniform in 0..1, without 1. */
double prior_noise_uniform(float normal);

/* One object's. */
typedef struct prior_noise {
  double keep, kind, share, size, start; /* uniform */
  const float *side;                     /* [3] */
  const float *points;                   /* [n, PRIOR_NOISE_POINT] */
  const float *critic;                   /* [PRIOR_NOISE_CRITIC] */
} prior_noise;

/*
 * The object's points [n, 3] from a random one on, into `cloud`: those that are kept, then the others. Half of the
 * objects lose up to half of their points evenly, half the more the farther they are to one side. Answers how many are
 * kept, `least` or more.
 */
size_t prior_noise_keep(const prior_noise *how, const float *object, size_t n, size_t least, float *cloud);

/*
 * Noise for n points of a cloud [n, 3], into noise [n, 3]: normal, or uniform of the same variance, or that with some
 * points in corners; 0.4 to 1.25 times of unit size, for some objects none. `scale`: what unit noise is in the cloud.
 */
void prior_noise_make(const prior_noise *how, const float *cloud, size_t n, double scale, float *noise);

#endif
