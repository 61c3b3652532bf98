/* Rows of the report. */
#include "purifier/audit_report.h"
#include "core/error.h"
#include "core/memory.h"
#include <string.h>

/* One more row of `bytes` at the end of rows [n]; NULL when out of memory, and then `rows` still stands. */
static void *append(const void *rows, size_t n, const void *row, size_t bytes) {
  /* The report shows its rows as const; here they are its own. */
  char *grown = memory_grow((void *)rows, n * bytes, (n + 1) * bytes);
  if (grown) memcpy(grown + n * bytes, row, bytes);
  return grown;
}

scrim_status audit_report_add_attack(scrim_scores_report *report, const scrim_attack_result *row, scrim_error *error) {
  void *rows = append(report->attacks, report->n_attacks, row, sizeof *row);
  if (!rows) return fail(error, SCRIM_E_MEMORY, "out of memory for result %zu of the audit", report->n_attacks + 1);
  report->attacks = rows;
  report->n_attacks++;
  return SCRIM_OK;
}

scrim_status audit_report_add_utility(scrim_scores_report *report, const scrim_utility_result *row,
                                      scrim_error *error) {
  void *rows = append(report->utilities, report->n_utilities, row, sizeof *row);
  if (!rows) return fail(error, SCRIM_E_MEMORY, "out of memory for utility %zu of the audit", report->n_utilities + 1);
  report->utilities = rows;
  report->n_utilities++;
  return SCRIM_OK;
}

void scrim_scores_report_free(scrim_scores_report *report) {
  if (!report) return;
  memory_free((void *)report->attacks);
  memory_free((void *)report->utilities);
  memory_free(report);
}
