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

/* 1: the list "a,b,c" has the word. */
static int has_word(const char *list, const char *word) {
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

/* ---- entries ---- */

/* Attackers who know one defence each. Holding planes is another way back only where there may be planes. */
static scrim_status add_adaptive(cloud_audit_plan *plan, const attack_cloud_rule *rule, double budget,
                                 scrim_error *error) {
  scrim_status status = SCRIM_OK;
  for (int known = 1; cloud_defences[known].name && status == SCRIM_OK; known++)
    for (int hold = 0; hold <= cloud_defences[known].projects && status == SCRIM_OK; hold++)
      status = add(plan, (cloud_audit_entry){rule, budget, known, hold}, error);
  return status;
}

static scrim_status add_budget(cloud_audit_plan *plan, const scrim_cloud_audit *audit, const attack_cloud_rule *rule,
                               double budget, scrim_error *error) {
  const scrim_status status = add(plan, (cloud_audit_entry){rule, budget, AUDIT_ALL_DEFENCES, 0}, error);
  return status == SCRIM_OK && audit->adaptive && rule->adapts ? add_adaptive(plan, rule, budget, error) : status;
}

static scrim_status add_rule(cloud_audit_plan *plan, const scrim_cloud_audit *audit, const attack_cloud_rule *rule,
                             scrim_error *error) {
  const double *budgets = audit->budgets ? audit->budgets : USUAL_BUDGETS;
  const size_t n = audit->budgets ? audit->n_budgets : sizeof USUAL_BUDGETS / sizeof *USUAL_BUDGETS;
  scrim_status status = SCRIM_OK;
  if (rule->kind == ATTACK_CLOUD_ONCE) return add_budget(plan, audit, rule, rule->budget, error);
  if (rule->kind == ATTACK_CLOUD_CORRUPT && !audit->full) return add_budget(plan, audit, rule, USUAL_SEVERITY, error);
  if (rule->kind == ATTACK_CLOUD_CORRUPT) {
    for (int severity = 1; severity <= SEVERITIES && status == SCRIM_OK; severity++)
      status = add_budget(plan, audit, rule, severity, error);
    return status;
  }
  for (size_t i = 0; i < n && status == SCRIM_OK; i++) {
    if (!(budgets[i] > 0 && budgets[i] <= 1))
      return fail(error, SCRIM_E_PARAM, "a budget of %g; must be above 0 and at most 1", budgets[i]);
    status = add_budget(plan, audit, rule, budgets[i], error);
  }
  return status;
}

scrim_status cloud_audit_plan_make(cloud_audit_plan *plan, const scrim_cloud_audit *audit, scrim_error *error) {
  *plan = (cloud_audit_plan){0};
  scrim_status status = audit->attacks ? check_names(audit->attacks, error) : SCRIM_OK;
  if (status == SCRIM_OK) status = add(plan, (cloud_audit_entry){NULL, 0, AUDIT_ALL_DEFENCES, 0}, error);
  for (const attack_cloud_rule *rule = attack_cloud_rules; rule->name && status == SCRIM_OK; rule++)
    if (!audit->attacks || has_word(audit->attacks, rule->name)) status = add_rule(plan, audit, rule, error);
  if (status != SCRIM_OK) cloud_audit_plan_free(plan);
  return status;
}
