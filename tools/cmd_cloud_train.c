/* scrim cloud train [CLEAN...] -o FILTER; scrim cloud train prior, marker or victim ... -o FILE */
#include "args.h"
#include "cloud_files.h"
#include "complain.h"
#include "device_option.h"
#include "progress_line.h"
#include "train_marker.h"
#include "train_prior.h"
#include "train_victim.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  OUTPUT,
  FORMAT,
  FLOATS,
  OBJECTS,
  SEED,
  CHECKPOINT,
  RESUME,
  LABELS,
  NETWORK,
  EPOCHS,
  FRAMES,
  LABEL,
  BESIDE,
  DEVICE,
  QUIET
};
static const option options[] = {
    [OUTPUT] = {"output", 'o', 1, "FILE", "the filter to write"},
    [FORMAT] = {"format", 0, 0, "NAME", "of the frames: kitti, nuscenes, pcd, ply, las, npy, stream or auto"},
    [FLOATS] = {"floats", 0, 0, "N", "kitti: float32 a point, where it is not 4"},
    [OBJECTS] = {"objects", 0, 0, "FILE",
                 "prior, victim: clean objects, npy [n, points, 3]; a prior without makes procedural ones"},
    [SEED] = {"seed", 0, 0, "N",
              "prior, marker, victim: same data, settings and seed: the same file, bit for bit (default 1)"},
    [CHECKPOINT] = {"checkpoint", 0, 0, "FILE",
                    "prior: save the state of training here as it goes; removed at the end"},
    [RESUME] = {"resume", 0, 0, NULL, "prior: go on from the checkpoint, if there is one, to the same bits"},
    [LABELS] = {"labels", 0, 0, "FILE",
                "victim: the objects' true classes, from 0; marker: the folder of NAME.label (u32) or NAME.mark (u8)"},
    [NETWORK] = {"network", 0, 0, "NAME", "victim: pointnet, edge or attention (default pointnet)"},
    [EPOCHS] = {"epochs", 0, 0, "N", "victim: rounds of training (default 30)"},
    [FRAMES] = {"frames", 0, 0, "FILE", "marker: a folder of labelled frames; without, procedural ones are made"},
    [LABEL] = {"label", 0, 0, "N", "marker: the label of points to be marked (default 1)"},
    [BESIDE] = {"beside", 0, 0, "FILE", "marker: a filter whose prior and settings are taken along"},
    [DEVICE] = {"device", 0, 0, "NAME", "prior, victim: " DEVICE_OPTION_HELP},
    [QUIET] = {"quiet", 'q', 0, NULL, "do not print what was found"},
};

typedef struct run_state {
  cloud_files files;
  scrim_points_options how;
  scrim_view *frames; /* [n], each with memory of its own */
  size_t n;
  scrim_config config;
  scrim_filter *filter;
  const char *at_fault; /* the file that an error is about */
} run_state;

/* A copy of a frame's coordinates; the reader's own memory goes with the next one. */
static scrim_status keep_frame(run_state *s, const scrim_points *points, scrim_error *error) {
  const size_t rows = scrim_points_get_info(points)->n;
  scrim_view *grown = realloc(s->frames, (s->n + 1) * sizeof *grown);
  if (grown) s->frames = grown;
  float *xyz = grown ? calloc(rows + 1, 3 * sizeof *xyz) : NULL;
  if (!xyz) return complain_later(error, SCRIM_E_MEMORY, -1, "out of memory for a frame of %zu points", rows);
  scrim_points_get_xyz(points, xyz);
  s->frames[s->n++] = (scrim_view){.kind = SCRIM_POINTS, .data = xyz, .rows = rows, .columns = 3};
  return SCRIM_OK;
}

