/* Keyed randomness: streams of HMAC-SHA-256 blocks, and the distributions drawn from them. */
#include "core/random.h"
#include "core/error.h"
#include "core/key_bytes.h"
#include "core/memory.h"
#include <math.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "streams and files are little endian, and read as they stand");

enum { BLOCK_VALUES = RANDOM_BLOCK_BYTES / sizeof(uint64_t) };

struct random_source {
  EVP_MAC_CTX *mac; /* keyed */
  int failed;       /* sticky */
  /* What a block authenticates: the stream's name and the number of the block to be drawn next. */
  struct {
    unsigned char name[RANDOM_BLOCK_BYTES];
    uint64_t counter;
  } next;
  uint64_t value[BLOCK_VALUES]; /* the last block drawn */
  unsigned n_used;              /* of value */
  int has_spare;
  double spare; /* the second normal of a Box-Muller pair */
};

static EVP_MAC_CTX *random_mac_create(const unsigned char key[SCRIM_KEY_BYTES]) {
  EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
  EVP_MAC_CTX *mac = hmac == NULL ? NULL : EVP_MAC_CTX_new(hmac);
  EVP_MAC_free(hmac); /* the context holds a reference */
  char digest[] = "SHA256";
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                         OSSL_PARAM_construct_end()};
  if (mac != NULL && EVP_MAC_init(mac, key, SCRIM_KEY_BYTES, params) != 1) {
    EVP_MAC_CTX_free(mac);
    mac = NULL;
  }
  return mac;
}

static scrim_status random_create(random_source **out, const unsigned char key[SCRIM_KEY_BYTES], scrim_error *error) {
  *out = NULL;
  random_source *source = memory_zalloc(1, sizeof *source);
  if (source == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a random source");
  source->mac = random_mac_create(key);
  if (source->mac == NULL) {
    memory_free(source);
    return fail(error, SCRIM_E_INTERNAL, "OpenSSL gives no HMAC-SHA-256");
  }
  scrim_status status = random_begin(source, "", NULL, 0, error);
  if (status == SCRIM_OK)
    *out = source;
  else
    random_source_free(source);
  return status;
}

scrim_status random_source_create(random_source **out, const scrim_key *key, scrim_error *error) {
  *out = NULL;
  if (key == NULL) return fail(error, SCRIM_E_KEY, "a key is needed and none was given");
  return random_create(out, key_bytes(key), error);
}

scrim_status random_source_from_seed(random_source **out, uint64_t seed, scrim_error *error) {
  unsigned char key[SCRIM_KEY_BYTES] = "scrim training seed";
  memcpy(key + SCRIM_KEY_BYTES - sizeof seed, &seed, sizeof seed);
  return random_create(out, key, error);
}

void random_source_free(random_source *source) {
  if (source == NULL) return;
  EVP_MAC_CTX_free(source->mac); /* cleanses the key */
  memory_wipe_free(source, sizeof *source);
}

/* HMAC of two pieces under the source's key. Fails only if OpenSSL does, and then for good. */
static int random_hmac(random_source *source, const void *first, size_t first_bytes, const void *second,
                       size_t second_bytes, unsigned char digest[RANDOM_BLOCK_BYTES]) {
  size_t length = 0;
  int done = !source->failed && EVP_MAC_init(source->mac, NULL, 0, NULL) == 1 &&
             EVP_MAC_update(source->mac, first, first_bytes) == 1 &&
             (second_bytes == 0 || EVP_MAC_update(source->mac, second, second_bytes) == 1) &&
             EVP_MAC_final(source->mac, digest, &length, RANDOM_BLOCK_BYTES) == 1 && length == RANDOM_BLOCK_BYTES;
  if (!done) source->failed = 1;
  return done;
}

scrim_status random_status(const random_source *source, scrim_error *error) {
  if (source->failed) return fail(error, SCRIM_E_INTERNAL, "HMAC-SHA-256 failed in OpenSSL");
  return SCRIM_OK;
}

scrim_status random_digest(random_source *source, const char *purpose, const void *item, size_t item_bytes,
                           unsigned char digest[RANDOM_BLOCK_BYTES], scrim_error *error) {
  /* The purpose's own NUL is the 0 that parts it from the item. */
  if (!random_hmac(source, purpose, strlen(purpose) + 1, item, item_bytes, digest)) {
    memory_wipe(digest, RANDOM_BLOCK_BYTES);
    return random_status(source, error);
  }
  return SCRIM_OK;
}

scrim_status random_seek(random_source *source, uint64_t blocks, scrim_error *error) {
  source->next.counter = blocks;
  source->n_used = BLOCK_VALUES;
  source->has_spare = 0;
  return random_status(source, error);
}

scrim_status random_begin(random_source *source, const char *purpose, const void *item, size_t item_bytes,
                          scrim_error *error) {
  scrim_status status = random_digest(source, purpose, item, item_bytes, source->next.name, error);
  return status == SCRIM_OK ? random_seek(source, 0, error) : status;
}

uint64_t random_tell(const random_source *source) {
  return source->next.counter;
}

uint64_t random_u64(random_source *source) {
  if (source->n_used == BLOCK_VALUES) {
    if (!random_hmac(source, &source->next, sizeof source->next, NULL, 0, (unsigned char *)source->value)) return 0;
    source->next.counter++;
    source->n_used = 0;
  }
  return source->value[source->n_used++];
}

uint64_t random_below(random_source *source, uint64_t n) {
  /* Values under 2^64 mod n are drawn again: what is left is a whole number of runs 0..n-1. */
  uint64_t reject_below = (0 - n) % n, value;
  do {
    value = random_u64(source);
  } while (value < reject_below && !source->failed);
  return value % n;
}

double random_uniform(random_source *source) {
  return (double)(random_u64(source) >> 11) * 0x1p-53;
}

/* Box and Muller (1958): two uniforms give two normals; the second is kept for the next call. */
double random_normal(random_source *source) {
  if (source->has_spare) {
    source->has_spare = 0;
    return source->spare;
  }
  const double two_pi = 6.283185307179586476925;
  double radius = sqrt(-2 * log(1 - random_uniform(source))); /* 1 - u is in (0, 1]: the logarithm is finite */
  double angle = two_pi * random_uniform(source);
  source->spare = radius * sin(angle);
  source->has_spare = 1;
  return radius * cos(angle);
}

/* Fisher and Yates. */
void random_shuffle(random_source *source, uint32_t *items, size_t n) {
  for (size_t i = n; i > 1; i--) {
    size_t j = (size_t)random_below(source, i);
    uint32_t item = items[i - 1];
    items[i - 1] = items[j];
    items[j] = item;
  }
}
