/*
 * scrim/marker.h: cloud filters that have learned what is in the air, and procedural LiDAR frames to teach them.
 *
 * A marker tells flakes of snow, and what looks like them, from surfaces: a perceptron of some thousand weights looks
 * at the neighbourhood of each point in units of its range. A filter with a marker measures outliers by it (`measure`
 * 9) in all modes; in mode move, points that it marks stay where they are, and surfaces are fitted without them. The
 * bound on what is marked (`cap`) holds for it as for every measure.
 *
 * It is a guess, made point by point: leaves, spray and fences are what it takes for snow most often.
 */
#ifndef SCRIM_MARKER_H
#define SCRIM_MARKER_H

#include <scrim/filter.h>
#include <scrim/scores.h> /* scrim_train_options */

#ifdef __cplusplus
extern "C" {
#endif

/* Labelled frames. The caller's, only read; nothing is kept after the call. */
typedef struct scrim_marker_data {
  const scrim_view *frames;     /* [n_frames] of kind SCRIM_POINTS; with `intensity` at least four columns */
  const uint8_t *const *labels; /* [n_frames] each [rows]: not 0 where a point is to be marked */
  size_t n_frames;              /* at least 2; the last sixth chooses the threshold and is not trained on */
} scrim_marker_data;

/*
 * Makes a cloud filter with a marker. `data` NULL: procedural frames are made, `scenes` of them; else `baseline`
 * becomes what the frames have without the points to be marked, unless the caller has set it. Unless the caller has set
 * them, `k` is 9, `measure` 9, and `iterations` 1, for scenes come ten times a second. `beside`: a cloud filter whose
 * prior is taken along, and whose settings are where the caller has not set others; or NULL. `config`: kind "cloud", or
 * NULL for defaults. `options`: NULL for none, and seed 0; training takes a minute or so and keeps no checkpoints.
 *
 * SCRIM_E_DATA: too few frames, or frames without points of both kinds. SCRIM_E_ARGUMENT: a config or filter of another
 * kind, or a checkpoint. SCRIM_E_CANCELLED: by progress. SCRIM_E_MEMORY.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_cloud_train_marker(scrim_filter **out, const scrim_marker_data *data,
                                                                 const scrim_filter *beside, const scrim_config *config,
                                                                 const scrim_train_options *options,
                                                                 scrim_error *error);

/* ---- procedural frames: nobody's property ---- */

#define SCRIM_CLOUD_SCENE_POINTS 131072 /* that a frame has at most */

/*
 * Frame `number` of a seed: a LiDAR among houses, cars, trees and people, three times of four in snow. xyz
 * [SCRIM_CLOUD_SCENE_POINTS, 3], metres; labels [SCRIM_CLOUD_SCENE_POINTS], 1 for flakes; *n points.
 * SCRIM_E_ARGUMENT: NULL. SCRIM_E_MEMORY.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_cloud_scene(float *xyz, uint8_t *labels, size_t *n, uint64_t seed,
                                                          uint64_t number, scrim_error *error);

#ifdef __cplusplus
}
#endif
#endif
