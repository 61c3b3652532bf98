/* scrim cloud train victim: a classifier of points for audits. */
#ifndef TOOLS_TRAIN_VICTIM_H
#define TOOLS_TRAIN_VICTIM_H

#include <scrim.h>

typedef struct train_victim_request {
  const char *objects, *labels, *output;
  const char *network; /* NULL: pointnet */
  uint64_t epochs, seed;
  scrim_device device;
} train_victim_request;

/* *at_fault: the file that an error is about, or NULL. */
scrim_status train_victim(const train_victim_request *request, const char **at_fault, scrim_error *error);

#endif
