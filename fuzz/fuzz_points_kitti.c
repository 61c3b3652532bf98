/* Any bytes as records without a header; the first says how wide they are. */
#include "points_fuzz.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n) {
  if (n == 0) return 0;
  const scrim_points_options options = {.bin_floats = 3 + bytes[0] % 62};
  fuzz_points(&points_kitti, &options, bytes + 1, n - 1);
  fuzz_points(&points_nuscenes, NULL, bytes + 1, n - 1);
  return 0;
}
