/* Every index once, by a worker with a number of its own, whatever the number of threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "core/pool.h"
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { MAX_N = 3000, MAX_THREADS = 8 };

typedef struct tally {
  atomic_int times[MAX_N];
  atomic_int inside[MAX_THREADS]; /* threads that are in work as this worker */
  atomic_int errors;
} tally;

static void count(void *context, size_t index, unsigned worker) {
  tally *t = context;
  if (worker >= MAX_THREADS || atomic_fetch_add(&t->inside[worker], 1) != 0) atomic_fetch_add(&t->errors, 1);
  atomic_fetch_add(&t->times[index], 1);
  atomic_fetch_sub(&t->inside[worker], 1);
}

static void every_index_once(void **state) {
  (void)state;
  static const unsigned threads[] = {1, 2, 3, 8};
  static const size_t sizes[] = {0, 1, 2, 7, 64, MAX_N};
  static tally t;
  for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++) {
    pool *p;
    assert_int_equal(pool_create(&p, threads[i], NULL), SCRIM_OK);
    assert_int_equal(pool_threads(p), threads[i]);
    for (size_t j = 0; j < sizeof sizes / sizeof sizes[0]; j++)
      for (int round = 0; round < 20; round++) {
        memset(&t, 0, sizeof t);
        pool_run(p, sizes[j], count, &t);
        for (size_t k = 0; k < MAX_N; k++) assert_int_equal(atomic_load(&t.times[k]), k < sizes[j]);
        assert_int_equal(atomic_load(&t.errors), 0);
      }
    pool_free(p);
  }
}

static void remember_thread(void *context, size_t index, unsigned worker) {
  (void)index;
  (void)worker;
  *(pthread_t *)context = pthread_self();
}

static void one_thread_is_the_callers(void **state) {
  (void)state;
  pool *p;
  pthread_t thread;
  assert_int_equal(pool_create(&p, 1, NULL), SCRIM_OK);
  pool_run(p, 1, remember_thread, &thread);
  assert_true(pthread_equal(thread, pthread_self()));
  pool_free(p);
}

/* Each index waits until the other has begun: only two threads at once get through. */
static void meet(void *context, size_t index, unsigned worker) {
  (void)index;
  (void)worker;
  atomic_int *arrived = context;
  atomic_fetch_add(arrived, 1);
  while (atomic_load(arrived) < 2) {
  }
}

static void threads_do_run_at_once(void **state) {
  (void)state;
  pool *p;
  atomic_int arrived = 0;
  assert_int_equal(pool_create(&p, 2, NULL), SCRIM_OK);
  pool_run(p, 2, meet, &arrived);
  assert_int_equal(arrived, 2);
  pool_free(p);
}

static void as_many_as_processors(void **state) {
  (void)state;
  pool *p;
  assert_int_equal(pool_create(&p, 0, NULL), SCRIM_OK);
  assert_true(pool_threads(p) >= 1);
  pool_free(p);
  pool_free(NULL);
}

static void failed_requests_are_reported(void **state) {
  (void)state;
  for (unsigned long n = 1; n <= 2; n++) {
    pool *p;
    memory_fail_at(n, 0);
    assert_int_equal(pool_create(&p, 3, NULL), SCRIM_E_MEMORY);
    memory_fail_at(0, 0);
    assert_null(p);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_index_once),
      cmocka_unit_test(one_thread_is_the_callers),
      cmocka_unit_test(threads_do_run_at_once),
      cmocka_unit_test(as_many_as_processors),
      cmocka_unit_test(failed_requests_are_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
