/* The configuration's schema as tables, and the file that they read. */
#include "serve/serve_config.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/path.h"
#include "core/whole_file.h"
#include "serve/config_field.h"
#include "serve/serve_config_parts.h"
#include <string.h>

#define AT(type, member) .at = offsetof(type, member)
#define COUNT(type, member) .count_at = offsetof(type, member)
#define SHAPE(type, table, with)                                                                                       \
  { .fields = table, .n_fields = sizeof table / sizeof table[0], .bytes = sizeof(type), .defaults = with }

enum { HOUR = 3600, MONTH = 31 * 24 * HOUR }; /* seconds */

/* ---- where clients come in ---- */

static const config_field listener_tls_fields[] = {
    {"certificate", config_file, AT(serve_listener, certificate), .is_required = 1},
    {"key", config_file, AT(serve_listener, private_key), .is_required = 1},
    {"client_ca", config_file, AT(serve_listener, client_ca)},
    {"require_client_certificate", config_switch, AT(serve_listener, require_client_certificate)},
};
static const config_shape listener_tls = SHAPE(serve_listener, listener_tls_fields, NULL);

static const config_field listener_fields[] = {
    {"address", config_text, AT(serve_listener, address), .is_required = 1},
    {"port", config_port, AT(serve_listener, port), .max = 65535, .is_required = 1},
    {"tls", config_inside, .inside = &listener_tls},
};
static const config_shape listener = SHAPE(serve_listener, listener_fields, NULL);

static const config_field metrics_fields[] = {
    {"listen", config_fresh, AT(serve_config, metrics), .inside = &listener},
    {"on_listeners", config_switch, AT(serve_config, metrics_on_listeners)},
};
static const config_shape metrics_shape = SHAPE(serve_config, metrics_fields, NULL);

/* ---- the upstream ---- */

static const config_field upstream_tls_fields[] = {
    {"ca", config_file, AT(serve_upstream, ca)},
    {"server_name", config_text, AT(serve_upstream, server_name)},
    {"certificate", config_file, AT(serve_upstream, certificate)},
    {"key", config_file, AT(serve_upstream, private_key)},
};
static const config_shape upstream_tls = SHAPE(serve_upstream, upstream_tls_fields, NULL);

static const config_field upstream_fields[] = {
    {"host", config_text, AT(serve_upstream, host), .is_required = 1},
    {"port", config_port, AT(serve_upstream, port), .min = 1, .max = 65535, .is_required = 1},
    {"tls", config_inside, COUNT(serve_upstream, tls), .inside = &upstream_tls},
    {"connections", config_size, AT(serve_upstream, connections), .min = 1, .max = 10000},
    {"connect_seconds", config_real, AT(serve_upstream, connect_timeout_s), .min = 0.01, .max = 60},
    {"answer_seconds", config_real, AT(serve_upstream, deadline_s), .min = 0.01, .max = HOUR},
    {"idle_seconds", config_real, AT(serve_upstream, idle_s), .min = 0, .max = HOUR},
};
static const config_shape upstream = SHAPE(serve_upstream, upstream_fields, NULL);

/* ---- limits ---- */

static const config_field limits_fields[] = {
    {"header_bytes", config_size, AT(serve_limits, header_bytes), .min = 1024, .max = 1 << 20},
    {"body_bytes", config_size, AT(serve_limits, body_bytes), .min = 1024, .max = 1 << 30},
    {"chunks", config_size, AT(serve_limits, chunks), .min = 1, .max = 1 << 20},
    {"rows", config_size, AT(serve_limits, rows), .min = 1, .max = 1 << 24},
    {"connections", config_size, AT(serve_limits, connections), .min = 1, .max = 100000},
    {"header_seconds", config_real, AT(serve_limits, header_deadline_s), .min = 0.1, .max = HOUR},
    {"body_seconds", config_real, AT(serve_limits, body_deadline_s), .min = 0.1, .max = HOUR},
    {"bytes_per_second", config_real, AT(serve_limits, minimum_rate), .min = 0, .max = 1e9},
    {"keep_alive_seconds", config_real, AT(serve_limits, keep_alive_s), .min = 0, .max = HOUR},
    {"drain_seconds", config_real, AT(serve_limits, drain_s), .min = 0, .max = HOUR},
};
static const config_shape limits = SHAPE(serve_limits, limits_fields, NULL);

/* ---- models ---- */

