/* Any bytes as a capture of an Ouster sensor of two beams. */
#include "points_fuzz.h"
#include <stdio.h>
#include <unistd.h>

static const char metadata[] =
    "{\"pixels_per_column\": 2, \"columns_per_frame\": 4, \"columns_per_packet\": 2, \"pixel_shift_by_row\": [0, -1], "
    "\"beam_altitude_angles\": [0, 30], \"beam_azimuth_angles\": [0, 90], \"lidar_origin_to_beam_origin_mm\": 20";

/* A file without a name, as a path; written once. */
static const char *metadata_path(int low_data) {
  static char paths[2][32];
  char name[] = "/tmp/fuzz-XXXXXX";
  if (paths[low_data][0] != '\0') return paths[low_data];
  int fd = mkstemp(name);
  const char *end = low_data ? ", \"udp_profile_lidar\": \"RNG15_RFL8_NIR8\"}" : "}";
  if (fd < 0 || unlink(name) != 0 || write(fd, metadata, sizeof metadata - 1) < 0 || write(fd, end, strlen(end)) < 0)
    abort();
  snprintf(paths[low_data], sizeof paths[0], "/dev/fd/%d", fd);
  return paths[low_data];
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n) {
  for (int low_data = 0; low_data < 2; low_data++) {
    const scrim_points_options options = {.metadata = metadata_path(low_data)};
    fuzz_points(&points_ouster, &options, bytes, n);
  }
  return 0;
}
