/* Pieces of JSON, on stdout where no file is named. `end` is what follows: a comma, a bracket. */
#ifndef TOOLS_JSON_H
#define TOOLS_JSON_H

#include <stdio.h>

void json_string(const char *text); /* quoted and escaped */
void json_string_to(FILE *to, const char *text);
void json_number(double value); /* null where it is not finite */
void json_field(const char *name, double value, const char *end);
void json_text_field(const char *name, const char *text, const char *end);

#endif
