/* Lines of the audit log, written and read. */
#include "serve/audit_line.h"
#include "core/error.h"
#include "serve/json_guard.h"
#include "serve/json_text.h"
#include <string.h>

static const char statement[] = "scrim-audit-checkpoint-1\n",
                  before_hash[] = ",\"hash\":", before_signature[] = ",\"signature\":";
static const char *const kinds[AUDIT_LINE_KINDS] = {"open", "answer", "checkpoint", "close"};

/* ---- writing ---- */

void audit_line_digest(log_line *line, const char *name, const unsigned char digest[HASH_BYTES]) {
  char text[HASH_TEXT];
  hash_print(digest, HASH_BYTES, text);
  log_line_string(line, name, text);
}

void audit_line_begin(log_line *line, uint64_t seq, double time_s, audit_line_kind kind,
                      const unsigned char previous[HASH_BYTES]) {
  log_line_begin(line);
  log_line_whole(line, "seq", seq);
  log_line_time(line, "time", time_s);
  log_line_string(line, "kind", kinds[kind]);
  audit_line_digest(line, "previous", previous);
}

scrim_status audit_line_end(log_line *line, unsigned char hash[HASH_BYTES], scrim_error *error) {
  scrim_status status = hash_bytes(line->bytes, line->n, hash, error);
  if (status != SCRIM_OK) return status;
  audit_line_digest(line, "hash", hash);
  log_line_end(line);
  return SCRIM_OK;
}

/* What a signature signs: the statement's name, which no other signature of this program begins with, and the line. */
static size_t signed_text(char to[sizeof statement + LOG_LINE_BYTES], const char *text, size_t n) {
  memcpy(to, statement, sizeof statement - 1);
  memcpy(to + sizeof statement - 1, text, n);
  return sizeof statement - 1 + n;
}

scrim_status audit_line_sign(log_line *line, const signature_key *key, unsigned char hash[HASH_BYTES],
                             scrim_error *error) {
  char message[sizeof statement + LOG_LINE_BYTES], base64[SIGNATURE_MAX_BASE64];
  log_line_string(line, "key", key->id);
  log_line_string(line, "scheme", key->scheme->name);
  size_t n = signed_text(message, line->bytes, line->n);
  scrim_status status = signature_make(key, message, n, base64, error);
  if (status != SCRIM_OK) return status;
  log_line_string(line, "signature", base64);
  return audit_line_end(line, hash, error);
}

/* ---- reading ---- */

/* A string of 64 digits. */
static int take_digest(json_value value, unsigned char digest[HASH_BYTES]) {
  return value.at != NULL && value.end - value.at == 2 * HASH_BYTES + 2 && *value.at == '"' &&
         hash_parse(value.at + 1, HASH_BYTES, digest);
}

/* The next member, if it has that name. */
static int take_member(json_value *inside, const char *name, json_value *value) {
  json_value found;
  return json_next(inside, &found, value) && json_is(found, name);
}

/* The first four fields, in their order. */
static int take_head(audit_line *out, json_value root) {
  json_value inside = json_enter(root), value;
  if (!take_member(&inside, "seq", &value) || !json_whole(value, UINT64_MAX, &out->seq)) return 0;
  if (!take_member(&inside, "time", &value) || json_kind_of(value) != JSON_STRING) return 0;
  if (!take_member(&inside, "kind", &value)) return 0;
  out->kind = (audit_line_kind)json_index(value, kinds, AUDIT_LINE_KINDS);
  if (out->kind == AUDIT_LINE_KINDS) return 0;
  return take_member(&inside, "previous", &value) && take_digest(value, out->previous);
}

static int take_torn(audit_line *out, json_value root) {
  json_value bytes = json_member(root, "torn_bytes"), hash = json_member(root, "torn_hash");
  out->is_after_torn = bytes.at != NULL || hash.at != NULL;
  if (!out->is_after_torn) return 1;
  return out->kind == AUDIT_LINE_OPEN && bytes.at != NULL && json_whole(bytes, UINT64_MAX, &out->torn_bytes) &&
         take_digest(hash, out->torn_hash);
}

/* The hash is the last field, and closes the line. Answers the bytes that it covers; 0: it is not there. */
static size_t take_hash(audit_line *out, json_value root, const char *text, size_t n) {
  json_value hash = json_member(root, "hash");
  size_t tail = sizeof before_hash - 1 + 2 * HASH_BYTES + 2 + 1; /* with the brace */
  if (n <= tail || !take_digest(hash, out->hash) || hash.end != text + n - 1) return 0;
  return memcmp(text + n - tail, before_hash, sizeof before_hash - 1) == 0 ? n - tail : 0;
}

audit_line_state audit_line_parse(audit_line *out, const char *text, size_t n) {
  static const json_limits limits = {LOG_LINE_BYTES, 1, 32, LOG_LINE_BYTES};
  *out = (audit_line){.kind = AUDIT_LINE_KINDS};
  if (json_guard(text, n, &limits, NULL) != SCRIM_OK || n == 0 || text[0] != '{' || text[n - 1] != '}')
    return AUDIT_LINE_BROKEN;
  json_value root = json_root(text, n);
  unsigned char hash[HASH_BYTES];
  if (!take_head(out, root) || !take_torn(out, root)) return AUDIT_LINE_CHANGED;
  size_t covered = take_hash(out, root, text, n);
  if (covered == 0 || hash_bytes(text, covered, hash, NULL) != SCRIM_OK || memcmp(hash, out->hash, HASH_BYTES) != 0)
    return AUDIT_LINE_CHANGED;
  return AUDIT_LINE_WHOLE;
}

scrim_status audit_line_check(const char *text, size_t n, const signature_key *key, scrim_error *error) {
  char message[sizeof statement + LOG_LINE_BYTES];
  json_value root = json_root(text, n), id = json_member(root, "key"), scheme = json_member(root, "scheme");
  json_value signature = json_member(root, "signature");
  size_t tail = sizeof before_signature - 1;
  if (id.at == NULL || scheme.at == NULL || signature.at == NULL || *signature.at != '"' ||
      (size_t)(signature.at - text) < tail || memcmp(signature.at - tail, before_signature, tail) != 0)
    return fail(error, SCRIM_E_KEY, "a checkpoint without a signature");
  if (!json_is(id, key->id))
    return fail(error, SCRIM_E_KEY, "wrong key: signed with key %.16s, checked with %s", id.at + 1, key->id);
  if (!json_is(scheme, key->scheme->name))
    return fail(error, SCRIM_E_KEY, "wrong scheme: the key is for %s", key->scheme->name);
  size_t n_message = signed_text(message, text, (size_t)(signature.at - text) - tail);
  return signature_check(key, message, n_message, signature.at + 1, (size_t)(signature.end - signature.at) - 2, error);
}
