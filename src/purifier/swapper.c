#include "purifier/swapper.h"

#include "core/error.h"
#include "core/memory.h"
#include "core/number.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHECK_CHARS = 17 };
#define LEAST_PROBABILITY 1e-12 /* smaller ones count as this */

struct swapper {
  random_source *source;
  size_t k, n;
  double step;
  int grids;
  const uint64_t *digests; /* [n], ascending; the file's, or `built` */
  uint64_t *built;         /* of swapper_build; NULL after swapper_open */
  float *offset;           /* [grids, k], in 0..1 cells */
  int32_t *cells;          /* [1 + k]: grid number, then the cell of each score */
};

double swapper_rate_from_gap(double member_accuracy, double reference_accuracy) {
  return member_accuracy > reference_accuracy ? (member_accuracy - reference_accuracy) / member_accuracy : 0;
}

/* A value that tells whether a key is the right one, and nothing else about it. */
static scrim_status key_check(random_source *source, char text[CHECK_CHARS], scrim_error *error) {
  unsigned char digest[32];
  const scrim_status status = random_digest(source, "swap key check", NULL, 0, digest, error);
  for (int i = 0; status == SCRIM_OK && i < (CHECK_CHARS - 1) / 2; i++) snprintf(text + 2 * i, 3, "%02x", digest[i]);
  memory_wipe(digest, sizeof digest);
  return status;
}

