/* The filters of a configuration: read once, verified, decrypted, opened, and tried with their keys. */
#include "core/encryption.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/path.h"
#include "core/whole_file.h"
#include "serve/serve_config_parts.h"
#include <scrim/signature.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FILTER_LIMIT = 1 << 30 };

/* ---- signatures ---- */

typedef struct trust {
  scrim_verifier **keys; /* [n] */
  size_t n;
} trust;

static void trust_free(trust *t) {
  for (size_t i = 0; i < t->n; i++) scrim_verifier_free(t->keys[i]);
  memory_free(t->keys);
}

static scrim_status trust_open(trust *t, const serve_config *config, scrim_error *error) {
  *t = (trust){.keys = memory_zalloc(config->n_trusted_keys, sizeof *t->keys)};
  if (t->keys == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for trusted keys");
  scrim_status status = SCRIM_OK;
  while (status == SCRIM_OK && t->n < config->n_trusted_keys) {
    status = scrim_verifier_open(&t->keys[t->n], config->trusted_keys[t->n], error);
    if (status == SCRIM_OK) t->n++;
  }
  return status;
}

/* The signature beside a filter; *text NULL if there is none. whole_file_free. */
static scrim_status read_signature(unsigned char **text, size_t *n, const char *path, scrim_error *error) {
  size_t room = strlen(path) + sizeof ".sig";
  char *beside = memory_alloc(room);
  if (beside == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a file name");
  snprintf(beside, room, "%s.sig", path);
  scrim_status status = SCRIM_OK;
  *text = NULL;
  if (access(beside, F_OK) == 0)
    status = whole_file_read(text, n, beside, SCRIM_SIGNATURE_TEXT, WHOLE_FILE_PLAIN, error);
  memory_free(beside);
  return status;
}

/* By any of the keys; of the refusals, the first one is told. */
static scrim_status check_keys(const trust *t, const unsigned char *bytes, size_t n_bytes, const char *text,
                               size_t n_text, scrim_error *error) {
  scrim_error first = {.message = ""}, other;
  for (size_t i = 0; i < t->n; i++)
    if (scrim_verify(t->keys[i], bytes, n_bytes, text, n_text, i == 0 ? &first : &other) == SCRIM_OK) return SCRIM_OK;
  if (t->n == 1) return fail(error, first.status, "%s", first.message);
  return fail(error, SCRIM_E_KEY, "none of %zu trusted keys made its signature; the first: %s", t->n, first.message);
}

/* A signature that is there must be good even where none is demanded, as soon as there is a key to check it with. */
static scrim_status check_signature(serve_output *output, const serve_config *config, const trust *t,
                                    const unsigned char *bytes, size_t n_bytes, scrim_error *error) {
  unsigned char *text;
  size_t n_text = 0;
  scrim_status status = read_signature(&text, &n_text, output->filter_path, error);
  if (status != SCRIM_OK) return status;
  if (text == NULL && !config->allow_unsigned)
    status = fail(error, SCRIM_E_KEY, "is not signed: there is no .sig file beside it");
  if (text != NULL && t->n > 0) {
    status = check_keys(t, bytes, n_bytes, (const char *)text, n_text, error);
    output->is_signed = status == SCRIM_OK;
  }
  whole_file_free(text, n_text);
  return status;
}

/* ---- one output ---- */

/* Opens the filter from the very bytes that were verified. */
static scrim_status open_bytes(serve_output *output, const unsigned char *bytes, size_t n_bytes,
                               const scrim_key *encryption_key, scrim_error *error) {
  scrim_filter *filter = NULL;
  unsigned char *plain = NULL;
  size_t n_plain = 0;
  scrim_status status;
  if (encryption_key == NULL && encryption_is_sealed(bytes, n_bytes))
    return fail(error, SCRIM_E_KEY, "is encrypted, and the configuration names no encryption_key");
  if (encryption_key == NULL) {
    status = scrim_filter_open_memory(&filter, bytes, n_bytes, error);
  } else {
    status = encryption_open(&plain, &n_plain, bytes, n_bytes, encryption_key, error);
    if (status == SCRIM_OK) status = scrim_filter_open_memory(&filter, plain, n_plain, error);
    whole_file_free(plain, n_plain);
  }
  output->filter = filter;
  return status;
}

static scrim_status check_filter(const serve_output *output, scrim_error *error) {
  const char *kind = scrim_filter_kind(output->filter);
  size_t columns = scrim_filter_columns(output->filter);
  if (strcmp(kind, "scores") != 0) return fail(error, SCRIM_E_PARAM, "is a filter for '%s', not for scores", kind);
  if (columns != output->classes)
    return fail(error, SCRIM_E_PARAM, "takes %zu classes, and output '%.60s' has %zu", columns, output->name,
                output->classes);
  return SCRIM_OK;
}

static scrim_status read_filter(serve_output *output, const serve_config *config, const trust *t,
                                const scrim_key *encryption_key, scrim_error *error) {
  unsigned char *bytes, digest[HASH_BYTES];
  size_t n_bytes;
  scrim_status status = whole_file_read(&bytes, &n_bytes, output->filter_path, FILTER_LIMIT, WHOLE_FILE_PLAIN, error);
  if (status != SCRIM_OK) return status;
  status = hash_bytes(bytes, n_bytes, digest, error);
  if (status == SCRIM_OK) status = check_signature(output, config, t, bytes, n_bytes, error);
  if (status == SCRIM_OK) status = open_bytes(output, bytes, n_bytes, encryption_key, error);
  if (status == SCRIM_OK) status = check_filter(output, error);
  whole_file_free(bytes, n_bytes);
  if (status != SCRIM_OK) fail_in_file(error, output->filter_path);
  if (status == SCRIM_OK) hash_print(digest, sizeof digest, output->filter_hash);
  return status;
}

/* A session is made and freed, so that a key that does not fit shows now and not at the first request. */
static scrim_status try_session(serve_output *output, scrim_error *error) {
  scrim_session *session;
  scrim_status status = scrim_filter_config(output->filter, &output->settings, error);
  if (status == SCRIM_OK) status = scrim_config_set(&output->settings, "form", output->form, error);
  if (status == SCRIM_OK)
    status = scrim_session_create(&session, output->filter, output->key, &output->settings, error);
  if (status == SCRIM_OK) scrim_session_free(session);
  if (status != SCRIM_OK) fail_in_file(error, output->filter_path);
  return status;
}

static scrim_status open_output(serve_output *output, const serve_config *config, const trust *t, scrim_error *error) {
  scrim_key *key = NULL, *encryption_key = NULL;
  scrim_status status = scrim_key_open(&key, output->key_path, error);
  output->key = key;
  if (status == SCRIM_OK && output->encryption_key_path != NULL)
    status = scrim_key_open(&encryption_key, output->encryption_key_path, error);
  if (status == SCRIM_OK) status = read_filter(output, config, t, encryption_key, error);
  scrim_key_free(encryption_key);
  if (status == SCRIM_OK) status = try_session(output, error);
  return status;
}

/* ---- all of them ---- */

scrim_status serve_config_open_filters(serve_config *config, scrim_error *error) {
  trust t;
  scrim_status status = trust_open(&t, config, error);
  for (size_t i = 0; i < config->n_models && status == SCRIM_OK; i++)
    for (size_t j = 0; j < config->models[i].n_outputs && status == SCRIM_OK; j++)
      /* Constant for everybody else; it lies in the configuration's own arena. */
      status = open_output((serve_output *)&config->models[i].outputs[j], config, &t, error);
  trust_free(&t);
  return status;
}

void serve_config_close_filters(serve_config *config) {
  for (size_t i = 0; i < config->n_models; i++) {
    for (size_t j = 0; j < config->models[i].n_outputs; j++) {
      const serve_output *output = &config->models[i].outputs[j];
      scrim_filter_free((scrim_filter *)output->filter);
      scrim_key_free((scrim_key *)output->key);
    }
  }
}
