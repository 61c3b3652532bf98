/*
 * Keyed randomness. A stream is named by a purpose and an item; block i of it, 32 bytes, is
 *
 *     name  = HMAC-SHA-256(key, purpose | 0 | item)
 *     block = HMAC-SHA-256(key, name | i as 8 bytes, little endian)
 *
 * so that the cost of a block does not depend on the length of the item. The same key, purpose and item give the same
 * stream on every machine, in any order.
 *
 * A source belongs to one thread at a time.
 */
#ifndef CORE_RANDOM_H
#define CORE_RANDOM_H

#include <scrim/key.h>
#include <stddef.h>
#include <stdint.h>

enum { RANDOM_BLOCK_BYTES = 32 };

/* Keeps one OpenSSL context, keyed once and started anew for every block. */
typedef struct random_source random_source;
scrim_status random_source_create(random_source **out, const scrim_key *key, scrim_error *error);
/* Training seeds: a key derived from a number, for weights, shuffles and attackers; never for noise on data. */
scrim_status random_source_from_seed(random_source **out, uint64_t seed, scrim_error *error);
void random_source_free(random_source *source); /* wipes; NULL is fine */

/* Points the source at a stream; the stream before it ends. A new source stands at the stream of "" and no item. */
scrim_status random_begin(random_source *source, const char *purpose, const void *item, size_t item_bytes,
                          scrim_error *error);

/*
 * Draws cannot answer a status: after a failure of OpenSSL they give 0 and the source stays failed. Whoever draws for
 * data that leaves the library asks here before it leaves; random_begin and random_digest fail too.
 */
scrim_status random_status(const random_source *source, scrim_error *error);

/*
 * Blocks drawn so far, and a move to the start of a block. A run that may be resumed in the middle of a stream calls
 * random_seek(source, random_tell(source)) where it may be cut: what is left of the block is dropped in both runs.
 */
uint64_t random_tell(const random_source *source);
scrim_status random_seek(random_source *source, uint64_t blocks, scrim_error *error);

uint64_t random_u64(random_source *source);
uint64_t random_below(random_source *source, uint64_t n); /* unbiased, 0..n-1, n > 0 */
double random_uniform(random_source *source);             /* [0, 1), 53 bits */
double random_normal(random_source *source);              /* N(0, 1) */
void random_shuffle(random_source *source, uint32_t *items, size_t n);

/* One HMAC-SHA-256: digest of purpose | 0 | item. The stream goes on where it stood. */
scrim_status random_digest(random_source *source, const char *purpose, const void *item, size_t item_bytes,
                           unsigned char digest[RANDOM_BLOCK_BYTES], scrim_error *error);

#endif
