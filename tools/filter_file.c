#include "filter_file.h"
#include "complain.h"
#include <errno.h>
#include <scrim/encryption.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

scrim_status filter_file_check_output(const char *path, scrim_error *error) {
  const char *slash = strrchr(path, '/');
  size_t length = slash ? (size_t)(slash - path) + 1 : 1;
  char *folder = malloc(length + 1);
  if (!folder) return complain_later(error, SCRIM_E_MEMORY, -1, "out of memory");
  memcpy(folder, slash ? path : ".", length);
  folder[length] = '\0';
  scrim_status status = SCRIM_OK;
  if (access(folder, W_OK | X_OK) != 0)
    status = complain_later(error, SCRIM_E_IO, -1, "cannot write in folder '%s': %s", folder, strerror(errno));
  free(folder);
  return status;
}