static scrim_status read_file(run_state *s, const char *path, scrim_error *error) {
  scrim_points_reader *reader = NULL;
  scrim_points *points = NULL;
  s->at_fault = path;
  scrim_status status = scrim_points_reader_open(&reader, path, &s->how, error);
  while (status == SCRIM_OK) {
    if (progress_stopped()) status = complain_later(error, SCRIM_E_CANCELLED, -1, "interrupted");
    if (status == SCRIM_OK) status = scrim_points_reader_next(reader, &points, error);
    if (status != SCRIM_OK || !points) break;
    status = keep_frame(s, points, error);
  }
  scrim_points_reader_close(reader);
  return status;
}

static scrim_status train(run_state *s, const args *a, scrim_error *error) {
  scrim_status status = args_config(a, &s->config, error);
  if (status == SCRIM_OK && a->n_operands > 0)
    status = cloud_files_list(&s->files, a->operand, a->n_operands, NULL, error);
  for (size_t i = 0; i < s->files.n && status == SCRIM_OK; i++) status = read_file(s, s->files.file[i].in, error);
  if (status != SCRIM_OK) return status;
  const scrim_cloud_data data = {s->frames, s->n};
  s->at_fault = NULL;
  status = scrim_cloud_train(&s->filter, a->n_operands > 0 ? &data : NULL, &s->config, error);
  if (status != SCRIM_OK) return status;
  s->at_fault = a->value[OUTPUT];
  return scrim_filter_save(s->filter, s->at_fault, error);
}

static void print_findings(const run_state *s) {
  scrim_config config;
  double baseline = 0;
  if (s->n == 0 || scrim_filter_config(s->filter, &config, NULL) != SCRIM_OK ||
      scrim_config_get(&config, "baseline", &baseline, NULL) != SCRIM_OK)
    return;
  fprintf(stderr, "%-28s %zu\n%-28s %.6g\n", "frames", s->n, "baseline", baseline);
}

static void close_all(run_state *s) {
  scrim_filter_free(s->filter);
  for (size_t i = 0; i < s->n; i++) free(s->frames[i].data);
  free(s->frames);
  cloud_files_free(&s->files);
}

static int run_frames(const args *a) {
  run_state s = {0};
  scrim_error error;
  uint64_t floats = 0;
  for (int i = OBJECTS; i < QUIET; i++)
    if (a->value[i]) return complain_usage(a->command, "--%s is not for frames", options[i].name);
  int code = args_count(a, FLOATS, 3, 64, &floats);
  if (!code) code = args_points_format(a, FORMAT, &s.how.format);
  if (code) return code;
  s.how.bin_floats = (int)floats;
  progress_catch_signals();
  if (train(&s, a, &error) != SCRIM_OK)
    code = complain(a->command, s.at_fault, &error);
  else if (!a->value[QUIET])
    print_findings(&s);
  close_all(&s);
  return code;
}

/* What training found out, not what it was told. */
static void print_trained(const scrim_filter *filter) {
  const char *name, *value;
  for (size_t i = 0; scrim_filter_info(filter, i, &name, &value); i++)
    if (strncmp(name, "param.", 6) != 0 || strcmp(name, "param.baseline") == 0)
      fprintf(stderr, "%-28s %s\n", name, value);
}

static int run_prior(const args *a) {
  train_prior_request request = {.objects = a->value[OBJECTS],
                                 .output = a->value[OUTPUT],
                                 .checkpoint = a->value[CHECKPOINT],
                                 .resume = a->value[RESUME] != NULL,
                                 .seed = 1};
  scrim_filter *filter = NULL;
  scrim_config config;
  scrim_error error;
  const char *at_fault = NULL;
  if (a->n_operands > 1) return complain_usage(a->command, "'cloud train prior' takes objects by --objects");
  if (request.resume && !request.checkpoint) return complain_usage(a->command, "--resume needs --checkpoint");
  int code = args_count(a, SEED, 0, UINT64_MAX, &request.seed);
  if (!code) code = device_option(a, DEVICE, &request.device);
  if (code) return code;
  progress_catch_signals();
  scrim_status status = args_config(a, &config, &error);
  if (status == SCRIM_OK) status = train_prior(&filter, &request, &config, &at_fault, &error);
  if (status != SCRIM_OK)
    code = complain(a->command, at_fault, &error);
  else if (!a->value[QUIET])
    print_trained(filter);
  scrim_filter_free(filter);
  return code;
}

