/* The pool: workers sleep between runs, then take indices from one counter until none is left. */
#include "core/pool.h"
#include "core/error.h"
#include "core/memory.h"
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

typedef struct pool_worker {
  pool *owner;
  unsigned number; /* 1.. ; the caller's thread is worker 0 */
  pthread_t thread;
} pool_worker;

struct pool {
  unsigned n_threads; /* the caller's included */
  pool_worker *workers;
  pthread_mutex_t lock;
  pthread_cond_t start, done;
  /* Guarded by the lock. */
  unsigned long run;  /* number of the run; workers wait for it to change */
  unsigned n_working; /* workers that have not finished this run */
  int is_ending;
  /* Fixed during a run. */
  size_t n;
  void (*work)(void *context, size_t index, unsigned worker);
  void *context;
  atomic_size_t next;
};

static void pool_take(pool *p, unsigned worker) {
  for (size_t index; (index = atomic_fetch_add(&p->next, 1)) < p->n;) p->work(p->context, index, worker);
}

static void *pool_worker_main(void *argument) {
  pool_worker *worker = argument;
  pool *p = worker->owner;
  unsigned long seen = 0;
  pthread_mutex_lock(&p->lock);
  for (;;) {
    while (p->run == seen && !p->is_ending) pthread_cond_wait(&p->start, &p->lock);
    if (p->is_ending) break;
    seen = p->run;
    pthread_mutex_unlock(&p->lock);
    pool_take(p, worker->number);
    pthread_mutex_lock(&p->lock);
    if (--p->n_working == 0) pthread_cond_signal(&p->done);
  }
  pthread_mutex_unlock(&p->lock);
  return NULL;
}

/* Ends the first `n` workers and frees everything. */
static void pool_end(pool *p, unsigned n) {
  pthread_mutex_lock(&p->lock);
  p->is_ending = 1;
  pthread_cond_broadcast(&p->start);
  pthread_mutex_unlock(&p->lock);
  for (unsigned i = 0; i < n; i++) pthread_join(p->workers[i].thread, NULL);
  pthread_cond_destroy(&p->start);
  pthread_cond_destroy(&p->done);
  pthread_mutex_destroy(&p->lock);
  memory_free(p->workers);
  memory_free(p);
}

static unsigned pool_processors(void) {
  long n = sysconf(_SC_NPROCESSORS_ONLN);
  return n < 1 ? 1 : (unsigned)n;
}

scrim_status pool_create(pool **out, unsigned threads, scrim_error *error) {
  *out = NULL;
  if (threads == 0) threads = pool_processors();
  pool *p = memory_zalloc(1, sizeof *p);
  pool_worker *workers = memory_zalloc(threads - 1, sizeof *workers);
  if (p == NULL || workers == NULL) {
    memory_free(p);
    memory_free(workers);
    return fail(error, SCRIM_E_MEMORY, "out of memory for a pool of %u threads", threads);
  }
  p->n_threads = threads;
  p->workers = workers;
  /* With default attributes none of the three can fail on the systems that we know: they only set fields. */
  pthread_mutex_init(&p->lock, NULL);
  pthread_cond_init(&p->start, NULL);
  pthread_cond_init(&p->done, NULL);
  for (unsigned i = 0; i + 1 < threads; i++) {
    workers[i] = (pool_worker){.owner = p, .number = i + 1};
    int reason = pthread_create(&workers[i].thread, NULL, pool_worker_main, &workers[i]);
    if (reason == 0) continue;
    pool_end(p, i);
    return fail(error, SCRIM_E_MEMORY, "cannot start thread %u of %u (error %d)", i + 1, threads, reason);
  }
  *out = p;
  return SCRIM_OK;
}

void pool_free(pool *p) {
  if (p != NULL) pool_end(p, p->n_threads - 1);
}

unsigned pool_threads(const pool *p) {
  return p->n_threads;
}

void pool_run(pool *p, size_t n, void (*work)(void *context, size_t index, unsigned worker), void *context) {
  p->n = n;
  p->work = work;
  p->context = context;
  atomic_store(&p->next, 0);
  /* One item, or one thread: waking the others costs more than it brings. */
  if (n <= 1 || p->n_threads == 1) {
    pool_take(p, 0);
    return;
  }
  pthread_mutex_lock(&p->lock);
  p->n_working = p->n_threads - 1;
  p->run++;
  pthread_cond_broadcast(&p->start);
  pthread_mutex_unlock(&p->lock);
  pool_take(p, 0);
  pthread_mutex_lock(&p->lock);
  while (p->n_working > 0) pthread_cond_wait(&p->done, &p->lock);
  pthread_mutex_unlock(&p->lock);
}
