/*
 * One thread, one libevent loop: it accepts clients from sockets that all workers share and sees each of them through.
 * A second thread, the helper, checks large bodies for it. What workers share beside the sockets is in proxy_shared,
 * all of it safe for several threads.
 */
#ifndef SERVE_PROXY_WORKER_H
#define SERVE_PROXY_WORKER_H

#include "serve/audit_log.h"
#include "serve/budget.h"
#include "serve/proxy_site.h"
#include <pthread.h>

typedef struct proxy_shared {
  metrics *metrics;
  budget *budget;   /* NULL: none */
  audit_log *audit; /* NULL: none */
  log_file *events;
  const int *sockets; /* [n_sockets] listening, in the order of proxy_site.listeners */
  size_t n_sockets, max_clients;
  atomic_size_t n_clients; /* of all workers */
  atomic_size_t n_over;    /* workers that have ended */
  atomic_int is_draining;
  atomic_int is_forced; /* draining has taken long enough */
} proxy_shared;

typedef struct proxy_client proxy_client;
typedef TAILQ_HEAD(proxy_clients, proxy_client) proxy_clients;

typedef struct proxy_worker {
  proxy_shared *shared;
  pthread_t thread;
  struct event_base *base;
  struct event **accepting; /* [shared->n_sockets] */
  struct event *tick, *mail, *reap;
  helper *helper;
  int mailbox[2];               /* a byte in it: look at `posted`, the helper and the flags of proxy_shared */
  _Atomic(proxy_lane *) posted; /* a new lane, from the main thread */
  proxy_lane *lane;             /* for requests that begin */
  SLIST_HEAD(, proxy_lane) retired;
  proxy_clients clients, closed; /* closed: their memory goes when no function on the stack can hold them */
  int is_draining;
} proxy_worker;

/* Starts the thread with its first lane. */
scrim_status proxy_worker_start(proxy_worker **out, proxy_shared *shared, proxy_site *site, scrim_error *error);
/* Waits for the end of the thread; only after draining was asked for. NULL is fine. */
void proxy_worker_join(proxy_worker *worker);

/* Hands a lane over, or wakes the worker up to look at the flags (NULL). */
void proxy_worker_post(proxy_worker *worker, proxy_lane *lane);

#endif
