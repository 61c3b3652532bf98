/*
 * lab classify: the classifier as a service, for attacks that call it. Rows of features come as csv lines on stdin,
 * rows of scores go as csv lines to stdout. Whatever complete lines one read brings are one batch, answered and flushed
 * before the next read, so that a caller may wait for each answer.
 */
#include "core/error.h"
#include "core/memory.h"
#include "lab.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 1 << 20 };

typedef struct service {
  nn_mlp model;
  char *text; /* [capacity] unanswered input, text[used] is free */
  size_t used, capacity;
  float *inputs, *scores; /* [rows, features], [rows, classes] */
  size_t rows;            /* capacity of both */
  int64_t answered;
} service;

/* Reads `features` numbers between commas up to the end of the line; 0 when the line is anything else. */
static int parse_line(const char *line, size_t features, float *row) {
  for (size_t j = 0; j < features; j++) {
    char *end;
    row[j] = strtof(line, &end);
    if (end == line || *end != (j + 1 < features ? ',' : '\0')) return 0;
    line = end + 1;
  }
  return 1;
}

static scrim_status reserve_rows(service *s, size_t rows, scrim_error *error) {
  if (rows <= s->rows) return SCRIM_OK;
  memory_free(s->inputs);
  memory_free(s->scores);
  s->inputs = memory_zalloc(rows, (size_t)s->model.width[0] * sizeof *s->inputs);
  s->scores = memory_zalloc(rows, (size_t)s->model.width[s->model.n_layers] * sizeof *s->scores);
  s->rows = s->inputs && s->scores ? rows : 0;
  return s->rows ? SCRIM_OK : fail(error, SCRIM_E_MEMORY, "no memory for a batch of %zu rows", rows);
}

/* Answers the complete lines in the buffer and keeps what is behind them. */
static scrim_status answer(service *s, scrim_error *error) {
  size_t n = 0, features = (size_t)s->model.width[0], classes = (size_t)s->model.width[s->model.n_layers];
  for (size_t i = 0; i < s->used; i++) n += s->text[i] == '\n';
  scrim_status status = reserve_rows(s, n, error);
  char *line = s->text;
  for (size_t i = 0; status == SCRIM_OK && i < n; i++) {
    char *end = memchr(line, '\n', s->used - (size_t)(line - s->text));
    *end = '\0';
    if (end > line && end[-1] == '\r') end[-1] = '\0';
    if (!parse_line(line, features, s->inputs + i * features))
      status = fail_row(error, SCRIM_E_DATA, s->answered + (int64_t)i, "row %lld is not %zu numbers between commas",
                        (long long)s->answered + (long long)i, features);
    line = end + 1;
  }
  if (status == SCRIM_OK && n) status = nn_mlp_predict(&s->model, s->inputs, n, 1, s->scores, error);
  if (status != SCRIM_OK) return status;
  for (size_t i = 0; i < n * classes; i++) printf("%.9g%c", (double)s->scores[i], (i + 1) % classes ? ',' : '\n');
  if (fflush(stdout)) return fail_errno(error, SCRIM_E_IO, "cannot write the scores");
  s->answered += (int64_t)n;
  s->used -= (size_t)(line - s->text);
  memmove(s->text, line, s->used);
  return SCRIM_OK;
}

static scrim_status serve(service *s, scrim_error *error) {
  for (;;) {
    if (s->capacity - s->used < CHUNK) {
      char *text = memory_grow(s->text, s->used, s->capacity + 2 * CHUNK);
      if (!text) return fail(error, SCRIM_E_MEMORY, "no memory for %zu bytes of input", s->capacity + 2 * CHUNK);
      s->text = text;
      s->capacity += 2 * CHUNK;
    }
    ssize_t got = read(STDIN_FILENO, s->text + s->used, CHUNK);
    if (got < 0) return fail_errno(error, SCRIM_E_IO, "cannot read the inputs");
    if (got == 0 && s->used == 0) return SCRIM_OK;
    if (got == 0) s->text[s->used++] = '\n'; /* a last line without an end */
    s->used += (size_t)got;
    scrim_status status = answer(s, error);
    if (status != SCRIM_OK) return status;
  }
}

scrim_status lab_classify(const lab_options *options, scrim_error *error) {
  if (!options->model) return fail(error, SCRIM_E_ARGUMENT, "say which classifier: -m FILE");
  service s = {.text = NULL};
  scrim_status status = lab_classifier_open(&s.model, options->model, error);
  if (status != SCRIM_OK) return status;
  status = serve(&s, error);
  nn_mlp_free(&s.model);
  memory_free(s.text);
  memory_free(s.inputs);
  memory_free(s.scores);
  return status;
}
