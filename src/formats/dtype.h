/* Element types of npy files and their conversion to float32. */
#ifndef FORMATS_DTYPE_H
#define FORMATS_DTYPE_H

#include <scrim/table.h>

typedef struct dtype {
  scrim_dtype id;
  const char *code; /* numpy's: kind and bytes, without the mark of the byte order */
  size_t bytes;
  /* n little-endian elements, in any alignment, to the nearest float32: infinite where a double is beyond the range. */
  void (*to_float)(const char *from, float *to, size_t n);
} dtype;

/* NULL: there is no such type. */
const dtype *dtype_get(scrim_dtype id);
const dtype *dtype_find(const char *code, size_t n);

#endif
