/*
 * The configuration of `scrim scores serve`: one JSON file, checked whole before anything listens. The schema, with
 * every field's default and range, is docs/man/scrim-serve.5.
 *
 * Nothing is guessed: an unknown field, a wrong type, a value out of range, a name twice are SCRIM_E_PARAM, and the
 * message begins with the place: "$.models[0].outputs[1].classes: 1 is not in 2..65536". File names are taken from the
 * folder of the configuration. Loading opens the filters, their keys and the public keys that they are checked with;
 * certificates, logs and sockets are opened by those who use them.
 *
 * A serve_config is immutable and may be shared by threads. Every pointer in it lives as long as it does.
 */
#ifndef SERVE_CONFIG_H
#define SERVE_CONFIG_H

#include "serve/dialect.h"
#include <scrim/filter.h>
#include <stddef.h>
#include <stdint.h>

enum { SERVE_CONFIG_MAX_BYTES = 1 << 20, SERVE_HASH_TEXT = 65 }; /* 64 hexadecimal digits and the NUL */

/* Where clients come in. */
typedef struct serve_listener {
  const char *address; /* numeric IPv4 or IPv6; "127.0.0.1" */
  uint16_t port;
  const char *certificate, *private_key; /* PEM files; NULL: plain HTTP */
  const char *client_ca;                 /* PEM file of who signs clients' certificates; NULL: none are asked for */
  int require_client_certificate;        /* 1: no connection without one */
} serve_listener;

/* The model server. */
typedef struct serve_upstream {
  const char *host;
  uint16_t port;
  int tls;
  const char *ca;                        /* PEM file; NULL: the system's store */
  const char *server_name;               /* that the certificate must bear; the host by default */
  const char *certificate, *private_key; /* shown to the upstream; NULL: none */
  size_t connections;                    /* open at once, each worker */
  double connect_timeout_s;
  double deadline_s; /* from the first byte of the request to the last byte of the answer */
  double idle_s;     /* an unused connection is closed after this */
} serve_upstream;

/* What one client may ask of the proxy. */
typedef struct serve_limits {
  size_t header_bytes, body_bytes, chunks; /* of a request; of an answer of the upstream as well */
  size_t rows;                             /* confidence vectors in one answer */
  size_t connections;                      /* open at once, all workers together */
  double header_deadline_s, body_deadline_s;
  double minimum_rate; /* bytes a second, of a body that is being received or an answer that is being sent */
  double keep_alive_s; /* between two requests */
  double drain_s;      /* after SIGTERM, for requests under way */
} serve_limits;

/* One tensor of scores, and the filter that it passes. */
typedef struct serve_output {
  const char *name;
  size_t classes;
  dialect_form form;
  const int *order; /* [n_order] upstream position -> class of the filter, a permutation; NULL: the same */
  size_t n_order;   /* classes, or 0 */
  const char *filter_path, *key_path;
  const char *encryption_key_path; /* NULL: the filter's file is not encrypted */
  const scrim_filter *filter;      /* for scrim_session_create, one session a thread */
  const scrim_key *key;
  scrim_config settings;             /* the filter's, with `form` */
  char filter_hash[SERVE_HASH_TEXT]; /* SHA-256 of the file's bytes */
  int is_signed;                     /* 0 only with allow_unsigned */
} serve_output;

typedef struct serve_model {
  const char *name; /* as in the route, here and upstream */
  const char *const *versions;
  size_t n_versions; /* 0: only requests that name no version */
  dialect_kind dialect;
  const char *signature; /* TF Serving: the signature_name that requests may give; NULL: "serving_default" */
  const serve_output *outputs;
  size_t n_outputs;
  const char *const *allowed; /* further outputs or fields that pass by name, untouched */
  size_t n_allowed;
} serve_model;

typedef enum serve_identity { SERVE_IDENTITY_NONE, SERVE_IDENTITY_HEADER, SERVE_IDENTITY_CERTIFICATE } serve_identity;

/* What one client may learn: rows a window. */
typedef struct serve_budget {
  serve_identity identity; /* SERVE_IDENTITY_NONE: no budget is kept */
  const char *header;      /* lower case; set by what stands before the proxy: a client's own word is worth nothing */
  size_t rows;
  double window_s;
  size_t clients; /* told apart in one window */
} serve_budget;

typedef struct serve_logs {
  const char *access;            /* "-": standard error; NULL: none */
  const char *audit;             /* NULL: none */
  const char *audit_signing_key; /* PEM, private: signs the checkpoints */
  const char *audit_hash_key;    /* scrim key file: inputs, outputs and actors are hashed under it */
  size_t audit_every;            /* lines between two checkpoints */
  int audit_sync;                /* 1: each line is durable before its answer leaves */
} serve_logs;

typedef struct serve_config {
  char hash[SERVE_HASH_TEXT]; /* SHA-256 of the file's bytes */
  size_t workers;
  const serve_listener *listeners;
  size_t n_listeners;
  const serve_listener *metrics; /* a listener of its own for /metrics and the health routes; NULL: on all others */
  int metrics_on_listeners;      /* 1: the listeners answer /metrics as well */
  serve_upstream upstream;
  serve_limits limits;
  const serve_model *models;
  size_t n_models;
  const char *const *request_headers; /* lower case; pass to the upstream beside those that always do */
  size_t n_request_headers;
  serve_budget budget;
  serve_logs logs;
  int allow_unsigned;
  const char *const *trusted_keys; /* PEM, public */
  size_t n_trusted_keys;
} serve_config;

/*
 * SCRIM_E_IO: a file cannot be read. SCRIM_E_FORMAT: not JSON, or a filter that is none. SCRIM_E_PARAM: see above.
 * SCRIM_E_KEY: a key, or a filter's signature, is refused.
 */
scrim_status serve_config_load(serve_config **out, const char *path, scrim_error *error);

/* The same from bytes, up to the point where filters would be opened: they are NULL. File names stay as they stand. */
scrim_status serve_config_parse(serve_config **out, const char *text, size_t n_bytes, scrim_error *error);

void serve_config_free(serve_config *config); /* NULL is fine; after all sessions of its filters */

#endif
