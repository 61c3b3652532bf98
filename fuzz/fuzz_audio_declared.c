/* Any bytes as a file of sound whose header is held against its length. libsndfile itself is not called. */
#define _GNU_SOURCE /* memfd_create */
#include "formats/audio_declared.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n) {
  static int fd = -1; /* one for all runs: making one takes longer than reading it */
  scrim_error error = {.message = ""};
  if (fd < 0) fd = memfd_create("fuzz", 0);
  if (fd < 0 || ftruncate(fd, (off_t)n) != 0 || pwrite(fd, bytes, n, 0) != (ssize_t)n) abort();
  const scrim_status status = audio_declared_check(fd, "fuzz", &error);
  if (status != SCRIM_OK && (status != SCRIM_E_FORMAT || error.message[0] == '\0')) abort();
  return 0;
}
