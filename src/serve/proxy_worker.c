/* The loop of a worker: accepting, ticking, changing lanes, draining. */
#include "serve/proxy_worker.h"
#include "core/error.h"
#include "core/memory.h"
#include "serve/deadline.h"
#include "serve/listener.h"
#include "serve/proxy_client.h"
#include <event2/event.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- lanes ---- */

static void proxy_worker_take_lane(proxy_worker *w) {
  proxy_lane *lane = atomic_exchange(&w->posted, NULL);
  if (lane == NULL) return;
  SLIST_INSERT_HEAD(&w->retired, w->lane, link);
  w->lane = lane;
}

/* Frees old lanes that no request holds any more. Called from the tick alone, so that nobody on the stack uses one. */
static void proxy_worker_sweep(proxy_worker *w) {
  for (proxy_lane *lane = SLIST_FIRST(&w->retired), *next; lane != NULL; lane = next) {
    next = SLIST_NEXT(lane, link);
    if (lane->holders > 0) continue;
    SLIST_REMOVE(&w->retired, lane, proxy_lane, link);
    proxy_lane_free(lane);
  }
}

/* ---- events ---- */

static void proxy_on_accept(evutil_socket_t fd, short what, void *context) {
  proxy_worker *w = context;
  (void)what;
  size_t listener = 0;
  while (w->shared->sockets[listener] != fd) listener++;
  int client = listener_accept(fd); /* one a call: the others go to whichever worker has time */
  if (client >= 0) proxy_client_open(w, client, listener);
}

/* Those who connected before the doors closed are heard once; who comes later is refused by the kernel, and can ask
 * another proxy at once. */
static void proxy_worker_drain(proxy_worker *w) {
  w->is_draining = 1;
  for (size_t i = 0; i < w->shared->n_sockets; i++) {
    for (int fd; (fd = listener_accept(w->shared->sockets[i])) >= 0;) proxy_client_open(w, fd, i);
    shutdown(w->shared->sockets[i], SHUT_RD);
    event_del(w->accepting[i]);
  }
}

static void proxy_worker_look_at_flags(proxy_worker *w) {
  proxy_client *c, *next;
  if (!atomic_load(&w->shared->is_draining)) return;
  if (!w->is_draining) proxy_worker_drain(w);
  int forced = atomic_load(&w->shared->is_forced);
  for (c = TAILQ_FIRST(&w->clients); c != NULL; c = next) {
    next = TAILQ_NEXT(c, link);
    if (forced)
      proxy_client_close(c);
    else
      proxy_client_drain(c);
  }
  if (TAILQ_EMPTY(&w->clients)) event_base_loopbreak(w->base);
}

static void proxy_on_mail(evutil_socket_t fd, short what, void *context) {
  proxy_worker *w = context;
  char bytes[64];
  (void)what;
  while (read(fd, bytes, sizeof bytes) > 0) continue;
  proxy_worker_take_lane(w);
  helper_collect(w->helper);
  proxy_worker_look_at_flags(w);
}

static void proxy_on_tick(evutil_socket_t fd, short what, void *context) {
  proxy_worker *w = context;
  proxy_lane *lane;
  double now = deadline_now();
  (void)fd, (void)what;
  for (proxy_client *c = TAILQ_FIRST(&w->clients), *next; c != NULL; c = next) {
    next = TAILQ_NEXT(c, link);
    proxy_client_tick(c, now);
  }
  upstream_tick(w->lane->pool, now);
  SLIST_FOREACH(lane, &w->retired, link) upstream_tick(lane->pool, now);
  proxy_worker_sweep(w);
  proxy_worker_look_at_flags(w);
}

static void proxy_on_reap(evutil_socket_t fd, short what, void *context) {
  proxy_worker *w = context;
  (void)fd, (void)what;
  while (!TAILQ_EMPTY(&w->closed)) {
    proxy_client *c = TAILQ_FIRST(&w->closed);
    TAILQ_REMOVE(&w->closed, c, link);
    proxy_client_free(c);
  }
}

/* ---- life ---- */

static void *proxy_worker_run(void *context) {
  proxy_worker *w = context;
  event_base_dispatch(w->base);
  atomic_fetch_add(&w->shared->n_over, 1);
  return NULL;
}

static struct event_base *proxy_worker_base(void) {
  struct event_config *config = event_config_new();
  if (config == NULL) return NULL;
  /* One thread uses the base; what is switched on and off between two waits costs no system call. */
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
  struct event_base *base = event_base_new_with_config(config);
  event_config_free(config);
  return base;
}

