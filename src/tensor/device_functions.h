/* What a device does that is no operation on tensors: whole stages, in memory of their own. Any may be missing. */
#ifndef TENSOR_DEVICE_FUNCTIONS_H
#define TENSOR_DEVICE_FUNCTIONS_H

#include "tensor/device_diffusion.h"
#include "tensor/device_scene.h"

typedef struct device_functions {
  const device_scene_functions *scene;
  const device_diffusion_functions *diffusion;
} device_functions;

#endif
