#include "pointcloud_defense/cloud_move.h"

#include <math.h>

int cloud_time_step(const diffusion *schedule, const cloud_settings *s, const distortion *found, double clean,
                    double deviation) {
  if (!(deviation > 0)) return 0;
  if (s->step >= 0) return s->step;
  const double excess = found->by_spacing * found->by_spacing - clean * clean;
  if (!(excess > 0)) return 0;
  const double ratio = s->step_scale * found->spacing * sqrt(excess) / deviation;
  return s->step_levels ? diffusion_choose_level(schedule, ratio, s->step_cap)
                        : diffusion_choose(schedule, ratio, s->step_cap);
}

static scrim_status move_object(cloud_frame *f, restore *restorer, const cloud_settings *s, double clean,
                                scrim_cloud_report *report, scrim_error *error) {
  const uint32_t *first = neighbours_first(f->index);
  double deviation;
  scrim_status status = restore_take(restorer, f->xyz, first, f->n, &deviation, error);
  if (status != SCRIM_OK) return status;
  report->time_step = cloud_time_step(restore_schedule(restorer), s, &f->found, clean, deviation);
  report->passed = report->time_step == 0;
  if (report->passed) return SCRIM_OK;
  const restore_request request = {report->time_step, s->leaps, s->noise};
  status = restore_run(restorer, f->pool, &request, error);
  if (status != SCRIM_OK) return status;
  restore_give(restorer, first, f->n, f->xyz);
  return cloud_frame_project(f, s, s->polish, error);
}

scrim_status cloud_move(cloud_frame *f, restore *restorer, const cloud_settings *s, double clean,
                        scrim_cloud_report *report, scrim_error *error) {
  if (restorer != NULL && f->found.places > PRIOR_NEIGHBOURS && f->found.places <= s->objects)
    return move_object(f, restorer, s, clean, report, error);
  return cloud_frame_move(f, s, error);
}
