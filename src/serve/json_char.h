/* One character of a JSON string, as it stands or escaped. */
#ifndef SERVE_JSON_CHAR_H
#define SERVE_JSON_CHAR_H

#include <stddef.h>
#include <stdint.h>

/*
 * The character at the front of [at, end), which lies behind a string's opening quote: *code is its Unicode number.
 * Answers its bytes in the text: 1 to 4 of UTF-8 in shortest form, 2, 6 or (a surrogate pair) 12 of an escape; 0 where
 * none may stand: a control character, a quote, U+0000, half of a pair, broken UTF-8, an unknown escape.
 */
size_t json_char(const char *at, const char *end, uint32_t *code);

#endif
