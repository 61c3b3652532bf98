/* Parameters by name: defaults, ranges, spelling. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "toy_filter.h"
#include <cmocka.h>

static scrim_config toy_config(void) {
  scrim_config config;
  assert_int_equal(scrim_config_init(&config, "toy", NULL), SCRIM_OK);
  return config;
}

static double value_of(const scrim_config *config, const char *name) {
  double value = NAN;
  assert_int_equal(scrim_config_get(config, name, &value, NULL), SCRIM_OK);
  return value;
}

static void tables_are_found_by_kind(void **state) {
  (void)state;
  size_t n = 9;
  assert_ptr_equal(scrim_params("toy", &n), toy_params);
  assert_int_equal(n, TOY_PARAMS);
  assert_ptr_equal(scrim_params("toy", NULL), toy_params);
  assert_null(scrim_params("nothing", &n));
  assert_int_equal(n, 0);
  assert_null(scrim_params(NULL, &n));
  assert_null(scrim_params("delay", &n)); /* a filter without parameters */
}

static void defaults_come_first(void **state) {
  (void)state;
  scrim_config config = toy_config();
  assert_true(value_of(&config, "scale") == 1 && value_of(&config, "steps") == 5 && value_of(&config, "shift") == 0);
  for (int i = 0; i < TOY_PARAMS; i++) assert_int_equal(config.is_set[i], 0);
}

static void values_are_set_and_marked(void **state) {
  (void)state;
  scrim_config config = toy_config();
  assert_int_equal(scrim_config_set(&config, "scale", 100, NULL), SCRIM_OK);
  assert_int_equal(scrim_config_parse(&config, "shift=-2.5e0", NULL), SCRIM_OK);
  assert_true(value_of(&config, "scale") == 100 && value_of(&config, "shift") == -2.5);
  assert_int_equal(config.is_set[0], 1);
  assert_int_equal(config.is_set[1], 0);
  assert_int_equal(config.is_set[2], 1);
  assert_true(scrim_config_is_set(&config, "scale") && scrim_config_is_set(&config, "shift"));
  assert_false(scrim_config_is_set(&config, "steps"));
  scrim_config copy = config; /* by value */
  assert_true(value_of(&copy, "scale") == 100);
}

static void refusals_name_value_and_range(void **state) {
  (void)state;
  static const struct {
    const char *name;
    double value;
    const char *message;
  } bad[] = {
      {"scale", 100.5, "scale = 100.5 is outside 0..100"}, {"scale", -1, "scale = -1 is outside 0..100"},
      {"scale", NAN, "scale = nan is outside 0..100"},     {"scale", INFINITY, "scale = inf is outside 0..100"},
      {"steps", 2.5, "steps = 2.5 is not a whole number"}, {"Scale", 1, "no parameter is called 'Scale'"},
      {"scal", 1, "no parameter is called 'scal'"},        {"", 1, "no parameter is called ''"},
  };
  scrim_config config = toy_config();
  scrim_error error;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_int_equal(scrim_config_set(&config, bad[i].name, bad[i].value, &error), SCRIM_E_PARAM);
    assert_string_equal(error.message, bad[i].message);
  }
  assert_true(value_of(&config, "scale") == 1 && value_of(&config, "steps") == 5); /* as before */
  double value;
  assert_int_equal(scrim_config_get(&config, "none", &value, NULL), SCRIM_E_PARAM);
}

static void assignments_are_parsed_strictly(void **state) {
  (void)state;
  static const char *const bad[] = {"scale",    "",          "=",       "scale=",    "=1",        "scale= 1",
                                    "scale =1", "scale=1,5", "scale=x", "scale=nan", "scale=1=1", "scale=0x1"};
  scrim_config config = toy_config();
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    assert_int_equal(scrim_config_parse(&config, bad[i], NULL), SCRIM_E_PARAM);
  assert_true(value_of(&config, "scale") == 1);
}

static void misuse_is_an_error(void **state) {
  (void)state;
  scrim_config config = toy_config(), garbage;
  scrim_error error;
  double value;
  assert_int_equal(scrim_config_init(NULL, "toy", NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_config_init(&config, NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_config_init(&config, "nothing", &error), SCRIM_E_UNSUPPORTED);
  assert_string_equal(error.message, "no filter is called 'nothing'");
  assert_int_equal(scrim_config_set(&config, "scale", 1, NULL), SCRIM_E_PARAM); /* zeroed: no parameters */
  config = toy_config();
  assert_int_equal(scrim_config_set(NULL, "scale", 1, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_config_set(&config, NULL, 1, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_config_parse(&config, NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_config_get(&config, "scale", NULL, NULL), SCRIM_E_ARGUMENT);
  memset(&garbage, 0xa5, sizeof garbage);
  assert_int_equal(scrim_config_set(&garbage, "scale", 1, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_config_get(&garbage, "scale", &value, NULL), SCRIM_E_ARGUMENT);
  assert_false(scrim_config_is_set(&garbage, "scale"));
  assert_false(scrim_config_is_set(NULL, "scale"));
  assert_false(scrim_config_is_set(&config, NULL));
  assert_false(scrim_config_is_set(&config, "none"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tables_are_found_by_kind),        cmocka_unit_test(defaults_come_first),
      cmocka_unit_test(values_are_set_and_marked),       cmocka_unit_test(refusals_name_value_and_range),
      cmocka_unit_test(assignments_are_parsed_strictly), cmocka_unit_test(misuse_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
