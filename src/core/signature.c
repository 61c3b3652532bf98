/* Signatures of files: the five lines of scrim/signature.h, written and checked. */
#include "core/signature.h"
#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/memory.h"
#include "core/path.h"
#include "core/whole_file.h"
#include <stdio.h>
#include <string.h>

static const char first_line[] = "scrim-signature-1", extension[] = ".sig";

/* ---- making ---- */

/* The four lines that are signed. Answers their length. */
static size_t statement_print(char text[SCRIM_SIGNATURE_TEXT], const signature_key *key,
                              const unsigned char digest[HASH_BYTES]) {
  char content[HASH_TEXT];
  hash_print(digest, HASH_BYTES, content);
  return (size_t)snprintf(text, SCRIM_SIGNATURE_TEXT, "%s\nscheme: %s\nkey: %s\ncontent: sha256:%s\n", first_line,
                          key->scheme->name, key->id, content);
}

static scrim_status sign_digest(const signature_key *key, const unsigned char digest[HASH_BYTES],
                                char text[SCRIM_SIGNATURE_TEXT], scrim_error *error) {
  char base64[SIGNATURE_MAX_BASE64];
  size_t length = statement_print(text, key, digest);
  scrim_status status = signature_make(key, text, length, base64, error);
  if (status == SCRIM_OK) snprintf(text + length, SCRIM_SIGNATURE_TEXT - length, "signature: %s\n", base64);
  return status;
}

scrim_status scrim_sign(const scrim_signer *signer, const void *bytes, size_t n_bytes, char text[SCRIM_SIGNATURE_TEXT],
                        scrim_error *error) {
  if (signer == NULL || text == NULL || (bytes == NULL && n_bytes > 0))
    return fail(error, SCRIM_E_ARGUMENT, "scrim_sign: %s is NULL",
                signer == NULL ? "signer"
                : text == NULL ? "text"
                               : "bytes");
  unsigned char digest[HASH_BYTES];
  text[0] = '\0';
  scrim_status status = hash_bytes(bytes, n_bytes, digest, error);
  return status == SCRIM_OK ? sign_digest(&signer->key, digest, text, error) : status;
}

/* ---- checking ---- */

typedef struct signature_field {
  const char *text;
  size_t length;
} signature_field;

/* The rest of the next line, which begins with `prefix`; 0 if there is no such line. */
static int take_line(signature_field *field, const char *prefix, const char **at, const char *end) {
  size_t length = strlen(prefix);
  const char *newline = memchr(*at, '\n', (size_t)(end - *at));
  if (newline == NULL || (size_t)(newline - *at) < length || memcmp(*at, prefix, length) != 0) return 0;
  *field = (signature_field){*at + length, (size_t)(newline - *at) - length};
  *at = newline + 1;
  return 1;
}

static int is_digest(signature_field field) {
  unsigned char digest[HASH_BYTES];
  return field.length == 2 * HASH_BYTES && hash_parse(field.text, HASH_BYTES, digest);
}

/*
 * From what is wrong with the text to what is wrong with its meaning, so that each fault has a message of its own. The
 * statement that is checked is the text itself, and its parts are compared with what they must say.
 */
static scrim_status check_text(const signature_key *key, const unsigned char digest[HASH_BYTES], const char *text,
                               size_t n_text, scrim_error *error) {
  const char *at = text, *end = text + n_text;
  signature_field name, scheme, id, content, base64;
  if (!take_line(&name, first_line, &at, end) || name.length != 0 || !take_line(&scheme, "scheme: ", &at, end) ||
      !take_line(&id, "key: ", &at, end) || !is_digest(id) || !take_line(&content, "content: sha256:", &at, end) ||
      !is_digest(content))
    return fail(error, SCRIM_E_KEY, "malformed signature: its first four lines are cut or changed");
  size_t n_statement = (size_t)(at - text);
  if (!take_line(&base64, "signature: ", &at, end) || at != end)
    return fail(error, SCRIM_E_KEY, "malformed signature: its last line is cut or changed, or something follows");

  const signature_scheme *found = signature_scheme_find(scheme.text, scheme.length);
  if (found == NULL)
    return fail(error, SCRIM_E_KEY, "signature of the unknown scheme '%.*s'", (int)scheme.length, scheme.text);
  if (found != key->scheme)
    return fail(error, SCRIM_E_KEY, "wrong scheme: an %s signature, and the key is for %s", found->name,
                key->scheme->name);
  if (memcmp(id.text, key->id, id.length) != 0)
    return fail(error, SCRIM_E_KEY, "wrong key: signed with key %.16s, checked with %s", id.text, key->id);
  char wanted[HASH_TEXT];
  hash_print(digest, HASH_BYTES, wanted);
  if (memcmp(content.text, wanted, content.length) != 0)
    return fail(error, SCRIM_E_KEY, "wrong content: SHA-256 is %.16s, and %.16s was signed", wanted, content.text);
  return signature_check(key, text, n_statement, base64.text, base64.length, error);
}

