/* The gate by itself: what passes, what does not, and what is left when it closes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/gate.h"
#include <cmocka.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static float memory[40];

static scrim_view view(size_t at, size_t rows) {
  return (scrim_view){.kind = SCRIM_SCORES, .data = memory + at, .rows = rows, .columns = 2, .capacity = rows};
}

static void plain_input_passes(void **state) {
  (void)state;
  memset(memory, 0, sizeof memory);
  scrim_view in = view(0, 5);
  assert_int_equal(gate_check_input(&in, SCRIM_SCORES, 2, 0, NULL), SCRIM_OK);
  assert_int_equal(gate_check_input(&in, SCRIM_SCORES, 0, 0, NULL), SCRIM_OK); /* any number of columns */
  memory[0] = 3.4e38f;
  memory[1] = -1e-45f;
  assert_int_equal(gate_check_input(&in, SCRIM_SCORES, 2, 0, NULL), SCRIM_OK);
}

static void broken_contracts_are_named(void **state) {
  (void)state;
  scrim_error error;
  scrim_view in = view(0, 5);
  assert_int_equal(gate_check_input(NULL, SCRIM_SCORES, 2, 0, &error), SCRIM_E_ARGUMENT);
  assert_string_equal(error.message, "input view is NULL");
  in.data = NULL;
  assert_int_equal(gate_check_input(&in, SCRIM_SCORES, 2, 0, &error), SCRIM_E_ARGUMENT);
  assert_string_equal(error.message, "input data is NULL");
  in = view(0, 5);
  assert_int_equal(gate_check_input(&in, SCRIM_POINTS, 2, 0, &error), SCRIM_E_ARGUMENT);
  assert_string_equal(error.message, "input is scores, the filter takes points");
  in.kind = (scrim_kind)77;
  assert_int_equal(gate_check_input(&in, SCRIM_SCORES, 2, 0, &error), SCRIM_E_ARGUMENT);
  assert_string_equal(error.message, "input is of no known kind, the filter takes scores");
  in = view(0, 5);
  assert_int_equal(gate_check_input(&in, SCRIM_SCORES, 3, 0, &error), SCRIM_E_DATA);
  assert_string_equal(error.message, "input has 2 columns, 3 are due");
  in.columns = 0;
  assert_int_equal(gate_check_input(&in, SCRIM_SCORES, 0, 0, &error), SCRIM_E_ARGUMENT);
  in = view(0, 0);
  assert_int_equal(gate_check_input(&in, SCRIM_SCORES, 2, 0, &error), SCRIM_E_ARGUMENT);
  assert_string_equal(error.message, "input has 0 rows");
  in.rows = SIZE_MAX / 4; /* times 8 bytes: no such memory */
  assert_int_equal(gate_check_input(&in, SCRIM_SCORES, 2, 0, &error), SCRIM_E_ARGUMENT);
}

static void every_wild_value_is_found(void **state) {
  (void)state;
  static const float wild[] = {NAN, INFINITY, -INFINITY};
  for (size_t w = 0; w < 3; w++)
    for (size_t at = 0; at < 40; at++) {
      scrim_view in = {.kind = SCRIM_SCORES, .data = memory, .rows = 4, .columns = 10};
      scrim_error error;
      char expected[60];
      memset(memory, 0, sizeof memory);
      memory[at] = wild[w];
      assert_int_equal(gate_check_input(&in, SCRIM_SCORES, 10, 0, &error), SCRIM_E_DATA);
      assert_int_equal(error.row, at / 10);
      snprintf(expected, sizeof expected, "row %zu, column %zu: ", at / 10, at % 10);
      assert_memory_equal(error.message, expected, strlen(expected));
    }
}

static void audio_needs_a_rate(void **state) {
  (void)state;
  memset(memory, 0, sizeof memory);
  static const double bad[] = {0, -1, NAN, INFINITY};
  scrim_view in = view(0, 5);
  in.kind = SCRIM_AUDIO;
  for (int i = 0; i < 4; i++) {
    in.rate = bad[i];
    assert_int_equal(gate_check_input(&in, SCRIM_AUDIO, 0, 0, NULL), SCRIM_E_ARGUMENT);
  }
  in.rate = 16000;
  assert_int_equal(gate_check_input(&in, SCRIM_AUDIO, 0, 0, NULL), SCRIM_OK);
}

