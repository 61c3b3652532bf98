/* Whole tables in memory, for training and audits. */
#ifndef TOOLS_TABLES_H
#define TOOLS_TABLES_H

#include <scrim.h>

typedef struct scores_table {
  scrim_table table; /* freed with scrim_table_free */
  size_t rows;
} scores_table;

/* Reads [rows, columns]; *columns 0 takes what the file has, any other value must fit. */
scrim_status tables_read(scores_table *out, const char *path, size_t *columns, scrim_error *error);

/* Reads `rows` class numbers in 0..classes-1. Freed with free(). */
scrim_status tables_read_labels(int32_t **out, const char *path, size_t rows, size_t classes, scrim_error *error);

#endif