static const char *const forms[] = {"probabilities", "logits", "log-probabilities", NULL}; /* dialect_form */
static const char *const dialects[] = {"oip2", "tfserving", "kserve1", NULL};              /* dialect_kind */

static const config_field output_fields[] = {
    {"name", config_text, AT(serve_output, name), .is_required = 1},
    {"form", config_choice, AT(serve_output, form), .is_required = 1, .choices = forms},
    {"classes", config_size, AT(serve_output, classes), .min = 2, .max = 65536, .is_required = 1},
    {"order", config_numbers, AT(serve_output, order), COUNT(serve_output, n_order), .min = 2, .max = 65536},
    {"filter", config_file, AT(serve_output, filter_path), .is_required = 1},
    {"key", config_file, AT(serve_output, key_path), .is_required = 1},
    {"encryption_key", config_file, AT(serve_output, encryption_key_path)},
};
static const config_shape output = SHAPE(serve_output, output_fields, NULL);

static const config_field model_fields[] = {
    {"name", config_word, AT(serve_model, name), .is_required = 1},
    {"versions", config_words, AT(serve_model, versions), COUNT(serve_model, n_versions), .min = 1, .max = 64},
    {"dialect", config_choice, AT(serve_model, dialect), .is_required = 1, .choices = dialects},
    {"signature", config_text, AT(serve_model, signature)},
    {"outputs", config_list, AT(serve_model, outputs), COUNT(serve_model, n_outputs), .min = 1, .max = 64,
     .is_required = 1, .inside = &output},
    {"allow", config_texts, AT(serve_model, allowed), COUNT(serve_model, n_allowed), .max = 64},
};
static const config_shape model = SHAPE(serve_model, model_fields, NULL);

/* ---- budget and logs ---- */

static const char *const identities[] = {"none", "header", "certificate", NULL}; /* serve_identity */

static const config_field budget_fields[] = {
    {"identity", config_choice, AT(serve_budget, identity), .is_required = 1, .choices = identities},
    {"header", config_text, AT(serve_budget, header)},
    {"rows", config_size, AT(serve_budget, rows), .min = 1, .max = 1e12},
    {"window_seconds", config_real, AT(serve_budget, window_s), .min = 1, .max = MONTH},
    {"clients", config_size, AT(serve_budget, clients), .min = 1, .max = 1 << 20},
};
static const config_shape budget_shape = SHAPE(serve_budget, budget_fields, NULL);

static const config_field audit_fields[] = {
    {"file", config_file, AT(serve_logs, audit), .is_required = 1},
    {"signing_key", config_file, AT(serve_logs, audit_signing_key), .is_required = 1},
    {"hash_key", config_file, AT(serve_logs, audit_hash_key), .is_required = 1},
    {"every", config_size, AT(serve_logs, audit_every), .min = 1, .max = 10000},
    {"sync", config_switch, AT(serve_logs, audit_sync)},
};
static const config_shape audit_shape = SHAPE(serve_logs, audit_fields, NULL);

static const config_field logs_fields[] = {
    {"access", config_file, AT(serve_logs, access)},
    {"audit", config_inside, .inside = &audit_shape},
};
static const config_shape logs = SHAPE(serve_logs, logs_fields, NULL);

/* ---- the whole ---- */

static const config_field root_fields[] = {
    {"workers", config_size, AT(serve_config, workers), .min = 1, .max = 256},
    {"listen", config_list, AT(serve_config, listeners), COUNT(serve_config, n_listeners), .min = 1, .max = 16,
     .is_required = 1, .inside = &listener},
    {"metrics", config_inside, .inside = &metrics_shape},
    {"upstream", config_inside, AT(serve_config, upstream), .is_required = 1, .inside = &upstream},
    {"limits", config_inside, AT(serve_config, limits), .inside = &limits},
    {"models", config_list, AT(serve_config, models), COUNT(serve_config, n_models), .min = 1, .max = 256,
     .is_required = 1, .inside = &model},
    {"request_headers", config_words, AT(serve_config, request_headers), COUNT(serve_config, n_request_headers),
     .max = 64},
    {"budget", config_inside, AT(serve_config, budget), .inside = &budget_shape},
    {"logs", config_inside, AT(serve_config, logs), .inside = &logs},
    {"allow_unsigned", config_switch, AT(serve_config, allow_unsigned)},
    {"trusted_keys", config_files, AT(serve_config, trusted_keys), COUNT(serve_config, n_trusted_keys), .max = 64},
};
static const config_shape root = SHAPE(serve_config, root_fields, NULL);

