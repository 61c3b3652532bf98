#include "train_victim.h"
#include "filter_file.h"
#include "labelled_objects.h"
#include "progress_line.h"

scrim_status train_victim(const train_victim_request *request, const char **at_fault, scrim_error *error) {
  labelled_objects objects = {0};
  *at_fault = request->output;
  scrim_status status = filter_file_check_output(request->output, error);
  if (status == SCRIM_OK) status = labelled_objects_read(&objects, request->objects, request->labels, at_fault, error);
  if (status == SCRIM_OK) {
    const scrim_cloud_victim victim = {.network = request->network,
                                       .objects = objects.view,
                                       .epochs = request->epochs,
                                       .seed = request->seed,
                                       .progress = progress_line,
                                       .device = request->device};
    *at_fault = NULL;
    status = scrim_cloud_victim_train(request->output, &victim, error);
    progress_line_clear();
  }
  labelled_objects_free(&objects);
  return status;
}