static scrim_status swapper_create(swapper **out, size_t k, double step, int grids, const scrim_key *key,
                                   scrim_error *error) {
  swapper *s = memory_zalloc(1, sizeof *s);
  if (s == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for the label swapper");
  s->k = k;
  s->step = step;
  s->grids = grids;
  s->offset = memory_zalloc((size_t)grids * k, sizeof *s->offset);
  s->cells = memory_zalloc(k + 1, sizeof *s->cells);
  scrim_status status = s->offset == NULL || s->cells == NULL
                            ? fail(error, SCRIM_E_MEMORY, "out of memory for the label swapper's %zu classes", k)
                            : random_source_create(&s->source, key, error);
  if (status == SCRIM_OK) status = random_begin(s->source, "swap offsets", NULL, 0, error);
  if (status != SCRIM_OK) {
    swapper_close(s);
    return status;
  }
  for (size_t i = 0; i < (size_t)grids * k; i++) s->offset[i] = (float)random_uniform(s->source);
  *out = s;
  return SCRIM_OK;
}

void swapper_close(swapper *s) {
  if (s == NULL) return;
  random_source_free(s->source);
  memory_wipe_free(s->offset, (size_t)s->grids * s->k * sizeof *s->offset);
  memory_wipe_free(s->cells, (s->k + 1) * sizeof *s->cells);
  memory_free(s->built);
  memory_free(s);
}

/* The keyed digest of the cell that a vector falls into on one grid. */
static scrim_status cell_digest(swapper *s, int grid, const float *probabilities, uint64_t *digest,
                                scrim_error *error) {
  unsigned char bytes[32];
  const float *offset = s->offset + (size_t)grid * s->k;
  s->cells[0] = grid;
  for (size_t j = 0; j < s->k; j++)
    s->cells[1 + j] = (int32_t)floor(log(fmax(probabilities[j], LEAST_PROBABILITY)) / s->step + offset[j]);
  const scrim_status status =
      random_digest(s->source, "swap cell", s->cells, (s->k + 1) * sizeof *s->cells, bytes, error);
  if (status == SCRIM_OK) memcpy(digest, bytes, sizeof *digest);
  return status;
}

static int ascending(const void *a, const void *b) {
  const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

/* Digests of the cells of the members that a keyed draw picks. */
static scrim_status mark(swapper *s, const float *probabilities, const float *chance, size_t n, scrim_error *error) {
  scrim_status status = SCRIM_OK;
  for (size_t i = 0; i < n && status == SCRIM_OK; i++) {
    status = random_begin(s->source, "swap choice", &(uint64_t){i}, sizeof(uint64_t), error);
    if (status != SCRIM_OK || random_uniform(s->source) >= chance[i]) continue;
    for (int g = 0; g < s->grids && status == SCRIM_OK; g++)
      status = cell_digest(s, g, probabilities + i * s->k, &s->built[s->n++], error);
  }
  return status == SCRIM_OK ? random_status(s->source, error) : status;
}

scrim_status swapper_build(swapper **out, const swapper_settings *settings, const float *probabilities,
                           const float *chance, size_t n, size_t k, const scrim_key *key, scrim_error *error) {
  swapper *s = NULL;
  scrim_status status = swapper_create(&s, k, settings->step, settings->grids, key, error);
  if (status != SCRIM_OK) return status;
  s->digests = s->built = memory_zalloc(n * (size_t)settings->grids, sizeof *s->built);
  status = s->built == NULL ? fail(error, SCRIM_E_MEMORY, "out of memory for a swap index of %zu members", n)
                            : mark(s, probabilities, chance, n, error);
  if (status != SCRIM_OK) {
    swapper_close(s);
    return status;
  }
  qsort(s->built, s->n, sizeof *s->built, ascending);
  *out = s;
  return SCRIM_OK;
}

size_t swapper_marked(const swapper *s) {
  return s->n / (size_t)s->grids;
}

scrim_status swapper_put(swapper *s, tensorfile_writer *writer, scrim_error *error) {
  char check[CHECK_CHARS] = "", step[NUMBER_TEXT], grids[16];
  number_print(step, s->step);
  snprintf(grids, sizeof grids, "%d", s->grids);
  const int64_t shape[1] = {(int64_t)s->n};
  scrim_status status = key_check(s->source, check, error);
  if (status == SCRIM_OK) status = tensorfile_put_meta(writer, "swap.key_check", check, error);
  if (status == SCRIM_OK) status = tensorfile_put_meta(writer, "swap.step", step, error);
  if (status == SCRIM_OK) status = tensorfile_put_meta(writer, "swap.grids", grids, error);
  if (status == SCRIM_OK) status = tensorfile_put(writer, "swap.digests", TENSORFILE_U64, 1, shape, s->digests, error);
  return status;
}

/* The numbers that swapper_put stored; a file that lacks one was not made by it. */
static scrim_status read_settings(const tensorfile *file, double *step, int *grids, scrim_error *error) {
  const char *step_text = tensorfile_meta(file, "swap.step"), *grids_text = tensorfile_meta(file, "swap.grids");
  *step = 0;
  if (step_text != NULL && !number_parse(step_text, step)) *step = 0;
  *grids = grids_text == NULL ? 0 : (int)strtol(grids_text, NULL, 10);
  if (*step >= SWAPPER_LEAST_STEP && *step <= SWAPPER_MOST_STEP && *grids >= 1 && *grids <= SWAPPER_MOST_GRIDS)
    return SCRIM_OK;
  return fail(error, SCRIM_E_FORMAT, "the filter's swap index has step %g (%g to %g) and %d grids (1 to %d)", *step,
              SWAPPER_LEAST_STEP, SWAPPER_MOST_STEP, *grids, SWAPPER_MOST_GRIDS);
}

scrim_status swapper_open(swapper **out, const tensorfile *file, size_t k, const scrim_key *key, scrim_error *error) {
  double step;
  int grids;
  swapper *s = NULL;
  char check[CHECK_CHARS] = "";
  const char *expected = tensorfile_meta(file, "swap.key_check");
  const void *digests = NULL;
  int64_t shape[1] = {-1};
  scrim_status status = read_settings(file, &step, &grids, error);
  if (status == SCRIM_OK) status = tensorfile_get(file, "swap.digests", TENSORFILE_U64, 1, shape, &digests, error);
  if (status == SCRIM_OK) status = swapper_create(&s, k, step, grids, key, error);
  if (status == SCRIM_OK) status = key_check(s->source, check, error);
  if (status == SCRIM_OK && (expected == NULL || strcmp(expected, check) != 0))
    status = fail(error, SCRIM_E_KEY, "this filter's label swapper was built with another key");
  if (status != SCRIM_OK) {
    swapper_close(s);
    return status;
  }
  s->digests = digests;
  s->n = (size_t)shape[0];
  for (size_t i = 1; i < s->n; i++) {
    if (s->digests[i - 1] <= s->digests[i]) continue;
    swapper_close(s);
    return fail(error, SCRIM_E_FORMAT, "the filter's swap index is not in order at entry %zu", i);
  }
  *out = s;
  return SCRIM_OK;
}

/* Binary search whose path length depends on the index's size alone. */
static int contains(const uint64_t *digests, size_t n, uint64_t digest) {
  const uint64_t *base = digests;
  if (n == 0) return 0;
  while (n > 1) {
    const size_t half = n / 2;
    base += (base[half - 1] < digest) * half;
    n -= half;
  }
  return *base == digest;
}

scrim_status swapper_decide(swapper *s, const float *probabilities, int *swap, scrim_error *error) {
  int found = 0;
  for (int g = 0; g < s->grids; g++) {
    uint64_t digest;
    const scrim_status status = cell_digest(s, g, probabilities, &digest, error);
    if (status != SCRIM_OK) return status;
    found |= contains(s->digests, s->n, digest);
  }
  *swap = found;
  return SCRIM_OK;
}
