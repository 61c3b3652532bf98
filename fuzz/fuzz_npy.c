/* Any bytes as an npy file, read to the end. */
#include "formats/table_format.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n);

/* Reads all rows through a small buffer. A hostile row may be 2^24 numbers long, which is still bounded. */
static void read_rows(scrim_reader *reader) {
  const scrim_table_info *info = scrim_reader_info(reader);
  size_t capacity = info->columns < 4096 ? 3 : 1, rows = 1;
  if (info->columns > 1 << 16) return; /* keeps the fuzzer fast */
  float *data = malloc(capacity * info->columns * sizeof *data);
  int64_t total = 0;
  while (rows > 0 && scrim_reader_read(reader, data, capacity, &rows, NULL) == SCRIM_OK) {
    if (rows > capacity) abort();
    total += (int64_t)rows;
  }
  if (total > info->rows) abort();
  free(data);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n) {
  bytes_in *in;
  scrim_reader *reader;
  scrim_error error;
  if (bytes_in_open_memory(&in, bytes, n, &error) != SCRIM_OK) return 0;
  if (reader_open_bytes(&reader, in, SCRIM_FORMAT_NPY, &error) != SCRIM_OK) return 0;
  read_rows(reader);
  scrim_reader_close(reader);
  return 0;
}
