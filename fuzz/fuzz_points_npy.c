/* Any bytes as an npy array of points. */
#include "points_fuzz.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n) {
  fuzz_points(&points_npy, NULL, bytes, n);
  return 0;
}
