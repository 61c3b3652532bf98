/*
 * UCI Adult: any column can be the one to predict, and any other the one to keep private. Numbers are standardised,
 * categories become one-hot columns in the order in which the files first name them ("?" is a category like any other,
 * but a row whose target is "?" is left out).
 */
#include "core/error.h"
#include "core/memory.h"
#include "lab.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 15, MAX_VALUES = 64, MAX_NAME = 32, MAX_ROWS = 50000 };

static const struct {
  const char *name;
  int number;
} columns[COLUMNS] = {{"age", 1},
                      {"workclass", 0},
                      {"fnlwgt", 1},
                      {"education", 0},
                      {"education-num", 1},
                      {"marital-status", 0},
                      {"occupation", 0},
                      {"relationship", 0},
                      {"race", 0},
                      {"sex", 0},
                      {"capital-gain", 1},
                      {"capital-loss", 1},
                      {"hours-per-week", 1},
                      {"native-country", 0},
                      {"income", 0}};

typedef struct census {
  size_t n;
  int target, attribute;
  float cell[MAX_ROWS][COLUMNS]; /* numbers, or the code of a category */
  int values[COLUMNS];           /* codes given so far */
  char value[COLUMNS][MAX_VALUES][MAX_NAME];
} census;

static int column_index(const char *name) {
  for (int c = 0; c < COLUMNS; c++)
    if (name && !strcmp(columns[c].name, name)) return c;
  return -1;
}

/* The code of a category, a new one if the name is new; -1 when there are too many or it is too long. */
static int encode(census *s, int column, const char *name) {
  for (int v = 0; v < s->values[column]; v++)
    if (!strcmp(s->value[column][v], name)) return v;
  if (s->values[column] == MAX_VALUES || strlen(name) >= MAX_NAME) return -1;
  strcpy(s->value[column][s->values[column]], name);
  return s->values[column]++;
}

/*
 * Splits a line of the file into a row of cells; 0 when it is not one. The test file ends its labels with a full stop.
 */
static int parse_row(census *s, char *line) {
  char *cell[COLUMNS], *rest = NULL;
  int c = 0;
  for (char *at = strtok_r(line, ", .\r\n", &rest); at && c < COLUMNS; at = strtok_r(NULL, ", .\r\n", &rest))
    cell[c++] = at;
  if (c != COLUMNS) return 0;
  if (!strcmp(cell[s->target], "?")) return 1;
  for (c = 0; c < COLUMNS; c++) {
    int code = columns[c].number ? 0 : encode(s, c, cell[c]);
    if (code < 0) return 0;
    s->cell[s->n][c] = columns[c].number ? strtof(cell[c], NULL) : (float)code;
  }
  s->n++;
  return 1;
}

static scrim_status read_file(census *s, const char *folder, const char *name, scrim_error *error) {
  char path[4096], line[512];
  snprintf(path, sizeof path, "%s/adult/%s", folder, name);
  FILE *file = fopen(path, "r");
  if (!file) return fail_errno(error, SCRIM_E_IO, "cannot open '%s' (see data/README.md)", path);
  scrim_status status = SCRIM_OK;
  for (int at = 1; status == SCRIM_OK && fgets(line, sizeof line, file); at++) {
    if (line[0] < '0' || line[0] > '9') continue; /* header, comment or empty */
    if (s->n == MAX_ROWS)
      status = fail(error, SCRIM_E_FORMAT, "%s line %d: more than %d rows", path, at, MAX_ROWS);
    else if (!parse_row(s, line))
      status = fail(error, SCRIM_E_FORMAT, "%s line %d: not a row of %d cells", path, at, COLUMNS);
  }
  fclose(file);
  return status;
}

/* Writes the standardised numbers of a column into every stride-th place of x. */
static void standardise(const census *s, int column, float *x, size_t stride) {
  double sum = 0, squares = 0;
  for (size_t i = 0; i < s->n; i++) sum += s->cell[i][column];
  double mean = sum / (double)s->n;
  for (size_t i = 0; i < s->n; i++) squares += (s->cell[i][column] - mean) * (s->cell[i][column] - mean);
  double deviation = sqrt(squares / (double)s->n);
  for (size_t i = 0; i < s->n; i++) x[i * stride] = (float)((s->cell[i][column] - mean) / deviation);
}

static scrim_status build(lab_set *out, const census *s, scrim_error *error) {
  size_t width = 0;
  for (int c = 0; c < COLUMNS; c++)
    if (c != s->target) width += columns[c].number ? 1 : (size_t)s->values[c];
  scrim_status status = lab_set_create(out, s->n, width, (size_t)s->values[s->target], error);
  if (status != SCRIM_OK) return status;
  size_t at = 0;
  for (int c = 0; c < COLUMNS; c++) {
    if (c == s->target) continue;
    if (columns[c].number)
      standardise(s, c, out->x + at, width);
    else
      for (size_t i = 0; i < s->n; i++) out->x[i * width + at + (size_t)s->cell[i][c]] = 1;
    at += columns[c].number ? 1 : (size_t)s->values[c];
  }
  for (size_t i = 0; i < s->n; i++) out->y[i] = (int32_t)s->cell[i][s->target];
  if (s->attribute < 0) return SCRIM_OK;
  out->attribute_values = (size_t)s->values[s->attribute];
  out->attribute = memory_alloc(s->n * sizeof *out->attribute);
  if (!out->attribute) {
    lab_set_free(out);
    return fail(error, SCRIM_E_MEMORY, "no memory for %zu attributes", s->n);
  }
  for (size_t i = 0; i < s->n; i++) out->attribute[i] = (int32_t)s->cell[i][s->attribute];
  return SCRIM_OK;
}

scrim_status lab_adult_load_columns(lab_set *out, const char *folder, const char *target, const char *attribute,
                                    scrim_error *error) {
  census *s = memory_zalloc(1, sizeof *s);
  if (!s) return fail(error, SCRIM_E_MEMORY, "no memory for %d rows of Adult", MAX_ROWS);
  s->target = column_index(target);
  s->attribute = column_index(attribute);
  scrim_status status = SCRIM_OK;
  if (s->target < 0 || columns[s->target].number)
    status = fail(error, SCRIM_E_ARGUMENT, "Adult has no column of categories named '%s'", target);
  if (status == SCRIM_OK && attribute && (s->attribute < 0 || columns[s->attribute].number))
    status = fail(error, SCRIM_E_ARGUMENT, "Adult has no column of categories named '%s'", attribute);
  if (status == SCRIM_OK) status = read_file(s, folder, "adult.data", error);
  if (status == SCRIM_OK) status = read_file(s, folder, "adult.test", error);
  if (status == SCRIM_OK) status = build(out, s, error);
  memory_free(s);
  return status;
}

scrim_status lab_adult_load(lab_set *out, const char *folder, uint64_t seed, scrim_error *error) {
  (void)seed;
  return lab_adult_load_columns(out, folder, "income", NULL, error);
}
