/*
 * The prior made ready for use: layers packed, all gates and shifts of the network as one layer each. Immutable and
 * shared by sessions; scratch is the caller's. What a point gets does not depend on which points it came with, bit
 * for bit.
 */
#ifndef POINTCLOUD_DEFENSE_PRIOR_PLAN_H
#define POINTCLOUD_DEFENSE_PRIOR_PLAN_H

#include "pointcloud_defense/prior.h"
#include "tensor/device_diffusion.h"

typedef struct prior_plan prior_plan;

scrim_status prior_plan_create(prior_plan **out, const prior *p, scrim_error *error);
void prior_plan_free(prior_plan *plan); /* NULL is fine */

/* Points that one call takes: their activations stay in the second-level cache. */
enum { PRIOR_PLAN_POINTS = 64 };
size_t prior_plan_scratch(const prior_plan *plan); /* floats, 64-byte aligned, for one call at a time */
int prior_plan_pooled(const prior_plan *plan);     /* numbers that are pooled over points */
int prior_plan_controls(const prior_plan *plan);   /* numbers that tell the network of an object and a time step */

/* invariants [n, PRIOR_INVARIANTS] of up to PRIOR_PLAN_POINTS points -> pooled: sums over these points */
void prior_plan_pool(const prior_plan *plan, const float *invariants, size_t n, float *pooled, float *scratch);
/* pooled: means over all points -> latent */
void prior_plan_encode(const prior_plan *plan, const float *pooled, float *latent, float *scratch);
/* latent -> how much noise there is, in units of the spacing */
double prior_plan_gauge(const prior_plan *plan, const float *latent);
/* latent and noise, in units of the spacing -> controls */
void prior_plan_control(const prior_plan *plan, const float *latent, double noise, float *controls, float *scratch);
/* invariants [n, PRIOR_INVARIANTS] of up to PRIOR_PLAN_POINTS points -> factors [n, PRIOR_WAYS] of their ways */
void prior_plan_factors(const prior_plan *plan, const float *controls, const float *invariants, size_t n,
                        float *factors, float *scratch);
const prior_shape *prior_plan_shape(const prior_plan *plan);

/* The same network for a device, in memory that is the caller's to free. NULL: there is none. */
float *prior_plan_unpack(const prior_plan *plan, device_prior *out);

#endif