static const serve_config defaults = {
    .workers = 1,
    .upstream = {.connections = 64, .connect_timeout_s = 2, .deadline_s = 30, .idle_s = 30},
    .limits = {.header_bytes = 16 << 10,
               .body_bytes = 64 << 20,
               .chunks = 65536,
               .rows = 65536,
               .connections = 1024,
               .header_deadline_s = 10,
               .body_deadline_s = 30,
               .minimum_rate = 1000,
               .keep_alive_s = 60,
               .drain_s = 30},
    .budget = {.window_s = 86400, .clients = 65536},
    .logs = {.audit_every = 1000},
};

/* ---- reading ---- */

/* The arena holds the struct's strings and lists, and nothing outlives it. */
typedef struct config_owner {
  serve_config config; /* first: what the caller sees */
  arena *memory;
} config_owner;

static scrim_status config_create(serve_config **out, scrim_error *error) {
  config_owner *owner = memory_zalloc(1, sizeof *owner);
  if (owner != NULL) owner->memory = arena_create(16384);
  if (owner == NULL || owner->memory == NULL) {
    memory_free(owner);
    return fail(error, SCRIM_E_MEMORY, "out of memory for the configuration");
  }
  owner->config = defaults;
  *out = &owner->config;
  return SCRIM_OK;
}

void serve_config_free(serve_config *config) {
  if (config == NULL) return;
  config_owner *owner = (config_owner *)config;
  serve_config_close_filters(config);
  arena_free(owner->memory);
  memory_free(owner);
}

/* Fills a fresh config from text; `folder`: see config_reader. */
static scrim_status config_read_text(serve_config *config, const char *text, size_t n_bytes, const char *folder,
                                     scrim_error *error) {
  static const json_limits guard = {SERVE_CONFIG_MAX_BYTES, 16, 200000, 4096};
  unsigned char digest[HASH_BYTES];
  scrim_status status = json_guard(text, n_bytes, &guard, error);
  if (status == SCRIM_OK) status = hash_bytes(text, n_bytes, digest, error);
  if (status != SCRIM_OK) return status;
  hash_print(digest, sizeof digest, config->hash);
  cJSON *tree = cJSON_ParseWithLength(text, n_bytes);
  if (tree == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for the configuration");
  scrim_error unasked;
  const config_place place = {NULL, NULL, 0};
  const config_reader reader = {((config_owner *)config)->memory, folder, error == NULL ? &unasked : error};
  status = config_object(&reader, &root, tree, (char *)config, &place);
  cJSON_Delete(tree);
  if (status == SCRIM_OK) status = serve_config_check(config, &reader);
  return status;
}

scrim_status serve_config_parse(serve_config **out, const char *text, size_t n_bytes, scrim_error *error) {
  *out = NULL;
  serve_config *config = NULL;
  scrim_status status = config_create(&config, error);
  if (status != SCRIM_OK) return status;
  status = config_read_text(config, text, n_bytes, "", error);
  if (status == SCRIM_OK)
    *out = config;
  else
    serve_config_free(config);
  return status;
}

/* The text of the file, in the folder that its names are taken from. */
static scrim_status config_read_file(serve_config *config, const char *text, size_t n_bytes, const char *path,
                                     scrim_error *error) {
  char *folder = memory_strdup(path);
  if (folder == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for '%s'", path_shown(path));
  folder[path_folder_length(path)] = '\0';
  scrim_status status = config_read_text(config, text, n_bytes, folder, error);
  memory_free(folder);
  if (status != SCRIM_OK) fail_in_file(error, path);
  /* From here on, messages name the file that is at fault. */
  return status == SCRIM_OK ? serve_config_open_filters(config, error) : status;
}

scrim_status serve_config_load(serve_config **out, const char *path, scrim_error *error) {
  *out = NULL;
  unsigned char *text = NULL;
  size_t n_bytes = 0;
  serve_config *config = NULL;
  scrim_status status = whole_file_read(&text, &n_bytes, path, SERVE_CONFIG_MAX_BYTES, WHOLE_FILE_PLAIN, error);
  if (status == SCRIM_OK) status = config_create(&config, error);
  if (status == SCRIM_OK) status = config_read_file(config, (const char *)text, n_bytes, path, error);
  whole_file_free(text, n_bytes);
  if (status == SCRIM_OK)
    *out = config;
  else
    serve_config_free(config);
  return status;
}
