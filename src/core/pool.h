/* A fixed set of worker threads. BLAS runs one thread in each; the pool splits the batch. */
#ifndef CORE_POOL_H
#define CORE_POOL_H

#include <scrim/status.h>
#include <stddef.h>

typedef struct pool pool;
/* `threads` 0: one per processor. With 1, everything runs in the caller's thread. */
scrim_status pool_create(pool **out, unsigned threads, scrim_error *error);
void pool_free(pool *p);
unsigned pool_threads(const pool *p);
/*
 * Calls work(context, index, worker) for index 0..n-1; returns when all are done. worker is 0..threads-1. Which worker
 * does which index is not fixed: results must not depend on it.
 */
void pool_run(pool *p, size_t n, void (*work)(void *context, size_t index, unsigned worker), void *context);

#endif
