/* Frames out of Ouster packets: the manual's geometry worked by hand, frames told apart, packets lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "ouster_world.h"
#include "support/files.h"
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static scrim_points_options options_for(const char *folder, const char *layout, const char *profile) {
  char text[2048];
  const char *path = files_path(folder, "metadata.json");
  snprintf(text, sizeof text, layout, profile);
  files_write(path, text, strlen(text));
  return (scrim_points_options){.metadata = path};
}

#define LOW_DATA ", \"udp_profile_lidar\": \"RNG15_RFL8_NIR8\""

static void put(world_file *file, int low_data, unsigned frame, unsigned first) {
  unsigned char packet[256];
  size_t n = low_data ? ouster_low_data(packet, frame, first) : ouster_legacy(packet, frame, first);
  ouster_packet(file, packet, n);
}

static void expect_at(const float *xyz, double x, double y, double z) {
  assert_true(fabs(xyz[0] - x) < 1e-6 && fabs(xyz[1] - y) < 1e-6 && fabs(xyz[2] - z) < 1e-6);
}

/*
 * Columns stand at 0, 270, 180 and 90 degrees, the beams start 20 mm from the axis, the sensor's frame is turned by
 * 180 degrees and 0.1 m lower. Beam 1 points 30 degrees up and 90 degrees back; its row is one column early.
 */
static void points_lie_where_the_manual_says(void **state) {
  const char *const layouts[] = {ouster_flat_metadata, ouster_nested_metadata};
  for (int low_data = 0; low_data < 2; low_data++) {
    world_file file;
    scrim_points_options options = options_for(*state, layouts[low_data], low_data ? LOW_DATA : "");
    float xyz[24], range[8], intensity[8], ambient[8], time[8], ring[8];
    ouster_capture(&file);
    put(&file, low_data, 0, 0);
    put(&file, low_data, 0, 2);
    scrim_points_reader *reader = world_open(file.at, file.n, &points_ouster, &options);
    scrim_points *points = world_next(reader);
    assert_true(points->info.n == 8 && points->info.width == 4 && points->info.height == 2);
    assert_int_equal(points->info.stamp_ns, 5000);
    scrim_points_get_xyz(points, xyz);
    scrim_points_get_values(points, (size_t)scrim_points_find(points, "range"), range);
    scrim_points_get_values(points, (size_t)scrim_points_find(points, "intensity"), intensity);
    scrim_points_get_values(points, (size_t)scrim_points_find(points, "ambient"), ambient);
    scrim_points_get_values(points, (size_t)scrim_points_find(points, "t"), time);
    scrim_points_get_values(points, (size_t)scrim_points_find(points, "ring"), ring);
    float units = low_data ? 8 : 1;
    for (int c = 0; c < 4; c++) { /* column c of beam 1 stands one place to the left */
      assert_true(range[c] == floorf((1000 + 10 * (float)c) / units) * units && time[c] == (float)c);
      assert_true(range[4 + (c + 3) % 4] == floorf((1001 + 10 * (float)c) / units) * units);
      assert_true(ring[c] == 0 && ring[4 + c] == 1 && ambient[c] == (low_data ? 144 : 300));
      assert_true(intensity[c] == (low_data ? 40 : 700));
    }
    expect_at(xyz, -range[0] / 1e3, 0, 0.1);
    expect_at(xyz + 3, 0, range[1] / 1e3, 0.1);
    expect_at(xyz + 6, range[2] / 1e3, 0, 0.1);
    double length = (range[7] - 20) / 1e3; /* beam 1, column 0: from (0.02, 0, 0) towards -y and up */
    expect_at(xyz + 21, -0.02, length * sqrt(0.75), length * 0.5 + 0.1);
    world_close(reader);
  }
}

