/* JSON values into structs, by tables. */
#include "serve/config_field.h"
#include "core/error.h"
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* ---- saying what is wrong ---- */

enum { PLACE_TEXT = 160, PLACE_DEPTH = 16 };

/* From the root down; names are those of the tables, or cut. */
static void place_print(char text[PLACE_TEXT], const config_place *place) {
  const config_place *steps[PLACE_DEPTH];
  size_t n = 0, at = 1;
  for (; place->parent != NULL && n < PLACE_DEPTH; place = place->parent) steps[n++] = place;
  strcpy(text, "$");
  while (n > 0 && at < PLACE_TEXT) {
    const config_place *step = steps[--n];
    int added = step->name != NULL ? snprintf(text + at, PLACE_TEXT - at, ".%.40s", step->name)
                                   : snprintf(text + at, PLACE_TEXT - at, "[%zu]", step->index);
    at += (size_t)added;
  }
}

scrim_status config_fail(const config_reader *r, const config_place *place, const char *format, ...) {
  char where[PLACE_TEXT], what[sizeof r->error->message];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  place_print(where, place);
  return fail(r->error, SCRIM_E_PARAM, "%s: %s", where, what);
}

static scrim_status wrong_type(const config_reader *r, const config_place *place, const char *wanted) {
  return config_fail(r, place, "must be %s", wanted);
}

static scrim_status no_memory(const config_reader *r) {
  return fail(r->error, SCRIM_E_MEMORY, "out of memory for the configuration");
}

/* ---- texts ---- */

static int is_word(const char *text) {
  static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  return text[0] != '\0' && text[strspn(text, allowed)] == '\0';
}

/* A copy in the arena, with `prefix` before it. */
static scrim_status copy_text(const config_reader *r, const char *prefix, const char *text, const char **out) {
  size_t n_prefix = strlen(prefix), n_text = strlen(text);
  char *copy = arena_alloc(r->memory, n_prefix + n_text + 1);
  if (copy == NULL) return no_memory(r);
  memcpy(copy, prefix, n_prefix);
  memcpy(copy + n_prefix, text, n_text + 1);
  *out = copy;
  return SCRIM_OK;
}

static scrim_status take_text(const config_reader *r, const cJSON *value, const char **out, const config_place *place) {
  if (!cJSON_IsString(value)) return wrong_type(r, place, "a string");
  if (value->valuestring[0] == '\0') return config_fail(r, place, "must not be empty");
  return copy_text(r, "", value->valuestring, out);
}

static scrim_status take_word(const config_reader *r, const cJSON *value, const char **out, const config_place *place) {
  if (!cJSON_IsString(value)) return wrong_type(r, place, "a string");
  if (!is_word(value->valuestring))
    return config_fail(r, place, "'%.60s' must be letters, digits, '.', '_' and '-' only", value->valuestring);
  return copy_text(r, "", value->valuestring, out);
}

/* "-" stays: it is no file. */
static scrim_status take_file(const config_reader *r, const cJSON *value, const char **out, const config_place *place) {
  if (!cJSON_IsString(value)) return wrong_type(r, place, "a string");
  const char *text = value->valuestring;
  if (text[0] == '\0') return config_fail(r, place, "must not be empty");
  return copy_text(r, text[0] == '/' || strcmp(text, "-") == 0 ? "" : r->folder, text, out);
}

typedef scrim_status (*text_taker)(const config_reader *r, const cJSON *value, const char **out,
                                   const config_place *place);

static scrim_status take_length(const config_reader *r, const config_field *f, const cJSON *value, size_t *n,
                                const config_place *place) {
  if (!cJSON_IsArray(value)) return wrong_type(r, place, "a list");
  *n = (size_t)cJSON_GetArraySize(value);
  if ((double)*n < f->min || (double)*n > f->max)
    return config_fail(r, place, "has %zu elements, and must have %.0f..%.0f", *n, f->min, f->max);
  return SCRIM_OK;
}

