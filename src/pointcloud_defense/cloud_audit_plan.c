#include "pointcloud_defense/cloud_audit_plan.h"
#include "core/error.h"
#include "core/memory.h"
#include <string.h>

static const double USUAL_BUDGETS[] = {0.01, 0.02, 0.05};
enum { SEVERITIES = 5, USUAL_SEVERITY = 3 };

void cloud_audit_plan_free(cloud_audit_plan *plan) {
  memory_free(plan->entries);
  *plan = (cloud_audit_plan){0};
}

static scrim_status add(cloud_audit_plan *plan, cloud_audit_entry entry, scrim_error *error) {
  cloud_audit_entry *grown = memory_grow(plan->entries, plan->n * sizeof entry, (plan->n + 1) * sizeof entry);
  if (!grown) return fail(error, SCRIM_E_MEMORY, "out of memory for attack %zu of the audit", plan->n + 1);
  plan->entries = grown;
  grown[plan->n++] = entry;
  return SCRIM_OK;
}

/* ---- names ---- */

int cloud_audit_list_has(const char *list, const char *word) {
  const size_t length = strlen(word);
  for (const char *at = list; *at;) {
    const size_t span = strcspn(at, ",");
    if (span == length && memcmp(at, word, length) == 0) return 1;
    at += span + (at[span] == ',');
  }
  return 0;
}

static int is_attack(const char *word, size_t length) {
  for (const attack_cloud_rule *rule = attack_cloud_rules; rule->name; rule++)
    if (strlen(rule->name) == length && memcmp(rule->name, word, length) == 0) return 1;
  return 0;
}

static scrim_status check_names(const char *list, scrim_error *error) {
  for (const char *at = list; *at;) {
    const size_t span = strcspn(at, ",");
    if (!is_attack(at, span)) return fail(error, SCRIM_E_PARAM, "no attack has the name '%.*s'", (int)span, at);
    at += span + (at[span] == ',');
  }
  return SCRIM_OK;
}

/* ---- defences ---- */

static int is_defence(const cloud_defence *const *defences, size_t n, const char *word, size_t length) {
  for (size_t i = 0; i < n; i++)
    if (strlen(defences[i]->name) == length && memcmp(defences[i]->name, word, length) == 0) return 1;
  return 0;
}

scrim_status cloud_audit_choose(const cloud_defence **defences, size_t *n_defences, const scrim_cloud_audit *audit,
                                scrim_error *error) {
  const char *list = audit->defences;
  size_t kept = 1;
  for (const char *at = list ? list : ""; *at;) {
    const size_t span = strcspn(at, ",");
    if (!is_defence(defences, *n_defences, at, span))
      return fail(error, SCRIM_E_PARAM, "no defence of this filter has the name '%.*s'", (int)span, at);
    at += span + (at[span] == ',');
  }
  for (size_t i = 1; list && i < *n_defences; i++)
    if (cloud_audit_list_has(list, defences[i]->name)) defences[kept++] = defences[i];
  if (list) *n_defences = kept;
  return SCRIM_OK;
}

/* ---- entries ---- */

typedef struct plan_world {
  const scrim_cloud_audit *audit;
  const cloud_defence *const *defences; /* [n_defences] the first is nothing at all */
  size_t n_defences;
} plan_world;

static int is_known(const attack_cloud_rule *rule, const cloud_defence *d) {
  if (d->is_probe) return 0;
  return rule->adapts == ATTACK_CLOUD_ADAPTS_TO_ALL ||
         (rule->adapts == ATTACK_CLOUD_ADAPTS_TO_ESTIMATES && d->estimates);
}

/* Attackers who know one defence each. Holding planes is another way back only where there may be planes. */
static scrim_status add_adaptive(cloud_audit_plan *plan, const plan_world *w, const attack_cloud_rule *rule,
                                 double budget, scrim_error *error) {
  scrim_status status = SCRIM_OK;
  for (size_t d = 1; d < w->n_defences && status == SCRIM_OK; d++)
    for (int hold = 0; is_known(rule, w->defences[d]) && hold <= w->defences[d]->projects && status == SCRIM_OK; hold++)
      status = add(plan, (cloud_audit_entry){rule, budget, (int)d, hold}, error);
  return status;
}

static scrim_status add_budget(cloud_audit_plan *plan, const plan_world *w, const attack_cloud_rule *rule,
                               double budget, scrim_error *error) {
  const scrim_status status = add(plan, (cloud_audit_entry){rule, budget, AUDIT_ALL_DEFENCES, 0}, error);
  return status == SCRIM_OK && w->audit->adaptive ? add_adaptive(plan, w, rule, budget, error) : status;
}

static scrim_status add_severities(cloud_audit_plan *plan, const plan_world *w, const attack_cloud_rule *rule,
                                   scrim_error *error) {
  scrim_status status = SCRIM_OK;
  for (int severity = 1; severity <= SEVERITIES && status == SCRIM_OK; severity++)
    if (w->audit->full || severity == USUAL_SEVERITY) status = add_budget(plan, w, rule, severity, error);
  return status;
}

static scrim_status add_rule(cloud_audit_plan *plan, const plan_world *w, const attack_cloud_rule *rule,
                             scrim_error *error) {
  const double *budgets = w->audit->budgets ? w->audit->budgets : USUAL_BUDGETS;
  const size_t n = w->audit->budgets ? w->audit->n_budgets : sizeof USUAL_BUDGETS / sizeof *USUAL_BUDGETS;
  scrim_status status = SCRIM_OK;
  if (rule->kind == ATTACK_CLOUD_ONCE) return add_budget(plan, w, rule, rule->budget, error);
  if (rule->kind == ATTACK_CLOUD_CORRUPT) return add_severities(plan, w, rule, error);
  for (size_t i = 0; i < n && status == SCRIM_OK; i++) {
    if (!(budgets[i] > 0 && budgets[i] <= 1))
      return fail(error, SCRIM_E_PARAM, "a budget of %g; must be above 0 and at most 1", budgets[i]);
    status = add_budget(plan, w, rule, budgets[i], error);
  }
  return status;
}

scrim_status cloud_audit_plan_make(cloud_audit_plan *plan, const scrim_cloud_audit *audit,
                                   const cloud_defence *const *defences, size_t n_defences, scrim_error *error) {
  const plan_world world = {audit, defences, n_defences};
  *plan = (cloud_audit_plan){0};
  scrim_status status = audit->attacks ? check_names(audit->attacks, error) : SCRIM_OK;
  if (status == SCRIM_OK) status = add(plan, (cloud_audit_entry){NULL, 0, AUDIT_ALL_DEFENCES, 0}, error);
  for (const attack_cloud_rule *rule = attack_cloud_rules; rule->name && status == SCRIM_OK; rule++)
    if (!audit->attacks || cloud_audit_list_has(audit->attacks, rule->name))
      status = add_rule(plan, &world, rule, error);
  if (status != SCRIM_OK) cloud_audit_plan_free(plan);
  return status;
}
