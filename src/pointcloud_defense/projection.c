#include "pointcloud_defense/projection.h"
#include <string.h>

scrim_status projection_run(const survey_request *request, neighbours *index, int iterations, float *xyz,
                            float *scratch, scrim_error *error) {
  survey_request r = *request;
  r.index = index;
  r.xyz = xyz;
  r.planes = 1;
  for (int i = 0; i < iterations; i++) {
    const scrim_status status = neighbours_build(index, xyz, r.n, 3, error);
    if (status != SCRIM_OK) return status;
    survey_run(&r, NULL, scratch);
    memcpy(xyz, scratch, 3 * r.n * sizeof *xyz);
  }
  return SCRIM_OK;
}
