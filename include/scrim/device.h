/*
 * scrim/device.h: where networks are trained and applied: on the CPU or on a GPU, the first that the driver shows.
 *
 * Thread safety: all calls may run at once. A GPU's backend is opened once and stays as long as the process.
 */
#ifndef SCRIM_DEVICE_H
#define SCRIM_DEVICE_H

#include <scrim/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * SCRIM_DEVICE_CPU, 0, is the default everywhere: what comes out is then the same on every machine. On a GPU it is the
 * same from run to run on that GPU, and agrees with the CPU but for rounding.
 */
typedef enum scrim_device {
  SCRIM_DEVICE_CPU = 0,
  SCRIM_DEVICE_CUDA = 1, /* SCRIM_E_DEVICE if there is none */
  SCRIM_DEVICE_AUTO = 2, /* a GPU if there is one, else the CPU */
  /*
   * As SCRIM_DEVICE_CUDA, but products take tensor cores: their factors are rounded to 10 bits after the point. For
   * training; what a trained filter lets out may then differ from the CPU's in a decision, such as a level.
   */
  SCRIM_DEVICE_CUDA_TF32 = 3
} scrim_device;

enum { SCRIM_DEVICE_TEXT = 256 };

/*
 * Opens the device and describes it: "the CPU", "NVIDIA H100 (CUDA, compute capability 9.0)". *taken (NULL is fine) is
 * what SCRIM_DEVICE_AUTO comes to. SCRIM_E_DEVICE names what is missing: libscrim-cuda.so, the driver, a GPU.
 */
SCRIM_API scrim_status scrim_device_open(scrim_device device, scrim_device *taken, char text[SCRIM_DEVICE_TEXT],
                                         scrim_error *error) SCRIM_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
