/* The chain of an audit log, followed line by line: by the log when it is opened again, and by its verification. */
#ifndef SERVE_AUDIT_CHAIN_H
#define SERVE_AUDIT_CHAIN_H

#include "serve/audit_line.h"

enum { AUDIT_CHAIN_MAX_TORN = 1 << 20 }; /* bytes that one cut write can leave, with room for lost blocks */

/* Starts as {0}: an empty log. */
typedef struct audit_chain {
  uint64_t lines;                 /* the number of the line that is due */
  unsigned char head[HASH_BYTES]; /* hash of the last line */
  uint64_t n_unsigned;            /* lines since the last checkpoint */
  uint64_t checkpoints;
  uint64_t torn;               /* cut writes that the lines behind them tell of */
  int is_closed;               /* the last line is a close */
  const unsigned char *wanted; /* [HASH_BYTES] the hash of a line to look for; NULL: none */
  int is_found;
  /* Bytes that are no line, and that the next line must tell of. */
  const char *broken; /* in the caller's text; NULL: none */
  size_t n_broken;    /* with the newlines inside, without the last one */
} audit_chain;

/*
 * One line, without its newline. Consecutive calls must have consecutive texts of one block. SCRIM_E_FORMAT: the line
 * was changed, or is not the one that is due; SCRIM_E_KEY: its signature. The message and error->row name the line.
 */
scrim_status audit_chain_follow(audit_chain *chain, const char *text, size_t n, const signature_key *key,
                                scrim_error *error);

/* Takes up the chain at a checkpoint: what is before it is vouched for by its signature. */
scrim_status audit_chain_resume(audit_chain *chain, const char *text, size_t n, const signature_key *key,
                                scrim_error *error);

/*
 * All lines of a text. What stands behind the last newline is a line too if it is whole; *is_ended is then 0, as it is
 * for what is broken there. A broken end stays in chain->broken.
 */
scrim_status audit_chain_follow_all(audit_chain *chain, const char *text, size_t n, const signature_key *key,
                                    int *is_ended, scrim_error *error);

#endif
