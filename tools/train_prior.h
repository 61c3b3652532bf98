/* scrim cloud train prior: a cloud filter that knows what objects look like. */
#ifndef TOOLS_TRAIN_PRIOR_H
#define TOOLS_TRAIN_PRIOR_H

#include <scrim.h>

typedef struct train_prior_request {
  const char *objects; /* npy [n, points, 3]; NULL: procedural ones */
  const char *output;
  const char *checkpoint; /* or NULL */
  int resume;
  uint64_t seed;
  scrim_device device;
} train_prior_request;

/* Trains and saves; *out is the caller's. *at_fault: the file that an error is about, or NULL. */
scrim_status train_prior(scrim_filter **out, const train_prior_request *request, const scrim_config *config,
                         const char **at_fault, scrim_error *error);

#endif
