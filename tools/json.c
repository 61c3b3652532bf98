#include "json.h"
#include <math.h>
#include <stdio.h>

void json_string(const char *text) {
  putchar('"');
  for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
    if (*c == '"' || *c == '\\')
      printf("\\%c", *c);
    else if (*c < 0x20)
      printf("\\u%04x", *c);
    else
      putchar(*c);
  }
  putchar('"');
}

void json_number(double value) {
  if (isfinite(value))
    printf("%.9g", value);
  else
    fputs("null", stdout);
}
