/*
 * One configuration, ready to serve: what all workers share of it, immutable once made. A reload makes another one; the
 * old site goes when the last request that began under it has ended.
 *
 * A lane is one worker's copy: sessions, which belong to one thread at a time and so are there twice, for its loop and
 * for the helper beside it; and connections to the upstream.
 */
#ifndef SERVE_PROXY_SITE_H
#define SERVE_PROXY_SITE_H

#include "serve/dialect.h"
#include "serve/log_file.h"
#include "serve/proxy_route.h"
#include "serve/serve_config.h"
#include "serve/upstream.h"
#include <stdatomic.h>

enum { PROXY_HOST_BYTES = 272 }; /* a name of 255 characters, brackets, a port */

typedef struct proxy_site {
  serve_config *config;             /* owned */
  const serve_listener **listeners; /* [n_listeners] the configuration's, and that of the metrics last */
  size_t n_listeners;
  SSL_CTX **tls; /* [n_listeners] NULL: plain */
  SSL_CTX *upstream_tls;
  struct addrinfo *addresses;           /* of the upstream */
  char upstream_host[PROXY_HOST_BYTES]; /* of the Host field */
  log_file *access;                     /* NULL: no access log */
  http_limits limits;
  atomic_uint holders;
} proxy_site;

/* Takes the configuration over, and frees it if it fails. Looks the upstream's name up, which may wait for a name
 * server. */
scrim_status proxy_site_create(proxy_site **out, serve_config *config, scrim_error *error);
void proxy_site_hold(proxy_site *site);
void proxy_site_release(proxy_site *site); /* NULL is fine; the last one frees */

/* ---- lanes ---- */

/* Whose sessions. */
typedef enum proxy_side { PROXY_ON_LOOP, PROXY_BESIDE, PROXY_SIDES } proxy_side;

typedef struct proxy_model {
  const serve_model *config;
  dialect_model dialects[PROXY_SIDES];
  dialect_output *outputs; /* [PROXY_SIDES, config->n_outputs], each with its session */
} proxy_model;

typedef struct proxy_lane {
  proxy_site *site;
  proxy_model *models; /* [site->config->n_models] */
  upstream_pool *pool;
  size_t holders; /* requests under way, and checks whose client has gone */
  SLIST_ENTRY(proxy_lane) link;
} proxy_lane;

/* May be called by another thread than the worker's, as long as the worker has not got it yet. */
scrim_status proxy_lane_create(proxy_lane **out, proxy_site *site, struct event_base *base, metrics *counts,
                               helper *beside, scrim_error *error);
void proxy_lane_free(proxy_lane *lane); /* NULL is fine; no request may hold it */

/* The model that a route names, in that version; NULL: none that is configured. */
proxy_model *proxy_lane_find(proxy_lane *lane, const proxy_route *route);

#endif
