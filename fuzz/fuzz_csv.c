/* Any bytes as a csv or tsv file, and any cell as a number: what is printed must read back as the same bits. */
#include "formats/decimal.h"
#include "formats/table_format.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n);

static void print_and_read_back(float value) {
  char text[DECIMAL_CHARS];
  float back;
  size_t n = decimal_print(value, text);
  if (n > sizeof text || decimal_parse(text, text + n, &back) != text + n) abort();
  if (!isnan(value) && memcmp(&back, &value, sizeof back) != 0) abort();
}

static void read_rows(scrim_reader *reader) {
  const scrim_table_info *info = scrim_reader_info(reader);
  size_t capacity = 3, rows = 1;
  float *data = malloc(capacity * info->columns * sizeof *data);
  while (rows > 0 && scrim_reader_read(reader, data, capacity, &rows, NULL) == SCRIM_OK) {
    if (rows > capacity) abort();
    for (size_t i = 0; i < rows * info->columns; i++) print_and_read_back(data[i]);
  }
  free(data);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n) {
  static const scrim_format formats[] = {SCRIM_FORMAT_CSV, SCRIM_FORMAT_TSV, SCRIM_FORMAT_AUTO};
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
    bytes_in *in;
    scrim_reader *reader;
    scrim_error error;
    if (bytes_in_open_memory(&in, bytes, n, &error) != SCRIM_OK) return 0;
    if (reader_open_bytes(&reader, in, formats[i], &error) != SCRIM_OK) continue;
    read_rows(reader);
    scrim_reader_close(reader);
  }
  return 0;
}
