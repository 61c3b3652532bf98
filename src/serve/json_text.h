/*
 * Reading JSON where it lies: values are pieces of a text that json_guard has passed. No tree is built, because a tree
 * of scores would leave copies of them all over the heap, and takes some 70 bytes for a number of two characters.
 */
#ifndef SERVE_JSON_TEXT_H
#define SERVE_JSON_TEXT_H

#include <stddef.h>
#include <stdint.h>

typedef enum json_kind { JSON_OBJECT, JSON_ARRAY, JSON_STRING, JSON_NUMBER, JSON_WORD } json_kind;

/* A value: from its first character to behind its last. at == NULL: there is none. */
typedef struct json_value {
  const char *at, *end;
} json_value;

json_value json_root(const char *text, size_t n_bytes);
json_kind json_kind_of(json_value value);

/*
 * The elements of an array or members of an object, one a call; 0 after the last. Start with json_enter.
 *
 *     for (json_value inside = json_enter(object), name, value; json_next(&inside, &name, &value);)
 *
 * In an array, `name` may be NULL and is not touched.
 */
json_value json_enter(json_value container); /* what stands between the brackets, or quotes */
int json_next(json_value *inside, json_value *name, json_value *value);
size_t json_count(json_value container); /* elements or members */

/* The member of that name; none if there is none, or if `object` is no object. */
json_value json_member(json_value object, const char *name);

/* Whether a string says `text`, escapes resolved; 0 for other values. */
int json_is(json_value string, const char *text);
/* Whether two strings say the same. */
int json_same(json_value one, json_value other);
/* The index among `names` of what the string says, or `n`. */
size_t json_index(json_value string, const char *const *names, size_t n);

/* A whole number 0..max, written without sign, point or exponent. */
int json_whole(json_value number, uint64_t max, uint64_t *whole);

#endif
