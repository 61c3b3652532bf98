/* Whole scenes: fifty steps of diffusion, and the scene filter frame by frame, transfers included. */
#include "core/random.h"
#include "cuda/cuda_functions.h"
#include "cuda_parts.h"
#include <math.h>
#include <scrim.h>
#include <string.h>

/* ---- a made frame ---- */

enum { BEAMS = 64, WALLS = 24 };

/* Where a ray ends: on the ground, 1.73 m below, or before that on a wall, or at 80 m. */
static double range_of(const double ray[3], const double (*walls)[3]) {
  double range = ray[2] < 0 ? fmin(80, -1.73 / ray[2]) : 80;
  for (size_t i = 0; i < WALLS; i++) { /* across the direction `angle`, at a distance, some metres wide */
    const double angle = walls[i][0], distance = walls[i][1], width = walls[i][2];
    const double along = ray[0] * cos(angle) + ray[1] * sin(angle), across = ray[1] * cos(angle) - ray[0] * sin(angle);
    if (along <= 0) continue;
    const double at = distance / along;
    if (fabs(at * across) < width && at * ray[2] < 4) range = fmin(range, at);
  }
  return range;
}

float *scene_make(size_t n) {
  random_source *r;
  scrim_error error;
  double walls[WALLS][3];
  float *xyz = memory_alloc(3 * n * sizeof *xyz);
  must_hold(xyz != NULL, "memory of the host");
  must_scrim(random_source_from_seed(&r, 1, &error), &error);
  for (size_t i = 0; i < WALLS; i++) {
    walls[i][0] = 6.283185307179586 * random_uniform(r);
    walls[i][1] = 6 + 50 * random_uniform(r);
    walls[i][2] = 1 + 8 * random_uniform(r);
  }
  const size_t columns = (n + BEAMS - 1) / BEAMS;
  for (size_t i = 0; i < n; i++) {
    const double azimuth = 6.283185307179586 * (double)(i % columns) / (double)columns;
    const double elevation = (2 - 26.8 * (double)(i / columns) / (BEAMS - 1)) * 0.017453292519943295;
    const double ray[3] = {cos(elevation) * cos(azimuth), cos(elevation) * sin(azimuth), sin(elevation)};
    const double range = range_of(ray, (const double(*)[3])walls) + 0.01 * random_normal(r);
    for (size_t axis = 0; axis < 3; axis++) xyz[3 * i + axis] = (float)(range * ray[axis]);
  }
  random_source_free(r);
  return xyz;
}

/* x, y, z, intensity of KITTI's, or of a made frame. memory_free is due. */
static float *frame_points(const bench *b, size_t *n) {
  float *points = NULL;
  if (b->frame) {
    FILE *file = fopen(b->frame, "rb");
    must_hold(file && fseek(file, 0, SEEK_END) == 0, b->frame);
    *n = (size_t)ftell(file) / 16;
    points = memory_alloc(16 * *n + 1);
    rewind(file);
    must_hold(points && fread(points, 16, *n, file) == *n, b->frame);
    fclose(file);
    return points;
  }
  *n = b->small ? 700 : 120000;
  float *xyz = scene_make(*n);
  points = memory_zalloc(4 * *n, sizeof *points);
  must_hold(points != NULL, "memory of the host");
  for (size_t i = 0; i < *n; i++) memcpy(points + 4 * i, xyz + 3 * i, 3 * sizeof *xyz);
  memory_free(xyz);
  return points;
}

/* ---- the scene filter ---- */

typedef struct opened {
  scrim_filter *filter;
  scrim_session *session;
} opened;

static opened open_filter(const bench *b, const char *name, const char *mode) {
  static const unsigned char bytes[SCRIM_KEY_BYTES] = {1};
  char path[4096];
  scrim_error error;
  scrim_key *key;
  scrim_config config;
  opened o;
  snprintf(path, sizeof path, "%s/%s", b->models, name);
  must_scrim(scrim_filter_open(&o.filter, path, &error), &error);
  must_scrim(scrim_filter_config(o.filter, &config, &error), &error);
  must_scrim(scrim_config_parse(&config, mode, &error), &error);
  config.device = SCRIM_DEVICE_CUDA;
  must_scrim(scrim_key_create(&key, bytes, &error), &error);
  must_scrim(scrim_session_create(&o.session, o.filter, key, &config, &error), &error);
  scrim_key_free(key);
  return o;
}

static void close_filter(opened *o) {
  scrim_session_free(o->session);
  scrim_filter_free(o->filter);
}

