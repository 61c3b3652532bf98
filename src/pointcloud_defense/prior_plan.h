/*
 * The prior made ready for use: layers packed, all gates and shifts of the network as one layer each. Immutable and
 * shared by sessions; scratch is the caller's. What a point gets does not depend on which points it came with, and the
 * latent not on the order of the points, bit for bit.
 */
#ifndef POINTCLOUD_DEFENSE_PRIOR_PLAN_H
#define POINTCLOUD_DEFENSE_PRIOR_PLAN_H

#include "pointcloud_defense/prior.h"

typedef struct prior_plan prior_plan;

scrim_status prior_plan_create(prior_plan **out, const prior *p, scrim_error *error);
void prior_plan_free(prior_plan *plan); /* NULL is fine */

/* Points that one call takes: their activations stay in the second-level cache. */
enum { PRIOR_PLAN_POINTS = 64 };
size_t prior_plan_scratch(const prior_plan *plan); /* floats, 64-byte aligned, for one call at a time */
int prior_plan_pooled(const prior_plan *plan);     /* numbers that are pooled over points */
int prior_plan_controls(const prior_plan *plan);   /* numbers that tell the network of an object and a time step */

/* pooled[j] = the larger of what it is and of feature j of any of n points; starts at 0 (features are not negative). */
void prior_plan_pool(const prior_plan *plan, const float *xyz, size_t n, float *pooled, float *scratch);
/* pooled -> latent */
void prior_plan_encode(const prior_plan *plan, const float *pooled, float *latent, float *scratch);
/* latent and ratio of noise to signal -> controls */
void prior_plan_control(const prior_plan *plan, const float *latent, double ratio, float *controls, float *scratch);
/* The noise in features [n, prior_features_count] -> epsilon [n, 3]. n <= PRIOR_PLAN_POINTS. */
void prior_plan_epsilon(const prior_plan *plan, const float *controls, const float *features, size_t n, float *epsilon,
                        float *scratch);
const prior_shape *prior_plan_shape(const prior_plan *plan);

#endif
