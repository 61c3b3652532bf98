/*
 * Blocks of rows, filtered by several sessions at once and handed back in the order in which they were submitted.
 * One thread, the caller's, reads and writes; each worker owns one session. Memory is bounded by the number of slots.
 */
#ifndef TOOLS_BLOCKS_H
#define TOOLS_BLOCKS_H

#include <scrim.h>

typedef struct block {
  float *data;       /* [capacity, columns], raw until it is done, then filtered or, on an error, wiped */
  size_t rows;       /* set by the caller before blocks_submit */
  int64_t first_row; /* of the whole table, likewise */
  scrim_status status;
  scrim_error error; /* error.row and the row in its message count from the start of the table */
} block;

typedef struct blocks blocks;

scrim_status blocks_create(blocks **out, const scrim_filter *filter, const scrim_key *key, const scrim_config *config,
                           unsigned jobs, size_t capacity, scrim_error *error);
/* Waits for the workers; wipes and frees. NULL is fine. */
void blocks_free(blocks *b);

/* A block to fill and submit, or NULL if all are on their way: then take the oldest first. */
block *blocks_unused(blocks *b);
void blocks_submit(blocks *b);

/* Waits for the oldest block; NULL if none is on its way. It stays valid until blocks_release. */
block *blocks_oldest(blocks *b);
void blocks_release(blocks *b);

#endif
