/* Any bytes as the metadata of an Ouster sensor. */
#include "formats/ouster_metadata.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n) {
  ouster_metadata m;
  scrim_error error = {.message = ""};
  scrim_status status = ouster_metadata_parse(&m, (const char *)bytes, n, "fuzz", &error);
  if (status != SCRIM_OK && error.message[0] == '\0') abort();
  if (status != SCRIM_OK) return 0;
  if (m.beams == 0 || m.beams > OUSTER_BEAMS || m.columns == 0 || m.columns > OUSTER_COLUMNS) abort();
  for (size_t i = 0; i < m.beams; i++)
    if (abs(m.shift[i]) >= (int)m.columns) abort();
  return 0;
}