static scrim_status take_texts(const config_reader *r, const config_field *f, const cJSON *value, char *base,
                               const config_place *place, text_taker take) {
  size_t n = 0, i = 0;
  scrim_status status = take_length(r, f, value, &n, place);
  if (status != SCRIM_OK) return status;
  const char **list = arena_alloc(r->memory, n * sizeof *list);
  if (list == NULL) return no_memory(r);
  for (const cJSON *item = value->child; item != NULL; item = item->next, i++) {
    const config_place here = {place, NULL, i};
    status = take(r, item, &list[i], &here);
    if (status != SCRIM_OK) return status;
    for (size_t j = 0; j < i; j++)
      if (strcmp(list[i], list[j]) == 0) return config_fail(r, &here, "'%.60s' is there twice", list[i]);
  }
  *(const char *const **)(base + f->at) = list;
  *(size_t *)(base + f->count_at) = n;
  return SCRIM_OK;
}

scrim_status config_text(const config_reader *r, const config_field *f, const cJSON *v, char *base,
                         const config_place *place) {
  return take_text(r, v, (const char **)(base + f->at), place);
}

scrim_status config_word(const config_reader *r, const config_field *f, const cJSON *v, char *base,
                         const config_place *place) {
  return take_word(r, v, (const char **)(base + f->at), place);
}

scrim_status config_file(const config_reader *r, const config_field *f, const cJSON *v, char *base,
                         const config_place *place) {
  return take_file(r, v, (const char **)(base + f->at), place);
}

scrim_status config_texts(const config_reader *r, const config_field *f, const cJSON *v, char *base,
                          const config_place *place) {
  return take_texts(r, f, v, base, place, take_text);
}

scrim_status config_words(const config_reader *r, const config_field *f, const cJSON *v, char *base,
                          const config_place *place) {
  return take_texts(r, f, v, base, place, take_word);
}

scrim_status config_files(const config_reader *r, const config_field *f, const cJSON *v, char *base,
                          const config_place *place) {
  return take_texts(r, f, v, base, place, take_file);
}

/* ---- numbers and choices ---- */

scrim_status config_switch(const config_reader *r, const config_field *f, const cJSON *v, char *base,
                           const config_place *place) {
  if (!cJSON_IsBool(v)) return wrong_type(r, place, "true or false");
  *(int *)(base + f->at) = cJSON_IsTrue(v);
  return SCRIM_OK;
}

scrim_status config_real(const config_reader *r, const config_field *f, const cJSON *v, char *base,
                         const config_place *place) {
  if (!cJSON_IsNumber(v)) return wrong_type(r, place, "a number");
  if (!(v->valuedouble >= f->min && v->valuedouble <= f->max))
    return config_fail(r, place, "%.15g is not in %.15g..%.15g", v->valuedouble, f->min, f->max);
  *(double *)(base + f->at) = v->valuedouble;
  return SCRIM_OK;
}

/* Ranges end below 2^53, up to which doubles are exact. */
static scrim_status take_whole(const config_reader *r, double min, double max, const cJSON *v, double *out,
                               const config_place *place) {
  if (!cJSON_IsNumber(v) || floor(v->valuedouble) != v->valuedouble) return wrong_type(r, place, "a whole number");
  if (!(v->valuedouble >= min && v->valuedouble <= max))
    return config_fail(r, place, "%.15g is not in %.15g..%.15g", v->valuedouble, min, max);
  *out = v->valuedouble;
  return SCRIM_OK;
}

scrim_status config_size(const config_reader *r, const config_field *f, const cJSON *v, char *base,
                         const config_place *place) {
  double value = 0;
  scrim_status status = take_whole(r, f->min, f->max, v, &value, place);
  if (status == SCRIM_OK) *(size_t *)(base + f->at) = (size_t)value;
  return status;
}

scrim_status config_port(const config_reader *r, const config_field *f, const cJSON *v, char *base,
                         const config_place *place) {
  double value = 0;
  scrim_status status = take_whole(r, f->min, f->max, v, &value, place);
  if (status == SCRIM_OK) *(uint16_t *)(base + f->at) = (uint16_t)value;
  return status;
}

