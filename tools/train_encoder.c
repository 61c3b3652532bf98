#include "train_encoder.h"
#include "args.h"
#include "clip_list.h"
#include "complain.h"
#include "device_option.h"
#include "filter_file.h"
#include "progress_line.h"

static void print_settings(const scrim_config *config) {
  for (size_t i = 0; i < config->n; i++)
    printf("%-14s %-8g %s (%g to %g)\n", config->params[i].name, config->value[i], config->params[i].help,
           config->params[i].min, config->params[i].max);
}

static void print_fit(const scrim_voice_encoder_fit *fit) {
  fprintf(stderr, "%-28s %zu, %zu more held out\n%-28s %zu\n%-28s %zu\n%-28s %zu of %zu\n%-28s %.2f %%\n", "speakers",
          fit->speakers, fit->held_out, "classes", fit->classes, "values", fit->values, "best epoch", fit->best_epoch,
          fit->epochs, "EER of the held out", 100 * fit->eer);
}

static scrim_status train(const args *a, const char *kind, const scrim_config *config, uint64_t seed,
                          scrim_device device, scrim_error *error) {
  const scrim_train_options how = {.seed = seed,
                                   .checkpoint = a->value[VOICE_TRAIN_CHECKPOINT],
                                   .resume = a->value[VOICE_TRAIN_RESUME] != NULL,
                                   .progress = progress_line,
                                   .device = device};
  clip_list list = {0};
  scrim_voice_encoder_fit fit;
  scrim_status status = filter_file_check_output(a->value[VOICE_TRAIN_OUTPUT], error);
  if (status == SCRIM_OK) status = clip_list_read(&list, a->value[VOICE_TRAIN_LIST], a->value[VOICE_TRAIN_ROOT], error);
  if (status == SCRIM_OK && a->value[VOICE_TRAIN_ROOMS])
    status = clip_list_add_rooms(&list, a->value[VOICE_TRAIN_ROOMS], error);
  if (status == SCRIM_OK) {
    const scrim_voice_corpus corpus = clip_list_corpus(&list);
    status = scrim_voice_train_encoder(a->value[VOICE_TRAIN_OUTPUT], kind, &corpus, config, &how, &fit, error);
    progress_line_clear();
  }
  clip_list_free(&list);
  if (status == SCRIM_OK && !a->value[VOICE_TRAIN_QUIET]) print_fit(&fit);
  return status;
}

int train_encoder_run(const args *a) {
  const char *kind = a->value[VOICE_TRAIN_KIND] ? a->value[VOICE_TRAIN_KIND] : "tdnn";
  scrim_config config;
  scrim_error error;
  uint64_t seed = 1;
  scrim_device device;
  int code = args_count(a, VOICE_TRAIN_SEED, 0, UINT64_MAX, &seed);
  if (!code) code = device_option(a, VOICE_TRAIN_DEVICE, &device);
  if (code) return code;
  scrim_status status = scrim_voice_encoder_config(&config, kind, &error);
  for (size_t i = 0; i < a->n_sets && status == SCRIM_OK; i++) status = scrim_config_parse(&config, a->set[i], &error);
  if (status != SCRIM_OK) return complain(a->command, NULL, &error);
  if (a->value[VOICE_TRAIN_SETTINGS]) {
    print_settings(&config);
    return 0;
  }
  if (!a->value[VOICE_TRAIN_OUTPUT] || !a->value[VOICE_TRAIN_LIST])
    return complain_usage(a->command, "--output and --list are needed");
  if (a->value[VOICE_TRAIN_RESUME] && !a->value[VOICE_TRAIN_CHECKPOINT])
    return complain_usage(a->command, "--resume needs --checkpoint");
  progress_catch_signals();
  status = train(a, kind, &config, seed, device, &error);
  return status == SCRIM_OK ? 0 : complain(a->command, NULL, &error);
}
