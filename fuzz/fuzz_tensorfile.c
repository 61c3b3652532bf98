/* Filter files: whatever the bytes, the reader answers, and what it lets through is whole. */
#include "core/tensorfile.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
  tensorfile *file;
  scrim_error error = {.message = ""};
  scrim_status status = tensorfile_parse(&file, bytes, n, &error);
  /* A refusal says why, and leaves nothing. */
  if (status != SCRIM_OK && (file != NULL || error.message[0] == '\0')) abort();

  const char *name, *value;
  for (size_t i = 0; status == SCRIM_OK && tensorfile_meta_at(file, i, &name, &value); i++)
    if (tensorfile_meta(file, name) != value || strlen(value) > n) abort();
  tensorfile_close(file);
  return 0;
}
