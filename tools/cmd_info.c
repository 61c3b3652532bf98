/* scrim info FILE [--encryption-key KEY] [--json] */
#include "command.h"
#include "complain.h"
#include "filter_file.h"
#include "json.h"
#include <stdio.h>
#include <string.h>

enum { ENCRYPTION_KEY, JSON };
static const option options[] = {
    [ENCRYPTION_KEY] = {"encryption-key", 0, 0, "FILE", FILTER_FILE_KEY_HELP},
    [JSON] = {"json", 0, 0, NULL, "as one JSON object"},
};

/* A file's entries, by the function that lists those of its kind of file. */
typedef struct entries {
  int (*at)(const void *file, size_t i, const char **name, const char **value);
  const void *file;
} entries;

static int filter_at(const void *file, size_t i, const char **name, const char **value) {
  return scrim_filter_info(file, i, name, value);
}

static int encoder_at(const void *file, size_t i, const char **name, const char **value) {
  return scrim_voice_encoder_info(file, i, name, value);
}

static void print_entries(entries e, const char *without) {
  const char *name, *value;
  for (size_t i = 0; e.at(e.file, i, &name, &value); i++)
    if (!without || strncmp(name, without, strlen(without)) != 0) printf("%-28s %s\n", name, value);
}

static void print_entries_json(entries e) {
  const char *name, *value;
  printf("\"info\": {");
  for (size_t i = 0; e.at(e.file, i, &name, &value); i++) {
    printf("%s", i ? ", " : "");
    json_string(name);
    printf(": ");
    json_string(value);
  }
  printf("}");
}

static void print_text(const scrim_filter *filter, const scrim_config *config) {
  printf("%-28s %s\n", "kind", scrim_filter_kind(filter));
  printf("%-28s %zu\n", "columns", scrim_filter_columns(filter));
  print_entries((entries){filter_at, filter}, "param."); /* those follow as settings */
  printf("\nSettings\n");
  for (size_t i = 0; i < config->n; i++)
    printf("  %-26s %-12g %s\n", config->params[i].name, config->value[i], config->params[i].help);
}

static void print_json(const scrim_filter *filter, const scrim_config *config) {
  printf("{\"kind\": ");
  json_string(scrim_filter_kind(filter));
  printf(", \"columns\": %zu, ", scrim_filter_columns(filter));
  print_entries_json((entries){filter_at, filter});
  printf(", \"settings\": {");
  for (size_t i = 0; i < config->n; i++) {
    printf("%s", i ? ", " : "");
    json_string(config->params[i].name);
    printf(": ");
    json_number(config->value[i]);
  }
  printf("}}\n");
}

/* 0: the file is no speaker encoder's either. */
static int print_encoder(const args *a) {
  scrim_voice_encoder *encoder;
  scrim_error error;
  if (scrim_voice_encoder_open(&encoder, a->operand[0], &error) != SCRIM_OK) return 0;
  const entries e = {encoder_at, encoder};
  if (a->value[JSON]) {
    printf("{\"file\": \"speaker encoder\", ");
    print_entries_json(e);
    printf("}\n");
  } else {
    printf("%-28s %s\n", "file", "speaker encoder");
    print_entries(e, NULL);
  }
  scrim_voice_encoder_free(encoder);
  return 1;
}

static int run(const args *a) {
  scrim_filter *filter = NULL;
  scrim_config config;
  scrim_error error;
  int code = 0;
  const char *at_fault;
  scrim_status status = filter_file_open(&filter, a->operand[0], a->value[ENCRYPTION_KEY], &at_fault, &error);
  if (status == SCRIM_E_FORMAT && print_encoder(a)) return 0;
  if (status == SCRIM_OK) status = scrim_filter_config(filter, &config, &error);
  if (status != SCRIM_OK)
    code = complain(a->command, at_fault, &error);
  else
    (a->value[JSON] ? print_json : print_text)(filter, &config);
  scrim_filter_free(filter);
  return code;
}

const command cmd_info = {
    .noun = "info",
    .operands = "FILE",
    .summary = "Show what a file of a filter or speaker encoder holds: kind, settings, what training measured",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .min_operands = 1,
    .max_operands = 1,
    .run = run,
};
