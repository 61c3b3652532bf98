/*
 * scrim/config.h: parameters by name.
 *
 * Each filter publishes one table of parameters. The command's --set flags, its help and the documentation come from
 * that table, and so does every range check. All values are doubles; switches are 0 or 1.
 *
 * A config that scrim_config_init or scrim_filter_config did not fill is SCRIM_E_ARGUMENT, as far as that can be seen.
 *
 * Thread safety: the tables are constant; a scrim_config belongs to one thread at a time.
 */
#ifndef SCRIM_CONFIG_H
#define SCRIM_CONFIG_H

#include <scrim/device.h>
#include <scrim/status.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum scrim_param_use {
  SCRIM_PARAM_TRAIN = 1, /* read when a filter is trained, then stored in its file */
  SCRIM_PARAM_APPLY = 2  /* stored in the file as well, and may be overridden for one session */
} scrim_param_use;

typedef struct scrim_param {
  const char *name;
  const char *help; /* one line, ends without a full stop */
  double value;     /* the default */
  double min, max;  /* inclusive */
  int integer;      /* 1: whole numbers only */
  scrim_param_use use;
} scrim_param;

/* The parameters of a filter kind ("scores"), or NULL and *n = 0 if there is no such kind. Static storage. */
SCRIM_API const scrim_param *scrim_params(const char *kind, size_t *n);

#define SCRIM_CONFIG_MAX 64

/* The caller's struct: copy it freely. Fields are for the library; use the functions below. */
typedef struct scrim_config {
  const scrim_param *params;
  size_t n;
  double value[SCRIM_CONFIG_MAX];
  unsigned char is_set[SCRIM_CONFIG_MAX]; /* 1: given by the caller, 0: the default */
  scrim_device device; /* the caller's to set: where a session computes, 0 the CPU; not a part of a filter */
} scrim_config;

/* All defaults of a filter kind. SCRIM_E_UNSUPPORTED: no such kind. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_config_init(scrim_config *config, const char *kind, scrim_error *error);

/* SCRIM_E_PARAM names the parameter, the value and the range: no such name, out of range, or not whole. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_config_set(scrim_config *config, const char *name, double value,
                                                         scrim_error *error);

/* "name=value", as after --set. SCRIM_E_PARAM: not of that form, no number, or as for scrim_config_set. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_config_parse(scrim_config *config, const char *assignment,
                                                           scrim_error *error);

/* The value now in force. SCRIM_E_PARAM: unknown name. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_config_get(const scrim_config *config, const char *name, double *value,
                                                         scrim_error *error);

/* 1: the caller gave it a value; 0: the default holds, or there is no parameter of that name. */
SCRIM_API int scrim_config_is_set(const scrim_config *config, const char *name);

#ifdef __cplusplus
}
#endif
#endif
