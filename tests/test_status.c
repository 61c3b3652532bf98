/* Every status has its name and its exit code; other numbers have neither. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <scrim/status.h>
#include <scrim/version.h>
#include <stdio.h>

static void names_and_codes(void **state) {
  (void)state;
  static const struct {
    scrim_status status;
    int number;
    const char *name;
    int code;
  } expected[] = {
      {SCRIM_OK, 0, "SCRIM_OK", 0},
      {SCRIM_E_ARGUMENT, 1, "SCRIM_E_ARGUMENT", 64},
      {SCRIM_E_PARAM, 2, "SCRIM_E_PARAM", 64},
      {SCRIM_E_DATA, 3, "SCRIM_E_DATA", 65},
      {SCRIM_E_FORMAT, 4, "SCRIM_E_FORMAT", 65},
      {SCRIM_E_IO, 5, "SCRIM_E_IO", 74},
      {SCRIM_E_MEMORY, 6, "SCRIM_E_MEMORY", 75},
      {SCRIM_E_KEY, 7, "SCRIM_E_KEY", 77},
      {SCRIM_E_UNSUPPORTED, 8, "SCRIM_E_UNSUPPORTED", 64},
      {SCRIM_E_STATE, 9, "SCRIM_E_STATE", 70},
      {SCRIM_E_CANCELLED, 10, "SCRIM_E_CANCELLED", 75},
      {SCRIM_E_INTERNAL, 11, "SCRIM_E_INTERNAL", 70},
      {SCRIM_E_DEVICE, 12, "SCRIM_E_DEVICE", 69},
  };
  for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
    assert_int_equal(expected[i].status, expected[i].number);
    assert_string_equal(scrim_status_name(expected[i].status), expected[i].name);
    assert_int_equal(scrim_status_exit_code(expected[i].status), expected[i].code);
  }
}

static void unknown_numbers(void **state) {
  (void)state;
  static const int unknown[] = {13, 255, -1, 1 << 30};
  for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
    assert_string_equal(scrim_status_name((scrim_status)unknown[i]), "unknown status");
    assert_int_equal(scrim_status_exit_code((scrim_status)unknown[i]), 70);
  }
}

static void version_agrees_with_its_parts(void **state) {
  (void)state;
  char text[32];
  snprintf(text, sizeof text, "%d.%d.%d", SCRIM_VERSION_MAJOR, SCRIM_VERSION_MINOR, SCRIM_VERSION_PATCH);
  assert_string_equal(text, SCRIM_VERSION);
  assert_string_equal(scrim_version(), SCRIM_VERSION);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_and_codes),
      cmocka_unit_test(unknown_numbers),
      cmocka_unit_test(version_agrees_with_its_parts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
