/* The gate of the audit. */
#ifndef PURIFIER_AUDIT_CHECK_H
#define PURIFIER_AUDIT_CHECK_H

#include "purifier/score_form.h"
#include <scrim/scores.h>

/* SCRIM_E_ARGUMENT: something is missing. SCRIM_E_DATA names the table, row and value at fault. */
scrim_status audit_check(const scrim_scores_audit *audit, score_form form, scrim_error *error);

#endif
