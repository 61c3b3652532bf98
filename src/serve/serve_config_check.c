/* What one field of the configuration demands of another. */
#include "core/error.h"
#include "serve/serve_config_parts.h"
#include <arpa/inet.h>
#include <string.h>

static const config_place root = {NULL, NULL, 0};

/* ---- models ---- */

static scrim_status check_order(const serve_output *output, const config_reader *r, const config_place *place) {
  if (output->order == NULL) return SCRIM_OK;
  const config_place here = {place, "order", 0};
  if (output->n_order != output->classes)
    return config_fail(r, &here, "has %zu elements for %zu classes", output->n_order, output->classes);
  unsigned char *seen = memory_zalloc(output->classes, 1);
  if (seen == NULL) return fail(r->error, SCRIM_E_MEMORY, "out of memory for the configuration");
  scrim_status status = SCRIM_OK;
  for (size_t i = 0; i < output->n_order && status == SCRIM_OK; i++) {
    const config_place element = {&here, NULL, i};
    size_t class = (size_t)output->order[i];
    if (class >= output->classes)
      status = config_fail(r, &element, "%zu is no class of %zu", class, output->classes);
    else if (seen[class]++ != 0)
      status = config_fail(r, &element, "class %zu is there twice", class);
  }
  memory_free(seen);
  return status;
}

/* 1 if `name` is one of the outputs before `n`. */
static int is_output(const serve_model *model, size_t n, const char *name) {
  for (size_t i = 0; i < n; i++)
    if (strcmp(model->outputs[i].name, name) == 0) return 1;
  return 0;
}

static scrim_status check_model(const serve_model *model, const config_reader *r, const config_place *place) {
  const config_place outputs = {place, "outputs", 0}, allow = {place, "allow", 0}, signature = {place, "signature", 0};
  for (size_t i = 0; i < model->n_outputs; i++) {
    const config_place here = {&outputs, NULL, i}, name = {&here, "name", 0};
    if (is_output(model, i, model->outputs[i].name))
      return config_fail(r, &name, "'%.60s' is there twice", model->outputs[i].name);
    scrim_status status = check_order(&model->outputs[i], r, &here);
    if (status != SCRIM_OK) return status;
  }
  for (size_t i = 0; i < model->n_allowed; i++) {
    const config_place here = {&allow, NULL, i};
    if (is_output(model, model->n_outputs, model->allowed[i]))
      return config_fail(r, &here, "'%.60s' passes a filter: it cannot pass untouched as well", model->allowed[i]);
  }
  if (model->signature != NULL && model->dialect != DIALECT_TFSERVING)
    return config_fail(r, &signature, "only the dialect 'tfserving' has signatures");
  if (model->dialect == DIALECT_KSERVE1 && model->n_outputs > 1)
    return config_fail(r, &outputs, "the dialect 'kserve1' has one output");
  return SCRIM_OK;
}

static scrim_status check_models(const serve_config *config, const config_reader *r) {
  const config_place models = {&root, "models", 0};
  for (size_t i = 0; i < config->n_models; i++) {
    const config_place here = {&models, NULL, i}, name = {&here, "name", 0};
    for (size_t j = 0; j < i; j++)
      if (strcmp(config->models[i].name, config->models[j].name) == 0)
        return config_fail(r, &name, "'%.60s' is there twice", config->models[i].name);
    scrim_status status = check_model(&config->models[i], r, &here);
    if (status != SCRIM_OK) return status;
  }
  return SCRIM_OK;
}

/* ---- headers ---- */

/* What the proxy itself says upstream, or must not say: a configuration may not change it. */
static const char *const reserved_headers[] = {
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "inference-header-content-length",
    "keep-alive",
    "proxy-connection",
    "te",
    "traceparent",
    "trailer",
    "transfer-encoding",
    "upgrade",
};