static int run_marker(const args *a) {
  train_marker_request request = {.frames = a->value[FRAMES],
                                  .labels = a->value[LABELS],
                                  .output = a->value[OUTPUT],
                                  .beside = a->value[BESIDE],
                                  .label = 1,
                                  .seed = 1};
  scrim_filter *filter = NULL;
  scrim_config config;
  scrim_error error;
  char at_fault[TRAIN_MARKER_PATH] = "";
  uint64_t floats = 0;
  if (a->n_operands > 1 || !request.frames != !request.labels)
    return complain_usage(a->command, "'cloud train marker' takes --frames and --labels, or neither");
  int code = args_count(a, SEED, 0, UINT64_MAX, &request.seed);
  if (!code) code = args_count(a, LABEL, 0, UINT16_MAX, &request.label);
  if (!code) code = args_count(a, FLOATS, 3, 64, &floats);
  if (!code) code = args_points_format(a, FORMAT, &request.how.format);
  if (code) return code;
  request.how.bin_floats = (int)floats;
  progress_catch_signals();
  scrim_status status = args_config(a, &config, &error);
  if (status == SCRIM_OK) status = train_marker(&filter, &request, &config, at_fault, &error);
  if (status != SCRIM_OK)
    code = complain(a->command, at_fault[0] ? at_fault : NULL, &error);
  else if (!a->value[QUIET])
    print_trained(filter);
  scrim_filter_free(filter);
  return code;
}

static int run_victim(const args *a) {
  train_victim_request request = {.objects = a->value[OBJECTS],
                                  .labels = a->value[LABELS],
                                  .output = a->value[OUTPUT],
                                  .network = a->value[NETWORK],
                                  .epochs = 30,
                                  .seed = 1};
  scrim_error error;
  const char *at_fault = NULL;
  if (a->n_operands > 1 || !request.objects || !request.labels)
    return complain_usage(a->command, "'cloud train victim' needs --objects and --labels");
  if (a->n_sets > 0) return complain_usage(a->command, "--set is for filters; a victim is none");
  int code = args_count(a, SEED, 0, UINT64_MAX, &request.seed);
  if (!code) code = args_count(a, EPOCHS, 1, 1000000, &request.epochs);
  if (!code) code = device_option(a, DEVICE, &request.device);
  if (code) return code;
  progress_catch_signals();
  return train_victim(&request, &at_fault, &error) == SCRIM_OK ? 0 : complain(a->command, at_fault, &error);
}

static int run(const args *a) {
  const char *first = a->n_operands > 0 ? a->operand[0] : "";
  if (strcmp(first, "prior") == 0) return run_prior(a);
  if (strcmp(first, "marker") == 0) return run_marker(a);
  if (strcmp(first, "victim") == 0) return run_victim(a);
  return run_frames(a);
}

const command cmd_cloud_train = {
    .noun = "cloud",
    .verb = "train",
    .operands = "[CLEAN... | prior | marker | victim]",
    .summary = "Make a filter for 3-D points, from clean frames of the same source if there are any",
    .notes =
        "CLEAN are files of points or folders of them. Without any, the filter is nothing but its settings, and moves\n"
        "every frame; with them it knows how distorted clean frames are, and lets those pass bit for bit.\n"
        "'prior' trains a network on clean objects: the filter then restores frames of few points by diffusion.\n"
        "'marker' trains a network that tells snow from surfaces, on labelled frames or on procedural ones.\n"
        "'victim' trains no filter, but a classifier of objects for 'cloud audit' to attack.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .kind = "cloud",
    .use = SCRIM_PARAM_TRAIN,
    .max_operands = ARGS_MAX_OPERANDS,
    .run = run,
};
