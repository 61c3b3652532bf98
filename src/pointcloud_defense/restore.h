/*
 * Objects moved back to what the prior knows: diffused forward as far as the noise in them asks for, and denoised.
 * Ada3Diff (arXiv 2211.16247), with the network and the latent of the attacked cloud as in PointDP (Sun et al. 2023).
 *
 * Points are taken in the order of their coordinates, and all noise comes from the key and the points themselves: the
 * same points get the same answer, bit for bit, in whatever order they come and on any number of threads.
 */
#ifndef POINTCLOUD_DEFENSE_RESTORE_H
#define POINTCLOUD_DEFENSE_RESTORE_H

#include "core/pool.h"
#include "pointcloud_defense/diffusion.h"
#include "pointcloud_defense/prior_plan.h"

/* Scratch and generator of one session. Allocates for the largest object seen, and nothing after that. */
typedef struct restore restore;
scrim_status restore_create(restore **out, const prior_plan *plan, const scrim_key *key, unsigned threads,
                            scrim_error *error);
void restore_free(restore *r); /* wipes; NULL is fine */

/*
 * From now on the device looks and moves, with noise from here, to the same but for rounding. A prior that it cannot
 * take stays with the CPU. Once at most, before any object.
 */
scrim_status restore_use(restore *r, const device_diffusion_functions *device, scrim_error *error);

const diffusion *restore_schedule(const restore *r);

/*
 * Takes in the places of a frame: xyz [n, 3] where first[i] == i (as of copies_find). *deviation: of all coordinates
 * about their mean, metres; 0 if there is nothing to restore: fewer than two places, or too far apart for a float.
 * Noise drawn from now on hangs on these points and the key. SCRIM_E_MEMORY, SCRIM_E_INTERNAL: no randomness.
 */
scrim_status restore_take(restore *r, const float *xyz, const uint32_t *first, size_t n, double *deviation,
                          scrim_error *error);

/*
 * How much noise there is in what was taken in, as the prior's gauge has it, in units of the spacing; and the spacing
 * in units of the deviation. SCRIM_E_MEMORY.
 */
scrim_status restore_gauge(restore *r, pool *workers, double *noise, double *spacing, scrim_error *error);

typedef struct restore_request {
  int time_step; /* 1..DIFFUSION_STEPS */
  int leaps;     /* deterministic leaps from there to 0, at most time_step; 0: every step, ancestral */
  double noise;  /* 1: as much as the time step stands for; less trusts that the frame brought some itself */
} restore_request;

/* Restores what was taken in, once for each taking. SCRIM_E_INTERNAL: no randomness. */
scrim_status restore_run(restore *r, pool *workers, const restore_request *request, scrim_error *error);

/*
 * Takes in what was restored, in the order that it has, for one run more; answers its deviation as restore_take does.
 * That run's noise follows on the last one's. It hangs on what the frame brought, and not on the last digits of what
 * came out, in which processors and devices differ: they draw the same.
 */
double restore_take_again(restore *r);

/* Back into xyz [n, 3]: places and their copies; what is nowhere stays. `xyz` and `first` as they were taken in. */
void restore_give(const restore *r, const uint32_t *first, size_t n, float *xyz);

#endif
