/* The query budget: what one client may take, what a window's end gives back, and what a full table does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/memory.h"
#include "serve/budget.h"
#include <cmocka.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static budget *make(uint64_t rows, double window_s, size_t clients) {
  budget *b;
  const budget_rule rule = {rows, window_s, clients};
  assert_int_equal(budget_create(&b, &rule, NULL), SCRIM_OK);
  return b;
}

static budget_answer take(budget *b, const char *who, uint64_t rows, double now_s) {
  return budget_take(b, who, strlen(who), rows, now_s, NULL);
}

static void a_client_gets_its_rows_and_no_more(void **state) {
  (void)state;
  budget *b = make(10, 60, 100);
  assert_int_equal(take(b, "anna", 4, 5), BUDGET_ALLOWED);
  assert_int_equal(take(b, "anna", 7, 5), BUDGET_SPENT); /* refused whole, and not charged */
  assert_int_equal(take(b, "anna", 6, 6), BUDGET_ALLOWED);
  assert_int_equal(take(b, "anna", 1, 7), BUDGET_SPENT);
  assert_int_equal(take(b, "anna", 0, 7), BUDGET_ALLOWED);
  assert_int_equal(take(b, "bert", 10, 7), BUDGET_ALLOWED);
  assert_int_equal(take(b, "carl", 11, 7), BUDGET_SPENT);
  assert_int_equal(take(b, "carl", UINT64_MAX, 7), BUDGET_SPENT); /* and no overflow */
  assert_int_equal(take(b, "carl", 10, 7), BUDGET_ALLOWED);
  assert_int_equal(take(b, "", 10, 7), BUDGET_ALLOWED); /* the empty name is a name */
  assert_int_equal(take(b, "", 1, 7), BUDGET_SPENT);
  budget_free(b);
  budget_free(NULL);
}

static void windows_are_multiples_of_their_length(void **state) {
  (void)state;
  budget *b = make(1, 60, 4);
  double retry_s;
  assert_int_equal(budget_take(b, "a", 1, 1, 130, &retry_s), BUDGET_ALLOWED);
  assert_true(retry_s == 50);
  assert_int_equal(budget_take(b, "a", 1, 1, 179.5, &retry_s), BUDGET_SPENT);
  assert_true(retry_s == 0.5);
  assert_int_equal(take(b, "a", 1, 180), BUDGET_ALLOWED);
  assert_int_equal(take(b, "a", 1, 100), BUDGET_SPENT); /* a clock that went back gives nothing back */
  assert_int_equal(take(b, "a", 1, 10000), BUDGET_ALLOWED);
  budget_free(b);
}

/* All names of a full table keep what they have; others wait for the next window. */
static void a_full_table_refuses_newcomers(void **state) {
  (void)state;
  enum { CLIENTS = 1000 };
  budget *b = make(2, 60, CLIENTS);
  char name[16];
  for (int window = 0; window < 3; window++) {
    double now = 60 * window;
    for (int i = 0; i < CLIENTS; i++) {
      snprintf(name, sizeof name, "client %d", i + window);
      assert_int_equal(take(b, name, 1, now), BUDGET_ALLOWED);
    }
    assert_int_equal(take(b, "newcomer", 1, now), BUDGET_FULL);
    for (int i = 0; i < CLIENTS; i++) {
      snprintf(name, sizeof name, "client %d", i + window);
      assert_int_equal(take(b, name, 1, now), BUDGET_ALLOWED);
      assert_int_equal(take(b, name, 1, now), BUDGET_SPENT);
    }
  }
  budget_free(b);
}

static void a_client_that_is_refused_takes_no_room(void **state) {
  (void)state;
  budget *b = make(1, 60, 1);
  assert_int_equal(take(b, "greedy", 2, 0), BUDGET_SPENT);
  assert_int_equal(take(b, "modest", 1, 0), BUDGET_ALLOWED);
  assert_int_equal(take(b, "greedy", 1, 0), BUDGET_FULL);
  budget_free(b);
}

static void the_rule_can_change(void **state) {
  (void)state;
  budget *b = make(10, 60, 4);
  assert_int_equal(take(b, "a", 8, 0), BUDGET_ALLOWED);
  budget_change(b, &(budget_rule){5, 60, 4});
  assert_int_equal(take(b, "a", 0, 1), BUDGET_SPENT); /* more is charged already than the new rule gives */
  assert_int_equal(take(b, "b", 5, 1), BUDGET_ALLOWED);
  budget_change(b, &(budget_rule){20, 60, 4});
  assert_int_equal(take(b, "a", 12, 2), BUDGET_ALLOWED);
  assert_int_equal(take(b, "a", 1, 2), BUDGET_SPENT);
  budget_change(b, &(budget_rule){20, 10, 4}); /* another length: a new window */
  assert_int_equal(take(b, "a", 20, 3), BUDGET_ALLOWED);
  assert_int_equal(take(b, "a", 20, 10), BUDGET_ALLOWED);
  budget_free(b);
}

static void *take_many(void *context) {
  size_t allowed = 0;
  for (int i = 0; i < 5000; i++) allowed += take(context, "all", 1, 0) == BUDGET_ALLOWED;
  return (void *)allowed;
}

static void threads_share_one_budget(void **state) {
  (void)state;
  budget *b = make(7777, 60, 4);
  pthread_t threads[4];
  size_t sum = 0;
  for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, take_many, b), 0);
  for (int i = 0; i < 4; i++) {
    void *allowed;
    pthread_join(threads[i], &allowed);
    sum += (size_t)allowed;
  }
  assert_int_equal(sum, 7777);
  budget_free(b);
}

static void bad_rules_and_memory(void **state) {
  (void)state;
  static const budget_rule bad[] = {{1, 60, 0}, {1, 60, SIZE_MAX}, {1, 0.5, 4}, {1, -1, 4}, {1, NAN, 4}};
  budget *b;
  scrim_error error;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_int_equal(budget_create(&b, &bad[i], &error), SCRIM_E_ARGUMENT);
    assert_null(b);
  }
  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long n = 1; status == SCRIM_E_MEMORY; n++) {
    memory_fail_at(n, 0);
    status = budget_create(&b, &(budget_rule){1, 60, 4}, NULL);
    memory_fail_at(0, 0);
    assert_int_equal(b != NULL, status == SCRIM_OK);
    budget_free(b);
    assert_true(n < 20);
  }
  assert_int_equal(status, SCRIM_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_client_gets_its_rows_and_no_more),
      cmocka_unit_test(windows_are_multiples_of_their_length),
      cmocka_unit_test(a_full_table_refuses_newcomers),
      cmocka_unit_test(a_client_that_is_refused_takes_no_room),
      cmocka_unit_test(the_rule_can_change),
      cmocka_unit_test(threads_share_one_budget),
      cmocka_unit_test(bad_rules_and_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
