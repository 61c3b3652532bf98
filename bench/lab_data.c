/* Data sets of the laboratory: the struct, shuffling, UCI Letter and MNIST. */
#include "core/error.h"
#include "core/memory.h"
#include "lab.h"
#include <stdio.h>
#include <string.h>
#include <zlib.h>

enum { LETTER_FEATURES = 16, LETTER_CLASSES = 26, MNIST_PIXELS = 784, MNIST_CLASSES = 10 };

scrim_status lab_set_create(lab_set *out, size_t n, size_t features, size_t classes, scrim_error *error) {
  *out = (lab_set){.n = n, .features = features, .classes = classes};
  out->x = memory_zalloc(n * features, sizeof *out->x);
  out->y = memory_zalloc(n, sizeof *out->y);
  if (out->x && out->y) return SCRIM_OK;
  lab_set_free(out);
  return fail(error, SCRIM_E_MEMORY, "no memory for %zu rows of %zu features", n, features);
}

void lab_set_free(lab_set *s) {
  memory_free(s->x);
  memory_free(s->y);
  memory_free(s->attribute);
  *s = (lab_set){0};
}

/* Gathers rows of `bytes` bytes each from *block into a new one, in the order given. */
static int reorder(void **block, size_t bytes, const uint32_t *order, size_t n) {
  char *to = memory_alloc(n * bytes);
  if (!to) return 0;
  for (size_t i = 0; i < n; i++) memcpy(to + i * bytes, (const char *)*block + order[i] * bytes, bytes);
  memory_free(*block);
  *block = to;
  return 1;
}

scrim_status lab_set_shuffle(lab_set *s, uint64_t seed, scrim_error *error) {
  random_source *random = NULL;
  uint32_t *order = memory_alloc(s->n * sizeof *order);
  scrim_status status = order ? random_source_from_seed(&random, seed, error)
                              : fail(error, SCRIM_E_MEMORY, "no memory to shuffle %zu rows", s->n);
  if (status == SCRIM_OK) status = random_begin(random, "lab-split", NULL, 0, error);
  if (status == SCRIM_OK) {
    for (size_t i = 0; i < s->n; i++) order[i] = (uint32_t)i;
    random_shuffle(random, order, s->n);
    void *x = s->x, *y = s->y, *attribute = s->attribute;
    int done = reorder(&x, s->features * sizeof *s->x, order, s->n) && reorder(&y, sizeof *s->y, order, s->n) &&
               (!attribute || reorder(&attribute, sizeof *s->attribute, order, s->n));
    s->x = x, s->y = y, s->attribute = attribute;
    status = done ? random_status(random, error) : fail(error, SCRIM_E_MEMORY, "no memory to shuffle %zu rows", s->n);
  }
  random_source_free(random);
  memory_free(order);
  return status;
}

/* Features 0..15 become -1..1. */
scrim_status lab_letter_load(lab_set *out, const char *folder, uint64_t seed, scrim_error *error) {
  (void)seed;
  char path[4096];
  snprintf(path, sizeof path, "%s/letter.npy", folder);
  scrim_table table;
  scrim_status status = scrim_table_read(&table, path, SCRIM_FORMAT_NPY, 0, error);
  if (status != SCRIM_OK) return status;
  if (table.info.columns != LETTER_FEATURES + 1)
    status = fail(error, SCRIM_E_FORMAT, "%s has %zu columns; 17 expected", path, table.info.columns);
  if (status == SCRIM_OK) status = lab_set_create(out, (size_t)table.info.rows, LETTER_FEATURES, LETTER_CLASSES, error);
  for (size_t i = 0; status == SCRIM_OK && i < out->n; i++) {
    const float *row = table.data + i * (LETTER_FEATURES + 1);
    for (int j = 0; j < LETTER_FEATURES; j++) out->x[i * LETTER_FEATURES + j] = row[j] / 7.5f - 1;
    out->y[i] = (int32_t)row[LETTER_FEATURES];
  }
  scrim_table_free(&table);
  return status;
}

/* Reads a gzipped IDX file of `n` items of `bytes` bytes behind a header of `header` bytes. The caller frees. */
static scrim_status read_idx(unsigned char **out, const char *folder, const char *name, size_t header, size_t bytes,
                             scrim_error *error) {
  char path[4096];
  snprintf(path, sizeof path, "%s/mnist_test/%s", folder, name);
  gzFile file = gzopen(path, "rb");
  if (!file) return fail_errno(error, SCRIM_E_IO, "cannot open '%s' (see data/README.md)", path);
  unsigned char *block = memory_alloc(header + bytes);
  scrim_status status = block ? SCRIM_OK : fail(error, SCRIM_E_MEMORY, "no memory for %s", path);
  if (status == SCRIM_OK && gzread(file, block, (unsigned)(header + bytes)) != (int)(header + bytes))
    status = fail(error, SCRIM_E_FORMAT, "%s is shorter than %zu bytes", path, header + bytes);
  if (status == SCRIM_OK && (block[0] || block[1] || block[2] != 8 || 4 + 4 * (size_t)block[3] != header))
    status = fail(error, SCRIM_E_FORMAT, "%s is no IDX file of bytes with a %zu-byte header", path, header);
  if (status == SCRIM_OK) memmove(block, block + header, bytes);
  gzclose(file);
  if (status == SCRIM_OK)
    *out = block;
  else
    memory_free(block);
  return status;
}

/* Pixels 0..255 become 0..1. */
scrim_status lab_mnist_load(lab_set *out, const char *folder, uint64_t seed, scrim_error *error) {
  (void)seed;
  enum { ROWS = 10000 };
  unsigned char *pixels = NULL, *labels = NULL;
  scrim_status status = read_idx(&pixels, folder, "t10k-images-idx3-ubyte.gz", 16, (size_t)ROWS * MNIST_PIXELS, error);
  if (status == SCRIM_OK) status = read_idx(&labels, folder, "t10k-labels-idx1-ubyte.gz", 8, ROWS, error);
  if (status == SCRIM_OK) status = lab_set_create(out, ROWS, MNIST_PIXELS, MNIST_CLASSES, error);
  if (status == SCRIM_OK) {
    for (size_t i = 0; i < out->n * MNIST_PIXELS; i++) out->x[i] = pixels[i] / 255.0f;
    for (size_t i = 0; i < out->n; i++) out->y[i] = labels[i];
  }
  memory_free(pixels);
  memory_free(labels);
  return status;
}
