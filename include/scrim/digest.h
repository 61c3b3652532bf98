/*
 * scrim/digest.h: SHA-256 of files, and HMAC-SHA-256 under a key: for receipts of what was done.
 *
 * Thread safety: all calls may run at once.
 */
#ifndef SCRIM_DIGEST_H
#define SCRIM_DIGEST_H

#include <scrim/key.h>
#include <scrim/status.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SCRIM_DIGEST_BYTES 32
#define SCRIM_DIGEST_TEXT 65 /* bytes of its hexadecimal digits, with the NUL */

/* Of a file of any size. SCRIM_E_IO. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_digest_file(const char *path, unsigned char digest[SCRIM_DIGEST_BYTES],
                                                          scrim_error *error);
/*
 * HMAC-SHA-256(key, purpose | 0 | bytes): nobody without the key can make it or test a guess by it. A purpose of its
 * own for every use; the library's begin with a lower-case letter, so begin yours with a capital one.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_digest_keyed(const scrim_key *key, const char *purpose, const void *bytes,
                                                           size_t n_bytes, unsigned char digest[SCRIM_DIGEST_BYTES],
                                                           scrim_error *error);
/* Lower-case hexadecimal digits. */
SCRIM_API void scrim_digest_print(const unsigned char digest[SCRIM_DIGEST_BYTES], char text[SCRIM_DIGEST_TEXT]);

#ifdef __cplusplus
}
#endif
#endif
