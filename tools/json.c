#include "json.h"
#include <math.h>
#include <stdio.h>

void json_string_to(FILE *to, const char *text) {
  putc('"', to);
  for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
    if (*c == '"' || *c == '\\')
      fprintf(to, "\\%c", *c);
    else if (*c < 0x20)
      fprintf(to, "\\u%04x", *c);
    else
      putc(*c, to);
  }
  putc('"', to);
}

void json_string(const char *text) {
  json_string_to(stdout, text);
}

void json_number(double value) {
  if (isfinite(value))
    printf("%.9g", value);
  else
    fputs("null", stdout);
}

static void json_name(const char *name) {
  json_string(name);
  fputs(": ", stdout);
}

void json_field(const char *name, double value, const char *end) {
  json_name(name);
  json_number(value);
  fputs(end, stdout);
}

void json_text_field(const char *name, const char *text, const char *end) {
  json_name(name);
  json_string(text);
  fputs(end, stdout);
}
