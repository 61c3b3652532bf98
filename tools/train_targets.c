#include "train_targets.h"
#include "complain.h"
#include "progress_line.h"
#include "voice_train_options.h"
#include <stdlib.h>
#include <string.h>

/* The paths of --encoders, cut at commas: a copy that they point into, and how many. */
typedef struct path_list {
  char *text;
  const char *path[SCRIM_VOICE_ENCODERS_MAX];
  size_t n;
} path_list;

/* 0: out of memory, or more than there is room for; *n then tells. */
static int split_paths(path_list *list, const char *text) {
  list->n = 0;
  list->text = strdup(text);
  if (!list->text) return 0;
  for (char *at = strtok(list->text, ","); at; at = strtok(NULL, ",")) {
    if (list->n == SCRIM_VOICE_ENCODERS_MAX) return 0;
    list->path[list->n++] = at;
  }
  return list->n > 0;
}

/* What training measured is in the file's metadata. */
static void print_figures(const scrim_filter *filter) {
  static const char prefix[] = "targets.";
  const char *name, *value;
  for (size_t i = 0; scrim_filter_info(filter, i, &name, &value); i++)
    if (strncmp(name, prefix, sizeof prefix - 1) == 0) fprintf(stderr, "%-28s %s\n", name, value);
}

static scrim_status train(const args *a, const path_list *encoders, const scrim_train_options *how,
                          scrim_error *error) {
  clip_list list = {0};
  scrim_config config;
  scrim_filter *filter = NULL;
  scrim_status status = args_config(a, &config, error);
  if (status == SCRIM_OK) status = voice_train_clips(a, &list, error);
  if (status == SCRIM_OK) {
    const scrim_voice_corpus corpus = clip_list_corpus(&list);
    status = scrim_voice_train_targets(&filter, encoders->path, encoders->n, &corpus, &config, how, error);
    progress_line_clear();
  }
  clip_list_free(&list);
  if (status == SCRIM_OK) status = scrim_filter_save(filter, a->value[VOICE_TRAIN_OUTPUT], error);
  if (status == SCRIM_OK && !a->value[VOICE_TRAIN_QUIET]) print_figures(filter);
  scrim_filter_free(filter);
  return status;
}

int train_targets_run(const args *a) {
  path_list encoders;
  scrim_error error;
  scrim_train_options how;
  const int code = voice_train_options(a, &how);
  if (code) return code;
  if (!a->value[VOICE_TRAIN_OUTPUT] || !a->value[VOICE_TRAIN_LIST] || !a->value[VOICE_TRAIN_ENCODERS])
    return complain_usage(a->command, "--output, --list and --encoders are needed");
  scrim_status status = SCRIM_E_ARGUMENT;
  if (split_paths(&encoders, a->value[VOICE_TRAIN_ENCODERS])) {
    progress_catch_signals();
    status = train(a, &encoders, &how, &error);
  } else {
    complain_later(&error, status, -1, "--encoders '%s' are not 1 to %d paths with commas between",
                   a->value[VOICE_TRAIN_ENCODERS], SCRIM_VOICE_ENCODERS_MAX);
  }
  free(encoders.text);
  return status == SCRIM_OK ? 0 : complain(a->command, NULL, &error);
}
