/* AES-256-GCM in chunks, with a data key wrapped by the caller's. */
#include "core/encryption.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/memory.h"
#include "core/random.h"
#include "core/whole_file.h"
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

enum { KEY_BYTES = 32, NONCE_BYTES = 12, PREFIX_BYTES = 8, ID_BYTES = 16 };
/* Where the fields of the header begin. */
enum { AT_CHUNK = 16, AT_ZERO = 20, AT_ID = 24, AT_PREFIX = 40, AT_NONCE = 48, AT_WRAPPED = 60, AT_TAG = 92 };
_Static_assert(AT_TAG + ENCRYPTION_TAG == ENCRYPTION_HEADER, "the header as scrim/encryption.h has it");

static const unsigned char magic[ENCRYPTION_MAGIC + 1] = "scrim-encrypt-1\n";
static const unsigned char chunk_and_zero[8] = {0, 0, 1, 0, 0, 0, 0, 0}; /* 65536 and 0, little endian */

int encryption_is_sealed(const void *bytes, size_t n_bytes) {
  return n_bytes >= ENCRYPTION_MAGIC && memcmp(bytes, magic, ENCRYPTION_MAGIC) == 0;
}

/* ---- one call of AES-256-GCM ---- */

typedef struct gcm_text {
  const unsigned char *in;
  unsigned char *out;
  size_t n;
} gcm_text;

typedef struct gcm_extra {
  const unsigned char *bytes; /* authenticated, not encrypted */
  size_t n;
} gcm_extra;

/* The context has its key already. 1 if all went well. Pieces are at most a chunk, which fits an int. */
static int gcm_seal(EVP_CIPHER_CTX *context, const unsigned char nonce[NONCE_BYTES], gcm_extra extra, gcm_text text,
                    unsigned char tag[ENCRYPTION_TAG]) {
  int n = 0;
  return EVP_EncryptInit_ex2(context, NULL, NULL, nonce, NULL) == 1 &&
         EVP_EncryptUpdate(context, NULL, &n, extra.bytes, (int)extra.n) == 1 &&
         (text.n == 0 || EVP_EncryptUpdate(context, text.out, &n, text.in, (int)text.n) == 1) &&
         EVP_EncryptFinal_ex(context, text.out + text.n, &n) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, ENCRYPTION_TAG, tag) == 1;
}

static int gcm_open(EVP_CIPHER_CTX *context, const unsigned char nonce[NONCE_BYTES], gcm_extra extra, gcm_text text,
                    const unsigned char tag[ENCRYPTION_TAG]) {
  int n = 0;
  return EVP_DecryptInit_ex2(context, NULL, NULL, nonce, NULL) == 1 &&
         EVP_DecryptUpdate(context, NULL, &n, extra.bytes, (int)extra.n) == 1 &&
         (text.n == 0 || EVP_DecryptUpdate(context, text.out, &n, text.in, (int)text.n) == 1) &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, ENCRYPTION_TAG, (void *)tag) == 1 &&
         EVP_DecryptFinal_ex(context, text.out + text.n, &n) == 1;
}

static EVP_CIPHER_CTX *gcm_create(const unsigned char key[KEY_BYTES], int sealing) {
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
  if (context != NULL && EVP_CipherInit_ex2(context, EVP_aes_256_gcm(), key, NULL, sealing, NULL) != 1) {
    EVP_CIPHER_CTX_free(context);
    context = NULL;
  }
  return context;
}

/* ---- the header ---- */

/* The key that wraps, and the id by which the caller's key is known, both derived from it. */
static scrim_status derive(const scrim_key *key, unsigned char wrap[KEY_BYTES], unsigned char id[HASH_BYTES],
                           scrim_error *error) {
  random_source *source;
  scrim_status status = random_source_create(&source, key, error);
  if (status != SCRIM_OK) return status;
  status = random_digest(source, "encryption wrap", NULL, 0, wrap, error);
  if (status == SCRIM_OK) status = random_digest(source, "encryption id", NULL, 0, id, error);
  random_source_free(source);
  return status;
}

/* Wraps the data key into a header whose other fields are in place, or unwraps it. */
static int wrap_key(unsigned char header[ENCRYPTION_HEADER], const unsigned char wrap[KEY_BYTES],
                    unsigned char data_key[KEY_BYTES], int sealing) {
  EVP_CIPHER_CTX *context = gcm_create(wrap, sealing);
  if (context == NULL) return 0;
  gcm_extra extra = {header, AT_WRAPPED};
  unsigned char *wrapped = header + AT_WRAPPED, *tag = header + AT_TAG;
  int done = sealing ? gcm_seal(context, header + AT_NONCE, extra, (gcm_text){data_key, wrapped, KEY_BYTES}, tag)
                     : gcm_open(context, header + AT_NONCE, extra, (gcm_text){wrapped, data_key, KEY_BYTES}, tag);
  EVP_CIPHER_CTX_free(context);
  return done;
}

