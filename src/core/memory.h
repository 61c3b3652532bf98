/*
 * All memory of the library comes through here, so that tests can make the n-th request fail.
 * Blocks are aligned to 64 bytes (one cache line, one AVX-512 vector).
 */
#ifndef CORE_MEMORY_H
#define CORE_MEMORY_H

#include <stddef.h>

void *memory_alloc(size_t bytes);                /* NULL when out of memory; 0 bytes gives a valid block */
void *memory_zalloc(size_t count, size_t bytes); /* zeroed; NULL too when count * bytes overflows */
void *memory_grow(void *block, size_t old_bytes, size_t bytes); /* keeps the block if it fails */
char *memory_strdup(const char *text);
void memory_free(void *block);                    /* NULL is fine */
void memory_wipe(void *block, size_t bytes);      /* not optimised away */
void memory_wipe_free(void *block, size_t bytes); /* of what must not stay behind; NULL is fine */

/* Tests only: request number `n` from now (1 is the next) fails, and all after it if `lasting`; 0 switches it off. */
void memory_fail_at(unsigned long n, int lasting);
unsigned long memory_requests(void); /* since the last memory_fail_at; counted only while it is on */

/* A bump allocator: one block once warm, no allocation afterwards. One thread at a time. */
typedef struct arena arena;
arena *arena_create(size_t bytes);         /* first block's size; NULL when out of memory */
void *arena_alloc(arena *a, size_t bytes); /* 64-byte aligned, not zeroed; NULL when out of memory */
void arena_reset(arena *a);                /* frees all at once; joins several blocks into one for the next round */
size_t arena_used(const arena *a);         /* bytes handed out since the last reset */
void arena_free(arena *a);                 /* wipes */

#endif
