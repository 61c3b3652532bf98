/* Digests of files, and under a key. */
#include "core/error.h"
#include "core/hash.h"
#include "core/random.h"
#include <scrim/digest.h>

_Static_assert(SCRIM_DIGEST_BYTES == HASH_BYTES && SCRIM_DIGEST_BYTES == RANDOM_BLOCK_BYTES, "both are SHA-256");

scrim_status scrim_digest_file(const char *path, unsigned char digest[SCRIM_DIGEST_BYTES], scrim_error *error) {
  if (path == NULL || digest == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_digest_file: path or digest is NULL");
  return hash_file(path, digest, error);
}

scrim_status scrim_digest_keyed(const scrim_key *key, const char *purpose, const void *bytes, size_t n_bytes,
                                unsigned char digest[SCRIM_DIGEST_BYTES], scrim_error *error) {
  if (key == NULL || purpose == NULL || digest == NULL || (bytes == NULL && n_bytes > 0))
    return fail(error, SCRIM_E_ARGUMENT, "scrim_digest_keyed: key, purpose, bytes or digest is NULL");
  random_source *source;
  scrim_status status = random_source_create(&source, key, error);
  if (status != SCRIM_OK) return status;
  status = random_digest(source, purpose, bytes, n_bytes, digest, error);
  random_source_free(source);
  return status;
}

void scrim_digest_print(const unsigned char digest[SCRIM_DIGEST_BYTES], char text[SCRIM_DIGEST_TEXT]) {
  hash_print(digest, SCRIM_DIGEST_BYTES, text);
}
