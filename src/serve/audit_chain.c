/* Following the chain. */
#include "serve/audit_chain.h"
#include "core/error.h"
#include <stdio.h>
#include <string.h>

static scrim_status at_line(const audit_chain *chain, scrim_status status, const char *what, scrim_error *error) {
  return fail_row(error, status, (int64_t)chain->lines, "line %llu: %s", (unsigned long long)chain->lines, what);
}

/* What is no line may be the rest of a cut write: it waits for a line that tells of it. */
static scrim_status take_broken(audit_chain *chain, const char *text, size_t n, scrim_error *error) {
  if (chain->broken == NULL) chain->broken = text;
  chain->n_broken = (size_t)(text + n - chain->broken);
  if (chain->n_broken > AUDIT_CHAIN_MAX_TORN)
    return at_line(chain, SCRIM_E_FORMAT, "more than a mebibyte that is no line", error);
  return SCRIM_OK;
}

/* That what is broken before a line, and what the line tells of it, agree. */
static scrim_status check_torn(audit_chain *chain, const audit_line *line, scrim_error *error) {
  unsigned char hash[HASH_BYTES];
  if (chain->broken == NULL && !line->is_after_torn) return SCRIM_OK;
  if (!line->is_after_torn) return at_line(chain, SCRIM_E_FORMAT, "what stands before it is no line", error);
  if (chain->broken == NULL || chain->n_broken != line->torn_bytes)
    return at_line(chain, SCRIM_E_FORMAT, "tells of a cut line, and that line is not there", error);
  scrim_status status = hash_bytes(chain->broken, chain->n_broken, hash, error);
  if (status != SCRIM_OK) return status;
  if (memcmp(hash, line->torn_hash, HASH_BYTES) != 0)
    return at_line(chain, SCRIM_E_FORMAT, "tells of a cut line, and that line was changed", error);
  chain->broken = NULL;
  chain->n_broken = 0;
  chain->torn++;
  return SCRIM_OK;
}

static int is_signed(audit_line_kind kind) {
  return kind == AUDIT_LINE_CHECKPOINT || kind == AUDIT_LINE_CLOSE;
}

static scrim_status check_signature(const audit_chain *chain, const char *text, size_t n, const signature_key *key,
                                    scrim_error *error) {
  scrim_error cause = {.message = ""};
  scrim_status status = audit_line_check(text, n, key, &cause);
  return status == SCRIM_OK ? SCRIM_OK : at_line(chain, status, cause.message, error);
}

static void step(audit_chain *chain, const audit_line *line) {
  chain->lines = line->seq + 1;
  memcpy(chain->head, line->hash, HASH_BYTES);
  chain->n_unsigned = is_signed(line->kind) ? 0 : chain->n_unsigned + 1;
  chain->checkpoints += is_signed(line->kind);
  chain->is_closed = line->kind == AUDIT_LINE_CLOSE;
  if (chain->wanted != NULL && memcmp(line->hash, chain->wanted, HASH_BYTES) == 0) chain->is_found = 1;
}

scrim_status audit_chain_follow(audit_chain *chain, const char *text, size_t n, const signature_key *key,
                                scrim_error *error) {
  audit_line line;
  audit_line_state state = audit_line_parse(&line, text, n);
  if (state == AUDIT_LINE_BROKEN) return take_broken(chain, text, n, error);
  if (state == AUDIT_LINE_CHANGED) return at_line(chain, SCRIM_E_FORMAT, "was changed", error);
  if (line.seq != chain->lines) {
    char what[80];
    snprintf(what, sizeof what, "has the number %llu: lines were taken out, put in or moved",
             (unsigned long long)line.seq);
    return at_line(chain, SCRIM_E_FORMAT, what, error);
  }
  if (memcmp(line.previous, chain->head, HASH_BYTES) != 0)
    return at_line(chain, SCRIM_E_FORMAT, "does not follow the line before it", error);
  if ((line.seq == 0 || chain->is_closed) && line.kind != AUDIT_LINE_OPEN)
    return at_line(chain, SCRIM_E_FORMAT, "comes before the log was opened", error);
  scrim_status status = check_torn(chain, &line, error);
  if (status == SCRIM_OK && is_signed(line.kind)) status = check_signature(chain, text, n, key, error);
  if (status == SCRIM_OK) step(chain, &line);
  return status;
}

scrim_status audit_chain_resume(audit_chain *chain, const char *text, size_t n, const signature_key *key,
                                scrim_error *error) {
  audit_line line;
  *chain = (audit_chain){0};
  if (audit_line_parse(&line, text, n) != AUDIT_LINE_WHOLE || !is_signed(line.kind))
    return fail(error, SCRIM_E_FORMAT, "the last checkpoint was changed");
  chain->lines = line.seq; /* for messages */
  scrim_status status = check_signature(chain, text, n, key, error);
  if (status == SCRIM_OK) step(chain, &line);
  return status;
}

scrim_status audit_chain_follow_all(audit_chain *chain, const char *text, size_t n, const signature_key *key,
                                    int *is_ended, scrim_error *error) {
  const char *end = text + n;
  *is_ended = 1;
  while (text < end) {
    const char *newline = memchr(text, '\n', (size_t)(end - text));
    const char *stop = newline == NULL ? end : newline;
    scrim_status status = audit_chain_follow(chain, text, (size_t)(stop - text), key, error);
    if (status != SCRIM_OK) return status;
    *is_ended = newline != NULL;
    text = newline == NULL ? end : newline + 1;
  }
  return SCRIM_OK;
}
