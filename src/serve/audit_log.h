/*
 * The audit log: append-only JSON lines, each bound to the one before it by SHA-256, with signed checkpoints every so
 * many lines and at the close. audit_line.h has the format, audit_log_check.h the verification.
 *
 * Whoever holds the log learns who asked how often; he does not learn inputs or scores: their hashes are HMACs under a
 * key of their own, because a plain hash of a score vector can be found by guessing.
 *
 * A chain shows what was changed or taken out of its middle, not that its end was cut off after the last checkpoint
 * that somebody remembers: keep heads elsewhere (`scrim verify --log` prints them, and --head checks them).
 *
 * One process at a time has the file open (flock). All calls may come from several threads at once.
 */
#ifndef SERVE_AUDIT_LOG_H
#define SERVE_AUDIT_LOG_H

#include <scrim/key.h>
#include <scrim/signature.h>
#include <scrim/status.h>
#include <stddef.h>
#include <stdint.h>

enum { AUDIT_LOG_DIGEST = 32, AUDIT_LOG_MAX_EVERY = 10000 };

typedef struct audit_log_options {
  const scrim_signer *signer; /* borrowed until the log is closed */
  const scrim_key *hash_key;  /* likewise */
  size_t every;               /* lines between checkpoints, 1..AUDIT_LOG_MAX_EVERY */
  int sync;                   /* 1: each line is made durable; 0: at checkpoints only */
} audit_log_options;

/* What was found when a log was opened. */
typedef struct audit_log_found {
  uint64_t lines;      /* whole lines already there */
  uint64_t n_unsigned; /* of them behind the last checkpoint */
  int is_torn;         /* a last line was cut, as kill -9 or a power cut does, */
  size_t torn_bytes;   /*     and this is what was left of it */
  int is_closed;       /* the log ended with a signed close, as it should, or is new */
} audit_log_found;

typedef struct audit_log audit_log;

/*
 * Opens or makes (mode 0640) a log. Of an old one, everything from its last checkpoint on is verified before the chain
 * goes on. A last line that was cut stays in the file, closed by a newline, and the next line tells its length and
 * hash. SCRIM_E_FORMAT: a whole line does not fit the chain. SCRIM_E_KEY: the last checkpoint is not by this signer.
 * SCRIM_E_IO: unreadable, or open elsewhere, be it in this process: a reload that keeps the path keeps the log.
 */
scrim_status audit_log_open(audit_log **out, const char *path, const audit_log_options *options, audit_log_found *found,
                            scrim_error *error);

/* Digests are AUDIT_LOG_DIGEST bytes of HMAC-SHA-256, "" and NULL included; purposes are kept apart. */
typedef enum audit_log_purpose { AUDIT_LOG_ACTOR, AUDIT_LOG_INPUT, AUDIT_LOG_OUTPUT } audit_log_purpose;
scrim_status audit_log_digest(audit_log *log, audit_log_purpose purpose, const void *bytes, size_t n_bytes,
                              unsigned char digest[AUDIT_LOG_DIGEST], scrim_error *error);

/* One answer that is about to leave. Names are escaped; they and hashes are cut at 200 bytes. */
typedef struct audit_log_entry {
  double time_s;      /* since 1970, UTC */
  const char *model;  /* configured name */
  const char *filter; /* serve_output.filter_hash; of several outputs, the first's */
  const char *config; /* serve_config.hash */
  uint64_t rows;
  int status; /* sent to the client */
  unsigned char actor[AUDIT_LOG_DIGEST], input[AUDIT_LOG_DIGEST], output[AUDIT_LOG_DIGEST];
} audit_log_entry;

/*
 * Appends, and a checkpoint when one is due, in one write. On an error the answer must not leave. After a write that
 * failed the log is cut back to its last whole line; where that fails too, every later call fails until it is opened
 * again.
 */
scrim_status audit_log_append(audit_log *log, const audit_log_entry *entry, scrim_error *error);

/* Signs the end, makes it durable, frees in any case. NULL is fine. */
scrim_status audit_log_close(audit_log *log, scrim_error *error);

#endif
