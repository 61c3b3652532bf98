/* npy files of the types that the laboratory writes: f4, i4 and u1. */
#include "core/error.h"
#include "lab.h"
#include <stdio.h>
#include <string.h>

/* Version 1: magic, header length, a Python dictionary padded so that the data starts at a multiple of 64. */
static scrim_status write_npy(const char *folder, const char *name, const char *type, const void *data, size_t bytes,
                              int rank, const size_t *shape, scrim_error *error) {
  char path[4096], text[256], dims[128];
  int used = 0;
  size_t count = 1;
  for (int i = 0; i < rank; i++) {
    used += snprintf(dims + used, sizeof dims - (size_t)used, i ? " %zu," : "%zu,", shape[i]);
    count *= shape[i];
  }
  if (rank > 1) dims[used - 1] = '\0'; /* (3,) but (3, 4) */
  int length = snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", type, dims);
  while ((10 + length + 1) % 64) text[length++] = ' ';
  text[length++] = '\n';
  const unsigned char head[10] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (unsigned char)length, 0};
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "wb");
  if (!file) return fail_errno(error, SCRIM_E_IO, "cannot write '%s'", path);
  int done = fwrite(head, 1, sizeof head, file) == sizeof head &&
             fwrite(text, 1, (size_t)length, file) == (size_t)length && fwrite(data, bytes, count, file) == count;
  if (fclose(file) || !done) return fail_errno(error, SCRIM_E_IO, "cannot write '%s'", path);
  return SCRIM_OK;
}

scrim_status lab_write_f4(const char *folder, const char *name, const float *data, int rank, const size_t *shape,
                          scrim_error *error) {
  return write_npy(folder, name, "<f4", data, sizeof *data, rank, shape, error);
}

scrim_status lab_write_i4(const char *folder, const char *name, const int32_t *data, size_t n, scrim_error *error) {
  return write_npy(folder, name, "<i4", data, sizeof *data, 1, &n, error);
}

scrim_status lab_write_u1(const char *folder, const char *name, const unsigned char *data, size_t rows, size_t columns,
                          scrim_error *error) {
  return write_npy(folder, name, "|u1", data, 1, 2, (const size_t[]){rows, columns}, error);
}
