/* Any bytes as a list of sound; the first one says which format. No command ever comes out as a path. */
#include "formats/audio_list_parts.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n) {
  scrim_audio_list *list;
  scrim_audio_entry entry;
  scrim_error error = {.message = ""};
  int found = 1;
  if (n == 0) return 0;
  const scrim_audio_list_format format = (scrim_audio_list_format)(bytes[0] % 6);
  scrim_status status = audio_list_open_memory(&list, bytes + 1, n - 1, format, &error);
  if (status != SCRIM_OK) return 0;
  while (status == SCRIM_OK && found) {
    status = scrim_audio_list_next(list, &entry, &found, &error);
    if (status != SCRIM_OK && (found || error.message[0] == '\0')) abort();
    if (status != SCRIM_OK || !found) break;
    const size_t length = strlen(entry.path);
    if (length == 0 || length > 4095 || entry.path[0] == '|' || entry.path[length - 1] == '|') abort();
    if (entry.id != NULL && strlen(entry.id) == 0) abort();
    if (entry.speaker != NULL && strlen(entry.speaker) == 0) abort();
  }
  scrim_audio_list_close(list);
  return 0;
}
