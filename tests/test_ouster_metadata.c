/* Ouster's JSON: both layouts, and each entry missing or hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/ouster_metadata.h"
#include "ouster_world.h"
#include "support/files.h"
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static scrim_status parse(ouster_metadata *out, const char *text, scrim_error *error) {
  return ouster_metadata_parse(out, text, strlen(text), "m.json", error);
}

static void both_layouts_say_the_same(void **state) {
  char flat[2048], nested[2048];
  ouster_metadata a, b;
  snprintf(flat, sizeof flat, ouster_flat_metadata, "");
  snprintf(nested, sizeof nested, ouster_nested_metadata, "");
  assert_int_equal(parse(&a, flat, NULL), SCRIM_OK);
  assert_int_equal(parse(&b, nested, NULL), SCRIM_OK);
  assert_string_equal(a.profile, "LEGACY");
  assert_true(a.beams == 2 && a.columns == 4 && a.packet_columns == 2);
  assert_true(a.altitude[1] == 30 && a.azimuth[1] == 90 && a.shift[1] == -1);
  assert_true(a.beam_origin_mm[0] == 20 && a.beam_origin_mm[1] == 0 && a.to_sensor[0] == -1 && a.to_sensor[11] == 100);
  assert_memory_equal(&a, &b, sizeof a);
  const char *path = files_path(*state, "m.json");
  files_write(path, nested, strlen(nested));
  assert_int_equal(ouster_metadata_read(&b, path, NULL), SCRIM_OK);
  assert_memory_equal(&a, &b, sizeof a);
}

static void the_profile_is_read(void **state) {
  (void)state;
  char text[2048];
  ouster_metadata m;
  snprintf(text, sizeof text, ouster_nested_metadata, ", \"udp_profile_lidar\": \"RNG15_RFL8_NIR8\"");
  assert_int_equal(parse(&m, text, NULL), SCRIM_OK);
  assert_string_equal(m.profile, "RNG15_RFL8_NIR8");
}

/* The flat text with the first `from` replaced. */
static void change(char *text, const char *from, const char *to) {
  char flat[2048];
  snprintf(flat, sizeof flat, ouster_flat_metadata, "");
  char *at = strstr(flat, from);
  assert_non_null(at);
  *at = '\0';
  sprintf(text, "%s%s%s", flat, to, at + strlen(from));
}

static void hostile_entries_are_named(void **state) {
  (void)state;
  static const struct {
    const char *from, *to, *why;
  } cases[] = {
      {"{", "[", "is no JSON object"},
      {"\"pixels_per_column\": 2", "\"pixels\": 2", "pixels_per_column is missing"},
      {"\"pixels_per_column\": 2", "\"pixels_per_column\": 0", "pixels_per_column is 0, expected a whole number"},
      {"\"pixels_per_column\": 2", "\"pixels_per_column\": 257", "from 1 to 256"},
      {"\"pixels_per_column\": 2", "\"pixels_per_column\": 3", "beam_altitude_angles has 2 numbers, expected 3"},
      {"\"columns_per_frame\": 4", "\"columns_per_frame\": 1e300", "columns_per_frame is 1e+300"},
      {"\"columns_per_frame\": 4", "\"columns_per_frame\": 4.5", "columns_per_frame is 4.5"},
      {"\"columns_per_packet\": 2", "\"columns_per_packet\": -2", "columns_per_packet is -2"},
      {"\"columns_per_packet\": 2", "\"columns_per_packet\": \"2\"", "columns_per_packet is 0"},
      {"[0, 30]", "[0, \"30\"]", "beam_altitude_angles, entry 1 is no number"},
      {"[0, 90]", "[0, 1e9]", "beam_azimuth_angles, entry 1 is no number up to a million"},
      {"[0, 90]", "90", "beam_azimuth_angles has 0 numbers"},
      {"[0, 90]", "{\"a\": 1, \"b\": 2}", "beam_azimuth_angles has 2 numbers"},
      {"[0, -1]", "[0, -4]", "pixel_shift_by_row, entry 1 is -4 in a frame of 4 columns"},
      {"[0, -1]", "[0.5, 1]", "pixel_shift_by_row, entry 0 is 0.5"},
      {"_origin_mm\": 20", "_origin_mm\": \"20\"", "lidar_origin_to_beam_origin_mm is missing"},
      {"100, 0, 0, 0, 1]", "100, 0, 0, 0]", "lidar_to_sensor_transform has 15 numbers, expected 16"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[2048];
    ouster_metadata m;
    scrim_error error = {.message = ""};
    change(text, cases[i].from, cases[i].to);
    assert_int_equal(parse(&m, text, &error), SCRIM_E_FORMAT);
    if (strstr(error.message, cases[i].why) == NULL) fail_msg("'%s' expected in: %s", cases[i].why, error.message);
    assert_non_null(strstr(error.message, "'m.json'"));
  }
}

static void text_cut_anywhere_is_refused(void **state) {
  (void)state;
  char text[2048];
  ouster_metadata m;
  snprintf(text, sizeof text, ouster_nested_metadata, "");
  for (size_t n = 0; n < strlen(text); n++)
    assert_int_equal(ouster_metadata_parse(&m, text, n, "m.json", NULL), SCRIM_E_FORMAT);
}

static void a_missing_file_is_named(void **state) {
  ouster_metadata m;
  scrim_error error;
  assert_int_equal(ouster_metadata_read(&m, files_path(*state, "none.json"), &error), SCRIM_E_IO);
  assert_non_null(strstr(error.message, "none.json"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(both_layouts_say_the_same), cmocka_unit_test(the_profile_is_read),
      cmocka_unit_test(hostile_entries_are_named), cmocka_unit_test(text_cut_anywhere_is_refused),
      cmocka_unit_test(a_missing_file_is_named),
  };
  return cmocka_run_group_tests(tests, files_setup, files_teardown);
}
