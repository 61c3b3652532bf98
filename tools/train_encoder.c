#include "train_encoder.h"
#include "complain.h"
#include "progress_line.h"
#include "voice_train_options.h"

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

static scrim_status train(const args *a, const char *kind, const scrim_config *config, const scrim_train_options *how,
                          scrim_error *error) {
  clip_list list = {0};
  scrim_voice_encoder_fit fit;
  scrim_status status = voice_train_clips(a, &list, error);
  if (status == SCRIM_OK) {
    const scrim_voice_corpus corpus = clip_list_corpus(&list);
    status = scrim_voice_train_encoder(a->value[VOICE_TRAIN_OUTPUT], kind, &corpus, config, how, &fit, error);
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
  scrim_train_options how;
  const int code = voice_train_options(a, &how);
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
  progress_catch_signals();
  status = train(a, kind, &config, &how, &error);
  return status == SCRIM_OK ? 0 : complain(a->command, NULL, &error);
}
