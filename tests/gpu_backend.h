/* The backend of a GPU, for tests that need one. */
#ifndef TESTS_GPU_BACKEND_H
#define TESTS_GPU_BACKEND_H

#include "tensor/backend_open.h"
#include <stdio.h>
#include <stdlib.h>

/* NULL: there is no GPU, or no backend for one in this build; says so. */
static const backend *gpu_backend(void) {
  const char *folder = getenv("BUILD");
  const backend *gpu;
  scrim_error error;
  if (backend_open_in(&gpu, 0, folder ? folder : "build", &error) == SCRIM_OK) return gpu;
  printf("skipped: no device (%s)\n", error.message);
  return NULL;
}

#endif
