/* What the command sees of the proxy. */
#ifndef SERVE_SERVE_H
#define SERVE_SERVE_H

#include <scrim/status.h>

/* Serves as the file says, until SIGTERM or SIGINT; see serve/lifecycle.h. The process is the proxy's: signals,
 * limits on open files, libevent's memory. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_serve(const char *config_path, scrim_error *error);

/* Reads and checks the file and what it names, and serves nothing. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_serve_check(const char *config_path, scrim_error *error);

#endif
