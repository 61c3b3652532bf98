#include "core/figures.h"
#include "core/number.h"
#include <inttypes.h>
#include <stdio.h>

scrim_status figures_put(const figure *figures, size_t n, tensorfile_writer *writer, scrim_error *error) {
  char text[NUMBER_TEXT];
  scrim_status status = SCRIM_OK;
  for (size_t i = 0; i < n && status == SCRIM_OK; i++) {
    number_print_rounded(text, figures[i].value, figures[i].digits);
    status = tensorfile_put_meta(writer, figures[i].name, text, error);
  }
  return status;
}

scrim_status figures_put_seed(const char *name, uint64_t seed, tensorfile_writer *writer, scrim_error *error) {
  char text[24];
  snprintf(text, sizeof text, "%" PRIu64, seed);
  return tensorfile_put_meta(writer, name, text, error);
}
