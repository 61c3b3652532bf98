/* Memory that held raw scores is cleared before it is given back. */
#ifndef TOOLS_WIPE_H
#define TOOLS_WIPE_H

#include <stddef.h>

/* Through a volatile pointer, so that the compiler cannot see that nobody reads what was written. */
static inline void wipe(void *memory, size_t bytes) {
  for (volatile unsigned char *at = memory; bytes > 0; bytes--) *at++ = 0;
}

#endif
