/* The thread beside a loop: what is done in which order, what is refused, and what becomes of it all at the end. */
#include "core/memory.h"
#include "serve/helper.h"
#include <ctype.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { NOTES = 64, PATIENCE_MS = 8000 };

/* What happened, in order, by the names of tasks: capital letters came back without having been run. The task named
 * 'g' waits for the gate. */
typedef struct diary {
  helper *helper;
  int ends[2];
  sem_t gate;
  char run[NOTES], done[NOTES];
  size_t n_run, n_done;
} diary;

typedef struct note {
  helper_task task;
  diary *diary;
  char name;
  int was_run;
} note;

static void note_run(helper_task *task) {
  note *n = (note *)task;
  if (n->name == 'g') sem_wait(&n->diary->gate);
  n->diary->run[n->diary->n_run++] = n->name;
  n->was_run = 1;
}

static void note_done(helper_task *task) {
  note *n = (note *)task;
  n->diary->done[n->diary->n_done++] = (char)(n->was_run ? n->name : toupper(n->name));
  free(n);
}

static int submit(diary *d, char name, int is_urgent, size_t n_bytes, size_t most) {
  note *n = calloc(1, sizeof *n);
  *n = (note){.task = {.run = note_run, .done = note_done, .n_bytes = n_bytes, .is_urgent = is_urgent},
              .diary = d,
              .name = name};
  int is_taken = helper_submit(d->helper, &n->task, most);
  if (!is_taken) free(n);
  return is_taken;
}

/* Collects until so many are done. */
static void wait_for(diary *d, size_t n_done) {
  struct pollfd p = {.fd = d->ends[0], .events = POLLIN};
  char byte;
  while (d->n_done < n_done) {
    assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
    assert_int_equal(read(d->ends[0], &byte, 1), 1);
    helper_collect(d->helper);
  }
}

static void nap(long ms) {
  nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

/* The helper is busy with "g" until the gate is opened, and "h", of one byte, waits. */
static void block(diary *d) {
  assert_true(submit(d, 'g', 0, 1000, 0));
  while (!submit(d, 'h', 0, 1, 0)) nap(1); /* taken as soon as "g" is no longer waiting */
}

static int setup(void **state) {
  diary *d = calloc(1, sizeof *d);
  sem_init(&d->gate, 0, 0);
  assert_int_equal(pipe(d->ends), 0);
  assert_int_equal(helper_start(&d->helper, d->ends[1], NULL), SCRIM_OK);
  *state = d;
  return 0;
}

static int teardown(void **state) {
  diary *d = *state;
  if (d->helper != NULL) helper_stop(d->helper);
  helper_free(d->helper);
  close(d->ends[0]);
  close(d->ends[1]);
  sem_destroy(&d->gate);
  free(d);
  return 0;
}

static void test_order(void **state) {
  diary *d = *state;
  block(d);
  assert_true(submit(d, 'a', 0, 1, 100));
  assert_true(submit(d, 'b', 1, 1, 100));
  assert_true(submit(d, 'c', 0, 1, 100));
  assert_true(submit(d, 'd', 1, 1, 100));
  sem_post(&d->gate);
  wait_for(d, 6);
  assert_string_equal(d->run, "gbdhac");
  assert_string_equal(d->done, "gbdhac");
}

static void test_room(void **state) {
  diary *d = *state;
  block(d);
  assert_false(submit(d, 'a', 0, 100, 100));
  assert_true(submit(d, 'b', 0, 99, 100));
  assert_false(submit(d, 'c', 0, 1, 100));
  assert_true(submit(d, 'd', 1, 1000, 100));
  assert_false(submit(d, 'e', 0, SIZE_MAX, 2000));
  sem_post(&d->gate);
  wait_for(d, 4);
  assert_string_equal(d->run, "gdhb");
  assert_true(submit(d, 'f', 0, 1000, 100)); /* beyond the limit, but alone */
  wait_for(d, 5);
}

static void *open_gate_later(void *context) {
  nap(20);
  sem_post(&((diary *)context)->gate);
  return NULL;
}

/* All come back, whether or not the helper got to them; blocks go in any case. */
static void test_end(void **state) {
  diary *d = *state;
  pthread_t opener;
  block(d);
  assert_true(submit(d, 'a', 0, 1, 100));
  assert_true(submit(d, 'b', 1, 1, 100));
  helper_discard(d->helper, memory_zalloc(1 << 20, 1), 1 << 20);
  assert_int_equal(pthread_create(&opener, NULL, open_gate_later, d), 0);
  helper_stop(d->helper);
  pthread_join(opener, NULL);
  helper_discard(d->helper, memory_zalloc(1 << 20, 1), 1 << 20);
  helper_free(d->helper);
  d->helper = NULL;
  assert_int_equal(d->n_done, 4);
  assert_int_equal(d->done[0], 'g');
  size_t n_unrun = 0;
  for (size_t i = 0; i < d->n_done; i++) n_unrun += isupper(d->done[i]) != 0;
  assert_int_equal(d->n_run + n_unrun, 4);
}

static void test_blocks(void **state) {
  diary *d = *state;
  static const size_t sizes[] = {0, 1, 64, 65536, 65537, 1 << 20, 8 << 20};
  for (int round = 0; round < 20; round++)
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
      helper_discard(round % 2 == 0 ? d->helper : NULL, memory_alloc(sizes[i]), sizes[i]);
      helper_discard(d->helper, NULL, sizes[i]);
    }
  assert_true(submit(d, 'a', 0, 1, 100));
  wait_for(d, 1);
}

static void test_memory(void **state) {
  (void)state;
  helper *h;
  scrim_error error;
  memory_fail_at(1, 0);
  assert_int_equal(helper_start(&h, 1, &error), SCRIM_E_MEMORY);
  memory_fail_at(0, 0);
  assert_null(h);
  helper_stop(h);
  helper_free(h);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_order, setup, teardown),
      cmocka_unit_test_setup_teardown(test_room, setup, teardown),
      cmocka_unit_test_setup_teardown(test_end, setup, teardown),
      cmocka_unit_test_setup_teardown(test_blocks, setup, teardown),
      cmocka_unit_test(test_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
