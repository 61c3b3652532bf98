/* One lock around the lines; it is never held while a task runs or a block is wiped. */
#include "serve/helper.h"
#include "core/error.h"
#include "core/memory.h"
#include <pthread.h>
#include <string.h>
#include <unistd.h>

enum { HELPER_SMALL_BYTES = 65536 }; /* a block up to this size is wiped sooner than handed over */

/* Stands in the block that is to be discarded: even the smallest of core/memory.h has room for it. */
typedef struct helper_block {
  struct helper_block *next;
  size_t n_bytes;
} helper_block;

typedef STAILQ_HEAD(, helper_task) helper_line;

struct helper {
  pthread_t thread;
  int wake;
  pthread_mutex_t lock;
  pthread_cond_t work;
  /* Guarded by the lock. */
  helper_line urgent, patient, finished;
  size_t n_waiting; /* bytes */
  helper_block *blocks;
  int is_ending;
};

/* ---- the thread ---- */

static void helper_dispose(helper_block *block) {
  while (block != NULL) {
    helper_block *next = block->next;
    size_t n = block->n_bytes > sizeof *block ? block->n_bytes : sizeof *block;
    memory_wipe_free(block, n);
    block = next;
  }
}

static helper_task *helper_next(helper *h) {
  helper_line *line = STAILQ_EMPTY(&h->urgent) ? &h->patient : &h->urgent;
  helper_task *task = STAILQ_FIRST(line);
  STAILQ_REMOVE_HEAD(line, link);
  h->n_waiting -= task->n_bytes;
  return task;
}

/* 1 if the loop must be told: it has taken all that was finished before. */
static int helper_finish(helper *h, helper_task *task) {
  int is_first = STAILQ_EMPTY(&h->finished);
  STAILQ_INSERT_TAIL(&h->finished, task, link);
  return is_first;
}

static int helper_is_idle(const helper *h) {
  return h->blocks == NULL && STAILQ_EMPTY(&h->urgent) && STAILQ_EMPTY(&h->patient);
}

/* One round, with the lock on entry and on return. */
static void helper_work(helper *h) {
  helper_block *blocks = h->blocks;
  helper_task *task = blocks == NULL ? helper_next(h) : NULL;
  h->blocks = NULL;
  pthread_mutex_unlock(&h->lock);
  helper_dispose(blocks);
  if (task != NULL) task->run(task);
  pthread_mutex_lock(&h->lock);
  if (task == NULL || !helper_finish(h, task)) return;
  /* A pipe that is full wakes the loop as well as one byte more. */
  if (write(h->wake, "", 1) < 0) return;
}

static void *helper_main(void *context) {
  helper *h = context;
  pthread_mutex_lock(&h->lock);
  while (!h->is_ending) {
    if (helper_is_idle(h))
      pthread_cond_wait(&h->work, &h->lock);
    else
      helper_work(h);
  }
  pthread_mutex_unlock(&h->lock);
  return NULL;
}

/* ---- life ---- */

scrim_status helper_start(helper **out, int wake, scrim_error *error) {
  *out = NULL;
  helper *h = memory_zalloc(1, sizeof *h);
  if (h == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a helper");
  h->wake = wake;
  STAILQ_INIT(&h->urgent);
  STAILQ_INIT(&h->patient);
  STAILQ_INIT(&h->finished);
  /* With default attributes neither can fail on the systems that we know: they only set fields. */
  pthread_mutex_init(&h->lock, NULL);
  pthread_cond_init(&h->work, NULL);
  int code = pthread_create(&h->thread, NULL, helper_main, h);
  if (code != 0) {
    helper_free(h);
    return fail(error, SCRIM_E_MEMORY, "cannot start a helper: %s", strerror(code));
  }
  *out = h;
  return SCRIM_OK;
}

void helper_stop(helper *h) {
  if (h == NULL) return;
  pthread_mutex_lock(&h->lock);
  h->is_ending = 1;
  pthread_cond_signal(&h->work);
  pthread_mutex_unlock(&h->lock);
  pthread_join(h->thread, NULL);
  STAILQ_CONCAT(&h->finished, &h->urgent);
  STAILQ_CONCAT(&h->finished, &h->patient);
  helper_collect(h);
  helper_dispose(h->blocks);
  h->blocks = NULL;
}

void helper_free(helper *h) {
  if (h == NULL) return;
  pthread_cond_destroy(&h->work);
  pthread_mutex_destroy(&h->lock);
  memory_free(h);
}

/* ---- for the loop ---- */

int helper_submit(helper *h, helper_task *task, size_t most) {
  pthread_mutex_lock(&h->lock);
  size_t room = most > h->n_waiting ? most - h->n_waiting : 0;
  int fits = task->is_urgent || h->n_waiting == 0 || task->n_bytes <= room;
  if (fits) {
    helper_line *line = task->is_urgent ? &h->urgent : &h->patient;
    STAILQ_INSERT_TAIL(line, task, link);
    h->n_waiting += task->n_bytes;
    pthread_cond_signal(&h->work);
  }
  pthread_mutex_unlock(&h->lock);
  return fits;
}

void helper_collect(helper *h) {
  helper_line finished = STAILQ_HEAD_INITIALIZER(finished);
  pthread_mutex_lock(&h->lock);
  STAILQ_CONCAT(&finished, &h->finished);
  pthread_mutex_unlock(&h->lock);
  while (!STAILQ_EMPTY(&finished)) {
    helper_task *task = STAILQ_FIRST(&finished);
    STAILQ_REMOVE_HEAD(&finished, link);
    task->done(task);
  }
}

void helper_discard(helper *h, void *block, size_t n_bytes) {
  if (block == NULL) return;
  helper_block *at = block;
  if (h != NULL && n_bytes > HELPER_SMALL_BYTES) {
    pthread_mutex_lock(&h->lock);
    int is_taken = !h->is_ending;
    if (is_taken) {
      *at = (helper_block){.next = h->blocks, .n_bytes = n_bytes};
      h->blocks = at;
      pthread_cond_signal(&h->work);
    }
    pthread_mutex_unlock(&h->lock);
    if (is_taken) return;
  }
  memory_wipe_free(block, n_bytes);
}
