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

static void print_text(const scrim_filter *filter, const scrim_config *config) {
  const char *name, *value;
  printf("%-28s %s\n", "kind", scrim_filter_kind(filter));
  printf("%-28s %zu\n", "columns", scrim_filter_columns(filter));
  for (size_t i = 0; scrim_filter_info(filter, i, &name, &value); i++)
    if (strncmp(name, "param.", 6) != 0) printf("%-28s %s\n", name, value); /* those follow as settings */
  printf("\nSettings\n");
  for (size_t i = 0; i < config->n; i++)
    printf("  %-26s %-12g %s\n", config->params[i].name, config->value[i], config->params[i].help);
}

static void print_json(const scrim_filter *filter, const scrim_config *config) {
  const char *name, *value;
  printf("{\"kind\": ");
  json_string(scrim_filter_kind(filter));
  printf(", \"columns\": %zu, \"info\": {", scrim_filter_columns(filter));
  for (size_t i = 0; scrim_filter_info(filter, i, &name, &value); i++) {
    printf("%s", i ? ", " : "");
    json_string(name);
    printf(": ");
    json_string(value);
  }
  printf("}, \"settings\": {");
  for (size_t i = 0; i < config->n; i++) {
    printf("%s", i ? ", " : "");
    json_string(config->params[i].name);
    printf(": ");
    json_number(config->value[i]);
  }
  printf("}}\n");
}

static int run(const args *a) {
  scrim_filter *filter = NULL;
  scrim_config config;
  scrim_error error;
  int code = 0;
  const char *at_fault;
  if (filter_file_open(&filter, a->operand[0], a->value[ENCRYPTION_KEY], &at_fault, &error) != SCRIM_OK ||
      scrim_filter_config(filter, &config, &error) != SCRIM_OK)
    code = complain(a->command, at_fault, &error);
  else
    (a->value[JSON] ? print_json : print_text)(filter, &config);
  scrim_filter_free(filter);
  return code;
}

const command cmd_info = {
    .noun = "info",
    .operands = "FILE",
    .summary = "Show what a filter file holds: its kind, its settings and what was measured when it was trained",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .min_operands = 1,
    .max_operands = 1,
    .run = run,
};
