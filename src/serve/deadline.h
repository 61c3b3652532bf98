/*
 * Time limits on what others do. Libevent's timeouts start anew with every byte, which lets a slow sender live for
 * ever; these are totals. All times are in seconds of a clock that does not go back.
 */
#ifndef SERVE_DEADLINE_H
#define SERVE_DEADLINE_H

#include <stdint.h>

enum { DEADLINE_TICK_MS = 50 }; /* how often deadlines are looked at */

double deadline_now(void);      /* since the machine started */
double deadline_calendar(void); /* since 1970, UTC */

/*
 * 1 if fewer than `rate` bytes a second have moved since `start`. The first second is free: what a network needs to get
 * going must not end a connection.
 */
int deadline_too_slow(double start, double now, uint64_t bytes, double rate);

#endif
