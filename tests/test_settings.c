/* Settings in filter files: stored whole, read back, refused when a file has what the table has not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/settings.h"
#include "toy_filter.h"
#include <cmocka.h>

/* A file with one piece of metadata, or none; the settings that are read from it. */
static scrim_status get_with(const char *name, const char *value, scrim_config *config, scrim_error *error) {
  tensorfile_writer *writer;
  tensorfile *file;
  unsigned char *bytes;
  size_t n;
  assert_int_equal(tensorfile_writer_create(&writer, NULL), SCRIM_OK);
  if (name != NULL) assert_int_equal(tensorfile_put_meta(writer, name, value, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_bytes(writer, &bytes, &n, NULL), SCRIM_OK);
  tensorfile_writer_free(writer);
  assert_int_equal(tensorfile_parse(&file, bytes, n, NULL), SCRIM_OK);
  memory_free(bytes);
  scrim_status status = settings_get(config, &toy_filter, file, error);
  tensorfile_close(file);
  return status;
}

static void what_is_put_comes_back(void **state) {
  (void)state;
  scrim_config config, back;
  assert_int_equal(settings_defaults(&config, &toy_filter, NULL), SCRIM_OK);
  assert_int_equal(scrim_config_set(&config, "scale", 1.0 / 3, NULL), SCRIM_OK);
  tensorfile_writer *writer;
  tensorfile *file;
  unsigned char *bytes;
  size_t n;
  assert_int_equal(tensorfile_writer_create(&writer, NULL), SCRIM_OK);
  assert_int_equal(settings_put(&config, writer, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_bytes(writer, &bytes, &n, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_parse(&file, bytes, n, NULL), SCRIM_OK);
  assert_string_equal(tensorfile_meta(file, "param.steps"), "5"); /* defaults are stored too */
  assert_int_equal(settings_get(&back, &toy_filter, file, NULL), SCRIM_OK);
  assert_memory_equal(back.value, config.value, sizeof back.value);
  for (int i = 0; i < TOY_PARAMS; i++) assert_int_equal(back.is_set[i], 0);
  tensorfile_close(file);
  memory_free(bytes);
  tensorfile_writer_free(writer);
}

static void what_is_missing_gets_the_default(void **state) {
  (void)state;
  scrim_config config;
  double value;
  assert_int_equal(get_with(NULL, NULL, &config, NULL), SCRIM_OK);
  assert_int_equal(scrim_config_get(&config, "steps", &value, NULL), SCRIM_OK);
  assert_true(value == 5);
  assert_int_equal(get_with("param.steps", "7", &config, NULL), SCRIM_OK);
  assert_int_equal(scrim_config_get(&config, "steps", &value, NULL), SCRIM_OK);
  assert_true(value == 7);
  assert_int_equal(get_with("parameters", "of another kind", &config, NULL), SCRIM_OK);
}

static void foreign_settings_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *name, *value, *message;
  } bad[] = {
      {"param.speed", "1", "stored settings: no parameter is called 'speed'"},
      {"param.", "1", "stored settings: no parameter is called ''"},
      {"param.steps", "10", "stored settings: steps = 10 is outside 1..9"},
      {"param.steps", "1.5", "stored settings: steps = 1.5 is not a whole number"},
      {"param.steps", "five", "'param.steps': 'five' is not a number"},
      {"param.steps", "", "'param.steps': '' is not a number"},
      {"param.steps", "nan", "'param.steps': 'nan' is not a number"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    scrim_config config;
    scrim_error error;
    assert_int_equal(get_with(bad[i].name, bad[i].value, &config, &error), SCRIM_E_FORMAT);
    assert_int_equal(error.status, SCRIM_E_FORMAT);
    assert_string_equal(error.message, bad[i].message);
  }
}

static void overrides_obey_their_use(void **state) {
  (void)state;
  scrim_config own, wanted;
  scrim_error error;
  double value;
  assert_int_equal(settings_defaults(&own, &toy_filter, NULL), SCRIM_OK);
  assert_int_equal(settings_defaults(&wanted, &toy_filter, NULL), SCRIM_OK);
  own.value[0] = 7; /* trained with another scale than the default */
  assert_int_equal(scrim_config_set(&wanted, "shift", 3, NULL), SCRIM_OK);
  assert_int_equal(settings_override(&own, &wanted, NULL), SCRIM_OK);
  assert_int_equal(scrim_config_get(&own, "shift", &value, NULL), SCRIM_OK);
  assert_true(value == 3);
  assert_int_equal(scrim_config_get(&own, "scale", &value, NULL), SCRIM_OK);
  assert_true(value == 7); /* the default of `wanted` does not count */

  assert_int_equal(scrim_config_set(&wanted, "scale", 2, NULL), SCRIM_OK);
  assert_int_equal(settings_override(&own, &wanted, &error), SCRIM_E_PARAM);
  assert_string_equal(error.message, "parameter 'scale' is fixed when a filter is trained: it is 7 in this one, not 2");
  assert_int_equal(scrim_config_set(&wanted, "scale", 7, NULL), SCRIM_OK); /* the same value changes nothing */
  assert_int_equal(settings_override(&own, &wanted, NULL), SCRIM_OK);
}

static void a_config_belongs_to_its_filter(void **state) {
  (void)state;
  scrim_config config;
  assert_int_equal(settings_defaults(&config, &toy_filter, NULL), SCRIM_OK);
  assert_int_equal(settings_check(&config, &toy_filter, NULL), SCRIM_OK);
  assert_int_equal(settings_check(&config, NULL, NULL), SCRIM_OK);
  assert_int_equal(settings_check(&config, &delay_filter, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(settings_check(NULL, &toy_filter, NULL), SCRIM_E_ARGUMENT);
  filter_table huge = toy_filter;
  huge.n_params = SCRIM_CONFIG_MAX + 1;
  assert_int_equal(settings_defaults(&config, &huge, NULL), SCRIM_E_INTERNAL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_put_comes_back),         cmocka_unit_test(what_is_missing_gets_the_default),
      cmocka_unit_test(foreign_settings_are_refused),   cmocka_unit_test(overrides_obey_their_use),
      cmocka_unit_test(a_config_belongs_to_its_filter),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
