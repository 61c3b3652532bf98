/* The parts of serve_config_load: after the schema (serve_config.c) comes what tables cannot say, then the files. */
#ifndef SERVE_SERVE_CONFIG_PARTS_H
#define SERVE_SERVE_CONFIG_PARTS_H

#include "serve/config_field.h"
#include "serve/serve_config.h"

/* What one field demands of another. SCRIM_E_PARAM as config_fail has it. */
scrim_status serve_config_check(const serve_config *config, const config_reader *reader);

/* Opens each output's filter and key, after its signature; messages name the file. The config is still being made. */
scrim_status serve_config_open_filters(serve_config *config, scrim_error *error);
void serve_config_close_filters(serve_config *config);

#endif
