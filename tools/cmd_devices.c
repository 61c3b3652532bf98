/* scrim devices */
#include "args.h"
#include <stdio.h>

static int run(const args *a) {
  char text[SCRIM_DEVICE_TEXT];
  scrim_error error;
  (void)a;
  printf("cpu   always there\n");
  if (scrim_device_open(SCRIM_DEVICE_CUDA, NULL, text, &error) == SCRIM_OK)
    printf("cuda  %s\n", text);
  else
    printf("cuda  not there: %s\n", error.message);
  return 0;
}

const command cmd_devices = {
    .noun = "devices",
    .operands = "",
    .summary = "Show what --device can take on this machine, and what is missing for a GPU",
    .run = run,
};