static void frames_are_told_apart_and_gaps_are_not_numbers(void **state) {
  world_file file;
  scrim_points_options options = options_for(*state, ouster_flat_metadata, "");
  float xyz[24], range[8];
  ouster_capture(&file);
  put(&file, 0, 65535, 2); /* frame numbers wrap */
  put(&file, 0, 0, 0);
  put(&file, 0, 65535, 0); /* too late */
  ouster_packet(&file, "motion", 6);
  put(&file, 0, 0, 2);
  put(&file, 0, 1, 0);
  scrim_points_reader *reader = world_open(file.at, file.n, &points_ouster, &options);
  scrim_points *points = world_next(reader);
  scrim_points_get_xyz(points, xyz);
  assert_true(isnan(xyz[0]) && isnan(xyz[3]) && !isnan(xyz[6]) && !isnan(xyz[9]));
  points = world_next(reader);
  scrim_points_get_values(points, (size_t)scrim_points_find(points, "range"), range);
  for (int c = 0; c < 4; c++) assert_true(range[c] == 1000 + 10 * c);
  points = world_next(reader);
  assert_int_equal(points->info.frame, 2);
  scrim_points_get_values(points, (size_t)scrim_points_find(points, "range"), range);
  assert_true(range[0] == 2000 && range[2] == 0);
  assert_int_equal(scrim_points_reader_next(reader, &points, NULL), SCRIM_OK);
  assert_null(points);
  world_close(reader);
}

static void columns_that_are_not_valid_are_passed_over(void **state) {
  unsigned char packet[256];
  world_file file;
  scrim_points_options options = options_for(*state, ouster_flat_metadata, "");
  float range[8];
  ouster_capture(&file);
  size_t n = ouster_legacy(packet, 0, 0);
  packet[n - 1] = 0;                                     /* status of the second column */
  packet[16] = packet[17] = packet[18] = packet[19] = 0; /* nothing came back to the first pixel */
  ouster_packet(&file, packet, n);
  ouster_legacy(packet, 0, 9); /* there is no column 9 */
  ouster_packet(&file, packet, n);
  scrim_points_reader *reader = world_open(file.at, file.n, &points_ouster, &options);
  scrim_points *points = world_next(reader);
  scrim_points_get_values(points, (size_t)scrim_points_find(points, "range"), range);
  for (size_t i = 0; i < 8; i++) assert_true(range[i] == (i == 7 ? 1001 : 0));
  world_close(reader);
}

static void what_does_not_fit_is_named(void **state) {
  world_file file;
  scrim_error error;
  scrim_points_options options = options_for(*state, ouster_flat_metadata, "");
  ouster_capture(&file);
  assert_int_equal(world_status(file.at, file.n, &points_ouster, &options, NULL), SCRIM_OK);
  assert_int_equal(world_status(file.at, file.n, &points_ouster, NULL, &error), SCRIM_E_PARAM);
  assert_non_null(strstr(error.message, "need the sensor's metadata"));
  ouster_packet(&file, "motion", 6);
  assert_int_equal(world_status(file.at, file.n, &points_ouster, &options, &error), SCRIM_E_FORMAT);
  assert_non_null(strstr(error.message, "none of its 1 packets has the 88 bytes of LEGACY with 2 beams"));
  options = options_for(*state, ouster_flat_metadata, ", \"udp_profile_lidar\": \"RNG99\"");
  assert_int_equal(world_status(file.at, file.n, &points_ouster, &options, &error), SCRIM_E_UNSUPPORTED);
  assert_non_null(strstr(error.message, "profile 'RNG99'"));
}

/* Whole packets make frames; within a packet it is an error. */
static void captures_cut_within_a_packet_are_refused(void **state) {
  world_file file;
  scrim_points_options options = options_for(*state, ouster_flat_metadata, "");
  ouster_capture(&file);
  size_t header = file.n;
  put(&file, 0, 0, 0);
  size_t packet = file.n - header;
  put(&file, 0, 1, 2);
  for (size_t n = 0; n <= file.n; n++) {
    scrim_status expected = n >= header && (n - header) % packet == 0 ? SCRIM_OK : SCRIM_E_FORMAT;
    assert_int_equal(world_status(file.at, n, &points_ouster, &options, NULL), expected);
  }
}

static void memory_may_run_out_anywhere(void **state) {
  world_file file;
  scrim_points_options options = options_for(*state, ouster_flat_metadata, "");
  ouster_capture(&file);
  put(&file, 0, 0, 0);
  put(&file, 0, 1, 0);
  world_starve(&file, &points_ouster, &options);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(points_lie_where_the_manual_says),
      cmocka_unit_test(frames_are_told_apart_and_gaps_are_not_numbers),
      cmocka_unit_test(columns_that_are_not_valid_are_passed_over),
      cmocka_unit_test(what_does_not_fit_is_named),
      cmocka_unit_test(captures_cut_within_a_packet_are_refused),
      cmocka_unit_test(memory_may_run_out_anywhere),
  };
  return cmocka_run_group_tests(tests, files_setup, files_teardown);
}
