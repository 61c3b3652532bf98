/* Filters: found by kind, opened from files, saved as they stand. */
#include "core/error.h"
#include "core/file.h"
#include "core/filter_object.h"
#include "core/memory.h"
#include "core/settings.h"
#include <scrim/version.h>
#include <string.h>

static const char meta_format[] = "scrim.format", meta_kind[] = "scrim.kind", meta_version[] = "scrim.version";
static const char format_of_this_version[] = "1";

const filter_table *filter_table_find(const char *kind) {
  for (const filter_table *const *table = builtin_filters; *table != NULL; table++)
    if (strcmp((*table)->kind, kind) == 0) return *table;
  return NULL;
}

/* ---- opening ---- */

static scrim_status filter_find_table(const filter_table **table, const tensorfile *file, scrim_error *error) {
  const char *format = tensorfile_meta(file, meta_format), *kind = tensorfile_meta(file, meta_kind);
  if (format == NULL || kind == NULL)
    return fail(error, SCRIM_E_FORMAT, "a tensor file, but no filter: metadata '%s' is missing",
                format == NULL ? meta_format : meta_kind);
  if (strcmp(format, format_of_this_version) != 0)
    return fail(error, SCRIM_E_UNSUPPORTED, "filter format '%s'; version %s of the library reads format %s", format,
                SCRIM_VERSION, format_of_this_version);
  *table = filter_table_find(kind);
  if (*table == NULL) return fail(error, SCRIM_E_UNSUPPORTED, "a filter of the unknown kind '%s'", kind);
  return SCRIM_OK;
}

static scrim_status filter_load(scrim_filter *filter, scrim_error *error) {
  scrim_status status = filter_find_table(&filter->table, filter->file, error);
  if (status == SCRIM_OK) status = settings_get(&filter->config, filter->table, filter->file, error);
  if (status == SCRIM_OK) status = filter->table->load(&filter->model, filter->file, &filter->config, error);
  return status;
}

/* Takes the file over, and closes it on failure. */
static scrim_status filter_create(scrim_filter **out, tensorfile *file, scrim_error *error) {
  scrim_filter *filter = memory_zalloc(1, sizeof *filter);
  if (filter == NULL) {
    tensorfile_close(file);
    return fail(error, SCRIM_E_MEMORY, "out of memory for a filter");
  }
  filter->file = file;
  scrim_status status = filter_load(filter, error);
  if (status == SCRIM_OK)
    *out = filter;
  else
    scrim_filter_free(filter);
  return status;
}

void scrim_filter_free(scrim_filter *filter) {
  if (filter == NULL) return;
  if (filter->model != NULL) filter->table->unload(filter->model);
  tensorfile_close(filter->file);
  memory_free(filter);
}

scrim_status scrim_filter_open(scrim_filter **out, const char *path, scrim_error *error) {
  if (out == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_filter_open: out is NULL");
  *out = NULL;
  if (path == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_filter_open: path is NULL");
  tensorfile *file;
  scrim_status status = tensorfile_open(&file, path, error);
  if (status != SCRIM_OK) return status;
  status = filter_create(out, file, error);
  if (status != SCRIM_OK) fail_in_file(error, path);
  return status;
}

scrim_status scrim_filter_open_memory(scrim_filter **out, const void *bytes, size_t n_bytes, scrim_error *error) {
  if (out == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_filter_open_memory: out is NULL");
  *out = NULL;
  if (bytes == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_filter_open_memory: bytes is NULL");
  tensorfile *file;
  scrim_status status = tensorfile_parse(&file, bytes, n_bytes, error);
  return status == SCRIM_OK ? filter_create(out, file, error) : status;
}

/* ---- building and saving ---- */

static scrim_status filter_put(const filter_table *table, tensorfile_writer *writer, const scrim_config *config,
                               scrim_error *error) {
  scrim_status status = tensorfile_put_meta(writer, meta_format, format_of_this_version, error);
  if (status == SCRIM_OK) status = tensorfile_put_meta(writer, meta_kind, table->kind, error);
  if (status == SCRIM_OK) status = tensorfile_put_meta(writer, meta_version, SCRIM_VERSION, error);
  if (status == SCRIM_OK) status = settings_put(config, writer, error);
  return status;
}

scrim_status filter_build(scrim_filter **out, const filter_table *table, tensorfile_writer *writer,
                          const scrim_config *config, scrim_error *error) {
  *out = NULL;
  scrim_config defaults;
  scrim_status status =
      config == NULL ? settings_defaults(&defaults, table, error) : settings_check(config, table, error);
  if (status == SCRIM_OK) status = filter_put(table, writer, config == NULL ? &defaults : config, error);
  if (status != SCRIM_OK) return status;

  unsigned char *bytes = NULL;
  size_t n_bytes = 0;
  status = tensorfile_bytes(writer, &bytes, &n_bytes, error);
  if (status == SCRIM_OK) status = scrim_filter_open_memory(out, bytes, n_bytes, error);
  memory_free(bytes);
  return status;
}

scrim_status scrim_filter_save(const scrim_filter *filter, const char *path, scrim_error *error) {
  if (filter == NULL || path == NULL)
    return fail(error, SCRIM_E_ARGUMENT, "scrim_filter_save: %s is NULL", filter == NULL ? "filter" : "path");
  size_t n_bytes;
  const void *bytes = tensorfile_raw(filter->file, &n_bytes);
  file_draft draft;
  scrim_status status = file_draft_begin(&draft, path, error);
  if (status != SCRIM_OK) return status;
  status = file_draft_write(&draft, bytes, n_bytes, error);
  if (status == SCRIM_OK) return file_draft_commit(&draft, error);
  file_draft_abandon(&draft);
  return status;
}

/* ---- asking ---- */

const void *filter_model(const scrim_filter *filter, const filter_table *table) {
  return filter != NULL && filter->table == table ? filter->model : NULL;
}

const char *scrim_filter_kind(const scrim_filter *filter) {
  return filter == NULL ? NULL : filter->table->kind;
}

size_t scrim_filter_columns(const scrim_filter *filter) {
  return filter == NULL ? 0 : filter->table->columns(filter->model);
}

scrim_status scrim_filter_config(const scrim_filter *filter, scrim_config *config, scrim_error *error) {
  if (filter == NULL || config == NULL)
    return fail(error, SCRIM_E_ARGUMENT, "scrim_filter_config: %s is NULL", filter == NULL ? "filter" : "config");
  *config = filter->config;
  return SCRIM_OK;
}

int scrim_filter_info(const scrim_filter *filter, size_t index, const char **name, const char **value) {
  if (filter == NULL || name == NULL || value == NULL) return 0;
  return tensorfile_meta_at(filter->file, index, name, value);
}
