/* Any bytes as a PLY file. */
#include "points_fuzz.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n) {
  fuzz_points(&points_ply, NULL, bytes, n);
  return 0;
}
