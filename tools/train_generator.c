#include "train_generator.h"
#include "args.h"
#include "clip_list.h"
#include "complain.h"
#include "device_option.h"
#include "filter_file.h"
#include "progress_line.h"
#include "train_encoder.h"

static scrim_status train(const args *a, uint64_t seed, scrim_device device, scrim_error *error) {
  const scrim_train_options how = {.seed = seed,
                                   .checkpoint = a->value[VOICE_TRAIN_CHECKPOINT],
                                   .resume = a->value[VOICE_TRAIN_RESUME] != NULL,
                                   .progress = progress_line,
                                   .device = device};
  clip_list list = {0};
  scrim_config config;
  scrim_filter *filter = NULL, *better = NULL;
  scrim_status status = filter_file_check_output(a->value[VOICE_TRAIN_OUTPUT], error);
  if (status == SCRIM_OK) status = args_config(a, &config, error);
  if (status == SCRIM_OK) status = scrim_filter_open(&filter, a->value[VOICE_TRAIN_FILTER], error);
  if (status == SCRIM_OK) status = clip_list_read(&list, a->value[VOICE_TRAIN_LIST], a->value[VOICE_TRAIN_ROOT], error);
  if (status == SCRIM_OK) {
    const scrim_voice_corpus corpus = clip_list_corpus(&list);
    status = scrim_voice_train_generator(&better, filter, &corpus, &config, &how, error);
    progress_line_clear();
  }
  clip_list_free(&list);
  if (status == SCRIM_OK) status = scrim_filter_save(better, a->value[VOICE_TRAIN_OUTPUT], error);
  scrim_filter_free(filter);
  scrim_filter_free(better);
  return status;
}

int train_generator_run(const args *a) {
  scrim_error error;
  uint64_t seed = 1;
  scrim_device device;
  int code = args_count(a, VOICE_TRAIN_SEED, 0, UINT64_MAX, &seed);
  if (!code) code = device_option(a, VOICE_TRAIN_DEVICE, &device);
  if (code) return code;
  if (!a->value[VOICE_TRAIN_OUTPUT] || !a->value[VOICE_TRAIN_LIST] || !a->value[VOICE_TRAIN_FILTER])
    return complain_usage(a->command, "--output, --list and --filter are needed");
  if (a->value[VOICE_TRAIN_RESUME] && !a->value[VOICE_TRAIN_CHECKPOINT])
    return complain_usage(a->command, "--resume needs --checkpoint");
  progress_catch_signals();
  return train(a, seed, device, &error) == SCRIM_OK ? 0 : complain(a->command, NULL, &error);
}
