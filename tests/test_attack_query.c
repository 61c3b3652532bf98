/* Choosing rows to ask about, and asking. */
#include "attack_world.h"
#include "core/memory.h"
#include "purifier/attack_query.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static scrim_status identity(void *state, const float *raw, float *released, size_t n, scrim_error *error) {
  (void)state, (void)error;
  memcpy(released, raw, n * WORLD_CLASSES * sizeof *released);
  return SCRIM_OK;
}

/* Scores are the inputs. */
static int echo(const float *inputs, size_t n, float *scores, void *context) {
  (void)context;
  memcpy(scores, inputs, n * WORLD_CLASSES * sizeof *scores);
  return 0;
}

static world *make(void) {
  world *w = world_make(1, 1, 1);
  w->view.interface = (attack_interface){.release = identity,
                                         .raw = w->target,
                                         .classify = echo,
                                         .features = WORLD_CLASSES,
                                         .member_inputs = w->target,
                                         .nonmember_inputs = w->target + WORLD_MEMBERS * WORLD_CLASSES};
  return w;
}

static void test_rows_are_chosen_among_the_open_ones(void **unused) {
  (void)unused;
  world *w = make();
  for (int i = 0; i < WORLD_ROWS; i += 2) w->open[i] = 0;
  unsigned char scored[WORLD_ROWS];
  memcpy(scored, w->open, sizeof scored);
  query q;
  assert_int_equal(query_open(&q, &w->view, 50, "test", scored, NULL), SCRIM_OK);
  assert_int_equal(q.n, 100);
  size_t members = 0, left = 0;
  for (size_t i = 0; i < q.n; i++) {
    assert_true(w->open[q.row[i]] && scored[q.row[i]]);
    members += w->member[q.row[i]];
  }
  for (size_t i = 0; i < WORLD_ROWS; i++) left += scored[i];
  assert_int_equal(members, 50);
  assert_int_equal(left, 100);
  query_close(&q);
  free(w);
}

/* Root mean square of (released - raw) / scale over all answers. */
static double deviation(const query *q, const world *w, int inputs) {
  double sum = 0;
  for (size_t i = 0; i < q->n; i++) {
    for (size_t j = 0; j < WORLD_CLASSES; j++) {
      double d = q->released[i * WORLD_CLASSES + j] - w->target[q->row[i] * WORLD_CLASSES + j];
      d /= inputs ? q->scale[j] : w->target[q->row[i] * WORLD_CLASSES + j];
      sum += d * d;
    }
  }
  return sqrt(sum / (double)(q->n * WORLD_CLASSES));
}

static void test_copies_are_changed_by_the_size_asked(void **unused) {
  (void)unused;
  world *w = make();
  unsigned char scored[WORLD_ROWS];
  query q;
  assert_int_equal(query_open(&q, &w->view, 200, "test", scored, NULL), SCRIM_OK);
  assert_int_equal(query_scores(&q, 0, NULL), SCRIM_OK);
  assert_true(deviation(&q, w, 0) == 0);
  assert_int_equal(query_scores(&q, 1e-2, NULL), SCRIM_OK);
  double relative = deviation(&q, w, 0);
  assert_true(relative > 0.7e-2 && relative < 1.5e-2); /* the sum is brought back to 1, which moves the top little */
  assert_int_equal(query_inputs(&q, 0.5, NULL), SCRIM_OK);
  double absolute = deviation(&q, w, 1);
  assert_true(absolute > 0.45 && absolute < 0.55);
  query_close(&q);
  free(w);
}

static void test_memory_failures(void **unused) {
  (void)unused;
  world *w = make();
  unsigned char scored[WORLD_ROWS];
  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long n = 1; status != SCRIM_OK; n++) {
    query q;
    memory_fail_at(n, 0);
    status = query_open(&q, &w->view, 50, "test", scored, NULL);
    memory_fail_at(0, 0);
    query_close(&q);
    assert_true(status == SCRIM_OK || status == SCRIM_E_MEMORY);
  }
  free(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_rows_are_chosen_among_the_open_ones),
      cmocka_unit_test(test_copies_are_changed_by_the_size_asked),
      cmocka_unit_test(test_memory_failures),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
