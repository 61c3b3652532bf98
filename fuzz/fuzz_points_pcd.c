/* Any bytes as a PCD file, its compression included. */
#include "points_fuzz.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n) {
  fuzz_points(&points_pcd, NULL, bytes, n);
  return 0;
}