scrim_status scrim_verify(const scrim_verifier *verifier, const void *bytes, size_t n_bytes, const char *text,
                          size_t n_text, scrim_error *error) {
  if (verifier == NULL || text == NULL || (bytes == NULL && n_bytes > 0))
    return fail(error, SCRIM_E_ARGUMENT, "scrim_verify: %s is NULL",
                verifier == NULL ? "verifier"
                : text == NULL   ? "text"
                                 : "bytes");
  unsigned char digest[HASH_BYTES];
  scrim_status status = hash_bytes(bytes, n_bytes, digest, error);
  return status == SCRIM_OK ? check_text(&verifier->key, digest, text, n_text, error) : status;
}

/* ---- files ---- */

/* `given`, or "path.sig"; memory_free. */
static scrim_status signature_path_of(char **out, const char *path, const char *given, scrim_error *error) {
  size_t room = strlen(path) + sizeof extension;
  *out = given != NULL ? memory_strdup(given) : memory_alloc(room);
  if (*out == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a file name");
  if (given == NULL) snprintf(*out, room, "%s%s", path, extension);
  return SCRIM_OK;
}

static scrim_status write_text(const char *path, const char *text, scrim_error *error) {
  file_draft draft;
  scrim_status status = file_draft_begin(&draft, path, error);
  if (status != SCRIM_OK) return status;
  status = file_draft_write(&draft, text, strlen(text), error);
  if (status == SCRIM_OK) return file_draft_commit(&draft, error);
  file_draft_abandon(&draft);
  return status;
}

scrim_status scrim_sign_file(const scrim_signer *signer, const char *path, const char *signature_path,
                             scrim_error *error) {
  if (signer == NULL || path == NULL)
    return fail(error, SCRIM_E_ARGUMENT, "scrim_sign_file: %s is NULL", signer == NULL ? "signer" : "path");
  unsigned char digest[HASH_BYTES];
  char text[SCRIM_SIGNATURE_TEXT], *beside;
  scrim_status status = hash_file(path, digest, error);
  if (status == SCRIM_OK) status = sign_digest(&signer->key, digest, text, error);
  if (status == SCRIM_OK) status = signature_path_of(&beside, path, signature_path, error);
  if (status != SCRIM_OK) return status;
  status = write_text(beside, text, error);
  memory_free(beside);
  return status;
}

scrim_status scrim_verify_file(const scrim_verifier *verifier, const char *path, const char *signature_path,
                               scrim_error *error) {
  if (verifier == NULL || path == NULL)
    return fail(error, SCRIM_E_ARGUMENT, "scrim_verify_file: %s is NULL", verifier == NULL ? "verifier" : "path");
  unsigned char digest[HASH_BYTES], *text;
  size_t n_text;
  char *beside;
  scrim_status status = hash_file(path, digest, error);
  if (status == SCRIM_OK) status = signature_path_of(&beside, path, signature_path, error);
  if (status != SCRIM_OK) return status;
  status = whole_file_read(&text, &n_text, beside, SCRIM_SIGNATURE_TEXT, WHOLE_FILE_PLAIN, error);
  /* What is too long for a signature is a malformed one. */
  if (status == SCRIM_E_FORMAT) status = fail(error, SCRIM_E_KEY, "malformed signature: too long");
  if (status == SCRIM_OK) {
    status = check_text(&verifier->key, digest, (const char *)text, n_text, error);
    whole_file_free(text, n_text);
    if (status != SCRIM_OK) fail_in_file(error, beside);
  }
  memory_free(beside);
  return status;
}
