/* What an audit found, on stdout. */
#ifndef TOOLS_AUDIT_PRINT_H
#define TOOLS_AUDIT_PRINT_H

#include <scrim/scores.h>

/* The attack on a defence with the largest AUC, by one attacker or, -1, by any; NULL: there is none. */
const scrim_attack_result *audit_strongest(const scrim_scores_report *report, const char *defence, int attacker);

void audit_print_text(const scrim_scores_report *report);
void audit_print_json(const scrim_scores_report *report);

#endif
