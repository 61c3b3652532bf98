/* Pieces of JSON, on stdout where no file is named. */
#ifndef TOOLS_JSON_H
#define TOOLS_JSON_H

#include <stdio.h>

void json_string(const char *text); /* quoted and escaped */
void json_string_to(FILE *to, const char *text);
void json_number(double value); /* null where it is not finite */

#endif
