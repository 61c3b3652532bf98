/* Waiting for signals. */
#include "serve/lifecycle.h"
#include "core/error.h"
#include "serve/deadline.h"
#include "serve/proxy.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

/* Blocked in every thread and taken up by sigtimedwait: no handler runs in the middle of anything. */
static void lifecycle_signals(sigset_t *set) {
  sigemptyset(set);
  sigaddset(set, SIGTERM);
  sigaddset(set, SIGINT);
  sigaddset(set, SIGHUP);
  sigaddset(set, SIGPIPE); /* a client that went away is an error of its connection */
}

static void lifecycle_announce(proxy *p) {
  char name[LISTENER_NAME], message[LISTENER_NAME + 32];
  for (size_t i = 0; proxy_address(p, i, name); i++) {
    snprintf(message, sizeof message, "listening on %s", name);
    proxy_say(p, "info", "start", message);
  }
}

/* A configuration that is no good changes nothing; the old one goes on. */
static void lifecycle_reload(proxy *p, const char *path) {
  scrim_error error;
  if (proxy_reload(p, path, &error) == SCRIM_OK)
    proxy_say(p, "info", "reload", "the new configuration is in force");
  else
    proxy_say(p, "error", "reload", error.message);
}

/* Until all requests are answered, time is up, or somebody insists. */
static void lifecycle_drain(proxy *p, const sigset_t *signals) {
  double end = deadline_now() + proxy_drain_s(p);
  const struct timespec period = {.tv_nsec = DEADLINE_TICK_MS * 1000000L};
  proxy_say(p, "info", "drain", "no new connections; requests under way are finished");
  proxy_drain(p);
  while (!proxy_is_over(p) && deadline_now() < end) {
    int number = sigtimedwait(signals, NULL, &period);
    if (number == SIGTERM || number == SIGINT) break;
  }
  if (!proxy_is_over(p)) proxy_say(p, "warning", "drain", "requests under way are cut off");
}

scrim_status lifecycle_run(const char *path, scrim_error *error) {
  sigset_t signals, before;
  serve_config *config;
  proxy *p;
  scrim_status status = serve_config_load(&config, path, error);
  if (status != SCRIM_OK) return status;
  lifecycle_signals(&signals);
  pthread_sigmask(SIG_BLOCK, &signals, &before); /* the workers inherit it */
  proxy_prepare();
  status = proxy_start(&p, config, error);
  if (status != SCRIM_OK) {
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
  }
  lifecycle_announce(p);
  for (int number = 0; number != SIGTERM && number != SIGINT;) {
    number = sigwaitinfo(&signals, NULL);
    if (number == SIGHUP) lifecycle_reload(p, path);
  }
  lifecycle_drain(p, &signals);
  status = proxy_stop(p, error);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return status;
}
