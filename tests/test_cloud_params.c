/* The published parameters: each is read into its own field and no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "pointcloud_defense/cloud_filter.h"
#include <cmocka.h>
#include <string.h>

typedef enum field_type { INT, SIZE, DOUBLE } field_type;

#define FIELD(name, value, field, type)                                                                                \
  { name, value, offsetof(cloud_settings, field), type }

static const struct {
  const char *name;
  double value; /* not the default */
  size_t offset;
  field_type type;
} fields[CLOUD_PARAMS] = {
    FIELD("mode", 2, mode, INT),
    FIELD("k", 11, k, SIZE),
    FIELD("iterations", 5, iterations, INT),
    FIELD("floor", 1.5, floor, DOUBLE),
    FIELD("baseline", 0.25, baseline, DOUBLE),
    FIELD("quantile", 0.75, quantile, DOUBLE),
    FIELD("frames", 17, frames, SIZE),
    FIELD("measure", 6, outlier.rule, INT),
    FIELD("threshold", 0.375, outlier.threshold, DOUBLE),
    FIELD("deviations", 2.5, outlier.deviations, DOUBLE),
    FIELD("radius", 3.5, outlier.radius, DOUBLE),
    FIELD("cap", 0.125, cap, DOUBLE),
    FIELD("zero", 0, zero_is_nowhere, INT),
    FIELD("threads", 3, threads, INT),
    FIELD("objects", 77, objects, SIZE),
    FIELD("step", 9, step, INT),
    FIELD("step_scale", 2.5, step_scale, DOUBLE),
    FIELD("clean_noise", 0.375, clean_noise, DOUBLE),
    FIELD("step_cap", 41, step_cap, INT),
    FIELD("step_levels", 1, step_levels, INT),
    FIELD("passes", 5, passes, INT),
    FIELD("leaps", 6, leaps, INT),
    FIELD("noise", 0.625, noise, DOUBLE),
    FIELD("polish", 4, polish, INT),
    FIELD("width", 24, prior.shape.width, INT),
    FIELD("latent", 33, prior.shape.latent, INT),
    FIELD("epochs", 13, prior.epochs, SIZE),
    FIELD("batch", 18, prior.batch, SIZE),
    FIELD("points", 55, prior.points, SIZE),
    FIELD("rate", 0.0625, prior.rate, DOUBLE),
    FIELD("reach", 66, prior.reach, INT),
    FIELD("shapes", 88, shapes, SIZE),
    FIELD("intensity", 1, marker.shape.intensity, INT),
    FIELD("marker_width", 48, marker.shape.width, INT),
    FIELD("marker_epochs", 7, marker.epochs, SIZE),
    FIELD("scenes", 99, scenes, SIZE),
    FIELD("step_least", 4, step_least, INT),
};

static double field(const cloud_settings *s, size_t i) {
  const char *at = (const char *)s + fields[i].offset;
  if (fields[i].type == INT) return *(const int *)at;
  return fields[i].type == SIZE ? (double)*(const size_t *)at : *(const double *)at;
}

/* With numbers given for whatever is usual for a measure, so that another measure brings no others. */
static cloud_settings settings_with(const char *name, double value) {
  static const char *const usual[] = {"threshold", "deviations", "radius"};
  scrim_config config;
  cloud_settings settings;
  assert_int_equal(scrim_config_init(&config, "cloud", NULL), SCRIM_OK);
  for (size_t i = 0; i < 3; i++) assert_int_equal(scrim_config_set(&config, usual[i], 9, NULL), SCRIM_OK);
  if (name != NULL) assert_int_equal(scrim_config_set(&config, name, value, NULL), SCRIM_OK);
  assert_int_equal(cloud_settings_read(&settings, &config, NULL), SCRIM_OK);
  return settings;
}

static void every_parameter_has_its_field(void **state) {
  (void)state;
  _Static_assert(sizeof(cloud_mode) == sizeof(int) && sizeof(outlier_rule) == sizeof(int), "both are read as an int");
  const cloud_settings defaults = settings_with(NULL, 0);
  for (size_t p = 0; p < CLOUD_PARAMS; p++) {
    const cloud_settings settings = settings_with(fields[p].name, fields[p].value);
    for (size_t i = 0; i < CLOUD_PARAMS; i++) {
      assert_true(field(&settings, i) == (i == p ? fields[p].value : field(&defaults, i)));
      if (i == p) assert_true(field(&defaults, i) != fields[p].value);
    }
  }
}

static void the_table_is_sane(void **state) {
  (void)state;
  size_t n;
  const scrim_param *params = scrim_params("cloud", &n);
  assert_int_equal(n, CLOUD_PARAMS);
  for (size_t i = 0; i < n; i++) {
    size_t same = 0;
    assert_true(params[i].min <= params[i].value && params[i].value <= params[i].max);
    assert_true(params[i].help[strlen(params[i].help) - 1] != '.');
    for (size_t j = 0; j < CLOUD_PARAMS; j++) same += strcmp(params[i].name, fields[j].name) == 0;
    assert_int_equal(same, 1);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_parameter_has_its_field),
      cmocka_unit_test(the_table_is_sane),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
