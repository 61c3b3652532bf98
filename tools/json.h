/* Pieces of JSON on stdout. */
#ifndef TOOLS_JSON_H
#define TOOLS_JSON_H

void json_string(const char *text); /* quoted and escaped */
void json_number(double value);     /* null where it is not finite */

#endif
