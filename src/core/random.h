/*
 * Keyed randomness: a stream is HMAC-SHA-256(key, purpose | 0 | item | counter), 32 bytes a block.
 * The same key, purpose and item give the same stream on every machine, in any order.
 */
#ifndef CORE_RANDOM_H
#define CORE_RANDOM_H

#include <scrim/key.h>
#include <stdint.h>


/* Keeps the OpenSSL contexts of one thread: fetched once, duplicated per stream. */
typedef struct random_source random_source;
scrim_status random_source_create(random_source **out, const scrim_key *key, scrim_error *error);
/* Training seeds: a key derived from a number, for weights, shuffles and attackers; never for noise on data. */
scrim_status random_source_from_seed(random_source **out, uint64_t seed, scrim_error *error);
void random_source_free(random_source *source);

/* Points the source at a stream; the stream before it ends. No allocation once warm. */
scrim_status random_begin(random_source *source, const char *purpose, const void *item, size_t item_bytes,
                          scrim_error *error);
/* Moves on by whole blocks, so that training can resume in the middle of a stream. */
uint64_t random_tell(const random_source *source);
scrim_status random_seek(random_source *source, uint64_t blocks, scrim_error *error);

uint64_t random_u64(random_source *source);
uint64_t random_below(random_source *source, uint64_t n);  /* unbiased, 0..n-1, n > 0 */
double random_uniform(random_source *source);               /* [0, 1), 53 bits */
double random_normal(random_source *source);                /* N(0, 1) */
void random_shuffle(random_source *source, uint32_t *items, size_t n);

/* One HMAC-SHA-256: digest of purpose | 0 | item. */
scrim_status random_digest(random_source *source, const char *purpose, const void *item, size_t item_bytes,
                           unsigned char digest[32], scrim_error *error);

#endif
