/*
 * One line of the audit log: a JSON object whose fields stand in this order, without spaces, ended by a newline.
 *
 *     seq         0, 1, 2, ...
 *     time        "2026-01-31T23:59:59.123Z"
 *     kind        "open", "answer", "checkpoint" or "close"
 *     previous    hash of the line before; 64 zeros in the first
 *     ...         what the kind has to say
 *     hash        SHA-256 of the line's bytes up to and without `,"hash":`
 *
 *     open        unsigned: lines since the last checkpoint, which the chain vouches for and no signature does;
 *                 torn_bytes, torn_hash: of what a cut write has left between the line before and this one
 *     answer      actor, model, filter, config, rows, status, input, output: audit_log_entry
 *     checkpoint, close    key, scheme; signature (base64) of "scrim-audit-checkpoint-1\n" and the line's bytes up to
 *                 and without `,"signature":`
 */
#ifndef SERVE_AUDIT_LINE_H
#define SERVE_AUDIT_LINE_H

#include "core/hash.h"
#include "core/signature.h"
#include "serve/audit_log.h"
#include "serve/log_line.h"

typedef enum audit_line_kind {
  AUDIT_LINE_OPEN,
  AUDIT_LINE_ANSWER,
  AUDIT_LINE_CHECKPOINT,
  AUDIT_LINE_CLOSE,
  AUDIT_LINE_KINDS
} audit_line_kind;

/* ---- writing ---- */

/* The four fields that all lines begin with; fields of the kind follow, then audit_line_end or audit_line_sign. */
void audit_line_begin(log_line *line, uint64_t seq, double time_s, audit_line_kind kind,
                      const unsigned char previous[HASH_BYTES]);
void audit_line_digest(log_line *line, const char *name, const unsigned char digest[HASH_BYTES]);
/* Adds the hash and the newline, and gives the hash. */
scrim_status audit_line_end(log_line *line, unsigned char hash[HASH_BYTES], scrim_error *error);
/* The same for a checkpoint or a close, with its signature. */
scrim_status audit_line_sign(log_line *line, const signature_key *key, unsigned char hash[HASH_BYTES],
                             scrim_error *error);

/* ---- reading ---- */

typedef struct audit_line {
  uint64_t seq;
  audit_line_kind kind;
  unsigned char previous[HASH_BYTES], hash[HASH_BYTES];
  int is_after_torn; /* it tells of a write that was cut: */
  uint64_t torn_bytes;
  unsigned char torn_hash[HASH_BYTES];
} audit_line;

typedef enum audit_line_state {
  AUDIT_LINE_WHOLE,   /* as it was written */
  AUDIT_LINE_CHANGED, /* a line of such a log, but not as it was written */
  AUDIT_LINE_BROKEN   /* not a line of such a log: a part of one, or anything else */
} audit_line_state;

/* `text`: without the newline. The hash is checked, the signature is not. */
audit_line_state audit_line_parse(audit_line *out, const char *text, size_t n);

/* Of a checkpoint or a close that audit_line_parse found whole. SCRIM_E_KEY: not by this key. */
scrim_status audit_line_check(const char *text, size_t n, const signature_key *key, scrim_error *error);

#endif