static scrim_status header_make(unsigned char header[ENCRYPTION_HEADER], unsigned char data_key[KEY_BYTES],
                                const scrim_key *key, scrim_error *error) {
  unsigned char wrap[KEY_BYTES], id[HASH_BYTES];
  scrim_status status = derive(key, wrap, id, error);
  if (status != SCRIM_OK) return status;
  memcpy(header, magic, ENCRYPTION_MAGIC);
  memcpy(header + AT_CHUNK, chunk_and_zero, sizeof chunk_and_zero);
  memcpy(header + AT_ID, id, ID_BYTES);
  if (RAND_bytes(header + AT_PREFIX, PREFIX_BYTES + NONCE_BYTES) != 1 || RAND_priv_bytes(data_key, KEY_BYTES) != 1 ||
      !wrap_key(header, wrap, data_key, 1))
    status = fail(error, SCRIM_E_INTERNAL, "OpenSSL cannot encrypt");
  memory_wipe(wrap, sizeof wrap);
  return status;
}

static scrim_status header_read(unsigned char header[ENCRYPTION_HEADER], unsigned char data_key[KEY_BYTES],
                                const scrim_key *key, scrim_error *error) {
  if (!encryption_is_sealed(header, ENCRYPTION_HEADER))
    return fail(error, SCRIM_E_FORMAT, "no encrypted file: it does not begin with 'scrim-encrypt-1'");
  if (memcmp(header + AT_CHUNK, chunk_and_zero, sizeof chunk_and_zero) != 0)
    return fail(error, SCRIM_E_FORMAT, "encrypted in chunks of another size than %d", ENCRYPTION_CHUNK);
  unsigned char wrap[KEY_BYTES], id[HASH_BYTES];
  scrim_status status = derive(key, wrap, id, error);
  if (status != SCRIM_OK) return status;
  if (memcmp(header + AT_ID, id, ID_BYTES) != 0)
    status = fail(error, SCRIM_E_KEY, "encrypted under another key");
  else if (!wrap_key(header, wrap, data_key, 0))
    status = fail(error, SCRIM_E_FORMAT, "the header of the encrypted file was changed");
  memory_wipe(wrap, sizeof wrap);
  return status;
}

/* ---- chunks ---- */

typedef struct chunks {
  EVP_CIPHER_CTX *context;
  unsigned char nonce[NONCE_BYTES];
  unsigned char extra[HASH_BYTES + 1]; /* hash of the header, 1 for the last chunk */
} chunks;

static scrim_status chunks_begin(chunks *c, const unsigned char header[ENCRYPTION_HEADER],
                                 const unsigned char data_key[KEY_BYTES], int sealing, scrim_error *error) {
  memcpy(c->nonce, header + AT_PREFIX, PREFIX_BYTES);
  scrim_status status = hash_bytes(header, ENCRYPTION_HEADER, c->extra, error);
  if (status != SCRIM_OK) return status;
  c->context = gcm_create(data_key, sealing);
  return c->context == NULL ? fail(error, SCRIM_E_INTERNAL, "OpenSSL has no AES-256-GCM") : SCRIM_OK;
}

/* Chunk `index` is under the nonce of its number; it knows whether it is the last. */
static gcm_extra chunks_place(chunks *c, uint32_t index, int is_last) {
  for (int i = 0; i < 4; i++) c->nonce[PREFIX_BYTES + i] = (unsigned char)(index >> (24 - 8 * i));
  c->extra[HASH_BYTES] = (unsigned char)is_last;
  return (gcm_extra){c->extra, sizeof c->extra};
}

static scrim_status chunks_seal(chunks *c, const unsigned char *plain, size_t n, unsigned char *out,
                                scrim_error *error) {
  for (uint32_t index = 0;; index++) {
    size_t piece = n < ENCRYPTION_CHUNK ? n : ENCRYPTION_CHUNK;
    int is_last = piece == n;
    gcm_extra extra = chunks_place(c, index, is_last);
    if (!gcm_seal(c->context, c->nonce, extra, (gcm_text){plain, out, piece}, out + piece))
      return fail(error, SCRIM_E_INTERNAL, "OpenSSL cannot encrypt");
    if (is_last) return SCRIM_OK;
    plain += piece;
    out += piece + ENCRYPTION_TAG;
    n -= piece;
  }
}

