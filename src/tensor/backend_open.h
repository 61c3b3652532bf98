/*
 * Backends by name. The CPU's is part of the library; the one for CUDA is a shared object beside it, which is looked for
 * when it is first asked for, so that nothing of CUDA need be there otherwise.
 */
#ifndef TENSOR_BACKEND_OPEN_H
#define TENSOR_BACKEND_OPEN_H

#include "tensor/tape.h"
#include <scrim/device.h>
#include <scrim/version.h>

/*
 * The backend of a device. SCRIM_DEVICE_AUTO: CUDA's if it can be had, else the CPU's. SCRIM_DEVICE_CUDA:
 * SCRIM_E_DEVICE names what is missing: the shared object, a driver, a GPU. It stays open as long as the process.
 */
scrim_status backend_open(const backend **out, scrim_device device, scrim_error *error);
/* The same for CUDA's, from one folder. */
scrim_status backend_open_in(const backend **out, const char *folder, scrim_error *error);

/* What the shared object must have been built with: both sides share these structures. */
typedef struct backend_layout {
  const char *version; /* SCRIM_VERSION */
  size_t backend_bytes, tape_bytes, node_bytes, tensor_bytes;
} backend_layout;
static inline backend_layout backend_layout_here(void) {
  return (backend_layout){SCRIM_VERSION, sizeof(backend), sizeof(tape), sizeof(node), sizeof(tensor)};
}

/* The one function of the shared object. SCRIM_E_DEVICE: another layout, no driver, no GPU that it knows. */
#define BACKEND_ENTRY "scrim_cuda_open"
typedef scrim_status backend_entry(const backend_layout *layout, const backend **out, scrim_error *error);

#endif
