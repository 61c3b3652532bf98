/* scrim cloud shapes -o OBJECTS [--labels LABELS] */
#include "args.h"
#include "complain.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { OUTPUT, LABELS, COUNT, POINTS, SEED, QUIET };
static const option options[] = {
    [OUTPUT] = {"output", 'o', 1, "FILE", "the objects to write: npy [n, points, 3]"},
    [LABELS] = {"labels", 0, 0, "FILE", "write the number of each object's family"},
    [COUNT] = {"n", 'n', 0, "N", "objects, their families in turn (default 1000)"},
    [POINTS] = {"points", 0, 0, "N", "points of each (default 1024)"},
    [SEED] = {"seed", 0, 0, "N", "the same seed gives the same objects (default 1)"},
    [QUIET] = {"quiet", 'q', 0, NULL, "do not print the families"},
};

static scrim_status write_all(const args *a, const float *xyz, const int32_t *labels, float *numbers, size_t n,
                              size_t points, const char **at_fault, scrim_error *error) {
  const int64_t shape[3] = {(int64_t)n, (int64_t)points, 3};
  *at_fault = a->value[OUTPUT];
  scrim_status status = scrim_table_write(*at_fault, SCRIM_FORMAT_NPY, xyz, 3, shape, error);
  if (status != SCRIM_OK || !a->value[LABELS]) return status;
  for (size_t i = 0; i < n; i++) numbers[i] = (float)labels[i];
  *at_fault = a->value[LABELS];
  return scrim_table_write(*at_fault, SCRIM_FORMAT_AUTO, numbers, 1, shape, error);
}

static int run(const args *a) {
  uint64_t n = 1000, points = 1024, seed = 1;
  const char *at_fault = NULL;
  scrim_error error;
  int code = args_count(a, COUNT, 1, 1000000, &n);
  if (!code) code = args_count(a, POINTS, 1, 1000000, &points);
  if (!code) code = args_count(a, SEED, 0, UINT64_MAX, &seed);
  if (code) return code;
  float *xyz = calloc(n * points, 3 * sizeof *xyz), *numbers = calloc(n, sizeof *numbers);
  int32_t *labels = calloc(n, sizeof *labels);
  scrim_status status = xyz && numbers && labels ? scrim_cloud_shapes(xyz, labels, n, points, seed, &error)
                                                 : complain_later(&error, SCRIM_E_MEMORY, -1, "out of memory");
  if (status == SCRIM_OK) status = write_all(a, xyz, labels, numbers, n, points, &at_fault, &error);
  if (status != SCRIM_OK)
    code = complain(a->command, at_fault, &error);
  else if (!a->value[QUIET])
    for (int32_t i = 0; i < SCRIM_CLOUD_FAMILIES; i++) fprintf(stderr, "%2d %s\n", i, scrim_cloud_family_name(i));
  free(xyz);
  free(numbers);
  free(labels);
  return code;
}

const command cmd_cloud_shapes = {
    .noun = "cloud",
    .verb = "shapes",
    .operands = "",
    .summary = "Make procedural objects, to train and to audit on",
    .notes =
        "Tables, chairs, bottles and others of random proportions, sampled evenly over their surfaces, about their\n"
        "mean and with the farthest point at a distance of 1. They are nobody's property.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .run = run,
};
