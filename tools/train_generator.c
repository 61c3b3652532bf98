#include "train_generator.h"
#include "complain.h"
#include "progress_line.h"
#include "voice_train_options.h"

static scrim_status train(const args *a, const scrim_train_options *how, scrim_error *error) {
  clip_list list = {0};
  scrim_config config;
  scrim_filter *filter = NULL, *better = NULL;
  scrim_status status = args_config(a, &config, error);
  if (status == SCRIM_OK) status = voice_train_clips(a, &list, error);
  if (status == SCRIM_OK) status = scrim_filter_open(&filter, a->value[VOICE_TRAIN_FILTER], error);
  if (status == SCRIM_OK) {
    const scrim_voice_corpus corpus = clip_list_corpus(&list);
    status = scrim_voice_train_generator(&better, filter, &corpus, &config, how, error);
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
  scrim_train_options how;
  const int code = voice_train_options(a, &how);
  if (code) return code;
  if (!a->value[VOICE_TRAIN_OUTPUT] || !a->value[VOICE_TRAIN_LIST] || !a->value[VOICE_TRAIN_FILTER])
    return complain_usage(a->command, "--output, --list and --filter are needed");
  if (a->value[VOICE_TRAIN_ROOMS]) return complain_usage(a->command, "the rooms are the filter's: no --rooms");
  progress_catch_signals();
  return train(a, &how, &error) == SCRIM_OK ? 0 : complain(a->command, NULL, &error);
}
