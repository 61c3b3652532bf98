/* Mode move: objects are restored by the prior, everything else is projected. */
#ifndef POINTCLOUD_DEFENSE_CLOUD_MOVE_H
#define POINTCLOUD_DEFENSE_CLOUD_MOVE_H

#include "pointcloud_defense/cloud_frame.h"
#include "pointcloud_defense/restore.h"

/*
 * The surveyed frame's xyz becomes what it is after moving; `report` learns the time step, and whether the frame passes
 * (time step 0) and xyz is as it was. `restorer` NULL: no prior. `clean`: distortion of clean frames, 0 if not known.
 */
scrim_status cloud_move(cloud_frame *f, restore *restorer, const cloud_settings *settings, double clean,
                        scrim_cloud_report *report, scrim_error *error);

/*
 * The time step for an object of that distortion and standard deviation (metres). The planes' distances have a part
 * that clean objects have too, and one of the noise; independent, they add up in squares.
 */
int cloud_time_step(const diffusion *schedule, const cloud_settings *settings, const distortion *found, double clean,
                    double deviation);

#endif
