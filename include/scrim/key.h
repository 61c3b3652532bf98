/*
 * scrim/key.h: the secret from which all noise is derived.
 *
 * A key is 32 random bytes. Every random choice that a filter makes on data is drawn from a stream that the key, a
 * purpose and the item itself name; block i of it, 32 bytes, is
 *
 *     name  = HMAC-SHA-256(key, purpose | 0 | item)
 *     block = HMAC-SHA-256(key, name | i as 8 bytes, little endian)
 *
 * so that the same item gets the same answer for ever under a key, asking again averages nothing out, and nobody
 * without the key can predict or undo the choice. What draws on it: the latent noise and the label swapper of the
 * score filter. A score filter with neither (the default) answers alike under every key: then the filter itself is the
 * secret.
 *
 * A key file is one line of text, "scrim-key-1 " and 64 hexadecimal digits, mode 0600. A file that others can read is
 * refused. Keys are wiped from memory when freed.
 *
 * Thread safety: a scrim_key is immutable once created and may be shared by threads.
 */
#ifndef SCRIM_KEY_H
#define SCRIM_KEY_H

#include <scrim/status.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SCRIM_KEY_BYTES 32

typedef struct scrim_key scrim_key;

/* A new key from OpenSSL's generator, written to `path`. SCRIM_E_IO: it exists already, or cannot be written. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_key_new(const char *path, scrim_error *error);

/* Reads a key file. SCRIM_E_IO: cannot be read. SCRIM_E_KEY: malformed, no regular file, or open to group or others. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_key_open(scrim_key **out, const char *path, scrim_error *error);

/* A key from the caller's 32 bytes, which are copied. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_key_create(scrim_key **out, const unsigned char bytes[SCRIM_KEY_BYTES],
                                                         scrim_error *error);

/* Wipes and frees; NULL is fine. No session made with the key may be used afterwards. */
SCRIM_API void scrim_key_free(scrim_key *key);

#ifdef __cplusplus
}
#endif
#endif
