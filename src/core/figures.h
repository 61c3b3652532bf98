/* Figures of a training, kept as metadata in the file that came of it. */
#ifndef CORE_FIGURES_H
#define CORE_FIGURES_H

#include "core/tensorfile.h"

typedef struct figure {
  const char *name; /* of the metadata */
  double value;
  int digits; /* significant ones that are kept; 0: all */
} figure;

scrim_status figures_put(const figure *figures, size_t n, tensorfile_writer *writer, scrim_error *error);

/* A seed, whose 64 bits a double does not hold. */
scrim_status figures_put_seed(const char *name, uint64_t seed, tensorfile_writer *writer, scrim_error *error);

#endif
