/*
 * A thread beside a loop, for what would hold the loop up: tasks of a large body's length, and the wiping and freeing
 * of large blocks. The loop hands them over; tasks come back to it when they are done.
 *
 * The helper takes blocks first, since memory should go before more comes, then urgent tasks, then the others, each in
 * the order in which they came. What waits is bounded by bytes, which is a bound on memory and on time alike; urgent
 * tasks are always taken, so that what was begun can be ended: there must be few of them.
 *
 * All calls come from the loop's thread, but helper_start, helper_stop and helper_free, which come when no loop runs.
 */
#ifndef SERVE_HELPER_H
#define SERVE_HELPER_H

#include <scrim/status.h>
#include <stddef.h>
#include <sys/queue.h>

typedef struct helper helper;

/* Embedded in whatever is to be done. */
typedef struct helper_task {
  void (*run)(struct helper_task *task);  /* on the helper's thread */
  void (*done)(struct helper_task *task); /* on the loop's, from helper_collect or helper_stop; frees the task */
  size_t n_bytes;                         /* that wait with it */
  int is_urgent;
  STAILQ_ENTRY(helper_task) link; /* the helper's own */
} helper_task;

/* `wake`: a descriptor that does not block; a byte written to it says that helper_collect is due. */
scrim_status helper_start(helper **out, int wake, scrim_error *error);

/* 0: something waits already, and with this it would be more than `most` bytes. The task stays the caller's. */
int helper_submit(helper *h, helper_task *task, size_t most);
/* `done` of what has been run since. */
void helper_collect(helper *h);

/* Wipes the first n_bytes of a block of core/memory.h and frees it, later if there are many. h NULL: at once. */
void helper_discard(helper *h, void *block, size_t n_bytes);

/* Waits for the task that is being run; those behind it get `done` without having been run. From now on blocks are
 * discarded at once. NULL is fine. */
void helper_stop(helper *h);
void helper_free(helper *h); /* of a stopped one; NULL is fine */

#endif
