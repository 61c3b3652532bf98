/* What an audit found, on stdout. */
#ifndef TOOLS_AUDIT_PRINT_H
#define TOOLS_AUDIT_PRINT_H

#include <scrim/scores.h>

void audit_print_text(const scrim_scores_report *report);
void audit_print_json(const scrim_scores_report *report);

#endif
