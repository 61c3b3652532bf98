/*
 * A filtering reverse proxy in front of a model server: workers, what they share, and the changes of its life. No
 * signals and no process state in here: several proxies may run in one process.
 */
#ifndef SERVE_PROXY_H
#define SERVE_PROXY_H

#include "serve/listener.h"
#include "serve/serve_config.h"

typedef struct proxy proxy;

/* Once in a process, before anything else: libevent's memory and voice. */
void proxy_prepare(void);

/* Listens and serves when it returns. Takes the configuration over in any case. All calls from one thread. */
scrim_status proxy_start(proxy **out, serve_config *config, scrim_error *error);

/*
 * Reads the file. From now on requests see what it says; those under way end under the old configuration. On an error
 * nothing has changed. SCRIM_E_UNSUPPORTED: something that only a new start can change: addresses, workers, number of
 * connections, whether a budget is kept and for how many clients, the audit log.
 */
scrim_status proxy_reload(proxy *p, const char *path, scrim_error *error);

void proxy_drain(proxy *p);        /* no new connections; requests under way are finished */
void proxy_force(proxy *p);        /* after proxy_drain: they are cut off */
int proxy_is_over(const proxy *p); /* all workers have ended */
double proxy_drain_s(const proxy *p);

/* Ends it, frees it. The error is of the audit log, whose end is signed here. NULL is fine. */
scrim_status proxy_stop(proxy *p, scrim_error *error);

/* Where it listens: 0, 1, ... the configuration's listeners, then the one for metrics. 0: no such listener. */
int proxy_address(const proxy *p, size_t listener, char name[LISTENER_NAME]);

/* One line of the event log, which is standard error. */
void proxy_say(proxy *p, const char *level, const char *event, const char *message);

#endif
