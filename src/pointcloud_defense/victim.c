/* Classifiers: opened, asked. */
#include "pointcloud_defense/victim.h"
#include "core/error.h"
#include "pointcloud_defense/victim_network.h"
#include "pointcloud_defense/victim_pointnet.h"
#include <string.h>

/* Files that others made do not name their network: they are PointNets. */
static scrim_status load(victim *out, const tensorfile *file, scrim_error *error) {
  const char *name = tensorfile_meta(file, "network");
  const victim_network *network = name ? victim_network_named(name) : &victim_pointnet;
  if (!network) return fail(error, SCRIM_E_FORMAT, "no classifier of points has the name '%.60s'", name);
  return network == &victim_pointnet ? victim_pointnet_load(out, file, error)
                                     : victim_network_load(out, network, file, error);
}

scrim_status victim_open(victim *out, const char *path, scrim_error *error) {
  tensorfile *file = NULL;
  *out = (victim){0};
  scrim_status status = tensorfile_open(&file, path, error);
  if (status == SCRIM_OK && (status = load(out, file, error)) != SCRIM_OK) fail_in_file(error, path);
  tensorfile_close(file);
  return status;
}

void victim_close(victim *v) {
  if (v->release) v->release(v->model);
  *v = (victim){0};
}

scrim_status victim_ask(const victim *v, tape *t, const float *xyz, size_t n, float *logits, scrim_error *error) {
  tape_reset(t);
  const float *answer = tensor_values(v->logits(t, v->model, tape_input(t, xyz, 3, (int[]){1, (int)n, 3})));
  const scrim_status status = tape_status(t, error);
  if (status == SCRIM_OK) memcpy(logits, answer, v->classes * sizeof *logits);
  return status;
}

int32_t victim_class(const float *logits, size_t classes) {
  size_t top = 0;
  for (size_t i = 1; i < classes; i++)
    if (logits[i] > logits[top]) top = i;
  return (int32_t)top;
}
