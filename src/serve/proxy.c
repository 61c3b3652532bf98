/* Putting a proxy together, changing its configuration, taking it apart. */
#include "serve/proxy.h"
#include "core/error.h"
#include "core/memory.h"
#include "serve/http_send.h"
#include "serve/proxy_client.h"
#include <event2/event.h>
#include <scrim/signature.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

struct proxy {
  proxy_shared shared;
  proxy_site *site;
  proxy_worker **workers; /* [n_workers] */
  size_t n_workers;       /* started */
  int *sockets;           /* [shared.n_sockets] */
  scrim_signer *signer;   /* of the audit log */
  scrim_key *hash_key;
};

/* Libevent would print lines of its own between those of the log; what it complains of, its callers report. */
static void proxy_ignore(int severity, const char *message) {
  (void)severity;
  (void)message;
}

void proxy_prepare(void) {
  http_send_wipe_buffers();
  event_set_log_callback(proxy_ignore);
}

/* ---- the parts ---- */

static scrim_status proxy_listen(proxy *p, scrim_error *error) {
  proxy_site *site = p->site;
  p->sockets = memory_alloc(site->n_listeners * sizeof *p->sockets);
  if (p->sockets == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu listeners", site->n_listeners);
  p->shared.sockets = p->sockets;
  for (; p->shared.n_sockets < site->n_listeners; p->shared.n_sockets++) {
    const serve_listener *l = site->listeners[p->shared.n_sockets];
    scrim_status status = listener_open(&p->sockets[p->shared.n_sockets], l->address, l->port, error);
    if (status != SCRIM_OK) return status;
  }
  return SCRIM_OK;
}

static budget_rule proxy_budget_rule(const serve_config *config) {
  return (budget_rule){
      .rows = config->budget.rows, .window_s = config->budget.window_s, .clients = config->budget.clients};
}

static scrim_status proxy_open_audit(proxy *p, scrim_error *error) {
  const serve_logs *logs = &p->site->config->logs;
  if (logs->audit == NULL) return SCRIM_OK;
  audit_log_found found;
  scrim_status status = scrim_signer_open(&p->signer, logs->audit_signing_key, error);
  if (status == SCRIM_OK) status = scrim_key_open(&p->hash_key, logs->audit_hash_key, error);
  audit_log_options options = {
      .signer = p->signer, .hash_key = p->hash_key, .every = logs->audit_every, .sync = logs->audit_sync};
  if (status == SCRIM_OK) status = audit_log_open(&p->shared.audit, logs->audit, &options, &found, error);
  if (status != SCRIM_OK) return status;
  char message[160];
  snprintf(message, sizeof message, "audit log with %llu lines, %zu torn bytes, %s", (unsigned long long)found.lines,
           found.torn_bytes, found.lines == 0 || found.is_closed ? "closed as it should be" : "not closed");
  proxy_say(p, found.lines == 0 || found.is_closed ? "info" : "warning", "audit", message);
  return SCRIM_OK;
}

/* Too few descriptors would show as clients that nobody answers; better now than then. */
static scrim_status proxy_reserve_descriptors(const serve_config *config, scrim_error *error) {
  struct rlimit limit;
  rlim_t needed = config->limits.connections + config->workers * (config->upstream.connections + 8) + 64;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return fail_errno(error, SCRIM_E_IO, "cannot read the limit on open files");
  if (limit.rlim_cur >= needed) return SCRIM_OK;
  limit.rlim_cur = needed < limit.rlim_max ? needed : limit.rlim_max;
  if (limit.rlim_cur < needed || setrlimit(RLIMIT_NOFILE, &limit) != 0)
    return fail(error, SCRIM_E_IO,
                "%llu files must be open at once for the connections allowed, the system's limit is %llu",
                (unsigned long long)needed, (unsigned long long)limit.rlim_max);
  return SCRIM_OK;
}

static scrim_status proxy_fill(proxy *p, scrim_error *error) {
  const serve_config *config = p->site->config;
  scrim_status status = log_file_open(&p->shared.events, "-", error);
  if (status == SCRIM_OK) status = metrics_create(&p->shared.metrics, error);
  if (status == SCRIM_OK) status = proxy_reserve_descriptors(config, error);
  if (status != SCRIM_OK) return status;
  p->shared.max_clients = config->limits.connections;
  budget_rule rule = proxy_budget_rule(config);
  if (config->budget.identity != SERVE_IDENTITY_NONE) status = budget_create(&p->shared.budget, &rule, error);
  if (status == SCRIM_OK) status = proxy_open_audit(p, error);
  if (status == SCRIM_OK) status = proxy_listen(p, error);
  if (status != SCRIM_OK) return status;
  p->workers = memory_zalloc(config->workers, sizeof(proxy_worker *));
  if (p->workers == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu workers", config->workers);
  for (; p->n_workers < config->workers; p->n_workers++) {
    status = proxy_worker_start(&p->workers[p->n_workers], &p->shared, p->site, error);
    if (status != SCRIM_OK) return status;
  }
  return SCRIM_OK;
}

/* ---- life ---- */

scrim_status proxy_start(proxy **out, serve_config *config, scrim_error *error) {
  *out = NULL;
  proxy *p = memory_zalloc(1, sizeof *p);
  if (p == NULL) {
    serve_config_free(config);
    return fail(error, SCRIM_E_MEMORY, "out of memory for the proxy");
  }
  scrim_status status = proxy_site_create(&p->site, config, error);
  if (status == SCRIM_OK) status = proxy_fill(p, error);
  if (status == SCRIM_OK) {
    metrics_set(p->shared.metrics, METRICS_READY, 1);
    *out = p;
  } else {
    (void)proxy_stop(p, NULL);
  }
  return status;
}

scrim_status proxy_stop(proxy *p, scrim_error *error) {
  if (p == NULL) return SCRIM_OK;
  proxy_drain(p);
  proxy_force(p);
  for (size_t i = 0; i < p->n_workers; i++) proxy_worker_join(p->workers[i]);
  memory_free(p->workers);
  for (size_t i = 0; i < p->shared.n_sockets; i++) close(p->sockets[i]);
  memory_free(p->sockets);
  scrim_status status = audit_log_close(p->shared.audit, error);
  scrim_signer_free(p->signer);
  scrim_key_free(p->hash_key);
  budget_free(p->shared.budget);
  proxy_site_release(p->site);
  metrics_free(p->shared.metrics);
  log_file_close(p->shared.events);
  memory_free(p);
  return status;
}

void proxy_drain(proxy *p) {
  atomic_store(&p->shared.is_draining, 1);
  if (p->shared.metrics != NULL) metrics_set(p->shared.metrics, METRICS_READY, 0);
  for (size_t i = 0; i < p->n_workers; i++) proxy_worker_post(p->workers[i], NULL);
}

void proxy_force(proxy *p) {
  atomic_store(&p->shared.is_forced, 1);
  for (size_t i = 0; i < p->n_workers; i++) proxy_worker_post(p->workers[i], NULL);
}

int proxy_is_over(const proxy *p) {
  return atomic_load(&p->shared.n_over) == p->n_workers;
}

double proxy_drain_s(const proxy *p) {
  return p->site->config->limits.drain_s;
}

int proxy_address(const proxy *p, size_t listener, char name[LISTENER_NAME]) {
  if (listener >= p->shared.n_sockets) return 0;
  listener_name(p->sockets[listener], name);
  return 1;
}

void proxy_say(proxy *p, const char *level, const char *event, const char *message) {
  proxy_record_event(&p->shared, level, event, message);
}

/* ---- changes ---- */

static int proxy_same_text(const char *one, const char *other) {
  return one == other || (one != NULL && other != NULL && strcmp(one, other) == 0);
}

static int proxy_same_listener(const serve_listener *one, const serve_listener *other) {
  return one->port == other->port && strcmp(one->address, other->address) == 0;
}

/* The name of the first thing that a reload cannot change and that differs; NULL: none. */
static const char *proxy_fixed_difference(const serve_config *old, const serve_config *new) {
  if (old->n_listeners != new->n_listeners || (old->metrics == NULL) != (new->metrics == NULL)) return "listeners";
  for (size_t i = 0; i < old->n_listeners; i++)
    if (!proxy_same_listener(&old->listeners[i], &new->listeners[i])) return "a listener's address";
  if (old->metrics != NULL && !proxy_same_listener(old->metrics, new->metrics)) return "the metrics' address";
  if (old->workers != new->workers) return "workers";
  if (old->limits.connections != new->limits.connections) return "limits.connections";
  if ((old->budget.identity == SERVE_IDENTITY_NONE) != (new->budget.identity == SERVE_IDENTITY_NONE) ||
      old->budget.clients != new->budget.clients)
    return "the budget's clients";
  const serve_logs *a = &old->logs, *b = &new->logs;
  if (!proxy_same_text(a->audit, b->audit) || !proxy_same_text(a->audit_signing_key, b->audit_signing_key) ||
      !proxy_same_text(a->audit_hash_key, b->audit_hash_key) || a->audit_every != b->audit_every ||
      a->audit_sync != b->audit_sync)
    return "the audit log";
  return NULL;
}

/* Every lane is made before the first is handed over: all workers change, or none does. */
static scrim_status proxy_make_lanes(proxy *p, proxy_lane **lanes, proxy_site *site, scrim_error *error) {
  for (size_t i = 0; i < p->n_workers; i++) {
    const proxy_worker *w = p->workers[i];
    scrim_status status = proxy_lane_create(&lanes[i], site, w->base, p->shared.metrics, w->helper, error);
    if (status == SCRIM_OK) continue;
    while (i > 0) proxy_lane_free(lanes[--i]);
    return status;
  }
  return SCRIM_OK;
}

/* The part of a reload that can fail, once the site is there. */
static scrim_status proxy_change_site(proxy *p, proxy_site *site, scrim_error *error) {
  proxy_lane **lanes = memory_zalloc(p->n_workers, sizeof(proxy_lane *));
  if (lanes == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu workers", p->n_workers);
  scrim_status status = proxy_make_lanes(p, lanes, site, error);
  for (size_t i = 0; i < p->n_workers && status == SCRIM_OK; i++) proxy_worker_post(p->workers[i], lanes[i]);
  memory_free(lanes);
  return status;
}

static scrim_status proxy_take_config(proxy *p, serve_config *config, scrim_error *error) {
  const char *fixed = proxy_fixed_difference(p->site->config, config);
  if (fixed != NULL) {
    serve_config_free(config);
    return fail(error, SCRIM_E_UNSUPPORTED, "%s can change with a new start alone", fixed);
  }
  proxy_site *site;
  scrim_status status = proxy_site_create(&site, config, error);
  if (status != SCRIM_OK) return status;
  status = proxy_change_site(p, site, error);
  if (status != SCRIM_OK) {
    proxy_site_release(site);
    return status;
  }
  budget_rule rule = proxy_budget_rule(site->config);
  if (p->shared.budget != NULL) budget_change(p->shared.budget, &rule);
  proxy_site_release(p->site);
  p->site = site;
  return SCRIM_OK;
}

scrim_status proxy_reload(proxy *p, const char *path, scrim_error *error) {
  serve_config *config;
  scrim_status status = serve_config_load(&config, path, error);
  if (status == SCRIM_OK) status = proxy_take_config(p, config, error);
  metrics_add(p->shared.metrics, status == SCRIM_OK ? METRICS_RELOADS : METRICS_RELOADS_FAILED, 1);
  return status;
}