/* n: of the sealed chunks, at least one tag. */
static scrim_status chunks_open(chunks *c, const unsigned char *sealed, size_t n, unsigned char *out,
                                scrim_error *error) {
  for (uint32_t index = 0;; index++) {
    int is_last = n <= ENCRYPTION_CHUNK + ENCRYPTION_TAG;
    size_t piece = is_last ? n - ENCRYPTION_TAG : ENCRYPTION_CHUNK;
    gcm_extra extra = chunks_place(c, index, is_last);
    if (!gcm_open(c->context, c->nonce, extra, (gcm_text){sealed, out, piece}, sealed + piece)) {
      ERR_clear_error();
      return fail(error, SCRIM_E_FORMAT, "chunk %lu of the encrypted file was cut, moved or changed",
                  (unsigned long)index);
    }
    if (is_last) return SCRIM_OK;
    sealed += piece + ENCRYPTION_TAG;
    out += piece;
    n -= piece + ENCRYPTION_TAG;
  }
}

/* ---- the whole ---- */

static size_t n_chunks(size_t n_plain) {
  return n_plain == 0 ? 1 : (n_plain + ENCRYPTION_CHUNK - 1) / ENCRYPTION_CHUNK;
}

/* Length of the plain bytes; 0 in *fits if no number of chunks is that long, or the last one would be empty. */
static size_t plain_length(size_t n_sealed, int *fits) {
  size_t step = ENCRYPTION_CHUNK + ENCRYPTION_TAG, whole = n_sealed / step, rest = n_sealed % step;
  *fits = rest == 0 ? whole > 0 : rest > ENCRYPTION_TAG || (rest == ENCRYPTION_TAG && whole == 0);
  return whole * ENCRYPTION_CHUNK + (rest < ENCRYPTION_TAG ? 0 : rest - ENCRYPTION_TAG);
}

scrim_status encryption_seal(unsigned char **out, size_t *n_out, const void *bytes, size_t n_bytes,
                             const scrim_key *key, scrim_error *error) {
  *out = NULL;
  *n_out = 0;
  if (n_bytes > ENCRYPTION_MAX_BYTES)
    return fail(error, SCRIM_E_DATA, "%zu bytes to encrypt, at most %zu are allowed", n_bytes, ENCRYPTION_MAX_BYTES);
  size_t n = ENCRYPTION_HEADER + n_bytes + n_chunks(n_bytes) * ENCRYPTION_TAG;
  unsigned char *block = memory_alloc(n), data_key[KEY_BYTES];
  if (block == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory to encrypt %zu bytes", n_bytes);
  chunks c = {.context = NULL};
  scrim_status status = header_make(block, data_key, key, error);
  if (status == SCRIM_OK) status = chunks_begin(&c, block, data_key, 1, error);
  if (status == SCRIM_OK) status = chunks_seal(&c, bytes, n_bytes, block + ENCRYPTION_HEADER, error);
  EVP_CIPHER_CTX_free(c.context); /* cleanses its copy of the key */
  memory_wipe(data_key, sizeof data_key);
  if (status != SCRIM_OK) {
    memory_free(block);
    return status;
  }
  *out = block;
  *n_out = n;
  return SCRIM_OK;
}

scrim_status encryption_open(unsigned char **out, size_t *n_out, const void *bytes, size_t n_bytes,
                             const scrim_key *key, scrim_error *error) {
  *out = NULL;
  *n_out = 0;
  if (n_bytes < ENCRYPTION_HEADER + ENCRYPTION_TAG)
    return fail(error, SCRIM_E_FORMAT, "%zu bytes are too few for an encrypted file", n_bytes);
  int fits;
  size_t n_sealed = n_bytes - ENCRYPTION_HEADER, n = plain_length(n_sealed, &fits);
  if (!fits || n > ENCRYPTION_MAX_BYTES)
    return fail(error, SCRIM_E_FORMAT, "an encrypted file never has %zu bytes: it was cut", n_bytes);
  unsigned char *block = memory_alloc(n + 1), data_key[KEY_BYTES], header[ENCRYPTION_HEADER];
  if (block == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory to decrypt %zu bytes", n);
  memcpy(header, bytes, sizeof header);
  chunks c = {.context = NULL};
  scrim_status status = header_read(header, data_key, key, error);
  if (status == SCRIM_OK) status = chunks_begin(&c, header, data_key, 0, error);
  if (status == SCRIM_OK)
    status = chunks_open(&c, (const unsigned char *)bytes + ENCRYPTION_HEADER, n_sealed, block, error);
  EVP_CIPHER_CTX_free(c.context);
  memory_wipe(data_key, sizeof data_key);
  if (status != SCRIM_OK) {
    whole_file_free(block, n);
    return status;
  }
  block[n] = '\0';
  *out = block;
  *n_out = n;
  return SCRIM_OK;
}
