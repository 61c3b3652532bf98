#include "cuda/cuda_functions.h"

const device_functions cuda_functions = {.scene = &cuda_scene_functions, .diffusion = &cuda_diffusion_functions};
