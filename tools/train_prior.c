#include "train_prior.h"
#include "complain.h"
#include "filter_file.h"
#include "progress_line.h"

static scrim_status read_objects(scrim_table *table, const char *path, scrim_prior_data *objects, scrim_error *error) {
  scrim_status status = scrim_table_read(table, path, SCRIM_FORMAT_AUTO, 0, error);
  if (status != SCRIM_OK) return status;
  const scrim_table_info *info = &table->info;
  if (info->rank != 3 || info->shape[2] != 3)
    return complain_later(error, SCRIM_E_DATA, -1,
                          "objects are an array [n, points, 3]; this has rank %d, and rows of %zu", info->rank,
                          info->columns);
  *objects = (scrim_prior_data){table->data, (size_t)info->shape[0], (size_t)info->shape[1]};
  return SCRIM_OK;
}

scrim_status train_prior(scrim_filter **out, const train_prior_request *request, const scrim_config *config,
                         const char **at_fault, scrim_error *error) {
  const scrim_train_options how = {.seed = request->seed,
                                   .checkpoint = request->checkpoint,
                                   .resume = request->resume,
                                   .progress = progress_line,
                                   .device = request->device};
  scrim_table table = {0};
  scrim_prior_data objects;
  *at_fault = request->output;
  scrim_status status = filter_file_check_output(request->output, error);
  if (status == SCRIM_OK && request->objects) {
    *at_fault = request->objects;
    status = read_objects(&table, request->objects, &objects, error);
  }
  if (status == SCRIM_OK) {
    *at_fault = NULL;
    status = scrim_cloud_train_prior(out, request->objects ? &objects : NULL, config, &how, error);
    progress_line_clear();
  }
  scrim_table_free(&table);
  if (status != SCRIM_OK) return status;
  *at_fault = request->output;
  return scrim_filter_save(*out, request->output, error);
}
