/* A device's diffusion against the CPU's. Whoever includes this says what the device is. */
#ifndef DEVICE_DIFFUSION_WORLD_H
#define DEVICE_DIFFUSION_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "cloud_world.h"
#include "core/memory.h"
#include "pointcloud_defense/restore.h"
#include <cmocka.h>

enum { WIDTH = 8, LATENT = 5 };

static const device_diffusion_functions *device;
static float cloud[3 * MOST_POINTS], noise[3 * MOST_POINTS];

/* ---- a prior with random weights, its last layer too ---- */

static inline prior_plan *make_plan(void) {
  const prior_shape shape = {WIDTH, LATENT};
  random_source *r;
  prior *p;
  prior_plan *plan;
  assert_int_equal(random_source_from_seed(&r, 11, NULL), SCRIM_OK);
  assert_int_equal(prior_create(&p, &shape, r, NULL), SCRIM_OK);
  nn_init_he(p->layer[PRIOR_LAYERS - 1].linear.w, r);
  for (int i = 0; i < PRIOR_LAYERS; i++)
    for (size_t j = 0; j < p->layer[i].linear.b->n; j++) p->layer[i].linear.b->data[j] = (float)random_normal(r) / 4;
  assert_int_equal(prior_plan_create(&plan, p, NULL), SCRIM_OK);
  prior_free(p);
  random_source_free(r);
  return plan;
}

static inline device_diffusion *open_device(const prior_plan *plan) {
  device_prior weights;
  device_diffusion *d;
  float *block = prior_plan_unpack(plan, &weights);
  assert_non_null(block);
  assert_int_equal(device->open(&d, &weights, NULL), SCRIM_OK);
  memory_free(block);
  return d;
}

/* A cloud as the diffusion has it; noise to go with it. */
static inline void make_cloud(size_t n, cloud_shape shape, uint64_t seed) {
  cloud_make(cloud, n, 3, shape, seed);
  cloud_make(noise, n, 3, CLOUD_UNIFORM, seed + 1);
  for (size_t i = 0; i < 3 * n; i++) noise[i] = 3.4f * (noise[i] - 0.5f);
}

/* ---- the CPU's answers ---- */

typedef struct answer {
  float latent[LATENT], epsilon[3 * MOST_POINTS];
  double spacing;
} answer;

static inline void add_up(const float *factors, const float *ways, size_t n, float unit, float *epsilon) {
  for (size_t i = 0; i < n; i++)
    for (size_t a = 0; a < 3; a++) {
      float sum = 0;
      for (size_t v = 0; v < PRIOR_WAYS; v++) sum += factors[i * PRIOR_WAYS + v] * ways[(a * n + i) * PRIOR_WAYS + v];
      epsilon[3 * i + a] = unit * sum;
    }
}

static inline void ask_the_cpu(const prior_plan *plan, size_t n, double level, answer *to) {
  static float ways[3 * MOST_POINTS * PRIOR_WAYS], numbers[MOST_POINTS * PRIOR_INVARIANTS],
      factors[MOST_POINTS * PRIOR_WAYS];
  float pooled[4 * WIDTH], all[4 * WIDTH] = {0}, *controls = memory_zalloc((size_t)prior_plan_controls(plan), 4);
  float *scratch = memory_zalloc(prior_plan_scratch(plan), sizeof *scratch);
  prior_local *l = prior_local_create();
  pool *p;
  assert_non_null(controls);
  assert_non_null(scratch);
  assert_int_equal(pool_create(&p, 1, NULL), SCRIM_OK);
  assert_int_equal(prior_local_find(l, p, cloud, n, ways, numbers, &to->spacing, NULL), SCRIM_OK);
  for (size_t i = 0; i < n; i += PRIOR_PLAN_POINTS) {
    const size_t points = n - i < PRIOR_PLAN_POINTS ? n - i : PRIOR_PLAN_POINTS;
    prior_plan_pool(plan, numbers + i * PRIOR_INVARIANTS, points, pooled, scratch);
    for (size_t j = 0; j < 4 * WIDTH; j++) all[j] += pooled[j] / (float)n;
  }
  prior_plan_encode(plan, all, to->latent, scratch);
  memset(to->epsilon, 0, sizeof to->epsilon);
  if (to->spacing > 0) {
    prior_plan_control(plan, to->latent, level / to->spacing, controls, scratch);
    for (size_t i = 0; i < n; i += PRIOR_PLAN_POINTS)
      prior_plan_factors(plan, controls, numbers + i * PRIOR_INVARIANTS,
                         n - i < PRIOR_PLAN_POINTS ? n - i : PRIOR_PLAN_POINTS, factors + i * PRIOR_WAYS, scratch);
    add_up(factors, ways, n, (float)(-to->spacing / level), to->epsilon);
  }
  pool_free(p);
  prior_local_free(l);
  memory_free(scratch);
  memory_free(controls);
}

/* ---- one look, one step ---- */

/* Norm of the difference over the norm of what was expected. */
static inline double distance(const float *a, const float *b, size_t n) {
  double off = 0, all = 1e-30;
  for (size_t i = 0; i < n; i++) {
    off += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
    all += (double)b[i] * b[i];
  }
  return sqrt(off / all);
}

static inline void compare(device_diffusion *d, const prior_plan *plan, size_t n) {
  static answer expected;
  static float epsilon[3 * MOST_POINTS];
  float latent[LATENT];
  double spacing;
  ask_the_cpu(plan, n, 0.2, &expected);
  assert_int_equal(device->take(d, cloud, n, NULL), SCRIM_OK);
  assert_int_equal(device->look(d, latent, &spacing, NULL), SCRIM_OK);
  assert_true(fabs(spacing - expected.spacing) <= 1e-12 * expected.spacing);
  assert_true(distance(latent, expected.latent, LATENT) < 2e-6);
  /* x = epsilon */
  const device_step step = {.level = 0.2, .part = 1, .outer = 1};
  assert_int_equal(device->step(d, &step, NULL), SCRIM_OK);
  assert_int_equal(device->give(d, epsilon, NULL), SCRIM_OK);
  assert_true(distance(epsilon, expected.epsilon, 3 * n) < 1e-5);
}

#endif
