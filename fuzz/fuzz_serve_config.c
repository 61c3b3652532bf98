/* Any bytes as a configuration: an answer, a reason if it is no, and nothing out of the ranges that are relied on. */
#include "serve/serve_config.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check_output(const serve_output *output) {
  if (output->name == NULL || output->filter_path == NULL || output->key_path == NULL) abort();
  if (output->classes < 2 || (output->order != NULL && output->n_order != output->classes)) abort();
  for (size_t i = 0; i < output->n_order; i++)
    if (output->order[i] < 0 || (size_t)output->order[i] >= output->classes) abort();
}

static void check(const serve_config *config) {
  if (config->n_listeners == 0 || config->n_models == 0 || config->upstream.host == NULL) abort();
  if (config->limits.body_bytes > 1 << 30 || config->limits.header_bytes < 1024) abort();
  if (config->n_trusted_keys == 0 && !config->allow_unsigned) abort();
  if (config->budget.identity != SERVE_IDENTITY_NONE && config->budget.rows == 0) abort();
  for (size_t i = 0; i < config->n_models; i++) {
    if (config->models[i].n_outputs == 0 || strlen(config->models[i].name) == 0) abort();
    for (size_t j = 0; j < config->models[i].n_outputs; j++) check_output(&config->models[i].outputs[j]);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
  serve_config *config;
  scrim_error error = {.message = ""};
  scrim_status status = serve_config_parse(&config, (const char *)bytes, n, &error);
  if ((status == SCRIM_OK) != (config != NULL)) abort();
  if (status != SCRIM_OK && error.message[0] == '\0') abort();
  if (status == SCRIM_OK) check(config);
  serve_config_free(config);
  return 0;
}
