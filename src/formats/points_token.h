/* Words and numbers of the text of point files, the same in every locale. */
#ifndef FORMATS_POINTS_TOKEN_H
#define FORMATS_POINTS_TOKEN_H

#include "core/number.h"
#include <stddef.h>
#include <stdint.h>

enum { POINTS_TOKEN_SHOWN = 25 };

typedef struct points_token {
  const char *text;
  size_t n;
} points_token;

/* The next word of [*at, end), between blanks or commas; *at moves behind it. 0: there is none. */
int points_token_next(const char **at, const char *end, points_token *token);
int points_token_is(const points_token *token, const char *word);
/* A whole number of 0 or more that fits in 63 bits; 0: it is none. */
int points_token_count(const points_token *token, uint64_t *value);
/* A decimal number, nan or inf, to the nearest double; 0: it is none. */
int points_token_number(const points_token *token, double *value);
/* The word as a message may show it: short and printable. */
const char *points_token_show(const points_token *token, char shown[POINTS_TOKEN_SHOWN]);
/* The shortest text that reads back as the same double or, where `single`, as the same float32; no NUL. */
size_t points_token_print(double value, int single, char text[NUMBER_TEXT]);

#endif
