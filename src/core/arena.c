/* The bump allocator: a chain of blocks that becomes a single one after the first round. */
#include "core/memory.h"
#include <stdint.h>

enum { LINE = 64 };

/* The header fills one line, so that the payload behind it is aligned as the block is. */
typedef struct arena_block {
  struct arena_block *older;
  size_t capacity, used, most; /* bytes of payload; `most`: that were ever used */
} arena_block;

_Static_assert(sizeof(arena_block) <= LINE, "the header must fit in one line");

struct arena {
  arena_block *newest; /* never NULL */
};

static unsigned char *arena_payload(arena_block *block) {
  return (unsigned char *)block + LINE;
}

static size_t arena_round(size_t bytes) {
  return (bytes + LINE - 1) / LINE * LINE;
}

static arena_block *arena_block_create(size_t capacity, arena_block *older) {
  if (capacity > SIZE_MAX - LINE) return NULL;
  arena_block *block = memory_alloc(LINE + capacity);
  if (block == NULL) return NULL;
  *block = (arena_block){.older = older, .capacity = capacity};
  return block;
}

static void arena_block_free(arena_block *block) {
  memory_wipe(block, LINE + (block->used > block->most ? block->used : block->most)); /* the rest was never touched */
  memory_free(block);
}

arena *arena_create(size_t bytes) {
  if (bytes > SIZE_MAX - 2 * LINE) return NULL;
  arena *a = memory_alloc(sizeof *a);
  if (a == NULL) return NULL;
  a->newest = arena_block_create(arena_round(bytes), NULL);
  if (a->newest == NULL) {
    memory_free(a);
    return NULL;
  }
  return a;
}

void *arena_alloc(arena *a, size_t bytes) {
  if (bytes > SIZE_MAX / 4) return NULL;
  size_t need = bytes == 0 ? LINE : arena_round(bytes);
  arena_block *block = a->newest;
  if (need > block->capacity - block->used) {
    /* Doubling keeps the number of blocks of a first round logarithmic. */
    size_t capacity = block->capacity > SIZE_MAX / 4 ? need : 2 * block->capacity;
    block = arena_block_create(capacity > need ? capacity : need, a->newest);
    if (block == NULL) return NULL;
    a->newest = block;
  }
  void *result = arena_payload(block) + block->used;
  block->used += need;
  return result;
}

/* Joins the chain into one block of the same capacity; without memory for it, the newest, largest block stays. */
void arena_reset(arena *a) {
  size_t capacity = 0;
  for (arena_block *b = a->newest; b != NULL; b = b->older) capacity += b->capacity;
  while (a->newest->older != NULL) {
    arena_block *older = a->newest->older;
    a->newest->older = older->older;
    arena_block_free(older);
  }
  if (capacity > a->newest->capacity) {
    arena_block *joined = arena_block_create(capacity, NULL);
    if (joined != NULL) {
      arena_block_free(a->newest);
      a->newest = joined;
    }
  }
  if (a->newest->used > a->newest->most) a->newest->most = a->newest->used;
  a->newest->used = 0;
}

size_t arena_used(const arena *a) {
  size_t used = 0;
  for (const arena_block *b = a->newest; b != NULL; b = b->older) used += b->used;
  return used;
}

void arena_free(arena *a) {
  if (a == NULL) return;
  for (arena_block *b = a->newest, *older; b != NULL; b = older) {
    older = b->older;
    arena_block_free(b);
  }
  memory_free(a);
}
