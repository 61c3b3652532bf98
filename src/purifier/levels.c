/* Levels in use: look-up and files. */
#include "purifier/levels.h"

#include <math.h>

int levels_step(double strength) {
  return (int)lround(strength * LEVELS_STEPS);
}

float levels_rank(const float *row, size_t k, size_t label) {
  double others = 0;
  for (size_t j = 0; j < k; j++) others += j == label ? 0 : row[j];
  const double odds = log(fmax(row[label], 1e-30)) - log(fmax(others, 1e-30));
  return (float)fmax(-16, fmin(16, odds));
}

int levels_find(const levels *v, int step, float rank) {
  const float *edge = v->edge + (size_t)step * (LEVELS_MAX - 1);
  int level = 0;
  for (int i = 0; i < LEVELS_MAX - 1; i++) level += rank >= edge[i];
  return level;
}

void levels_word(const levels *v, int step, int level, size_t label, float *row) {
  const float top = v->confidence[((size_t)step * LEVELS_MAX + (size_t)level) * v->k + label];
  const float *rest = v->rest + label * v->k;
  for (size_t j = 0; j < v->k; j++) row[j] = (1 - top) * rest[j];
  row[label] = top;
}

scrim_status levels_put(const levels *v, tensorfile_writer *writer, scrim_error *error) {
  const int64_t k = (int64_t)v->k;
  const int64_t edges[2] = {LEVELS_STEPS + 1, LEVELS_MAX - 1}, words[3] = {LEVELS_STEPS + 1, LEVELS_MAX, k};
  const int64_t square[2] = {k, k};
  scrim_status status = tensorfile_put(writer, "levels.edge", TENSORFILE_F32, 2, edges, v->edge, error);
  if (status == SCRIM_OK)
    status = tensorfile_put(writer, "levels.confidence", TENSORFILE_F32, 3, words, v->confidence, error);
  if (status == SCRIM_OK) status = tensorfile_put(writer, "levels.rest", TENSORFILE_F32, 2, square, v->rest, error);
  return status;
}

scrim_status levels_get(levels *v, const tensorfile *file, size_t k, scrim_error *error) {
  int64_t edges[2] = {LEVELS_STEPS + 1, LEVELS_MAX - 1}, words[3] = {LEVELS_STEPS + 1, LEVELS_MAX, (int64_t)k};
  int64_t square[2] = {(int64_t)k, (int64_t)k};
  const void *edge = NULL, *confidence = NULL, *rest = NULL;
  scrim_status status = tensorfile_get(file, "levels.edge", TENSORFILE_F32, 2, edges, &edge, error);
  if (status == SCRIM_OK)
    status = tensorfile_get(file, "levels.confidence", TENSORFILE_F32, 3, words, &confidence, error);
  if (status == SCRIM_OK) status = tensorfile_get(file, "levels.rest", TENSORFILE_F32, 2, square, &rest, error);
  if (status == SCRIM_OK) *v = (levels){k, edge, confidence, rest};
  return status;
}
