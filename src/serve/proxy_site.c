/* From a configuration to what serves it. */
#include "serve/proxy_site.h"
#include "core/error.h"
#include "core/memory.h"
#include "serve/tls.h"
#include <stdio.h>
#include <string.h>

/* ---- sites ---- */

static scrim_status proxy_site_resolve(proxy_site *site, scrim_error *error) {
  const serve_upstream *u = &site->config->upstream;
  char port[8];
  const char *format = strchr(u->host, ':') != NULL ? "[%s]:%u" : "%s:%u";
  int n = snprintf(site->upstream_host, sizeof site->upstream_host, format, u->host, (unsigned)u->port);
  if (n < 0 || (size_t)n >= sizeof site->upstream_host)
    return fail(error, SCRIM_E_PARAM, "the upstream's name is longer than 255 characters");
  snprintf(port, sizeof port, "%u", (unsigned)u->port);
  int code = getaddrinfo(u->host, port, &(struct addrinfo){.ai_socktype = SOCK_STREAM}, &site->addresses);
  if (code == 0) return SCRIM_OK;
  site->addresses = NULL;
  return fail(error, SCRIM_E_IO, "no address for upstream '%.100s': %s", u->host, gai_strerror(code));
}

static scrim_status proxy_site_list(proxy_site *site, scrim_error *error) {
  const serve_config *config = site->config;
  size_t n = config->n_listeners + (config->metrics != NULL);
  site->listeners = memory_zalloc(n, sizeof *site->listeners);
  site->tls = memory_zalloc(n, sizeof *site->tls);
  if (site->listeners == NULL || site->tls == NULL)
    return fail(error, SCRIM_E_MEMORY, "out of memory for %zu listeners", n);
  for (size_t i = 0; i < config->n_listeners; i++) site->listeners[i] = &config->listeners[i];
  if (config->metrics != NULL) site->listeners[n - 1] = config->metrics;
  site->n_listeners = n;
  return SCRIM_OK;
}

static scrim_status proxy_site_fill(proxy_site *site, scrim_error *error) {
  const serve_config *config = site->config;
  scrim_status status = proxy_site_list(site, error);
  for (size_t i = 0; i < site->n_listeners && status == SCRIM_OK; i++)
    status = tls_server_create(&site->tls[i], site->listeners[i], error);
  if (status == SCRIM_OK) status = tls_client_create(&site->upstream_tls, &config->upstream, error);
  if (status == SCRIM_OK) status = proxy_site_resolve(site, error);
  if (status == SCRIM_OK && config->logs.access != NULL)
    status = log_file_open(&site->access, config->logs.access, error);
  return status;
}

scrim_status proxy_site_create(proxy_site **out, serve_config *config, scrim_error *error) {
  *out = NULL;
  proxy_site *site = memory_zalloc(1, sizeof *site);
  if (site == NULL) {
    serve_config_free(config);
    return fail(error, SCRIM_E_MEMORY, "out of memory for the configuration");
  }
  site->config = config;
  site->limits = (http_limits){.head_bytes = config->limits.header_bytes,
                               .body_bytes = config->limits.body_bytes,
                               .chunks = config->limits.chunks};
  atomic_init(&site->holders, 1);
  scrim_status status = proxy_site_fill(site, error);
  if (status == SCRIM_OK)
    *out = site;
  else
    proxy_site_release(site);
  return status;
}

void proxy_site_hold(proxy_site *site) {
  atomic_fetch_add(&site->holders, 1);
}

void proxy_site_release(proxy_site *site) {
  if (site == NULL || atomic_fetch_sub(&site->holders, 1) > 1) return;
  for (size_t i = 0; i < site->n_listeners; i++) SSL_CTX_free(site->tls[i]);
  SSL_CTX_free(site->upstream_tls);
  if (site->addresses != NULL) freeaddrinfo(site->addresses);
  log_file_close(site->access);
  memory_free(site->listeners);
  memory_free(site->tls);
  serve_config_free(site->config);
  memory_free(site);
}

/* ---- lanes ---- */

static void proxy_model_close(proxy_model *model) {
  if (model->outputs == NULL) return;
  size_t n = PROXY_SIDES * model->config->n_outputs;
  for (size_t i = 0; i < n; i++) scrim_session_free(model->outputs[i].session);
  memory_free(model->outputs);
}

