/* Clocks, and the minimum rate. */
#include "serve/deadline.h"
#include <time.h>

static double deadline_read(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now); /* cannot fail with these two clocks */
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double deadline_now(void) {
  return deadline_read(CLOCK_MONOTONIC);
}

double deadline_calendar(void) {
  return deadline_read(CLOCK_REALTIME);
}

int deadline_too_slow(double start, double now, uint64_t bytes, double rate) {
  const double grace = 1.0;
  return (double)bytes < (now - start - grace) * rate;
}
