/* Fitting a defence for every party, and looking through the eyes of each attacker. */
#include "purifier/audit_attacker.h"
#include "core/error.h"
#include "core/memory.h"

/* ---- parties ---- */

static scrim_status fit_on_shadow(audit_parties *p, const audit_data *d, size_t s, scrim_error *error) {
  defence_data data;
  float *scores = NULL;
  int32_t *labels = NULL;
  scrim_status status = audit_data_of_shadow(d, s, &data, &scores, &labels, error);
  /* Another seed than the owner's: what his defence drew is not the attacker's to know. */
  if (status == SCRIM_OK) status = p->rule->fit(&p->attacker[s], p->rule, &data, d->audit->seed + 1 + s, error);
  memory_wipe_free(scores, d->rows * d->classes * sizeof *scores);
  memory_free(labels);
  return status;
}

scrim_status audit_parties_fit_attackers(audit_parties *p, const audit_data *d, scrim_error *error) {
  const size_t shadows = d->audit->n_shadows;
  const size_t most = p->rule->per_member ? AUDIT_MOST_PURIFIERS : AUDIT_PURIFIERS;
  scrim_status status = SCRIM_OK;
  while (status == SCRIM_OK && p->n_attackers < most && p->n_attackers < shadows) {
    status = fit_on_shadow(p, d, p->n_attackers, error);
    if (status == SCRIM_OK) p->n_attackers++;
  }
  return status;
}

scrim_status audit_parties_fit(audit_parties *p, const defence *rule, const audit_data *d, scrim_error *error) {
  *p = (audit_parties){.rule = rule};
  scrim_status status = rule->fit(&p->owner, rule, &d->owner, d->audit->seed, error);
  p->insider = p->owner;
  return status == SCRIM_OK ? audit_parties_fit_attackers(p, d, error) : status;
}

void audit_parties_free(audit_parties *p) {
  if (!p->rule) return;
  if (p->insider != p->owner && p->insider) p->rule->release(p->insider);
  if (p->owner) p->rule->release(p->owner);
  for (size_t i = 0; i < p->n_attackers; i++) p->rule->release(p->attacker[i]);
}

/* ---- views ---- */

scrim_status audit_room_make(audit_room *room, const audit_data *d, scrim_error *error) {
  size_t k = d->classes, s = d->audit->n_shadows, m = d->audit->n_population;
  *room = (audit_room){.target = memory_zalloc(d->rows * k, sizeof(float)),
                       .population = memory_zalloc(m * k, sizeof(float)),
                       .shadows = memory_zalloc(s * d->rows * k, sizeof(float)),
                       .shadow_population = memory_zalloc(s * m * k, sizeof(float)),
                       .examples = memory_zalloc(d->n_examples, sizeof *room->examples)};
  if (room->target && room->population && room->shadows && room->shadow_population && room->examples) return SCRIM_OK;
  return fail(error, SCRIM_E_MEMORY, "out of memory for %zu shadows of %zu rows and %zu classes", s, d->rows, k);
}

void audit_room_free(audit_room *room, const audit_data *d) {
  size_t k = d->classes, s = d->audit->n_shadows, m = d->audit->n_population;
  memory_wipe_free(room->target, d->rows * k * sizeof *room->target);
  memory_wipe_free(room->population, m * k * sizeof *room->population);
  memory_wipe_free(room->shadows, s * d->rows * k * sizeof *room->shadows);
  memory_wipe_free(room->shadow_population, s * m * k * sizeof *room->shadow_population);
  memory_free(room->examples);
}

scrim_status audit_release(audit_room *room, const audit_parties *p, const audit_data *d, scrim_error *error) {
  scrim_status status = p->rule->apply(p->owner, d->raw, room->target, d->rows, error);
  if (status == SCRIM_OK && d->audit->n_population)
    status = p->rule->apply(p->owner, d->population, room->population, d->audit->n_population, error);
  return status;
}

/* Passes each shadow through the adaptive attacker's own defence, or through the owner's for an insider. */
static scrim_status pass_shadows(audit_room *room, const audit_parties *p, const audit_data *d, int insider,
                                 scrim_error *error) {
  size_t k = d->classes, m = d->audit->n_population;
  scrim_status status = SCRIM_OK;
  for (size_t s = 0; s < d->audit->n_shadows && status == SCRIM_OK; s++) {
    void *state = insider ? p->insider : p->attacker[s % p->n_attackers];
    size_t at = s * d->rows * k, at_population = s * m * k;
    status = p->rule->apply(state, d->shadows + at, room->shadows + at, d->rows, error);
    if (status == SCRIM_OK && m)
      status = p->rule->apply(state, d->shadow_population + at_population, room->shadow_population + at_population, m,
                              error);
  }
  return status;
}

/* `scores`: of the shadows, or of the audited rows where there are none. */
static void list_examples(attack_example *examples, const audit_data *d, const float *scores) {
  for (size_t i = 0; i < d->n_examples; i++) {
    size_t at = d->order[i], row = at % d->rows;
    int shadows = d->audit->n_shadows > 0;
    examples[i] = (attack_example){.scores = scores + at * d->classes,
                                   .row = (uint32_t)row,
                                   .shadow = shadows ? (int32_t)(at / d->rows) : -1,
                                   .in = shadows ? d->audit->shadow_in[at] : d->member[row]};
  }
}

scrim_status audit_view(attack_view *view, audit_room *room, const audit_parties *p, const audit_data *d,
                        scrim_attacker attacker, scrim_error *error) {
  const scrim_scores_audit *a = d->audit;
  int raw = attacker == SCRIM_ATTACKER_UNAWARE;
  scrim_status status = raw ? SCRIM_OK : pass_shadows(room, p, d, attacker == SCRIM_ATTACKER_INSIDER, error);
  if (status != SCRIM_OK) return status;
  *view = (attack_view){.classes = d->classes,
                        .rows = d->rows,
                        .n_members = d->n_members,
                        .labels = d->labels,
                        .open = d->open,
                        .target = room->target,
                        .n_shadows = a->n_shadows,
                        .shadows = raw ? d->shadows : room->shadows,
                        .raw_shadows = d->shadows,
                        .shadow_in = a->shadow_in,
                        .n_population = a->n_shadows ? a->n_population : 0,
                        .population = room->population,
                        .shadow_population = raw ? d->shadow_population : room->shadow_population,
                        .population_labels = a->population_labels,
                        .n_examples = d->n_examples,
                        .examples = room->examples,
                        .seed = a->seed};
  list_examples(room->examples, d, a->n_shadows ? view->shadows : raw ? d->raw : room->target);
  return SCRIM_OK;
}
