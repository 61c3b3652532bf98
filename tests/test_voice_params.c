/* The published parameters: each is read into its own field and no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "voice_deid/voice_settings.h"
#include <cmocka.h>
#include <scrim.h>
#include <string.h>

typedef enum field_type { INT, SIZE, DOUBLE } field_type;

#define FIELD(name, value, field, type)                                                                                \
  { name, value, offsetof(voice_settings, field), type }

static const struct {
  const char *name;
  double value; /* not the default */
  size_t offset;
  field_type type;
} fields[VOICE_PARAMS] = {
    FIELD("mode", 1, mode, INT),
    FIELD("strength", 2.5, perturb.strength, DOUBLE),
    FIELD("peak", 11, perturb.peak, DOUBLE),
    FIELD("fast_ratio", 1.75, fast_ratio, DOUBLE),
    FIELD("steps", 77, perturb.steps, INT),
    FIELD("step", 0.0625, perturb.rate, DOUBLE),
    FIELD("target_margin", 0.625, perturb.target_margin, DOUBLE),
    FIELD("source_margin", 1.125, perturb.source_margin, DOUBLE),
    FIELD("target_weight", 0.375, perturb.target_weight, DOUBLE),
    FIELD("plain_weight", 0.75, perturb.plain_weight, DOUBLE),
    FIELD("moves", 0.875, perturb.moves, DOUBLE),
    FIELD("channel", 7, perturb.channel, DOUBLE),
    FIELD("noise", 33, perturb.noise, DOUBLE),
    FIELD("cut", 1.75, perturb.cut, DOUBLE),
    FIELD("segment", 3.25, segment, DOUBLE),
    FIELD("room", 0.5625, room, DOUBLE),
    FIELD("unlike", -0.25, unlike, DOUBLE),
    FIELD("latent", 9, latent, INT),
    FIELD("hidden", 99, hidden, INT),
    FIELD("epochs", 13, epochs, SIZE),
    FIELD("clips", 5, clips, SIZE),
    FIELD("concentration", 21, concentration, DOUBLE),
    FIELD("near", 0.75, near, DOUBLE),
    FIELD("generator_hidden", 77, generator_hidden, INT),
    FIELD("generator_epochs", 3, generator_epochs, SIZE),
    FIELD("generator_batch", 5, generator_batch, SIZE),
    FIELD("generator_rate", 0.125, generator_rate, DOUBLE),
};

static double field(const voice_settings *s, size_t i) {
  const char *at = (const char *)s + fields[i].offset;
  if (fields[i].type == INT) return *(const int *)at;
  return fields[i].type == SIZE ? (double)*(const size_t *)at : *(const double *)at;
}

static voice_settings settings_with(const char *name, double value) {
  scrim_config config;
  voice_settings settings;
  assert_int_equal(scrim_config_init(&config, "voice", NULL), SCRIM_OK);
  if (name != NULL) assert_int_equal(scrim_config_set(&config, name, value, NULL), SCRIM_OK);
  assert_int_equal(voice_settings_read(&settings, &config, NULL), SCRIM_OK);
  return settings;
}

static void every_parameter_has_its_field(void **state) {
  (void)state;
  _Static_assert(sizeof(voice_mode) == sizeof(int), "it is read as an int");
  const voice_settings defaults = settings_with(NULL, 0);
  for (size_t p = 0; p < VOICE_PARAMS; p++) {
    const voice_settings settings = settings_with(fields[p].name, fields[p].value);
    for (size_t i = 0; i < VOICE_PARAMS; i++) {
      assert_true(field(&settings, i) == (i == p ? fields[p].value : field(&defaults, i)));
      if (i == p) assert_true(field(&defaults, i) != fields[p].value);
    }
  }
}

static void the_table_is_sane(void **state) {
  (void)state;
  size_t n;
  const scrim_param *params = scrim_params("voice", &n);
  assert_int_equal(n, VOICE_PARAMS);
  for (size_t i = 0; i < n; i++) {
    size_t same = 0;
    assert_true(params[i].min <= params[i].value && params[i].value <= params[i].max);
    assert_true(params[i].help[strlen(params[i].help) - 1] != '.');
    for (size_t j = 0; j < VOICE_PARAMS; j++) same += strcmp(params[i].name, fields[j].name) == 0;
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