scrim_status config_numbers(const config_reader *r, const config_field *f, const cJSON *v, char *base,
                            const config_place *place) {
  size_t n = 0, i = 0;
  scrim_status status = take_length(r, f, v, &n, place);
  if (status != SCRIM_OK) return status;
  int *list = arena_alloc(r->memory, n * sizeof *list);
  if (list == NULL) return no_memory(r);
  for (const cJSON *item = v->child; item != NULL; item = item->next, i++) {
    const config_place here = {place, NULL, i};
    double value = 0;
    status = take_whole(r, 0, INT_MAX, item, &value, &here);
    if (status != SCRIM_OK) return status;
    list[i] = (int)value;
  }
  *(const int **)(base + f->at) = list;
  *(size_t *)(base + f->count_at) = n;
  return SCRIM_OK;
}

scrim_status config_choice(const config_reader *r, const config_field *f, const cJSON *v, char *base,
                           const config_place *place) {
  if (!cJSON_IsString(v)) return wrong_type(r, place, "a string");
  char known[120] = "";
  for (int i = 0; f->choices[i] != NULL; i++) {
    size_t at = strlen(known);
    if (strcmp(f->choices[i], v->valuestring) == 0) {
      *(int *)(base + f->at) = i;
      return SCRIM_OK;
    }
    snprintf(known + at, sizeof known - at, "%s'%s'", i == 0 ? "" : ", ", f->choices[i]);
  }
  return config_fail(r, place, "'%.40s' is none of %s", v->valuestring, known);
}

/* ---- objects ---- */

scrim_status config_object(const config_reader *r, const config_shape *shape, const cJSON *object, char *base,
                           const config_place *place) {
  if (!cJSON_IsObject(object)) return wrong_type(r, place, "an object");
  for (const cJSON *item = object->child; item != NULL; item = item->next) {
    const config_place here = {place, item->string, 0};
    const config_field *field = shape->fields, *end = field + shape->n_fields;
    while (field < end && strcmp(field->name, item->string) != 0) field++;
    if (field == end) return config_fail(r, &here, "unknown field");
    scrim_status status = field->read(r, field, item, base, &here);
    if (status != SCRIM_OK) return status;
  }
  for (size_t i = 0; i < shape->n_fields; i++) {
    const config_place here = {place, shape->fields[i].name, 0};
    if (shape->fields[i].is_required && cJSON_GetObjectItemCaseSensitive(object, shape->fields[i].name) == NULL)
      return config_fail(r, &here, "is missing");
  }
  return SCRIM_OK;
}

scrim_status config_inside(const config_reader *r, const config_field *f, const cJSON *v, char *base,
                           const config_place *place) {
  if (f->count_at != 0) *(int *)(base + f->count_at) = 1;
  return config_object(r, f->inside, v, base + f->at, place);
}

static void *fresh_structs(const config_reader *r, const config_shape *shape, size_t n) {
  char *structs = arena_alloc(r->memory, n * shape->bytes);
  if (structs == NULL) return NULL;
  memset(structs, 0, n * shape->bytes);
  for (size_t i = 0; i < n && shape->defaults != NULL; i++)
    memcpy(structs + i * shape->bytes, shape->defaults, shape->bytes);
  return structs;
}

scrim_status config_fresh(const config_reader *r, const config_field *f, const cJSON *v, char *base,
                          const config_place *place) {
  char *fresh = fresh_structs(r, f->inside, 1);
  if (fresh == NULL) return no_memory(r);
  memcpy(base + f->at, &fresh, sizeof fresh); /* the member is a pointer of another type */
  return config_object(r, f->inside, v, fresh, place);
}

scrim_status config_list(const config_reader *r, const config_field *f, const cJSON *v, char *base,
                         const config_place *place) {
  size_t n = 0, i = 0;
  scrim_status status = take_length(r, f, v, &n, place);
  if (status != SCRIM_OK) return status;
  char *structs = fresh_structs(r, f->inside, n);
  if (structs == NULL) return no_memory(r);
  for (const cJSON *item = v->child; item != NULL && status == SCRIM_OK; item = item->next, i++) {
    const config_place here = {place, NULL, i};
    status = config_object(r, f->inside, item, structs + i * f->inside->bytes, &here);
  }
  memcpy(base + f->at, &structs, sizeof structs);
  *(size_t *)(base + f->count_at) = n;
  return status;
}
