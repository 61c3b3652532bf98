/* The life of the command's proxy: signals, and the file that the configuration is read from. */
#ifndef SERVE_LIFECYCLE_H
#define SERVE_LIFECYCLE_H

#include <scrim/status.h>

/*
 * Serves until SIGTERM or SIGINT: then no more connections are taken, requests under way are finished, and the call
 * returns; a second such signal, or limits.drain_s seconds, cuts off what is left. SIGHUP reads the file again.
 */
scrim_status lifecycle_run(const char *path, scrim_error *error);

#endif
