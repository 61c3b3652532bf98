/* SHA-256 and bytes as text. */
#ifndef CORE_HASH_H
#define CORE_HASH_H

#include <scrim/status.h>
#include <stddef.h>

enum { HASH_BYTES = 32, HASH_TEXT = 2 * HASH_BYTES + 1 };

scrim_status hash_bytes(const void *bytes, size_t n_bytes, unsigned char digest[HASH_BYTES], scrim_error *error);
/* Of a whole file of any size. SCRIM_E_IO. */
scrim_status hash_file(const char *path, unsigned char digest[HASH_BYTES], scrim_error *error);

/* 2 * n lower-case hexadecimal digits and a NUL. */
void hash_print(const unsigned char *bytes, size_t n, char *text);
/* n bytes from 2 * n digits, lower case only; 0 if they are none. */
int hash_parse(const char *text, size_t n, unsigned char *bytes);

#endif
