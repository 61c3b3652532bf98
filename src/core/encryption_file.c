/* Encrypted files on disk, and filters from them. */
#include "core/encryption.h"
#include "core/error.h"
#include "core/file.h"
#include "core/path.h"
#include "core/whole_file.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static scrim_status write_bytes(const char *path, const unsigned char *bytes, size_t n, scrim_error *error) {
  file_draft draft;
  scrim_status status = file_draft_begin(&draft, path, error);
  if (status != SCRIM_OK) return status;
  status = file_draft_write(&draft, bytes, n, error);
  if (status == SCRIM_OK) return file_draft_commit(&draft, error);
  file_draft_abandon(&draft);
  return status;
}

/*
 * A draft takes its mode from the file that it replaces: an empty one that only its owner can read is put there first,
 * so that nobody else has the draft open either.
 */
static scrim_status write_private(const char *path, const unsigned char *bytes, size_t n, scrim_error *error) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd < 0) return fail_errno(error, SCRIM_E_IO, "cannot create '%s'", path_shown(path));
  close(fd);
  scrim_status status = write_bytes(path, bytes, n, error);
  if (status != SCRIM_OK) unlink(path);
  return status;
}

scrim_status scrim_encrypt_file(const char *path, const char *encrypted_path, const scrim_key *key,
                                scrim_error *error) {
  if (path == NULL || encrypted_path == NULL)
    return fail(error, SCRIM_E_ARGUMENT, "scrim_encrypt_file: a path is NULL");
  unsigned char *plain = NULL, *sealed = NULL;
  size_t n_plain = 0, n_sealed = 0;
  scrim_status status = whole_file_read(&plain, &n_plain, path, ENCRYPTION_MAX_BYTES, WHOLE_FILE_PLAIN, error);
  if (status == SCRIM_OK) status = encryption_seal(&sealed, &n_sealed, plain, n_plain, key, error);
  whole_file_free(plain, n_plain);
  if (status == SCRIM_OK) status = write_bytes(encrypted_path, sealed, n_sealed, error);
  whole_file_free(sealed, n_sealed);
  return status;
}

/* Reads and decrypts; whole_file_free. */
static scrim_status read_sealed(unsigned char **plain, size_t *n_plain, const char *path, const scrim_key *key,
                                scrim_error *error) {
  unsigned char *sealed;
  size_t n_sealed;
  scrim_status status = whole_file_read(&sealed, &n_sealed, path, ENCRYPTION_MAX_BYTES, WHOLE_FILE_PLAIN, error);
  if (status != SCRIM_OK) return status;
  status = encryption_open(plain, n_plain, sealed, n_sealed, key, error);
  whole_file_free(sealed, n_sealed);
  if (status != SCRIM_OK) fail_in_file(error, path);
  return status;
}

scrim_status scrim_decrypt_file(const char *encrypted_path, const char *path, const scrim_key *key,
                                scrim_error *error) {
  if (path == NULL || encrypted_path == NULL)
    return fail(error, SCRIM_E_ARGUMENT, "scrim_decrypt_file: a path is NULL");
  unsigned char *plain;
  size_t n_plain;
  scrim_status status = read_sealed(&plain, &n_plain, encrypted_path, key, error);
  if (status != SCRIM_OK) return status;
  status = write_private(path, plain, n_plain, error);
  whole_file_free(plain, n_plain);
  return status;
}

scrim_status scrim_filter_open_encrypted(scrim_filter **out, const char *path, const scrim_key *key,
                                         scrim_error *error) {
  if (out == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_filter_open_encrypted: out is NULL");
  *out = NULL;
  if (path == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_filter_open_encrypted: path is NULL");
  unsigned char *plain;
  size_t n_plain;
  scrim_status status = read_sealed(&plain, &n_plain, path, key, error);
  if (status != SCRIM_OK) return status;
  status = scrim_filter_open_memory(out, plain, n_plain, error);
  whole_file_free(plain, n_plain);
  if (status != SCRIM_OK) fail_in_file(error, path);
  return status;
}