/* A token in lower case, as header names are compared. */
static scrim_status check_header(const char *name, const config_reader *r, const config_place *place) {
  static const char token[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
  if (name[strspn(name, token)] != '\0')
    return config_fail(r, place, "'%.60s' must be lower-case letters, digits, '-' and '_' only", name);
  for (size_t i = 0; i < sizeof reserved_headers / sizeof reserved_headers[0]; i++)
    if (strcmp(name, reserved_headers[i]) == 0) return config_fail(r, place, "'%s' is the proxy's own", name);
  return SCRIM_OK;
}

static scrim_status check_headers(const serve_config *config, const config_reader *r) {
  const config_place headers = {&root, "request_headers", 0};
  for (size_t i = 0; i < config->n_request_headers; i++) {
    const config_place here = {&headers, NULL, i};
    scrim_status status = check_header(config->request_headers[i], r, &here);
    if (status != SCRIM_OK) return status;
  }
  return SCRIM_OK;
}

/* ---- budget and listeners ---- */

static int is_numeric(const char *address) {
  struct in6_addr unused;
  return inet_pton(AF_INET, address, &unused) == 1 || inet_pton(AF_INET6, address, &unused) == 1;
}

static scrim_status check_address(const serve_listener *listener, const config_reader *r, const config_place *place) {
  const config_place here = {place, "address", 0};
  if (is_numeric(listener->address)) return SCRIM_OK;
  return config_fail(r, &here, "'%.60s' is no numeric IPv4 or IPv6 address", listener->address);
}

static scrim_status check_listeners(const serve_config *config, const config_reader *r) {
  const config_place listen = {&root, "listen", 0}, budget = {&root, "budget", 0}, identity = {&budget, "identity", 0};
  for (size_t i = 0; i < config->n_listeners; i++) {
    const serve_listener *l = &config->listeners[i];
    const config_place here = {&listen, NULL, i}, tls = {&here, "tls", 0}, ca = {&tls, "client_ca", 0};
    scrim_status status = check_address(l, r, &here);
    if (status != SCRIM_OK) return status;
    if (l->require_client_certificate && l->client_ca == NULL)
      return config_fail(r, &ca, "is missing: client certificates are required");
    if (config->budget.identity == SERVE_IDENTITY_CERTIFICATE && !l->require_client_certificate)
      return config_fail(r, &identity,
                         "'certificate' needs require_client_certificate on every listener, and number "
                         "%zu has it not",
                         i);
  }
  const config_place metrics = {&root, "metrics", 0}, inside = {&metrics, "listen", 0};
  if (config->metrics != NULL && config->metrics->require_client_certificate && config->metrics->client_ca == NULL)
    return config_fail(r, &inside, "client certificates are required, and client_ca is missing");
  return config->metrics == NULL ? SCRIM_OK : check_address(config->metrics, r, &inside);
}

static scrim_status check_budget(const serve_config *config, const config_reader *r) {
  const serve_budget *b = &config->budget;
  const config_place budget = {&root, "budget", 0}, header = {&budget, "header", 0}, rows = {&budget, "rows", 0};
  if (b->identity == SERVE_IDENTITY_HEADER && b->header == NULL)
    return config_fail(r, &header, "is missing: the identity comes from a header");
  if (b->identity != SERVE_IDENTITY_HEADER && b->header != NULL)
    return config_fail(r, &header, "is given, and the identity does not come from a header");
  if (b->identity != SERVE_IDENTITY_NONE && b->rows == 0) return config_fail(r, &rows, "is missing");
  return b->header == NULL ? SCRIM_OK : check_header(b->header, r, &header);
}

/* ---- the whole ---- */

static scrim_status check_trust(const serve_config *config, const config_reader *r) {
  const config_place keys = {&root, "trusted_keys", 0}, upstream = {&root, "upstream", 0}, tls = {&upstream, "tls", 0};
  if (config->n_trusted_keys == 0 && !config->allow_unsigned)
    return config_fail(r, &keys, "is missing: filters must be signed unless allow_unsigned is true");
  if ((config->upstream.certificate == NULL) != (config->upstream.private_key == NULL))
    return config_fail(r, &tls, "has a certificate without a key, or a key without a certificate");
  return SCRIM_OK;
}

scrim_status serve_config_check(const serve_config *config, const config_reader *reader) {
  static scrim_status (*const checks[])(const serve_config *, const config_reader *) = {
      check_listeners, check_models, check_headers, check_budget, check_trust,
  };
  for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
    scrim_status status = checks[i](config, reader);
    if (status != SCRIM_OK) return status;
  }
  return SCRIM_OK;
}
