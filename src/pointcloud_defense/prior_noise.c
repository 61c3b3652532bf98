#include "pointcloud_defense/prior_noise.h"

#include <math.h>
#include <string.h>

enum { POINT_NOISE, POINT_KEEP = 3, POINT_CORNER };
static const double root = 1.7320508075688773; /* half the side of the cube in which uniform noise has unit variance */

double prior_noise_uniform(float normal) {
  return fmin(0.5 * erfc(-normal * 0.70710678118654752), 1 - 1e-9);
}

size_t prior_noise_keep(const prior_noise *how, const float *object, size_t n, size_t least, float *cloud) {
  const size_t start = (size_t)(how->start * (double)n);
  const double steep = fmax(2 * how->keep - 1, 0), share = fmin(0.5 + how->keep, 1);
  size_t kept = 0, left = n;
  for (size_t i = 0; i < n; i++) {
    const float *at = object + (start + i) % n * 3;
    const double side = at[0] * how->side[0] + at[1] * how->side[1] + at[2] * how->side[2];
    const double chance = share * exp(-steep * fmax(side, 0));
    const int is_kept = prior_noise_uniform(how->points[i * PRIOR_NOISE_POINT + POINT_KEEP]) < chance;
    memcpy(cloud + 3 * (is_kept ? kept++ : --left), at, 3 * sizeof *at);
  }
  return kept < least ? least : kept;
}

/* ---- against a classifier with random weights ---- */

static void hide(const float *critic, const float at[3], float hidden[PRIOR_NOISE_HIDDEN]) {
  for (int h = 0; h < PRIOR_NOISE_HIDDEN; h++) {
    const float *w = critic + 4 * h, sum = w[0] * at[0] + w[1] * at[1] + w[2] * at[2] + w[3];
    hidden[h] = sum > 0 ? sum : 0;
  }
}

/* The point at which each feature is largest. */
static void look(const float *critic, const float *cloud, const float *noise, size_t n, double scale,
                 size_t top[PRIOR_NOISE_FEATURES]) {
  const float *features = critic + 4 * PRIOR_NOISE_HIDDEN;
  float most[PRIOR_NOISE_FEATURES];
  for (size_t i = 0; i < n; i++) {
    float at[3], hidden[PRIOR_NOISE_HIDDEN];
    for (size_t a = 0; a < 3; a++) at[a] = cloud[3 * i + a] + (float)scale * noise[3 * i + a];
    hide(critic, at, hidden);
    for (size_t f = 0; f < PRIOR_NOISE_FEATURES; f++) {
      float sum = 0;
      for (size_t h = 0; h < PRIOR_NOISE_HIDDEN; h++) sum += features[f * PRIOR_NOISE_HIDDEN + h] * hidden[h];
      if (i > 0 && !(sum > most[f])) continue;
      most[f] = sum;
      top[f] = i;
    }
  }
}

/*
 * One step of the fast gradient sign method along a random mix of the features: the points that they look at go into
 * the corners that it points to. Where several features look at one point the last has its say; other points stay.
 */
static void push(const prior_noise *how, const float *cloud, size_t n, double scale, float *noise) {
  const float *features = how->critic + 4 * PRIOR_NOISE_HIDDEN,
              *mix = features + PRIOR_NOISE_FEATURES * PRIOR_NOISE_HIDDEN;
  size_t top[PRIOR_NOISE_FEATURES];
  look(how->critic, cloud, noise, n, scale, top);
  for (size_t f = 0; f < PRIOR_NOISE_FEATURES; f++) {
    float *of = noise + 3 * top[f], at[3], hidden[PRIOR_NOISE_HIDDEN], slope[3] = {0};
    for (size_t a = 0; a < 3; a++) at[a] = cloud[3 * top[f] + a] + (float)scale * of[a];
    hide(how->critic, at, hidden);
    for (size_t h = 0; h < PRIOR_NOISE_HIDDEN; h++)
      for (size_t a = 0; a < 3 && hidden[h] > 0; a++)
        slope[a] += mix[f] * features[f * PRIOR_NOISE_HIDDEN + h] * how->critic[4 * h + a];
    for (size_t a = 0; a < 3; a++) of[a] = (float)copysign(root, slope[a]);
  }
}

/* ---- all kinds ---- */

static const double normal_share = 0.3, uniform_share = 0.5, corners_share = 0.7; /* of objects, up to there */
enum { MOST_STEPS = 5 };

void prior_noise_make(const prior_noise *how, const float *cloud, size_t n, double scale, float *noise) {
  const double share = how->kind > uniform_share && how->kind < corners_share ? 0.8 * how->share : 0;
  const double size = how->size < 0.1 ? 0 : 0.4 * pow(1.25 / 0.4, (how->size - 0.1) / 0.9);
  for (size_t i = 0; i < n; i++) {
    const float *own = how->points + i * PRIOR_NOISE_POINT;
    const int is_corner = prior_noise_uniform(own[POINT_CORNER]) < share;
    for (size_t a = 0; a < 3; a++) {
      const float value = own[POINT_NOISE + a];
      if (how->kind < normal_share)
        noise[3 * i + a] = value;
      else
        noise[3 * i + a] = (float)(is_corner ? copysign(root, value) : root * (2 * prior_noise_uniform(value) - 1));
    }
  }
  const int steps = how->kind > corners_share ? 1 + (int)(how->share * MOST_STEPS) : 0;
  for (int i = 0; i < steps; i++) push(how, cloud, n, size * scale, noise);
  for (size_t v = 0; v < 3 * n; v++) noise[v] *= (float)size;
}
