/* Any bytes as an LAS file. */
#include "points_fuzz.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n) {
  fuzz_points(&points_las, NULL, bytes, n);
  return 0;
}
