/* scrim/progress.h: how long work tells the caller where it stands. */
#ifndef SCRIM_PROGRESS_H
#define SCRIM_PROGRESS_H

#include <scrim/status.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct scrim_progress {
  const char *stage;   /* what is being done, one or two words; valid during the call only */
  size_t step, steps;  /* finished and planned; steps is 0 if unknown */
  double loss;         /* last training loss, or NaN */
  double per_second;   /* steps a second, averaged over the stage */
  double seconds_left; /* estimate, or NaN */
} scrim_progress;

/*
 * Called from the thread that made the call, where nothing else is said. A non-zero answer stops the work with
 * SCRIM_E_CANCELLED.
 */
typedef int (*scrim_progress_fn)(const scrim_progress *progress, void *context);

#ifdef __cplusplus
}
#endif
#endif
