/* LZF, the compression of PCD files: literal runs and copies of what stands up to 8192 bytes before. */
#ifndef FORMATS_LZF_H
#define FORMATS_LZF_H

#include <scrim/status.h>
#include <stddef.h>

enum { LZF_RATIO_MAX = 88 }; /* three bytes of input make at most 264 */

/* Bytes that n bytes can become at worst. */
size_t lzf_bound(size_t n);
/* Compresses n bytes into `to` [lzf_bound(n)]; *written says how many. SCRIM_E_MEMORY. */
scrim_status lzf_compress(const unsigned char *from, size_t n, unsigned char *to, size_t *written, scrim_error *error);
/* Expands n bytes to exactly `expected` in `to`. SCRIM_E_FORMAT with the byte at which that fails. */
scrim_status lzf_expand(const unsigned char *from, size_t n, unsigned char *to, size_t expected, scrim_error *error);

#endif