static int proxy_worker_mailbox(int ends[2]) {
  if (pipe(ends) != 0) return 0;
  for (int i = 0; i < 2; i++)
    if (fcntl(ends[i], F_SETFL, O_NONBLOCK) != 0 || fcntl(ends[i], F_SETFD, FD_CLOEXEC) != 0) return 0;
  return 1;
}

static int proxy_worker_add_events(proxy_worker *w) {
  const struct timeval period = {.tv_usec = DEADLINE_TICK_MS * 1000};
  w->tick = event_new(w->base, -1, EV_PERSIST, proxy_on_tick, w);
  w->mail = event_new(w->base, w->mailbox[0], EV_READ | EV_PERSIST, proxy_on_mail, w);
  w->reap = event_new(w->base, -1, 0, proxy_on_reap, w);
  int ok = w->tick && w->mail && w->reap && event_add(w->tick, &period) == 0 && event_add(w->mail, NULL) == 0;
  for (size_t i = 0; i < w->shared->n_sockets && ok; i++) {
    w->accepting[i] = event_new(w->base, w->shared->sockets[i], EV_READ | EV_PERSIST, proxy_on_accept, w);
    ok = w->accepting[i] != NULL && event_add(w->accepting[i], NULL) == 0;
  }
  return ok;
}

static void proxy_worker_free(proxy_worker *w) {
  struct event *events[] = {w->tick, w->mail, w->reap};
  while (!TAILQ_EMPTY(&w->clients)) proxy_client_close(TAILQ_FIRST(&w->clients));
  helper_stop(w->helper); /* before the lanes, which its tasks hold */
  if (w->reap != NULL) proxy_on_reap(-1, 0, w);
  proxy_worker_take_lane(w);
  proxy_worker_sweep(w);
  proxy_lane_free(w->lane);
  helper_free(w->helper);
  for (size_t i = 0; i < sizeof events / sizeof *events; i++)
    if (events[i] != NULL) event_free(events[i]);
  for (size_t i = 0; w->accepting != NULL && i < w->shared->n_sockets; i++)
    if (w->accepting[i] != NULL) event_free(w->accepting[i]);
  memory_free(w->accepting);
  if (w->base != NULL) event_base_free(w->base);
  for (int i = 0; i < 2; i++)
    if (w->mailbox[i] >= 0) close(w->mailbox[i]);
  memory_free(w);
}

scrim_status proxy_worker_start(proxy_worker **out, proxy_shared *shared, proxy_site *site, scrim_error *error) {
  *out = NULL;
  proxy_worker *w = memory_zalloc(1, sizeof *w);
  if (w == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a worker");
  w->shared = shared;
  w->mailbox[0] = w->mailbox[1] = -1;
  atomic_init(&w->posted, NULL);
  SLIST_INIT(&w->retired);
  TAILQ_INIT(&w->clients);
  TAILQ_INIT(&w->closed);
  w->accepting = memory_zalloc(shared->n_sockets, sizeof *w->accepting);
  w->base = proxy_worker_base();
  scrim_status status = SCRIM_OK;
  if (w->accepting == NULL || w->base == NULL || !proxy_worker_mailbox(w->mailbox) || !proxy_worker_add_events(w))
    status = fail_errno(error, SCRIM_E_MEMORY, "cannot set up a worker");
  if (status == SCRIM_OK) status = helper_start(&w->helper, w->mailbox[1], error);
  if (status == SCRIM_OK) status = proxy_lane_create(&w->lane, site, w->base, shared->metrics, w->helper, error);
  int code = status == SCRIM_OK ? pthread_create(&w->thread, NULL, proxy_worker_run, w) : 0;
  if (code != 0) status = fail(error, SCRIM_E_MEMORY, "cannot start a worker: %s", strerror(code));
  if (status == SCRIM_OK)
    *out = w;
  else
    proxy_worker_free(w);
  return status;
}

void proxy_worker_join(proxy_worker *w) {
  if (w == NULL) return;
  pthread_join(w->thread, NULL);
  proxy_worker_free(w);
}

void proxy_worker_post(proxy_worker *w, proxy_lane *lane) {
  if (lane != NULL) {
    /* A lane that was posted before and not taken yet was never used by anybody. */
    proxy_lane *unused = atomic_exchange(&w->posted, lane);
    proxy_lane_free(unused);
  }
  /* A full mailbox wakes the worker as well as one byte more. */
  if (write(w->mailbox[1], "", 1) < 0) return;
}
