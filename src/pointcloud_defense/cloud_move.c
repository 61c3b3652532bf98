#include "pointcloud_defense/cloud_move.h"

#include <math.h>

int cloud_is_object(const cloud_frame *f, const restore *restorer, const cloud_settings *s) {
  return restorer != NULL && f->found.places > PRIOR_NEIGHBOURS && f->found.places <= s->objects;
}

int cloud_time_step(const diffusion *schedule, const cloud_settings *s, double noise, double spacing) {
  const double excess = fmax(noise * noise - s->clean_noise * s->clean_noise, 0);
  const double ratio = s->step_scale * spacing * sqrt(excess);
  const int step = s->step_levels ? diffusion_choose_level(schedule, ratio, s->step_cap)
                                  : diffusion_choose(schedule, ratio, s->step_cap);
  const int least = s->step_least < s->step_cap ? s->step_least : s->step_cap;
  return step > least ? step : least;
}

/* Takes xyz in. *step: 0 for an object of one place, or too far apart for a float: it has no deviation. */
static scrim_status choose_step(cloud_frame *f, restore *restorer, const cloud_settings *s, int *step,
                                scrim_error *error) {
  double deviation, noise = 0, spacing = 0;
  scrim_status status = restore_take(restorer, f->xyz, f->first, f->n, &deviation, error);
  *step = 0;
  if (status != SCRIM_OK || !(deviation > 0)) return status;
  *step = s->step;
  if (s->step >= 0) return SCRIM_OK;
  status = restore_gauge(restorer, f->pool, &noise, &spacing, error);
  *step = cloud_time_step(restore_schedule(restorer), s, noise, spacing);
  return status;
}

/* Passes go as far as the first: what is left of an attack looks like the object, and only as much noise drowns it. */
static scrim_status move_object(cloud_frame *f, restore *restorer, const cloud_settings *s, scrim_cloud_report *report,
                                scrim_error *error) {
  scrim_status status = choose_step(f, restorer, s, &report->time_step, error);
  if (status != SCRIM_OK) return status;
  report->passed = report->time_step == 0;
  if (report->passed) return SCRIM_OK;
  const restore_request request = {report->time_step, s->leaps, s->noise};
  status = restore_run(restorer, f->pool, &request, error);
  for (int pass = 1; pass < s->passes && status == SCRIM_OK && restore_take_again(restorer) > 0; pass++)
    status = restore_run(restorer, f->pool, &request, error);
  if (status != SCRIM_OK) return status;
  restore_give(restorer, f->first, f->n, f->xyz);
  return cloud_frame_project(f, s, s->polish, error);
}

scrim_status cloud_move(cloud_frame *f, restore *restorer, const cloud_settings *s, scrim_cloud_report *report,
                        scrim_error *error) {
  return cloud_is_object(f, restorer, s) ? move_object(f, restorer, s, report, error) : cloud_frame_move(f, s, error);
}
