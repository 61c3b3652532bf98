/* Encrypted files in memory: what scrim/encryption.h describes, from bytes to bytes. */
#ifndef CORE_ENCRYPTION_H
#define CORE_ENCRYPTION_H

#include <scrim/encryption.h>
#include <stddef.h>
#include <stdint.h>

enum { ENCRYPTION_MAGIC = 16, ENCRYPTION_CHUNK = 65536, ENCRYPTION_HEADER = 108, ENCRYPTION_TAG = 16 };
#define ENCRYPTION_MAX_BYTES ((size_t)4 << 30) /* of a file; what is held in memory at once is twice that */

/* 1 if the bytes begin as an encrypted file does. */
int encryption_is_sealed(const void *bytes, size_t n_bytes);

/* Both give a fresh block of *n_out bytes, freed with whole_file_free, or none at all. */
scrim_status encryption_seal(unsigned char **out, size_t *n_out, const void *bytes, size_t n_bytes,
                             const scrim_key *key, scrim_error *error);
scrim_status encryption_open(unsigned char **out, size_t *n_out, const void *bytes, size_t n_bytes,
                             const scrim_key *key, scrim_error *error);

#endif
