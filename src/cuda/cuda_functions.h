/* What the GPU does that is no operation on tensors; cuda_functions.c lists it for the backend's table. */
#ifndef CUDA_CUDA_FUNCTIONS_H
#define CUDA_CUDA_FUNCTIONS_H

#include "tensor/device_functions.h"

extern const device_scene_functions cuda_scene_functions;         /* cuda_scene.c */
extern const device_diffusion_functions cuda_diffusion_functions; /* cuda_diffusion.c */
extern const device_functions cuda_functions;

#endif
