/*
 * Backends by name. The CPU's is part of the library; the one for CUDA is a shared object beside it, which is looked
 * for when it is first asked for, so that nothing of CUDA need be there otherwise.
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
/* The same for CUDA's, with or without tf32, from one folder. */
scrim_status backend_open_in(const backend **out, int tf32, const char *folder, scrim_error *error);

/* What the library asks for, and what the shared object must have been built with: both sides share structures. */
typedef struct backend_request {
  const char *version; /* SCRIM_VERSION */
  size_t backend_bytes, tape_bytes, node_bytes, tensor_bytes;
  int tf32; /* 1: products on tensor cores */
} backend_request;
static inline backend_request backend_request_of(int tf32) {
  return (backend_request){SCRIM_VERSION, sizeof(backend), sizeof(tape), sizeof(node), sizeof(tensor), tf32};
}

/* The one function of the shared object. SCRIM_E_DEVICE: another layout, no driver, no GPU that it knows. */
#define BACKEND_ENTRY "scrim_cuda_open"
typedef scrim_status backend_entry(const backend_request *request, const backend **out, scrim_error *error);

#endif
