/* What an audit runs: one entry an attack, budget and attacker, in the order of the report. */
#ifndef POINTCLOUD_DEFENSE_CLOUD_AUDIT_PLAN_H
#define POINTCLOUD_DEFENSE_CLOUD_AUDIT_PLAN_H

#include "pointcloud_defense/attack_cloud.h"

enum { AUDIT_ALL_DEFENCES = -1 };

typedef struct cloud_audit_entry {
  const attack_cloud_rule *rule; /* NULL: the clean objects */
  double budget;
  int known; /* index in the list of the defence that he knows, which alone is then tried; or AUDIT_ALL_DEFENCES */
  int hold;  /* of an adaptive one: his way back goes through planes */
} cloud_audit_entry;

typedef struct cloud_audit_plan {
  cloud_audit_entry *entries; /* [n] */
  size_t n;
} cloud_audit_plan;

/* 1: the list "a,b,c" has the word. */
int cloud_audit_list_has(const char *list, const char *word);

/*
 * Those defences that the audit names, the first in any case, stay in the list, in their order; answers how many.
 * SCRIM_E_PARAM: a name that is none of theirs.
 */
scrim_status cloud_audit_choose(const cloud_defence **defences, size_t *n_defences, const scrim_cloud_audit *audit,
                                scrim_error *error);

/*
 * `defences` [n_defences]: those of the audit. SCRIM_E_PARAM: no such attack, a budget out of range. SCRIM_E_MEMORY.
 * Freed with cloud_audit_plan_free.
 */
scrim_status cloud_audit_plan_make(cloud_audit_plan *plan, const scrim_cloud_audit *audit,
                                   const cloud_defence *const *defences, size_t n_defences, scrim_error *error);
void cloud_audit_plan_free(cloud_audit_plan *plan);

#endif
