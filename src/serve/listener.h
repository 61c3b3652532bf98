/* Sockets that clients connect to. */
#ifndef SERVE_LISTENER_H
#define SERVE_LISTENER_H

#include <scrim/status.h>
#include <stdint.h>

enum { LISTENER_BACKLOG = 1024, LISTENER_NAME = 64 };

/* Binds a numeric address and listens, without blocking. SCRIM_E_IO, SCRIM_E_PARAM (no such address). close(*fd). */
scrim_status listener_open(int *fd, const char *address, uint16_t port, scrim_error *error);

/* "127.0.0.1:8080" or "[::1]:8080", with the port that the system chose where 0 was asked for. */
void listener_name(int fd, char name[LISTENER_NAME]);

/* Takes one client in, without blocking and without Nagle's delay; -1 if none waits, or there are no descriptors
 * left. */
int listener_accept(int fd);

#endif
