#include "train_marker.h"
#include "cloud_files.h"
#include "cloud_rows.h"
#include "complain.h"
#include "filter_file.h"
#include "progress_line.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All that one run holds; freed by close_all whatever happened. */
typedef struct run_state {
  const train_marker_request *request;
  cloud_files files;
  scrim_view *frames; /* [files.n] */
  uint8_t **labels;   /* [files.n] */
  scrim_filter *beside;
  char *at_fault; /* [TRAIN_MARKER_PATH] the file at hand */
} run_state;

static void blame(run_state *s, const char *path) {
  snprintf(s->at_fault, TRAIN_MARKER_PATH, "%s", path);
}

/* ---- labels: FOLDER/NAME.label, four bytes a point as SemanticKITTI has them, or FOLDER/NAME.mark, one ---- */

static scrim_status open_labels(run_state *s, const char *frame, FILE **out, size_t *bytes, scrim_error *error) {
  const char *slash = strrchr(frame, '/'), *name = slash ? slash + 1 : frame, *end = strchr(name, '.');
  const int length = (int)(end ? end - name : (long)strlen(name));
  static const char *const endings[] = {"label", "mark"};
  for (size_t i = 0; i < 2; i++) {
    snprintf(s->at_fault, TRAIN_MARKER_PATH, "%s/%.*s.%s", s->request->labels, length, name, endings[i]);
    *bytes = i == 0 ? 4 : 1;
    if ((*out = fopen(s->at_fault, "rb"))) return SCRIM_OK;
    if (errno != ENOENT) break;
  }
  return complain_later(error, SCRIM_E_IO, -1, "cannot read the labels of '%.100s': %s", name, strerror(errno));
}

static scrim_status read_labels(run_state *s, const char *frame, size_t n, uint8_t **out, scrim_error *error) {
  FILE *file;
  size_t bytes, found = 0;
  scrim_status status = open_labels(s, frame, &file, &bytes, error);
  if (status != SCRIM_OK) return status;
  *out = calloc(n + 1, 1);
  for (unsigned char raw[4] = {0}; *out && found <= n && fread(raw, bytes, 1, file) == 1; found++) {
    /* The upper half of four bytes is the number of an instance. */
    const unsigned label = bytes == 4 ? raw[0] | (unsigned)raw[1] << 8 : raw[0];
    (*out)[found < n ? found : 0] |= found < n && label == s->request->label;
  }
  if (!*out)
    status = complain_later(error, SCRIM_E_MEMORY, -1, "out of memory for %zu labels", n);
  else if (found != n || ferror(file))
    status = complain_later(error, SCRIM_E_DATA, -1, "labels of %zu points expected, of %zu bytes each", n, bytes);
  fclose(file);
  return status;
}

/* ---- frames ---- */

static scrim_status keep_frame(scrim_view *frame, const scrim_points *points, scrim_error *error) {
  const size_t n = scrim_points_get_info(points)->n;
  const int field = cloud_rows_intensity(points);
  *frame = (scrim_view){.kind = SCRIM_POINTS, .rows = n, .columns = field < 0 ? 3 : 4};
  float *scratch = calloc(n + 1, 3 * sizeof *scratch);
  frame->data = calloc(n + 1, frame->columns * sizeof *frame->data);
  if (scratch && frame->data) cloud_rows_get(points, field, scratch, frame->data);
  const int is_there = scratch && frame->data;
  free(scratch);
  return is_there ? SCRIM_OK : complain_later(error, SCRIM_E_MEMORY, -1, "out of memory for a frame of %zu points", n);
}

static scrim_status read_frame(run_state *s, size_t i, scrim_error *error) {
  scrim_points_reader *reader = NULL;
  scrim_points *points = NULL;
  const char *path = s->files.file[i].in;
  blame(s, path);
  if (progress_stopped()) return complain_later(error, SCRIM_E_CANCELLED, -1, "interrupted");
  scrim_status status = scrim_points_reader_open(&reader, path, &s->request->how, error);
  if (status == SCRIM_OK) status = scrim_points_reader_next(reader, &points, error);
  if (status == SCRIM_OK && !points) status = complain_later(error, SCRIM_E_DATA, -1, "there is no frame in it");
  if (status == SCRIM_OK) status = keep_frame(&s->frames[i], points, error);
  if (status == SCRIM_OK) status = scrim_points_reader_next(reader, &points, error);
  if (status == SCRIM_OK && points)
    status = complain_later(error, SCRIM_E_DATA, -1, "labelled frames come one a file, and this has several");
  scrim_points_reader_close(reader);
  if (status == SCRIM_OK) status = read_labels(s, path, s->frames[i].rows, &s->labels[i], error);
  return status;
}

static scrim_status read_frames(run_state *s, scrim_error *error) {
  scrim_status status = cloud_files_list(&s->files, &s->request->frames, 1, NULL, error);
  if (status != SCRIM_OK) return status;
  s->frames = calloc(s->files.n, sizeof *s->frames);
  s->labels = calloc(s->files.n, sizeof *s->labels);
  if (!s->frames || !s->labels) return complain_later(error, SCRIM_E_MEMORY, -1, "out of memory");
  for (size_t i = 0; i < s->files.n && status == SCRIM_OK; i++) status = read_frame(s, i, error);
  return status;
}

static void close_all(run_state *s) {
  for (size_t i = 0; i < s->files.n; i++) {
    if (s->frames) free(s->frames[i].data);
    if (s->labels) free(s->labels[i]);
  }
  free(s->frames);
  free(s->labels);
  cloud_files_free(&s->files);
  scrim_filter_free(s->beside);
}

scrim_status train_marker(scrim_filter **out, const train_marker_request *request, const scrim_config *config,
                          char at_fault[TRAIN_MARKER_PATH], scrim_error *error) {
  const scrim_train_options how = {.seed = request->seed, .progress = progress_line};
  run_state s = {.request = request, .at_fault = at_fault};
  blame(&s, request->output);
  scrim_status status = filter_file_check_output(request->output, error);
  if (status == SCRIM_OK) blame(&s, request->beside ? request->beside : "");
  if (status == SCRIM_OK && request->beside) status = scrim_filter_open(&s.beside, request->beside, error);
  if (status == SCRIM_OK && request->frames) status = read_frames(&s, error);
  if (status == SCRIM_OK) {
    const scrim_marker_data data = {s.frames, (const uint8_t *const *)s.labels, s.files.n};
    blame(&s, "");
    status = scrim_cloud_train_marker(out, request->frames ? &data : NULL, s.beside, config, &how, error);
    progress_line_clear();
  }
  if (status == SCRIM_OK) {
    blame(&s, request->output);
    status = scrim_filter_save(*out, request->output, error);
  }
  close_all(&s);
  return status;
}
