#include "voice_train_options.h"
#include "complain.h"
#include "device_option.h"
#include "filter_file.h"
#include "progress_line.h"

int voice_train_options(const args *a, scrim_train_options *how) {
  *how = (scrim_train_options){.seed = 1,
                               .checkpoint = a->value[VOICE_TRAIN_CHECKPOINT],
                               .resume = a->value[VOICE_TRAIN_RESUME] != NULL,
                               .progress = progress_line};
  int code = args_count(a, VOICE_TRAIN_SEED, 0, UINT64_MAX, &how->seed);
  if (!code) code = device_option(a, VOICE_TRAIN_DEVICE, &how->device);
  if (!code && how->resume && !how->checkpoint) code = complain_usage(a->command, "--resume needs --checkpoint");
  return code;
}

scrim_status voice_train_clips(const args *a, clip_list *list, scrim_error *error) {
  scrim_status status = filter_file_check_output(a->value[VOICE_TRAIN_OUTPUT], error);
  if (status == SCRIM_OK) status = clip_list_read(list, a->value[VOICE_TRAIN_LIST], a->value[VOICE_TRAIN_ROOT], error);
  if (status == SCRIM_OK && a->value[VOICE_TRAIN_ROOMS])
    status = clip_list_add_rooms(list, a->value[VOICE_TRAIN_ROOMS], error);
  return status;
}
