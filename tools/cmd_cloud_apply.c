/* scrim cloud apply [-f FILTER] [IN... -o OUT | IN [OUT]] */
#include "args.h"
#include "cloud_files.h"
#include "cloud_report.h"
#include "cloud_rows.h"
#include "complain.h"
#include "default_filter.h"
#include "device_option.h"
#include "filter_file.h"
#include "progress_line.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILTER, KEY, ENCRYPTION_KEY, OUTPUT, MODE, FORMAT, OUT_FORMAT, FLOATS, METADATA, REPORT, JOBS, DEVICE };
static const option options[] = {
    [FILTER] = {"filter", 'f', 0, "FILE", "the filter, made by 'scrim cloud train' (the one that came along)"},
    [KEY] = {"key", 'k', 0, "FILE",
             "the key, made by 'scrim key new'; without one, anybody can foretell random choices"},
    [ENCRYPTION_KEY] = {"encryption-key", 0, 0, "FILE", FILTER_FILE_KEY_HELP},
    [OUTPUT] = {"output", 'o', 0, "OUT", "a file, or for several inputs a folder"},
    [MODE] = {"mode", 0, 0, "NAME", "move, mark, remove or nan: the parameter 'mode' by name"},
    [FORMAT] = {"format", 0, 0, "NAME",
                "of the input: kitti, nuscenes, pcd, ply, las, npy, stream, ouster or auto (by extension)"},
    [OUT_FORMAT] = {"out-format", 0, 0, "NAME", "of the output (by its extension, else as the input)"},
    [FLOATS] = {"floats", 0, 0, "N", "kitti: float32 a point, where it is not 4"},
    [METADATA] = {"metadata", 0, 0, "FILE", "ouster: the sensor's JSON file"},
    [REPORT] = {"report", 0, 0, "FILE", "write what each frame was like, one line of JSON a frame"},
    [JOBS] = {"jobs", 'j', 0, "N", "threads (one a processor); the output is the same for any number"},
    [DEVICE] = {"device", 0, 0, "NAME", DEVICE_OPTION_HELP},
};

/* In the order of the parameter `mode`. */
static const char *const modes[] = {"move", "mark", "remove", "nan"};
enum { MOVE, MARK, REMOVE, NAN_OUT, MODES, MAX_JOBS = 64 };
enum { MARKER = 9 }; /* the parameter `measure` */

/* All that one run holds; freed by close_all whatever happened. */
typedef struct run_state {
  const args *a;
  const char *filter_path;
  char came_along[DEFAULT_FILTER_PATH];
  cloud_files files;
  scrim_points_options how;
  scrim_points_format out_format;
  scrim_config config;
  scrim_device device;
  scrim_filter *filter;
  scrim_key *key;
  scrim_session *session;
  int mode;
  int intensity; /* 1: the filter's marker looks at it */
  FILE *report;
  float *xyz;    /* [capacity, 3] */
  float *rows;   /* [capacity, 4] with intensity */
  uint8_t *keep; /* [capacity] */
  size_t capacity;
  size_t frames, capped;
  const char *at_fault; /* the file that an error is about; NULL where errors name it themselves */
} run_state;

/* ---- getting ready ---- */

static int check_usage(run_state *s, uint64_t *jobs) {
  const args *a = s->a;
  uint64_t floats = 0;
  int code = default_filter(a, a->value[FILTER], s->came_along, &s->filter_path);
  if (!code) code = args_count(a, JOBS, 1, MAX_JOBS, jobs);
  if (!code) code = args_count(a, FLOATS, 3, 64, &floats);
  if (!code) code = device_option(a, DEVICE, &s->device);
  if (!code) code = args_points_format(a, FORMAT, &s->how.format);
  if (!code) code = args_points_format(a, OUT_FORMAT, &s->out_format);
  s->how.bin_floats = (int)floats;
  s->how.metadata = a->value[METADATA];
  s->mode = MODES;
  if (!a->value[MODE]) return code;
  for (s->mode = 0; s->mode < MODES && strcmp(modes[s->mode], a->value[MODE]) != 0;) s->mode++;
  if (!code && s->mode == MODES)
    code = complain_usage(a->command, "--mode is '%s', but must be move, mark, remove or nan", a->value[MODE]);
  return code;
}

/* IN... -o OUT; or IN OUT, either being "-" if it is not there. Two files that exist are two inputs, by a pattern. */
static scrim_status list_files(run_state *s, scrim_error *error) {
  const args *a = s->a;
  static const char *const standard[] = {"-"};
  const char *out = a->value[OUTPUT];
  size_t n = a->n_operands;
  if (!out && n == 2 && strcmp(a->operand[1], "-") != 0 && access(a->operand[1], F_OK) == 0)
    return complain_later(error, SCRIM_E_ARGUMENT, -1, "'%s' exists: say with -o where the output goes", a->operand[1]);
  if (!out) out = n == 2 ? a->operand[--n] : "-";
  return cloud_files_list(&s->files, n ? a->operand : standard, n ? n : 1, out, error);
}

