/*
 * Projection of every point onto the best-fit plane of its neighbours, again and again: the training-free denoiser, and
 * the bar for everything that is learned.
 */
#ifndef POINTCLOUD_DEFENSE_PROJECTION_H
#define POINTCLOUD_DEFENSE_PROJECTION_H

#include "pointcloud_defense/survey.h"

/*
 * Moves xyz [n, 3] `iterations` times, all points at once each time, from where they were after the time before.
 * `request` says n, k and the pool, and nothing else of it matters; `index` is scratch, built anew for every move.
 * scratch [n, 3]. The first move of a cloud that is surveyed anyway is there for free (survey_run). SCRIM_E_MEMORY.
 */
scrim_status projection_run(const survey_request *request, neighbours *index, int iterations, float *xyz,
                            float *scratch, scrim_error *error);

#endif
