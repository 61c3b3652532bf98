/*
 * Denoising diffusion on coordinates: the schedule, forward noising, two reverse steps, and the choice of how far to
 * go. Ho et al. 2020 (DDPM), Song et al. 2021 (DDIM); 200 steps, beta linear from 1e-4 to 0.05, as Luo and Hu 2021.
 *
 * Coordinates are those of a cloud of mean 0 and standard deviation 1. `count` is of values: three a point.
 */
#ifndef POINTCLOUD_DEFENSE_DIFFUSION_H
#define POINTCLOUD_DEFENSE_DIFFUSION_H

#include <stddef.h>

enum { DIFFUSION_STEPS = 200 };

typedef struct diffusion {
  double beta[DIFFUSION_STEPS + 1];  /* by time step 1..DIFFUSION_STEPS; 0 at 0 */
  double alpha[DIFFUSION_STEPS + 1]; /* alpha bar, the product of 1 - beta up to there; 1 at 0 */
} diffusion;

void diffusion_init(diffusion *d);

/* Standard deviation of the noise at step t over that of the signal: sqrt((1 - alpha) / alpha). */
double diffusion_ratio(const diffusion *d, int t);

/*
 * The least time step whose ratio is `ratio` or more, but `cap` at most; 0 if there is nothing to drown (ratio <= 0).
 * In three levels (Ada3Diff, figure 3): the least of a third, two thirds and all of `cap` that will do.
 */
int diffusion_choose(const diffusion *d, double ratio, int cap);
int diffusion_choose_level(const diffusion *d, double ratio, int cap);

/*
 * What each of the three moves below is, for who does the arithmetic elsewhere:
 *
 *     x = outer * (inner * x + part * epsilon) + spread * noise
 */
typedef struct diffusion_terms {
  float inner, part, outer, spread;
} diffusion_terms;
diffusion_terms diffusion_forward_terms(const diffusion *d, int t, double scale);
diffusion_terms diffusion_reverse_terms(const diffusion *d, int t);
diffusion_terms diffusion_leap_terms(const diffusion *d, int t, int s);

/* x_t = sqrt(alpha_t) x_0 + sqrt(1 - alpha_t) noise, in place; `scale` 1, or less noise than the step stands for. */
void diffusion_forward(const diffusion *d, int t, double scale, const float *noise, size_t count, float *x);

/* x_t -> x_(t-1), ancestral: the mean of the posterior (DDPM, eq. 7), and noise of its variance; none at t = 1. */
void diffusion_reverse(const diffusion *d, int t, const float *epsilon, const float *noise, size_t count, float *x);

/* x_t -> x_s for any s < t without randomness (DDIM, eq. 12 with sigma = 0). */
void diffusion_leap(const diffusion *d, int t, int s, const float *epsilon, size_t count, float *x);

/* Where leap i of `leaps` (1..t of them) from t to 0 starts; leap `leaps` starts, and the last ends, at 0. */
int diffusion_stop(int t, int leaps, int i);

#endif
