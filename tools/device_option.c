#include "device_option.h"
#include "complain.h"
#include <stdio.h>
#include <string.h>

static const struct {
  const char *name;
  scrim_device device;
} devices[] = {{"cpu", SCRIM_DEVICE_CPU},
               {"cuda", SCRIM_DEVICE_CUDA},
               {"auto", SCRIM_DEVICE_AUTO},
               {"cuda-tf32", SCRIM_DEVICE_CUDA_TF32}};

static int parse(const args *a, const char *name, scrim_device *out) {
  for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
    if (strcmp(name, devices[i].name) != 0) continue;
    *out = devices[i].device;
    if (*out != SCRIM_DEVICE_CUDA_TF32 || strcmp(a->command->verb, "train") == 0) return 0;
    return complain_usage(a->command, "--device cuda-tf32 is for training alone: it may change what a filter decides");
  }
  return complain_usage(a->command, "--device is '%s', but must be cpu, cuda or auto", name);
}

int device_option(const args *a, int which, scrim_device *out) {
  char text[SCRIM_DEVICE_TEXT];
  scrim_error error;
  scrim_device wanted = SCRIM_DEVICE_CPU;
  *out = SCRIM_DEVICE_CPU;
  if (!a->value[which]) return 0;
  const int code = parse(a, a->value[which], &wanted);
  if (code || wanted == SCRIM_DEVICE_CPU) return code;
  if (scrim_device_open(wanted == SCRIM_DEVICE_AUTO ? SCRIM_DEVICE_CUDA : wanted, out, text, &error) == SCRIM_OK) {
    fprintf(stderr, "device: %s\n", text);
    return 0;
  }
  if (wanted != SCRIM_DEVICE_AUTO) return complain(a->command, NULL, &error);
  fprintf(stderr, "device: the CPU (%s)\n", error.message);
  *out = SCRIM_DEVICE_CPU;
  return 0;
}
