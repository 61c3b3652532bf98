/* Mode move: objects are restored by the prior, everything else is projected. */
#ifndef POINTCLOUD_DEFENSE_CLOUD_MOVE_H
#define POINTCLOUD_DEFENSE_CLOUD_MOVE_H

#include "pointcloud_defense/cloud_frame.h"
#include "pointcloud_defense/restore.h"

/*
 * The surveyed frame's xyz becomes what it is after moving; `report` learns the time step, and whether the frame passes
 * (time step 0) and xyz is as it was. `restorer` NULL: no prior.
 */
scrim_status cloud_move(cloud_frame *f, restore *restorer, const cloud_settings *settings, scrim_cloud_report *report,
                        scrim_error *error);

/* Whether the surveyed frame is an object: of few places, but enough to have neighbours, and there is a prior. */
int cloud_is_object(const cloud_frame *f, const restore *restorer, const cloud_settings *settings);

/*
 * The time step for an object with that much noise, in units of its spacing, and that spacing, in units of its
 * deviation. What clean objects are taken to have, and what there is more of it; independent, they add up in squares.
 * Never below the least, for attackers can hide their noise from whoever looks for it.
 */
int cloud_time_step(const diffusion *schedule, const cloud_settings *settings, double noise, double spacing);

#endif
