/* The report grows as the audit goes; it owns its rows. */
#ifndef PURIFIER_AUDIT_REPORT_H
#define PURIFIER_AUDIT_REPORT_H

#include <scrim/scores.h>

/* Both copy their row to the end of the report. SCRIM_E_MEMORY leaves it as it was. */
scrim_status audit_report_add_attack(scrim_scores_report *report, const scrim_attack_result *row, scrim_error *error);
scrim_status audit_report_add_utility(scrim_scores_report *report, const scrim_utility_result *row, scrim_error *error);

#endif