static void output_must_have_room(void **state) {
  (void)state;
  scrim_view in = view(0, 5), out = view(20, 5);
  scrim_error error;
  assert_int_equal(gate_check_output(&out, &in, SCRIM_SCORES, 2, 5, &error), SCRIM_OK);
  assert_int_equal(gate_check_output(&out, &in, SCRIM_SCORES, 2, 6, &error), SCRIM_E_ARGUMENT);
  assert_string_equal(error.message, "output has room for 5 rows, 6 are needed");
  out.capacity = SIZE_MAX / 4;
  assert_int_equal(gate_check_output(&out, &in, SCRIM_SCORES, 2, 5, &error), SCRIM_E_ARGUMENT);
  out = view(20, 5);
  assert_int_equal(gate_check_output(&out, &in, SCRIM_SCORES, 3, 5, &error), SCRIM_E_ARGUMENT);
  assert_int_equal(gate_check_output(NULL, &in, SCRIM_SCORES, 2, 5, &error), SCRIM_E_ARGUMENT);
  assert_int_equal(gate_check_output(&out, &in, SCRIM_AUDIO, 2, 5, &error), SCRIM_E_ARGUMENT);
  out.data = NULL;
  assert_int_equal(gate_check_output(&out, &in, SCRIM_SCORES, 2, 5, &error), SCRIM_E_ARGUMENT);
  assert_string_equal(error.message, "output data is NULL");
}

static void overlap_is_all_or_nothing(void **state) {
  (void)state;
  scrim_view in = view(10, 5); /* values 10..19 */
  for (size_t at = 0; at <= 20; at++) {
    scrim_view out = view(at, 5);
    int fine = at == 0 || at == 10 || at == 20; /* beside it on either side, or in place */
    assert_int_equal(gate_check_output(&out, &in, SCRIM_SCORES, 2, 5, NULL), fine ? SCRIM_OK : SCRIM_E_ARGUMENT);
  }
  scrim_view around = view(5, 12); /* the whole of a larger buffer counts, not only the rows that are due */
  assert_int_equal(gate_check_output(&around, &in, SCRIM_SCORES, 2, 1, NULL), SCRIM_E_ARGUMENT);
}

static void results_are_looked_at_too(void **state) {
  (void)state;
  memset(memory, 0, sizeof memory);
  scrim_view out = view(0, 5);
  scrim_error error;
  assert_int_equal(gate_check_result(&out, 5, 0, &error), SCRIM_OK);
  assert_int_equal(gate_check_result(&out, 4, 0, &error), SCRIM_E_INTERNAL);
  memory[7] = NAN;
  assert_int_equal(gate_check_result(&out, 5, 0, &error), SCRIM_E_INTERNAL);
  assert_int_equal(error.row, 3);
}

/* Each policy lets its own pass, and nothing else. */
static void filters_may_take_more(void **state) {
  (void)state;
  memset(memory, 0, sizeof memory);
  scrim_view in = view(0, 5);
  memory[3] = NAN;
  assert_int_equal(gate_check_input(&in, SCRIM_SCORES, 2, FILTER_TAKES_EMPTY, NULL), SCRIM_E_DATA);
  assert_int_equal(gate_check_input(&in, SCRIM_SCORES, 2, FILTER_TAKES_WILD, NULL), SCRIM_OK);
  assert_int_equal(gate_check_input(&in, SCRIM_SCORES, 3, FILTER_TAKES_WILD, NULL), SCRIM_E_DATA);
  assert_int_equal(gate_check_result(&in, 5, FILTER_TAKES_EMPTY, NULL), SCRIM_E_INTERNAL);
  assert_int_equal(gate_check_result(&in, 5, FILTER_TAKES_WILD, NULL), SCRIM_OK);
  assert_int_equal(gate_check_result(&in, 4, FILTER_TAKES_WILD, NULL), SCRIM_E_INTERNAL);
  in.rows = 0;
  assert_int_equal(gate_check_input(&in, SCRIM_SCORES, 2, FILTER_TAKES_WILD, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(gate_check_input(&in, SCRIM_SCORES, 2, FILTER_TAKES_EMPTY, NULL), SCRIM_OK);
  in.rows = SIZE_MAX / 4;
  assert_int_equal(gate_check_input(&in, SCRIM_SCORES, 2, FILTER_TAKES_WILD | FILTER_TAKES_EMPTY, NULL),
                   SCRIM_E_ARGUMENT);
}

static void closing_wipes_the_whole_buffer(void **state) {
  (void)state;
  for (int i = 0; i < 40; i++) memory[i] = 1;
  scrim_view out = view(10, 5);
  out.rows = 2;
  gate_close(&out);
  assert_int_equal(out.rows, 0);
  for (int i = 0; i < 40; i++) assert_true(memory[i] == (i >= 10 && i < 20 ? 0.0f : 1.0f)); /* and nothing else */

  gate_close(NULL);
  out.data = NULL;
  out.rows = 2;
  gate_close(&out);
  assert_int_equal(out.rows, 0);
  out = view(0, 1);
  out.capacity = SIZE_MAX; /* no such memory: nothing is touched */
  gate_close(&out);
  assert_int_equal(out.rows, 0);
  assert_true(memory[0] == 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(plain_input_passes),        cmocka_unit_test(broken_contracts_are_named),
      cmocka_unit_test(every_wild_value_is_found), cmocka_unit_test(audio_needs_a_rate),
      cmocka_unit_test(output_must_have_room),     cmocka_unit_test(overlap_is_all_or_nothing),
      cmocka_unit_test(results_are_looked_at_too), cmocka_unit_test(closing_wipes_the_whole_buffer),
      cmocka_unit_test(filters_may_take_more),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
