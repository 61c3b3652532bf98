/* Parameters by name. */
#include "core/error.h"
#include "core/number.h"
#include "core/settings.h"
#include <math.h>
#include <string.h>

const scrim_param *scrim_params(const char *kind, size_t *n) {
  const filter_table *table = kind == NULL ? NULL : filter_table_find(kind);
  if (n != NULL) *n = table == NULL ? 0 : table->n_params;
  return table == NULL ? NULL : table->params;
}

scrim_status scrim_config_init(scrim_config *config, const char *kind, scrim_error *error) {
  if (config == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_config_init: config is NULL");
  memset(config, 0, sizeof *config);
  if (kind == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_config_init: kind is NULL");
  const filter_table *table = filter_table_find(kind);
  if (table == NULL) return fail(error, SCRIM_E_UNSUPPORTED, "no filter is called '%s'", kind);
  return settings_defaults(config, table, error);
}

/* The index of a parameter; config->n if there is none of that name. */
static size_t config_find(const scrim_config *config, const char *name, size_t length) {
  size_t i = 0;
  for (; i < config->n; i++)
    if (strlen(config->params[i].name) == length && memcmp(config->params[i].name, name, length) == 0) break;
  return i;
}

static scrim_status config_unknown(const char *name, size_t length, scrim_error *error) {
  return fail(error, SCRIM_E_PARAM, "no parameter is called '%.*s'", (int)(length < 100 ? length : 100), name);
}

static scrim_status config_put(scrim_config *config, const char *name, size_t length, double value,
                               scrim_error *error) {
  size_t i = config_find(config, name, length);
  if (i == config->n) return config_unknown(name, length, error);
  const scrim_param *param = &config->params[i];
  /* Written so that NaN, for which every comparison is false, fails too. */
  if (!(value >= param->min && value <= param->max))
    return fail(error, SCRIM_E_PARAM, "%s = %g is outside %g..%g", param->name, value, param->min, param->max);
  if (param->integer && value != floor(value))
    return fail(error, SCRIM_E_PARAM, "%s = %g is not a whole number", param->name, value);
  config->value[i] = value;
  config->is_set[i] = 1;
  return SCRIM_OK;
}

scrim_status scrim_config_set(scrim_config *config, const char *name, double value, scrim_error *error) {
  scrim_status status = settings_check(config, NULL, error);
  if (status != SCRIM_OK) return status;
  if (name == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_config_set: name is NULL");
  return config_put(config, name, strlen(name), value, error);
}

scrim_status scrim_config_parse(scrim_config *config, const char *assignment, scrim_error *error) {
  scrim_status status = settings_check(config, NULL, error);
  if (status != SCRIM_OK) return status;
  if (assignment == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_config_parse: assignment is NULL");
  const char *equals = strchr(assignment, '=');
  if (equals == NULL) return fail(error, SCRIM_E_PARAM, "'%s' is not of the form name=value", assignment);
  double value;
  if (!number_parse(equals + 1, &value))
    return fail(error, SCRIM_E_PARAM, "'%s': '%s' is not a number", assignment, equals + 1);
  return config_put(config, assignment, (size_t)(equals - assignment), value, error);
}

scrim_status scrim_config_get(const scrim_config *config, const char *name, double *value, scrim_error *error) {
  scrim_status status = settings_check(config, NULL, error);
  if (status != SCRIM_OK) return status;
  if (name == NULL || value == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_config_get: name or value is NULL");
  size_t i = config_find(config, name, strlen(name));
  if (i == config->n) return config_unknown(name, strlen(name), error);
  *value = config->value[i];
  return SCRIM_OK;
}

int scrim_config_is_set(const scrim_config *config, const char *name) {
  if (name == NULL || settings_check(config, NULL, NULL) != SCRIM_OK) return 0;
  const size_t i = config_find(config, name, strlen(name));
  return i < config->n && config->is_set[i];
}
