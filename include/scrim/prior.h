/*
 * scrim/prior.h: cloud filters that know what objects look like, and procedural objects to teach them.
 *
 * A prior restores objects, frames of 33 to `objects` places (4096), in mode move: it tells how much noise there is in
 * them, that chooses a time step, and the points are diffused that far and denoised by a network that was trained on
 * clean objects (Ada3Diff, Zhang et al. 2023; the network is of the class of Luo and Hu 2021), `passes` times.
 * Attackers can keep their noise from being found, so objects are diffused to `step_least` in any case; where that is
 * 0, an object of no more noise than clean ones (`clean_noise`) passes bit for bit. Other frames are projected onto the
 * planes of their neighbours, as by a filter without a prior.
 * All noise comes from the session's key and the points: the same points, in whatever order, get the same answer.
 *
 * What it was trained on is what it knows. An object of another kind is moved towards those.
 */
#ifndef SCRIM_PRIOR_H
#define SCRIM_PRIOR_H

#include <scrim/filter.h>
#include <scrim/scores.h> /* scrim_train_options */

#ifdef __cplusplus
extern "C" {
#endif

/* Clean objects. The caller's, only read; nothing is kept after the call. */
typedef struct scrim_prior_data {
  const float *xyz; /* [n, points, 3], of any size and place */
  size_t n, points; /* at least 20 objects, of `points` (the parameter) or more points each */
} scrim_prior_data;

/*
 * Makes a cloud filter with a prior, as scrim_cloud_train makes one without: `baseline` and `clean_noise` are what the
 * objects have, unless the caller has set them. `objects` NULL: procedural ones are made, `shapes` of them. `config`:
 * kind "cloud", or NULL for defaults. `options`: NULL for none, and seed 0.
 *
 * SCRIM_E_DATA: a coordinate that is not finite, an object of one place, too few objects or points, or training that
 * diverged. SCRIM_E_ARGUMENT: a config of another kind. SCRIM_E_STATE: the checkpoint comes from other objects or
 * settings. SCRIM_E_IO and SCRIM_E_FORMAT: the checkpoint. SCRIM_E_CANCELLED: by progress. SCRIM_E_MEMORY.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_cloud_train_prior(scrim_filter **out, const scrim_prior_data *objects,
                                                                const scrim_config *config,
                                                                const scrim_train_options *options, scrim_error *error);

/* ---- procedural objects: nobody's property ---- */

#define SCRIM_CLOUD_FAMILIES 20

/*
 * n objects of `points` points each, drawn evenly over their surfaces, into xyz [n, points, 3]: about their mean, the
 * farthest point at 1, z up. Object i is of family i mod SCRIM_CLOUD_FAMILIES, which labels [n] (or NULL) tell. The
 * same seed gives the same objects, the first of them whatever n is. SCRIM_E_ARGUMENT, SCRIM_E_MEMORY.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_cloud_shapes(float *xyz, int32_t *labels, size_t n, size_t points,
                                                           uint64_t seed, scrim_error *error);
/* "table"; NULL for a number that is none. Static storage. */
SCRIM_API const char *scrim_cloud_family_name(int32_t family);

#ifdef __cplusplus
}
#endif
#endif
