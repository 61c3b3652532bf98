/* Aligned blocks, wiping, and the switch by which tests make a request fail. */
#include "core/memory.h"
#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64 };

/* The only mutable state of the library; tests alone turn it on. */
static atomic_ulong fail_at; /* 0: off */
static atomic_int fail_lasting;
static atomic_ulong requests;

static int memory_is_denied(void) {
  unsigned long at = atomic_load_explicit(&fail_at, memory_order_relaxed);
  if (at == 0) return 0;
  unsigned long request = atomic_fetch_add(&requests, 1) + 1;
  return request == at || (request > at && atomic_load(&fail_lasting));
}

void *memory_alloc(size_t bytes) {
  if (memory_is_denied() || bytes > SIZE_MAX - ALIGNMENT) return NULL;
  /* C11 wants a multiple of the alignment; at least one line, so that 0 bytes is a block of its own. */
  size_t rounded = bytes == 0 ? ALIGNMENT : (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  return aligned_alloc(ALIGNMENT, rounded);
}

void *memory_zalloc(size_t count, size_t bytes) {
  if (bytes != 0 && count > SIZE_MAX / bytes) return NULL;
  void *block = memory_alloc(count * bytes);
  if (block != NULL) memset(block, 0, count * bytes);
  return block;
}

void *memory_grow(void *block, size_t old_bytes, size_t bytes) {
  void *larger = memory_alloc(bytes);
  if (larger == NULL || block == NULL) return larger;
  memcpy(larger, block, old_bytes < bytes ? old_bytes : bytes);
  memory_wipe(block, old_bytes); /* the owner can no longer reach this copy to wipe it himself */
  free(block);
  return larger;
}

char *memory_strdup(const char *text) {
  size_t bytes = strlen(text) + 1;
  char *copy = memory_alloc(bytes);
  if (copy != NULL) memcpy(copy, text, bytes);
  return copy;
}

void memory_free(void *block) {
  free(block);
}

void memory_wipe(void *block, size_t bytes) {
  OPENSSL_cleanse(block, bytes);
}

void memory_wipe_free(void *block, size_t bytes) {
  if (block != NULL) memory_wipe(block, bytes);
  memory_free(block);
}

void memory_fail_at(unsigned long n, int lasting) {
  atomic_store(&fail_at, 0);
  atomic_store(&requests, 0);
  atomic_store(&fail_lasting, lasting);
  atomic_store(&fail_at, n);
}

unsigned long memory_requests(void) {
  return atomic_load(&requests);
}
