/* Any bytes as a stream of frames. */
#include "points_fuzz.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n) {
  fuzz_points(&points_stream, NULL, bytes, n);
  return 0;
}
