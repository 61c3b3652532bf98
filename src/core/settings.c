/* Settings of a filter: defaults, storage in its file, overrides for a session. */
#include "core/settings.h"
#include "core/error.h"
#include "core/number.h"
#include <stdio.h>
#include <string.h>

static const char prefix[] = "param.";
enum { PREFIX_LENGTH = sizeof prefix - 1, NAME_TEXT = 128 };

scrim_status settings_defaults(scrim_config *config, const filter_table *table, scrim_error *error) {
  memset(config, 0, sizeof *config);
  if (table->n_params > SCRIM_CONFIG_MAX)
    return fail(error, SCRIM_E_INTERNAL, "filter '%s' has %zu parameters, a config holds %d", table->kind,
                table->n_params, SCRIM_CONFIG_MAX);
  config->params = table->params;
  config->n = table->n_params;
  for (size_t i = 0; i < config->n; i++) config->value[i] = table->params[i].value;
  return SCRIM_OK;
}

scrim_status settings_check(const scrim_config *config, const filter_table *table, scrim_error *error) {
  if (config == NULL) return fail(error, SCRIM_E_ARGUMENT, "config is NULL");
  if (config->n > SCRIM_CONFIG_MAX || (config->params == NULL && config->n > 0))
    return fail(error, SCRIM_E_ARGUMENT, "config was not made by scrim_config_init");
  if (table != NULL && (config->params != table->params || config->n != table->n_params))
    return fail(error, SCRIM_E_ARGUMENT, "config is not one of the filter '%s'", table->kind);
  return SCRIM_OK;
}

scrim_status settings_put(const scrim_config *config, tensorfile_writer *writer, scrim_error *error) {
  for (size_t i = 0; i < config->n; i++) {
    char name[NAME_TEXT], value[NUMBER_TEXT];
    snprintf(name, sizeof name, "%s%s", prefix, config->params[i].name);
    number_print(value, config->value[i]);
    scrim_status status = tensorfile_put_meta(writer, name, value, error);
    if (status != SCRIM_OK) return status;
  }
  return SCRIM_OK;
}

scrim_status settings_get(scrim_config *config, const filter_table *table, const tensorfile *file, scrim_error *error) {
  scrim_status status = settings_defaults(config, table, error);
  const char *name, *text;
  for (size_t i = 0; status == SCRIM_OK && tensorfile_meta_at(file, i, &name, &text); i++) {
    double value;
    if (strncmp(name, prefix, PREFIX_LENGTH) != 0) continue;
    if (!number_parse(text, &value)) return fail(error, SCRIM_E_FORMAT, "'%s': '%s' is not a number", name, text);
    scrim_error cause = {.message = ""};
    if (scrim_config_set(config, name + PREFIX_LENGTH, value, &cause) != SCRIM_OK)
      return fail(error, SCRIM_E_FORMAT, "stored settings: %s", cause.message);
  }
  memset(config->is_set, 0, sizeof config->is_set);
  return status;
}

scrim_status settings_override(scrim_config *config, const scrim_config *wanted, scrim_error *error) {
  for (size_t i = 0; i < config->n; i++) {
    if (!wanted->is_set[i] || wanted->value[i] == config->value[i]) continue;
    const scrim_param *param = &config->params[i];
    if ((param->use & SCRIM_PARAM_APPLY) == 0)
      return fail(error, SCRIM_E_PARAM,
                  "parameter '%s' is fixed when a filter is trained: it is %g in this one, not %g", param->name,
                  config->value[i], wanted->value[i]);
    scrim_status status = scrim_config_set(config, param->name, wanted->value[i], error);
    if (status != SCRIM_OK) return status;
  }
  return SCRIM_OK;
}
