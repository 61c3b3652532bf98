/*
 * Neighbours and plane distances on one thread: 16 nearest neighbours of every point of a frame, the plane through
 * them, and the distance from it.
 *
 *     bench_points [FRAME.bin]           a KITTI frame, or made scenes of 1,000 to 2,000,000 points
 *     bench_points write N FRAME.bin     writes the made scene of N points, for other programs
 *
 * prints, in nanoseconds a point (medians), what building the index, searching it, and fitting planes take; the bytes a
 * point of the index; and the floor: reading all leaves and boxes once, and fitting planes
 * to neighbours that are known already. The gap is the ratio of the whole to the floor: what the search costs.
 */
#include "core/random.h"
#include "pointcloud_defense/neighbours_parts.h"
#include "pointcloud_defense/plane_lanes.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { K = 16, MOST_ROUNDS = 15, BEAMS = 64 };

static void must(int held, const char *what) {
  if (held) return;
  fprintf(stderr, "bench_points: %s\n", what);
  exit(EXIT_FAILURE);
}

/* ---- scenes ---- */

/* Where a ray ends: on the ground, 1.73 m below, or before that on one of the walls around, or at 80 m. */
static double range_of(const double ray[3], const double *walls, size_t n_walls) {
  double range = ray[2] < 0 ? fmin(80, -1.73 / ray[2]) : 80;
  for (size_t i = 0; i < n_walls; i++) { /* a wall: across the direction `angle` at a distance, some metres wide */
    const double angle = walls[3 * i], distance = walls[3 * i + 1], width = walls[3 * i + 2];
    const double along = ray[0] * cos(angle) + ray[1] * sin(angle), across = ray[1] * cos(angle) - ray[0] * sin(angle);
    if (along <= 0) continue;
    const double at = distance / along;
    if (fabs(at * across) < width && at * ray[2] < 4) range = fmin(range, at);
  }
  return range;
}

/* A spinning sensor of 64 beams between houses; noise of 1 cm along the ray. Always the same for the same n. */
static float *make_scene(size_t n) {
  enum { WALLS = 24 };
  random_source *r = NULL;
  double walls[3 * WALLS];
  float *xyz = malloc(3 * n * sizeof *xyz);
  must(xyz != NULL && random_source_from_seed(&r, 1, NULL) == SCRIM_OK, "no scene");
  must(random_begin(r, "bench_points", NULL, 0, NULL) == SCRIM_OK, "no scene");
  for (size_t i = 0; i < WALLS; i++) {
    walls[3 * i] = 6.283185307179586 * random_uniform(r);
    walls[3 * i + 1] = 6 + 50 * random_uniform(r);
    walls[3 * i + 2] = 1 + 8 * random_uniform(r);
  }
  const size_t columns = (n + BEAMS - 1) / BEAMS;
  for (size_t i = 0; i < n; i++) {
    const double azimuth = 6.283185307179586 * (double)(i % columns) / (double)columns;
    const double elevation = (2 - 26.8 * (double)(i / columns) / (BEAMS - 1)) * 0.017453292519943295;
    const double ray[3] = {cos(elevation) * cos(azimuth), cos(elevation) * sin(azimuth), sin(elevation)};
    const double range = range_of(ray, walls, WALLS) + 0.01 * random_normal(r);
    for (size_t axis = 0; axis < 3; axis++) xyz[3 * i + axis] = (float)(range * ray[axis]);
  }
  random_source_free(r);
  return xyz;
}

static float *read_frame(const char *path, size_t *n) {
  FILE *file = fopen(path, "rb");
  must(file != NULL && fseek(file, 0, SEEK_END) == 0, path);
  const long bytes = ftell(file);
  *n = bytes > 0 ? (size_t)bytes / 16 : 0;
  float *xyz = malloc(4 * (*n + 1) * sizeof *xyz);
  rewind(file);
  must(xyz != NULL && *n > K && fread(xyz, 16, *n, file) == *n, path);
  fclose(file);
  for (size_t i = 0; i < *n; i++) memmove(xyz + 3 * i, xyz + 4 * i, 3 * sizeof *xyz);
  return xyz;
}

static void write_scene(size_t n, const char *path) {
  float *xyz = make_scene(n);
  FILE *file = fopen(path, "wb");
  must(file != NULL, path);
  for (size_t i = 0; i < n; i++) {
    const float record[4] = {xyz[3 * i], xyz[3 * i + 1], xyz[3 * i + 2], 0};
    must(fwrite(record, sizeof record, 1, file) == 1, path);
  }
  must(fclose(file) == 0, path);
  free(xyz);
}

