/*
 * JSON objects read into structs by tables: one const entry a field, which says its name, its type, its range and where
 * its value goes. Whatever the table does not allow is SCRIM_E_PARAM, and the message begins with the place in the
 * file.
 */
#ifndef SERVE_CONFIG_FIELD_H
#define SERVE_CONFIG_FIELD_H

#include "core/memory.h"
#include <cjson/cJSON.h>
#include <scrim/status.h>
#include <stddef.h>

/* "$.models[0].name", a link for each step. */
typedef struct config_place {
  const struct config_place *parent; /* NULL: the root */
  const char *name;                  /* NULL: an element */
  size_t index;
} config_place;

typedef struct config_reader {
  arena *memory;      /* of all strings and lists */
  const char *folder; /* that file names are taken from, with its slash, or "" */
  scrim_error *error;
} config_reader;

typedef struct config_field config_field;
typedef scrim_status (*config_read)(const config_reader *r, const config_field *field, const cJSON *value, char *base,
                                    const config_place *place);

typedef struct config_shape {
  const config_field *fields;
  size_t n_fields;
  size_t bytes;         /* of the struct, where a fresh one is made */
  const void *defaults; /* [bytes], or NULL: zeros */
} config_shape;

struct config_field {
  const char *name;
  config_read read;
  size_t at;       /* of the value, from the start of the struct */
  size_t count_at; /* lists: of their length, a size_t */
  double min, max; /* numbers; for lists, the number of elements */
  int is_required;
  const config_shape *inside; /* objects, and lists of objects */
  const char *const *choices; /* NULL-terminated */
};

/* Values: the type of what stands at `at`. */
scrim_status config_text(const config_reader *r, const config_field *f, const cJSON *v, char *base,
                         const config_place *place); /* const char *: not empty */
scrim_status config_word(const config_reader *r, const config_field *f, const cJSON *v, char *base,
                         const config_place *place); /* const char *: letters, digits, '.', '_', '-' */
scrim_status config_file(const config_reader *r, const config_field *f, const cJSON *v, char *base,
                         const config_place *place); /* const char *: taken from the reader's folder */
scrim_status config_switch(const config_reader *r, const config_field *f, const cJSON *v, char *base,
                           const config_place *place); /* int: 0 or 1 */
scrim_status config_size(const config_reader *r, const config_field *f, const cJSON *v, char *base,
                         const config_place *place); /* size_t */
scrim_status config_port(const config_reader *r, const config_field *f, const cJSON *v, char *base,
                         const config_place *place); /* uint16_t */
scrim_status config_real(const config_reader *r, const config_field *f, const cJSON *v, char *base,
                         const config_place *place); /* double */
scrim_status config_choice(const config_reader *r, const config_field *f, const cJSON *v, char *base,
                           const config_place *place); /* an enum: the index of the choice */
scrim_status config_texts(const config_reader *r, const config_field *f, const cJSON *v, char *base,
                          const config_place *place); /* const char *const *, none twice */
scrim_status config_words(const config_reader *r, const config_field *f, const cJSON *v, char *base,
                          const config_place *place);
scrim_status config_files(const config_reader *r, const config_field *f, const cJSON *v, char *base,
                          const config_place *place);
scrim_status config_numbers(const config_reader *r, const config_field *f, const cJSON *v, char *base,
                            const config_place *place); /* const int *: whole numbers 0..INT_MAX; f->min..max of them */

/* Objects. */
scrim_status
config_inside(const config_reader *r, const config_field *f, const cJSON *v, char *base,
              const config_place *place); /* fields of the struct at `at`; if count_at, sets an int to 1 there */
scrim_status config_fresh(const config_reader *r, const config_field *f, const cJSON *v, char *base,
                          const config_place *place); /* const struct *: a new one */
scrim_status config_list(const config_reader *r, const config_field *f, const cJSON *v, char *base,
                         const config_place *place); /* const struct *: new ones in a row */

/* All fields of one object into the struct at `base`, which holds the defaults. */
scrim_status config_object(const config_reader *r, const config_shape *shape, const cJSON *object, char *base,
                           const config_place *place);

/* SCRIM_E_PARAM with the place before the words: "$.a[1].b: 0 is not in 1..9". */
scrim_status config_fail(const config_reader *r, const config_place *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
