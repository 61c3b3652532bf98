/* Opens filter files, plain or encrypted. */
#include "filter_file.h"
#include <scrim/encryption.h>

scrim_status filter_file_open(scrim_filter **out, const char *path, const char *key_path, const char **at_fault,
                              scrim_error *error) {
  *at_fault = path;
  if (key_path == NULL) return scrim_filter_open(out, path, error);
  scrim_key *key;
  *at_fault = key_path;
  scrim_status status = scrim_key_open(&key, key_path, error);
  if (status != SCRIM_OK) return status;
  *at_fault = path;
  status = scrim_filter_open_encrypted(out, path, key, error);
  scrim_key_free(key);
  return status;
}
