/* scrim cloud scenes -o FOLDER */
#include "args.h"
#include "complain.h"
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { OUTPUT, COUNT, SEED };
static const option options[] = {
    [OUTPUT] = {"output", 'o', 1, "FOLDER", "where NNNNNN.bin (KITTI) and NNNNNN.label go"},
    [COUNT] = {"n", 'n', 0, "N", "frames (default 10)"},
    [SEED] = {"seed", 0, 0, "N", "the same seed gives the same frames (default 1)"},
};

/* One frame, and the path that an error is about. */
typedef struct run_state {
  char path[4096];
  float *xyz;      /* [SCRIM_CLOUD_SCENE_POINTS, 3] */
  uint8_t *labels; /* [SCRIM_CLOUD_SCENE_POINTS] */
} run_state;

static scrim_status no_writing(scrim_error *error) {
  return complain_later(error, SCRIM_E_IO, -1, "cannot write: %s", strerror(errno));
}

/* n records of so many bytes, little endian as the machine. */
static scrim_status write_file(const run_state *s, const void *records, size_t bytes, size_t n, scrim_error *error) {
  FILE *file = fopen(s->path, "wb");
  if (!file) return no_writing(error);
  const int is_written = fwrite(records, bytes, n, file) == n;
  return fclose(file) == 0 && is_written ? SCRIM_OK : no_writing(error);
}

/* KITTI's four floats, the last of which, the intensity, is not simulated; and SemanticKITTI's labels. */
static scrim_status write_frame(run_state *s, const char *folder, uint64_t number, size_t n, scrim_error *error) {
  float *records = calloc(n + 1, 4 * sizeof *records);
  uint32_t *labels = calloc(n + 1, sizeof *labels);
  scrim_status status =
      records && labels ? SCRIM_OK : complain_later(error, SCRIM_E_MEMORY, -1, "out of memory for a frame");
  for (size_t i = 0; i < n && status == SCRIM_OK; i++) {
    memcpy(records + 4 * i, s->xyz + 3 * i, 3 * sizeof *records);
    labels[i] = s->labels[i];
  }
  snprintf(s->path, sizeof s->path, "%s/%06" PRIu64 ".bin", folder, number);
  if (status == SCRIM_OK) status = write_file(s, records, 4 * sizeof *records, n, error);
  snprintf(s->path, sizeof s->path, "%s/%06" PRIu64 ".label", folder, number);
  if (status == SCRIM_OK) status = write_file(s, labels, sizeof *labels, n, error);
  free(records);
  free(labels);
  return status;
}

static scrim_status write_all(run_state *s, const char *folder, uint64_t count, uint64_t seed, scrim_error *error) {
  snprintf(s->path, sizeof s->path, "%s", folder);
  if (mkdir(folder, 0777) != 0 && errno != EEXIST) return no_writing(error);
  s->xyz = calloc(SCRIM_CLOUD_SCENE_POINTS, 3 * sizeof *s->xyz);
  s->labels = calloc(SCRIM_CLOUD_SCENE_POINTS, 1);
  if (!s->xyz || !s->labels) return complain_later(error, SCRIM_E_MEMORY, -1, "out of memory for a frame");
  scrim_status status = SCRIM_OK;
  for (uint64_t i = 0; i < count && status == SCRIM_OK; i++) {
    size_t n;
    status = scrim_cloud_scene(s->xyz, s->labels, &n, seed, i, error);
    if (status == SCRIM_OK) status = write_frame(s, folder, i, n, error);
  }
  return status;
}

static int run(const args *a) {
  uint64_t count = 10, seed = 1;
  run_state s = {0};
  scrim_error error;
  int code = args_count(a, COUNT, 1, 1000000, &count);
  if (!code) code = args_count(a, SEED, 0, UINT64_MAX, &seed);
  if (code) return code;
  if (write_all(&s, a->value[OUTPUT], count, seed, &error) != SCRIM_OK) code = complain(a->command, s.path, &error);
  free(s.xyz);
  free(s.labels);
  return code;
}

const command cmd_cloud_scenes = {
    .noun = "cloud",
    .verb = "scenes",
    .operands = "",
    .summary = "Make procedural LiDAR frames in snow, to train markers and to try them",
    .notes =
        "A spinning sensor of 16 to 128 beams among houses, cars, poles, trees, bushes and people on uneven ground; "
        "in\n"
        "three frames of four it snows. The label of a flake is 1, of anything else 0. They are nobody's property.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .run = run,
};
