#include "voice_deid/voice_target.h"

enum { DRAWS = 16 };

static scrim_status draw_one(voice_target *target, const voice_model *m, tape *t, int class, random_source *random,
                             scrim_error *error) {
  const uint64_t allowed = (uint64_t)target_sampler_count(m->targets, class);
  target->class = class;
  target->number = target_sampler_number(m->targets, class, (int)random_below(random, allowed));
  scrim_status status = random_status(random, error);
  if (status != SCRIM_OK) return status;
  const float *at = target->embedding;
  for (int e = 0; e < m->n_encoders; at += m->dim[e++]) target->part[e] = at;
  return target_sampler_make(m->targets, t, class, target->number, target->embedding, error);
}

/* The largest cosine to a source, over encoders. */
static double nearness(const voice_target *target, const voice_model *m, const float *const *sources) {
  double most = -1;
  for (int e = 0; e < m->n_encoders; e++) {
    double cosine = 0;
    for (int i = 0; i < m->dim[e]; i++) cosine += (double)target->part[e][i] * (double)sources[e][i];
    if (cosine > most) most = cosine;
  }
  return most;
}

scrim_status voice_target_draw(voice_target *target, const voice_model *m, tape *t, int class,
                               const float *const *sources, double unlike, random_source *random, scrim_error *error) {
  scrim_status status = SCRIM_OK;
  for (int i = 0; i < DRAWS && status == SCRIM_OK; i++) {
    status = draw_one(target, m, t, class, random, error);
    if (status == SCRIM_OK && nearness(target, m, sources) <= unlike) break;
  }
  return status;
}

scrim_status voice_target_draw_any(voice_target *target, const voice_model *m, tape *t, random_source *random,
                                   scrim_error *error) {
  return draw_one(target, m, t, (int)random_below(random, PITCH_CLASSES), random, error);
}
