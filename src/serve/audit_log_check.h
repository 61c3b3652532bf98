/* Verification of an audit log, for `scrim verify --log`. */
#ifndef SERVE_AUDIT_LOG_CHECK_H
#define SERVE_AUDIT_LOG_CHECK_H

#include <scrim/signature.h>
#include <stdint.h>

typedef struct scrim_audit_log_report {
  uint64_t lines, checkpoints;
  uint64_t n_unsigned; /* lines behind the last checkpoint: in the chain, but anybody could have written them */
  uint64_t torn;       /* writes that were cut, and that the lines behind them tell of */
  int is_closed;       /* the log ends with a signed close: it was not cut, nor is it being written */
  char head[65]; /* hash of the last line: kept elsewhere, it shows later that nothing up to here was cut or changed */
} scrim_audit_log_report;

/*
 * SCRIM_OK: all lines are as they were written and in their order, all checkpoints are by this key, and, if `head` is
 * not NULL, a line of this hash (64 digits) is among them. SCRIM_E_FORMAT: a line is changed, cut, missing or moved, or
 * the head is missing. SCRIM_E_KEY: a checkpoint is not by this key. SCRIM_E_IO.
 */
scrim_status scrim_audit_log_check(scrim_audit_log_report *report, const char *path, const scrim_verifier *verifier,
                                   const char *head, scrim_error *error);

#endif