/* Milliseconds of each of `rounds` frames after the first few, which bring the memory. */
static spread apply_frames(scrim_session *session, float *points, size_t n, size_t rounds) {
  enum { MOST = 200, WARM_UP = 5 };
  double taken[MOST];
  scrim_error error;
  float *to = memory_alloc(4 * n * sizeof *to + 1);
  must_hold(to != NULL && rounds <= MOST, "memory of the host");
  for (size_t i = 0; i < rounds + WARM_UP; i++) {
    const scrim_view in = {.kind = SCRIM_POINTS, .data = points, .rows = n, .columns = 4};
    scrim_view out = {.kind = SCRIM_POINTS, .data = to, .columns = 4, .capacity = n};
    const double began = bench_now();
    must_scrim(scrim_apply(session, &in, &out, &error), &error);
    if (i >= WARM_UP) taken[i - WARM_UP] = 1e3 * (bench_now() - began);
  }
  memory_free(to);
  return spread_of(taken, rounds);
}

void bench_frames(bench *b) {
  static const char *const modes[][2] = {{"remove", "mode=2"}, {"not-a-number", "mode=3"}, {"move", "mode=0"}};
  size_t n;
  float *points = frame_points(b, &n);
  tell_part("The scene filter, from input to output of a frame", "what | measured | aim | note");
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
    char what[96];
    opened o = open_filter(b, "snow.scrim", modes[i][1]);
    const spread ms = apply_frames(o.session, points, n, b->small ? 3 : 200);
    snprintf(what, sizeof what, "%s, %zu points, median", modes[i][0], n);
    tell_figure(b, what, ms.median, "ms", 5, 1, b->frame ? "a frame of KITTI" : "a made frame");
    snprintf(what, sizeof what, "%s, %zu points, p99", modes[i][0], n);
    tell_figure(b, what, ms.p99, "ms", 5, 1, b->frame ? "a frame of KITTI" : "a made frame");
    close_filter(&o);
  }
  memory_free(points);
}

/* ---- diffusion ---- */

static device_diffusion *open_diffusion(void) {
  device_prior told;
  device_diffusion *d;
  scrim_error error;
  float *block = prior_random(&told);
  must_scrim(cuda_diffusion_functions.open(&d, &told, &error), &error);
  memory_free(block);
  return d;
}

/* Milliseconds of taking a cloud in, steps, and giving it out; the best and others of some rounds. */
static spread run_steps(device_diffusion *d, const float *x, float *to, size_t n, int steps, const float *noise) {
  enum { ROUNDS = 5 };
  const device_diffusion_functions *f = &cuda_diffusion_functions;
  const device_step step = {.level = 0.05, .inner = 1, .part = -0.01f, .outer = 1, .spread = 0.01f, .noise = noise};
  double taken[ROUNDS];
  float latent[16];
  double spacing;
  scrim_error error;
  for (int round = -1; round < ROUNDS; round++) {
    const double began = bench_now();
    must_scrim(f->take(d, x, n, &error), &error);
    must_scrim(f->look(d, latent, &spacing, &error), &error);
    for (int i = 0; i < steps; i++) must_scrim(f->step(d, &step, &error), &error);
    must_scrim(f->give(d, to, &error), &error);
    if (round >= 0) taken[round] = 1e3 * (bench_now() - began);
  }
  return spread_of(taken, ROUNDS);
}

void bench_diffusion(bench *b) {
  const size_t n = b->small ? 400 : 200000;
  const int steps = b->small ? 2 : 50;
  float *x = scene_make(n), *noise = host_uniform(3 * n), *to = memory_alloc(3 * n * sizeof *to);
  char what[96];
  must_hold(to != NULL, "memory of the host");
  device_diffusion *d = open_diffusion();
  tell_part("Diffusion of a scene, from the host and back", "what | measured | aim | note");
  snprintf(what, sizeof what, "%d steps, %zu points", steps, n);
  tell_figure(b, what, run_steps(d, x, to, n, steps, NULL).median, "ms", 100, 1, "deterministic, as the filter leaps");
  snprintf(what, sizeof what, "%d steps with noise, %zu points", steps, n);
  tell_figure(b, what, run_steps(d, x, to, n, steps, noise).median, "ms", 100, 1,
              "noise comes from the host; drawing it is not counted");
  cuda_diffusion_functions.close(d);
  memory_free(x);
  memory_free(noise);
  memory_free(to);
}
