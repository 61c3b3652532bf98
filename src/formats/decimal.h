/*
 * float32 to and from decimal text: exact, in C notation whatever the locale, and fast enough for files of millions
 * of rows.
 */
#ifndef FORMATS_DECIMAL_H
#define FORMATS_DECIMAL_H

#include <stddef.h>

enum {
  DECIMAL_CHARS = 24, /* room that decimal_print needs */
  DECIMAL_MAX = 512   /* characters of the longest number that decimal_parse takes */
};

/*
 * Reads the number at the front of [at, end): digits with an optional sign, point and exponent, or nan, inf, infinity
 * in any case. Gives the nearest float32 (ties to even; infinity beyond the range). Answers the end of the number,
 * NULL if none.
 */
const char *decimal_parse(const char *at, const char *end, float *value);

/*
 * Writes the fewest digits (one more for three powers of two) that read back as the same float32; no NUL. Answers how
 * many characters.
 */
size_t decimal_print(float value, char to[DECIMAL_CHARS]);

#endif
