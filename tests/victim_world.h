/* Classifiers with known answers: what attacks on them must find can be written down. */
#ifndef VICTIM_WORLD_H
#define VICTIM_WORLD_H

#include "core/tensorfile.h"
#include "pointcloud_defense/attack_cloud.h"
#include "pointcloud_defense/victim_pointnet.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/*
 * Two classes: the mean of the points along (1, 2, -2) / 3, steepness times, for class 1, and its negative for class 0.
 * A point that moves by v along it raises the margin over class 0 by 2 * steepness * v / n.
 */
typedef struct linear_world {
  float weight[6], bias[2];
} linear_world;

static const double linear_way[3] = {1 / 3.0, 2 / 3.0, -2 / 3.0};

static inline tensor *linear_logits(tape *t, const void *model, tensor *xyz) {
  const linear_world *m = model;
  tensor *mean = op_reduce_mean(t, xyz, 1);
  return op_linear(t, mean, tape_input(t, m->weight, 2, (int[]){2, 3}), tape_input(t, m->bias, 1, (int[]){2}));
}

/* steepness 0: no gradient at all, and class 0 for ever. `ahead`: by how much class 0 leads at a mean of 0. */
static inline victim linear_victim(linear_world *m, double steepness, double ahead) {
  for (size_t i = 0; i < 3; i++) {
    m->weight[i] = (float)(-steepness * linear_way[i]);
    m->weight[3 + i] = (float)(steepness * linear_way[i]);
  }
  m->bias[0] = (float)ahead;
  m->bias[1] = 0;
  return (victim){.classes = 2, .logits = linear_logits, .model = m};
}

/* n points in a ball of radius 1 about 0. */
static inline void ball_of_points(float *xyz, size_t n, uint64_t seed) {
  random_source *r;
  if (random_source_from_seed(&r, seed, NULL) != SCRIM_OK) return;
  for (size_t i = 0; i < n;) {
    double squared = 0;
    for (size_t axis = 0; axis < 3; axis++) {
      xyz[3 * i + axis] = (float)(2 * random_uniform(r) - 1);
      squared += (double)xyz[3 * i + axis] * xyz[3 * i + axis];
    }
    i += squared <= 1;
  }
  random_source_free(r);
}

/* Rival less label, class 0, of a cloud. */
static inline double linear_margin(const linear_world *m, const float *xyz, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < 3 * n; i++) sum += 2 * (double)m->weight[3 + i % 3] * xyz[i] / (double)n;
  return sum - m->bias[0];
}

/*
 * A PointNet with two features everywhere: the first layer takes x and y, all others pass them on, and the second batch
 * norm adds a half. Its logits are max(x, 0) + 0.5 and max(y, 0) + 0.5, of the largest x and y. `spoil` changes it,
 * before it is written: SPOIL_VARIANCE a variance below 0, SPOIL_WIDTH a layer that does not fit, SPOIL_MISSING no last
 * layer.
 */
typedef enum pointnet_spoil { SPOIL_NOTHING, SPOIL_VARIANCE, SPOIL_WIDTH, SPOIL_MISSING } pointnet_spoil;

static inline scrim_status pointnet_write(const char *path, pointnet_spoil spoil) {
  static const float first[6] = {1, 0, 0, 0, 1, 0}, pass[4] = {1, 0, 0, 1}, zero[2] = {0}, one[2] = {1, 1};
  static const float two[2] = {2, 2}, half[2] = {0.5f, 0.5f}, four[2] = {4 - 1e-5f, 4 - 1e-5f};
  static const float unit[2] = {1 - 1e-5f, 1 - 1e-5f}, below[2] = {1, -1};
  tensorfile_writer *w;
  scrim_status status = tensorfile_writer_create(&w, NULL);
  for (int i = 0; i < POINTNET_LAYERS && status == SCRIM_OK; i++) {
    char layer[POINTNET_NAME], norm[POINTNET_NAME], part[2 * POINTNET_NAME];
    const int64_t width = 2, shape[] = {2, i == 0 ? 3 : spoil == SPOIL_WIDTH && i == 4 ? 1 : 2, 1};
    const int is_second = i == 1;
    if (spoil == SPOIL_MISSING && i + 1 == POINTNET_LAYERS) break;
    victim_pointnet_names(i, layer, norm);
    const struct {
      const char *name, *of;
      const float *data;
    } parts[] = {{"bias", layer, zero},
                 {"weight", norm, is_second ? two : one},
                 {"bias", norm, is_second ? one : zero},
                 {"running_mean", norm, is_second ? half : zero},
                 {"running_var", norm,
                  is_second                           ? four
                  : spoil == SPOIL_VARIANCE && i == 6 ? below
                                                      : unit}};
    snprintf(part, sizeof part, "%s.weight", layer);
    status = tensorfile_put(w, part, TENSORFILE_F32, i < POINTNET_POINT_LAYERS ? 3 : 2, shape, i ? pass : first, NULL);
    for (size_t j = 0; j < (norm[0] ? 5 : 1) && status == SCRIM_OK; j++) {
      snprintf(part, sizeof part, "%s.%s", parts[j].of, parts[j].name);
      status = tensorfile_put(w, part, TENSORFILE_F32, 1, &width, parts[j].data, NULL);
    }
  }
  if (status == SCRIM_OK) status = tensorfile_save(w, path, NULL);
  tensorfile_writer_free(w);
  return status;
}

#endif
