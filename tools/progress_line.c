#include "progress_line.h"
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t stopped;

static void remember_signal(int number) {
  (void)number;
  stopped = 1;
}

void progress_catch_signals(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = remember_signal;
  action.sa_flags = SA_RESETHAND;
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

int progress_stopped(void) {
  return stopped != 0;
}

/* Terminals are slow: ten lines a second are enough. The last step is always shown. */
static int is_time(const scrim_progress *progress) {
  static double last;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  double seconds = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
  if (seconds - last < 0.1 && progress->step != progress->steps) return 0;
  last = seconds;
  return 1;
}

int progress_line(const scrim_progress *progress, void *context) {
  (void)context;
  if (isatty(STDERR_FILENO) && is_time(progress)) {
    fprintf(stderr, "\r\033[K%s %zu", progress->stage, progress->step);
    if (progress->steps) fprintf(stderr, "/%zu", progress->steps);
    if (isfinite(progress->loss)) fprintf(stderr, "   loss %.5f", progress->loss);
    if (progress->per_second > 0) fprintf(stderr, "   %.3g a second", progress->per_second);
    if (isfinite(progress->seconds_left)) {
      long left = lround(progress->seconds_left);
      fprintf(stderr, "   %ld:%02ld left", left / 60, left % 60);
    }
    fflush(stderr);
  }
  return stopped;
}

void progress_line_clear(void) {
  if (isatty(STDERR_FILENO)) fprintf(stderr, "\r\033[K");
}
