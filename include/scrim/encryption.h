/*
 * scrim/encryption.h: files encrypted at rest, AES-256-GCM in chunks under a data key of their own.
 *
 * The key-encryption key is a scrim_key (scrim/key.h) for this purpose alone: whoever installs filters need not have
 * the key of the noise. Encrypting the same file twice gives different bytes. Sign after encrypting: a signature is of
 * the bytes that are shipped.
 *
 * A file is, in bytes, all numbers little endian:
 *
 *     16  "scrim-encrypt-1\n"
 *      4  chunk size, 65536
 *      4  zero
 *     16  key id: which key-encryption key, HMAC-SHA-256(key, "encryption id\0") cut to 16
 *      8  nonce prefix, random
 *     12  nonce of the wrapped key, random
 *     48  data key (32) and tag (16), under HMAC-SHA-256(key, "encryption wrap\0"), with the 60 bytes above as
 *         additional data
 *         chunks: up to 65536 bytes and a tag (16), under the data key; nonce: prefix, chunk's number (4, big endian);
 *         additional data: SHA-256 of the 108 bytes above, 1 if the chunk is the last one and 0 if not (1)
 *
 * All chunks but the last are full, and the last is not empty unless it is the only one. A cut, reordered, repeated or
 * changed file is refused as a whole: nothing of it is released before its last chunk is verified.
 *
 * Thread safety: all calls may run at once on different files.
 */
#ifndef SCRIM_ENCRYPTION_H
#define SCRIM_ENCRYPTION_H

#include <scrim/filter.h>
#include <scrim/key.h>
#include <scrim/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Both write atomically, and take at most 4 GiB. A decrypted file is new, and only its owner can read it.
 * SCRIM_E_FORMAT: cut or changed, no encrypted file, or too large. SCRIM_E_KEY: encrypted under another key, or `key`
 * is NULL. SCRIM_E_IO: a file cannot be read or written; a decrypted one exists already.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_encrypt_file(const char *path, const char *encrypted_path,
                                                           const scrim_key *key, scrim_error *error);
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_decrypt_file(const char *encrypted_path, const char *path,
                                                           const scrim_key *key, scrim_error *error);

/* scrim_filter_open for an encrypted filter file, with the statuses of that and of scrim_decrypt_file; the plain bytes
 * are never on a disk. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_filter_open_encrypted(scrim_filter **out, const char *path,
                                                                    const scrim_key *key, scrim_error *error);

#ifdef __cplusplus
}
#endif
#endif