/* ---- what is measured ---- */

typedef struct run_state {
  neighbours *index;
  const float *xyz;
  size_t n;
  neighbours_block *known; /* [blocks] neighbourhoods, for the floor */
  double sum;              /* keeps the work from being left out */
} run_state;

static void build(run_state *s) {
  must(neighbours_build(s->index, s->xyz, s->n, 3, NULL) == SCRIM_OK, "out of memory");
}

static void search(run_state *s) {
  static neighbours_block found;
  for (size_t block = 0; block < neighbours_blocks(s->index); block++) {
    neighbours_find(s->index, block, K, &found);
    s->sum += (double)found.squared[0][0];
  }
}

static double sum_distances(const float *xyz, const neighbours_block *found) {
  plane_lanes planes;
  double sum = 0;
  plane_fit_lanes(xyz, found, &planes);
  for (size_t i = 0; i < found->n; i++) sum += fabs(planes.distance[i]);
  return sum;
}

static void fit_planes(run_state *s) {
  for (size_t block = 0; block < neighbours_blocks(s->index); block++)
    s->sum += sum_distances(s->xyz, &s->known[block]);
}

/* The same work as a survey does it: search and planes, block by block. */
static void both(run_state *s) {
  static neighbours_block found;
  for (size_t block = 0; block < neighbours_blocks(s->index); block++) {
    neighbours_find(s->index, block, K, &found);
    s->sum += sum_distances(s->xyz, &found);
  }
}

static void read_all(run_state *s) {
  const neighbours *x = s->index;
  const uint64_t *words = x->storage;
  const size_t bytes = x->leaves * sizeof *x->leaf + (x->leaves + 15) / 16 * sizeof **x->box;
  uint64_t sum = 0;
  for (size_t i = 0; i < bytes / sizeof *words; i++) sum += words[i];
  s->sum += (double)(sum & 1);
}

static int by_value(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Median nanoseconds a point, of time that this thread had a processor. */
static double measure(run_state *s, void (*work)(run_state *s)) {
  double taken[MOST_ROUNDS];
  const int rounds = s->n > 300000 ? 3 : MOST_ROUNDS;
  work(s);
  for (int i = 0; i < rounds; i++) {
    struct timespec before, after;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
    work(s);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
    taken[i] = 1e9 * (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec);
  }
  qsort(taken, (size_t)rounds, sizeof *taken, by_value);
  return taken[rounds / 2] / (double)s->n;
}

static void report(const float *xyz, size_t n) {
  run_state s = {
      .index = neighbours_create(), .xyz = xyz, .n = n, .known = malloc((n + 15) / 16 * sizeof(neighbours_block))};
  must(s.index != NULL && s.known != NULL, "out of memory");
  const double building = measure(&s, build), searching = measure(&s, search);
  for (size_t block = 0; block < neighbours_blocks(s.index); block++)
    neighbours_find(s.index, block, K, &s.known[block]);
  const double fitting = measure(&s, fit_planes);
  const double whole = building + measure(&s, both), reading = measure(&s, read_all), least = reading + fitting;
  printf("%9zu %9.2f %8.0f %8.0f %8.0f %8.0f %7.1f %8.1f %8.0f %6.1f\n", n, whole * (double)n * 1e-6, building,
         searching, fitting, whole, (double)neighbours_bytes(s.index) / (double)n, reading, least, whole / least);
  free(s.known);
  neighbours_free(s.index);
  must(isfinite(s.sum), "a distance is not finite");
}

int main(int argc, char **argv) {
  if (argc == 4 && strcmp(argv[1], "write") == 0) {
    write_scene(strtoul(argv[2], NULL, 10), argv[3]);
    return EXIT_SUCCESS;
  }
  printf("%9s %9s %8s %8s %8s %8s %7s %8s %8s %6s\n", "points", "whole ms", "build", "search", "planes", "whole",
         "bytes", "reading", "floor", "gap");
  if (argc == 2) {
    size_t n;
    float *xyz = read_frame(argv[1], &n);
    report(xyz, n);
    free(xyz);
    return EXIT_SUCCESS;
  }
  static const size_t sizes[] = {1000, 3000, 10000, 30000, 120000, 500000, 2000000};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    float *xyz = make_scene(sizes[i]);
    report(xyz, sizes[i]);
    free(xyz);
  }
  return EXIT_SUCCESS;
}
