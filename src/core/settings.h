/* Settings of a filter: how a scrim_config comes from a filter's table, and how it is kept in a filter file. */
#ifndef CORE_SETTINGS_H
#define CORE_SETTINGS_H

#include "core/filter_table.h"

/* All defaults. SCRIM_E_INTERNAL: the table has more parameters than a scrim_config holds. */
scrim_status settings_defaults(scrim_config *config, const filter_table *table, scrim_error *error);

/* SCRIM_E_ARGUMENT: NULL, never initialised, or (unless `table` is NULL) of another filter. */
scrim_status settings_check(const scrim_config *config, const filter_table *table, scrim_error *error);

/* Every value as metadata "param.<name>", defaults too: a later change of a default leaves old files as they are. */
scrim_status settings_put(const scrim_config *config, tensorfile_writer *writer, scrim_error *error);

/*
 * Reads them back; what a file lacks gets the default, and nothing counts as set by the caller. SCRIM_E_FORMAT: a
 * parameter that the table does not have, or a value that it does not allow.
 */
scrim_status settings_get(scrim_config *config, const filter_table *table, const tensorfile *file, scrim_error *error);

/*
 * What the caller has set in `wanted` goes over `config`, the filter's own. SCRIM_E_PARAM: it would change a parameter
 * that is fixed when the filter is trained.
 */
scrim_status settings_override(scrim_config *config, const scrim_config *wanted, scrim_error *error);

#endif