/* No key was given: one that everybody has. What random choices there are then can be foretold, and still repeated. */
static scrim_status open_key(run_state *s, scrim_error *error) {
  static const unsigned char known[SCRIM_KEY_BYTES] = {0};
  s->at_fault = s->a->value[KEY];
  return s->at_fault ? scrim_key_open(&s->key, s->at_fault, error) : scrim_key_create(&s->key, known, error);
}

/* What the session will do, for what is done here: its mode, and whether it wants intensities. */
static scrim_status read_settings(run_state *s, scrim_error *error) {
  scrim_config stored;
  double mode, measure, intensity;
  scrim_status status = scrim_filter_config(s->filter, &stored, error);
  for (size_t i = 0; i < s->config.n && status == SCRIM_OK; i++)
    if (s->config.is_set[i]) status = scrim_config_set(&stored, s->config.params[i].name, s->config.value[i], error);
  if (status == SCRIM_OK) status = scrim_config_get(&stored, "mode", &mode, error);
  if (status == SCRIM_OK) status = scrim_config_get(&stored, "measure", &measure, error);
  if (status == SCRIM_OK) status = scrim_config_get(&stored, "intensity", &intensity, error);
  if (status != SCRIM_OK) return status;
  s->mode = (int)mode;
  s->intensity = measure == MARKER && intensity > 0;
  return SCRIM_OK;
}

static scrim_status open_session(run_state *s, uint64_t jobs, scrim_error *error) {
  scrim_status status = args_config(s->a, &s->config, error);
  s->config.device = s->device;
  if (status == SCRIM_OK && s->a->value[MODE]) status = scrim_config_set(&s->config, "mode", s->mode, error);
  if (status == SCRIM_OK) status = scrim_config_set(&s->config, "threads", (double)jobs, error);
  if (status != SCRIM_OK) return status;
  status = filter_file_open(&s->filter, s->filter_path, s->a->value[ENCRYPTION_KEY], &s->at_fault, error);
  if (status != SCRIM_OK) return status;
  if (strcmp(scrim_filter_kind(s->filter), "cloud") != 0)
    return complain_later(error, SCRIM_E_UNSUPPORTED, -1, "a filter for %s, not for cloud",
                          scrim_filter_kind(s->filter));
  if ((status = open_key(s, error)) != SCRIM_OK) return status;
  s->at_fault = s->filter_path;
  status = scrim_session_create(&s->session, s->filter, s->key, &s->config, error);
  if (status == SCRIM_OK) status = read_settings(s, error);
  return status;
}

static scrim_status open_report(run_state *s, scrim_error *error) {
  const char *path = s->a->value[REPORT];
  if (!path) return SCRIM_OK;
  s->at_fault = path;
  s->report = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
  return s->report ? SCRIM_OK : complain_later(error, SCRIM_E_IO, -1, "cannot write: %s", strerror(errno));
}

/* ---- frames ---- */

static scrim_status make_room(run_state *s, size_t n, scrim_error *error) {
  if (n <= s->capacity && s->xyz) return SCRIM_OK;
  free(s->xyz);
  free(s->rows);
  free(s->keep);
  s->xyz = calloc(n + 1, 3 * sizeof *s->xyz);
  s->rows = calloc(s->intensity ? n + 1 : 1, 4 * sizeof *s->rows);
  s->keep = calloc(n + 1, 1);
  const int is_there = s->xyz && s->rows && s->keep;
  s->capacity = is_there ? n : 0;
  return is_there ? SCRIM_OK : complain_later(error, SCRIM_E_MEMORY, -1, "out of memory for a frame of %zu points", n);
}

/* What the filter did to the coordinates, or said of the points, is done to the file's own records. */
static scrim_status edit(run_state *s, scrim_points *points, const scrim_cloud_report *report, scrim_error *error) {
  switch (s->mode) {
  case MOVE:
    return scrim_points_move(points, s->xyz, NULL, error);
  case MARK:
    return scrim_points_mark(points, report->mark, error);
  case REMOVE:
    for (size_t i = 0; i < report->points; i++) s->keep[i] = !report->mark[i];
    return scrim_points_keep(points, s->keep, error);
  default:
    return scrim_points_blank(points, report->mark, error);
  }
}

/* The points through the filter: xyz becomes what came out. */
static scrim_status push(run_state *s, const scrim_points *points, scrim_error *error) {
  const size_t n = scrim_points_get_info(points)->n, columns = s->intensity ? 4 : 3;
  const int field = s->intensity ? cloud_rows_intensity(points) : -1;
  float *rows = s->intensity ? s->rows : s->xyz;
  if (s->intensity && field < 0)
    return complain_later(error, SCRIM_E_DATA, -1, "no field of intensity, which the filter's marker looks at");
  cloud_rows_get(points, field, s->xyz, rows);
  const scrim_view in = {.kind = SCRIM_POINTS, .data = rows, .rows = n, .columns = columns};
  scrim_view out = {.kind = SCRIM_POINTS, .data = rows, .columns = columns, .capacity = n};
  const scrim_status status = scrim_push(s->session, &in, &out, error);
  for (size_t i = 0; i < out.rows && s->intensity && status == SCRIM_OK; i++)
    memcpy(s->xyz + 3 * i, s->rows + 4 * i, 3 * sizeof *s->xyz);
  return status;
}

