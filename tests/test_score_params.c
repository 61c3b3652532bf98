/* The published parameters: each is read into its own field and no other. */
#include "purifier/score_filter.h"
#include "score_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

typedef enum field_type { INT, SIZE, DOUBLE } field_type;

#define FIELD(name, value, field, type)                                                                                \
  { name, value, offsetof(score_settings, field), type }

static const struct {
  const char *name;
  double value; /* neither the default nor what any other parameter is set to */
  size_t offset;
  field_type type;
} fields[SCORE_PARAMS] = {
    FIELD("form", 2, form, INT),
    FIELD("strength", 0.35, strength, DOUBLE),
    FIELD("mix", 0.25, mix, DOUBLE),
    FIELD("decimals", 5, decimals, INT),
    FIELD("input_step", 0.0625, input_step, DOUBLE),
    FIELD("noise", 1.5, noise, DOUBLE),
    FIELD("swap", 1, swap, INT),
    FIELD("hidden1", 11, hidden[0], INT),
    FIELD("hidden2", 12, hidden[1], INT),
    FIELD("hidden3", 13, hidden[2], INT),
    FIELD("latent", 14, latent, INT),
    FIELD("log_features", 1, log_features, INT),
    FIELD("weight_reconstruction", 15, weight_reconstruction, DOUBLE),
    FIELD("weight_label", 16, weight_label, DOUBLE),
    FIELD("weight_kl", 17, weight_kl, DOUBLE),
    FIELD("weight_calibration", 18, weight_calibration, DOUBLE),
    FIELD("rank", 1, rank_reformed, INT),
    FIELD("epochs", 19, epochs, SIZE),
    FIELD("batch", 21, batch, SIZE),
    FIELD("rate", 0.5, rate, DOUBLE),
    FIELD("weight_decay", 0.75, weight_decay, DOUBLE),
    FIELD("holdout", 0.625, holdout, DOUBLE),
    FIELD("patience", 22, patience, SIZE),
    FIELD("leak", 0.125, leak, DOUBLE),
    FIELD("swap_rate", 0.375, swap_rate, DOUBLE),
    FIELD("swap_step", 0.875, swap_step, DOUBLE),
    FIELD("swap_grids", 7, swap_grids, INT),
};

static double field(const score_settings *s, size_t i) {
  const char *at = (const char *)s + fields[i].offset;
  if (fields[i].type == INT) return *(const int *)at;
  return fields[i].type == SIZE ? (double)*(const size_t *)at : *(const double *)at;
}

static score_settings settings_with(const char *name, double value) {
  scrim_config config;
  score_settings settings;
  assert_int_equal(scrim_config_init(&config, "scores", NULL), SCRIM_OK);
  if (name != NULL) assert_int_equal(scrim_config_set(&config, name, value, NULL), SCRIM_OK);
  assert_int_equal(score_settings_read(&settings, &config, NULL), SCRIM_OK);
  return settings;
}

static void every_parameter_has_its_field(void **state) {
  (void)state;
  _Static_assert(sizeof(score_form) == sizeof(int), "the form is read as an int");
  const score_settings defaults = settings_with(NULL, 0);
  for (size_t p = 0; p < SCORE_PARAMS; p++) {
    assert_string_equal(score_params[p].name, fields[p].name);
    assert_true(field(&defaults, p) == score_params[p].value);
    const score_settings changed = settings_with(fields[p].name, fields[p].value);
    for (size_t f = 0; f < SCORE_PARAMS; f++)
      assert_true(field(&changed, f) == (f == p ? fields[p].value : field(&defaults, f)));
    assert_true(fields[p].value != score_params[p].value);
  }
}

static void the_table_is_in_order(void **state) {
  (void)state;
  for (size_t p = 0; p < SCORE_PARAMS; p++) {
    const scrim_param *param = &score_params[p];
    assert_true(param->min <= param->value && param->value <= param->max);
    assert_true(strlen(param->help) > 0 && param->help[strlen(param->help) - 1] != '.');
    assert_true(param->use == SCRIM_PARAM_TRAIN || param->use == SCRIM_PARAM_APPLY);
    for (size_t q = 0; q < p; q++) assert_string_not_equal(param->name, score_params[q].name);
  }
}

static void a_config_of_another_kind_is_refused(void **state) {
  (void)state;
  static const scrim_param other[] = {{"volume", "not of scores", 1, 0, 2, 0, SCRIM_PARAM_APPLY}};
  const scrim_config config = {.params = other, .n = 1};
  score_settings settings;
  assert_int_equal(score_settings_read(&settings, &config, NULL), SCRIM_E_PARAM);
}

static void units_have_room_for_every_class(void **state) {
  (void)state;
  assert_int_equal(score_units(1, 2), 10);
  assert_int_equal(score_units(1, 3), 100); /* an even row of thirds does not fit on tenths with an arg max above */
  assert_int_equal(score_units(3, 10), 1000);
  assert_int_equal(score_units(3, 250), 1000);
  assert_int_equal(score_units(3, 251), 10000);
  assert_int_equal(score_units(1, 65536), 1000000);
  assert_int_equal(score_units(7, 65536), 10000000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_parameter_has_its_field),
      cmocka_unit_test(the_table_is_in_order),
      cmocka_unit_test(a_config_of_another_kind_is_refused),
      cmocka_unit_test(units_have_room_for_every_class),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
