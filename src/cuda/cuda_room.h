/* Memory of a session that is no tape's: a block on the device and a pinned one, as large as ever asked for. */
#ifndef CUDA_CUDA_ROOM_H
#define CUDA_CUDA_ROOM_H

#include <scrim/status.h>
#include <stddef.h>

typedef struct cuda_room {
  void *device, *pinned;
  size_t device_bytes, pinned_bytes;
} cuda_room;

/* At least that much of both. What was in them is lost if they grow. `holder` for messages: "a frame of 7 points". */
scrim_status cuda_room_make(cuda_room *r, size_t device_bytes, size_t pinned_bytes, const char *holder,
                            scrim_error *error);
void cuda_room_free(cuda_room *r); /* wipes; waits for whoever still uses it */

/* Pieces of a block, one after the other, aligned to 256 bytes. `base` NULL: only counts. */
typedef struct cuda_carver {
  unsigned char *base;
  size_t used;
} cuda_carver;
void *cuda_carve(cuda_carver *c, size_t bytes);

#endif