static scrim_status filter_frame(run_state *s, const char *path, scrim_points *points, scrim_error *error) {
  scrim_cloud_report report;
  scrim_status status = make_room(s, scrim_points_get_info(points)->n, error);
  if (status == SCRIM_OK) status = push(s, points, error);
  if (status == SCRIM_OK) status = scrim_cloud_report_get(s->session, &report, error);
  if (status == SCRIM_OK && !report.passed) status = edit(s, points, &report, error);
  if (status != SCRIM_OK) return status;
  s->frames++;
  s->capped += (size_t)report.capped;
  if (s->report) cloud_report_print(s->report, path, scrim_points_get_info(points), modes[s->mode], &report);
  return SCRIM_OK;
}

static scrim_status stream(run_state *s, const cloud_file *file, scrim_points_reader *reader,
                           scrim_points_writer *writer, scrim_error *error) {
  for (;;) {
    scrim_points *points;
    if (progress_stopped()) return complain_later(error, SCRIM_E_CANCELLED, -1, "interrupted");
    s->at_fault = file->in;
    scrim_status status = scrim_points_reader_next(reader, &points, error);
    if (status != SCRIM_OK || !points) return status;
    status = filter_frame(s, file->in, points, error);
    if (status != SCRIM_OK) return status;
    s->at_fault = NULL;
    status = scrim_points_writer_write(writer, points, error);
    if (status != SCRIM_OK) return status;
  }
}

/* The output takes its name only if all went well. */
static scrim_status filter_file(run_state *s, const cloud_file *file, scrim_error *error) {
  scrim_points_reader *reader = NULL;
  scrim_points_writer *writer = NULL;
  s->at_fault = file->in;
  scrim_status status = scrim_points_reader_open(&reader, file->in, &s->how, error);
  if (status == SCRIM_OK) s->at_fault = NULL;
  if (status == SCRIM_OK) status = scrim_points_writer_open(&writer, file->out, s->out_format, error);
  if (status == SCRIM_OK) status = stream(s, file, reader, writer, error);
  scrim_points_reader_close(reader);
  if (writer) {
    scrim_error unused;
    const scrim_status closed =
        scrim_points_writer_close(writer, status == SCRIM_OK, status == SCRIM_OK ? error : &unused);
    if (status == SCRIM_OK && closed != SCRIM_OK) {
      s->at_fault = NULL;
      status = closed;
    }
  }
  return status;
}

/* ---- the run ---- */

static scrim_status close_all(run_state *s, scrim_status status, scrim_error *error) {
  if (s->report && s->report != stdout && fclose(s->report) != 0 && status == SCRIM_OK) {
    s->at_fault = s->a->value[REPORT];
    status = complain_later(error, SCRIM_E_IO, -1, "cannot write: %s", strerror(errno));
  }
  scrim_session_free(s->session);
  scrim_key_free(s->key);
  scrim_filter_free(s->filter);
  free(s->xyz);
  free(s->rows);
  free(s->keep);
  return status;
}

static int run(const args *a) {
  run_state s = {.a = a};
  long processors = sysconf(_SC_NPROCESSORS_ONLN);
  uint64_t jobs = processors > MAX_JOBS ? MAX_JOBS : processors > 0 ? (uint64_t)processors : 1;
  scrim_error error;
  int code = check_usage(&s, &jobs);
  if (code) return code;
  scrim_status status = list_files(&s, &error);
  /* To stdout there is nothing to put away: the signal may end the process while it waits for input. */
  if (status == SCRIM_OK && strcmp(s.files.file[0].out, "-") != 0) progress_catch_signals();
  if (status == SCRIM_OK) status = open_session(&s, jobs, &error);
  if (status == SCRIM_OK) status = open_report(&s, &error);
  for (size_t i = 0; i < s.files.n && status == SCRIM_OK; i++) status = filter_file(&s, &s.files.file[i], &error);
  status = close_all(&s, status, &error);
  if (s.capped > 0)
    fprintf(stderr, "scrim: cloud apply: %zu of %zu frames had more outliers than 'cap' allows; the worst are marked\n",
            s.capped, s.frames);
  code = status == SCRIM_OK ? 0 : complain(a->command, s.at_fault, &error);
  cloud_files_free(&s.files);
  return code;
}

const command cmd_cloud_apply = {
    .noun = "cloud",
    .verb = "apply",
    .operands = "[IN... [OUT]]",
    .summary = "Move 3-D points to the clean surface, or mark or remove those that are off it",
    .notes = "IN are files of points or folders of them; with -o, or as the second of two, OUT is a file or a folder. "
             "'-', the\n"
             "default of both, is a stream of frames on standard input or output, answered one by one.\n"
             "Everything but the coordinates is copied byte for byte. On an error no output file is left behind; on\n"
             "standard output frames before the one at fault may have been released, and nothing of that frame is.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .kind = "cloud",
    .use = SCRIM_PARAM_APPLY,
    .max_operands = ARGS_MAX_OPERANDS,
    .run = run,
};