static scrim_status proxy_output_open(dialect_output *to, const serve_output *from, scrim_error *error) {
  *to = (dialect_output){.name = from->name, .classes = from->classes, .form = from->form, .order = from->order};
  return scrim_session_create(&to->session, from->filter, from->key, &from->settings, error);
}

static scrim_status proxy_model_open(proxy_model *model, const serve_model *config, const serve_limits *limits,
                                     scrim_error *error) {
  const size_t n = config->n_outputs;
  scrim_status status = SCRIM_OK;
  model->config = config;
  model->outputs = memory_zalloc(PROXY_SIDES * n, sizeof *model->outputs);
  if (model->outputs == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for model '%.80s'", config->name);
  dialect_model dialect = {.kind = config->dialect,
                           .name = config->name,
                           .versions = config->versions,
                           .n_versions = config->n_versions,
                           .signature = config->signature,
                           .n_outputs = n,
                           .allowed = config->allowed,
                           .n_allowed = config->n_allowed,
                           .request_limits = dialect_request_limits,
                           .answer_limits = dialect_answer_limits,
                           .rows = limits->rows};
  dialect.request_limits.bytes = dialect.answer_limits.bytes = limits->body_bytes;
  for (size_t side = 0; side < PROXY_SIDES; side++) {
    dialect_output *outputs = model->outputs + side * n;
    model->dialects[side] = dialect;
    model->dialects[side].outputs = outputs;
    for (size_t i = 0; i < n && status == SCRIM_OK; i++)
      status = proxy_output_open(&outputs[i], &config->outputs[i], error);
  }
  return status;
}

scrim_status proxy_lane_create(proxy_lane **out, proxy_site *site, struct event_base *base, metrics *counts,
                               helper *beside, scrim_error *error) {
  const serve_config *config = site->config;
  *out = NULL;
  proxy_lane *lane = memory_zalloc(1, sizeof *lane);
  if (lane == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a worker");
  lane->site = site;
  proxy_site_hold(site);
  lane->models = memory_zalloc(config->n_models, sizeof *lane->models);
  scrim_status status = SCRIM_OK;
  if (lane->models == NULL) status = fail(error, SCRIM_E_MEMORY, "out of memory for %zu models", config->n_models);
  for (size_t i = 0; i < config->n_models && status == SCRIM_OK; i++)
    status = proxy_model_open(&lane->models[i], &config->models[i], &config->limits, error);
  upstream_settings settings = {.base = base,
                                .upstream = &config->upstream,
                                .limits = &site->limits,
                                .addresses = site->addresses,
                                .tls = site->upstream_tls,
                                .metrics = counts,
                                .helper = beside};
  if (status == SCRIM_OK) status = upstream_create(&lane->pool, &settings, error);
  if (status == SCRIM_OK)
    *out = lane;
  else
    proxy_lane_free(lane);
  return status;
}

void proxy_lane_free(proxy_lane *lane) {
  if (lane == NULL) return;
  upstream_free(lane->pool);
  for (size_t i = 0; lane->models != NULL && i < lane->site->config->n_models; i++) proxy_model_close(&lane->models[i]);
  memory_free(lane->models);
  proxy_site_release(lane->site);
  memory_free(lane);
}

/* ---- finding ---- */

static int proxy_model_speaks(const proxy_model *model, proxy_route_kind kind) {
  int is_v2 = kind == PROXY_ROUTE_INFER || kind == PROXY_ROUTE_MODEL_READY;
  return (model->config->dialect == DIALECT_OIP2) == is_v2;
}

static int proxy_model_has(const proxy_model *model, http_slice version) {
  if (version.n == 0) return 1;
  for (size_t i = 0; i < model->config->n_versions; i++)
    if (http_slice_is(version, model->config->versions[i])) return 1;
  return 0;
}

proxy_model *proxy_lane_find(proxy_lane *lane, const proxy_route *route) {
  for (size_t i = 0; i < lane->site->config->n_models; i++) {
    proxy_model *model = &lane->models[i];
    if (proxy_model_speaks(model, route->kind) && http_slice_is(route->model, model->config->name) &&
        proxy_model_has(model, route->version))
      return model;
  }
  return NULL;
}
