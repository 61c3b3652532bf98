/*
 * What a filter with a prior does to noisy objects, beside plane projection: bench_prior FILTER [OBJECTS [SETTING...]]
 *
 * Objects are procedural, of another seed than those that default filters are trained on, or those of a file, npy
 * [n, points, 3], if OBJECTS is no number. Normal noise stands for
 * sensors; `corners`, every coordinate moved by the whole budget up or down, for what saturated L-infinity attacks end
 * as. Chamfer distance (mean squared both ways, times 10000, unit sphere) is to other points of the same clean
 * object, 4096 of procedural ones, so that a cloud as clean as can be still has some.
 */
#include "pointcloud_defense/neighbours.h"
#include "pointcloud_defense/shapes.h"
#include <math.h>
#include <scrim.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS = 1024, DENSE = 4096, MOST_DEFENCES = 8, SEED = 424242 };

typedef struct noise_kind {
  const char *name;
  double size;
  int corners;
} noise_kind;

static const noise_kind kinds[] = {{"clean", 0, 0},          {"normal 0.01", 0.01, 0},  {"normal 0.02", 0.02, 0},
                                   {"normal 0.04", 0.04, 0}, {"corners 0.01", 0.01, 1}, {"corners 0.02", 0.02, 1},
                                   {"corners 0.05", 0.05, 1}};
enum { KINDS = sizeof kinds / sizeof *kinds };

typedef struct defence {
  const char *name;
  scrim_session *session; /* NULL: none */
  double chamfer, step, milliseconds;
  size_t passed;
} defence;

static void stop(const char *what, const scrim_error *error) {
  fprintf(stderr, "bench_prior: %s: %s\n", what, error->message);
  exit(1);
}

static double one_way(neighbours *index, const float *from, size_t n, const float *to, size_t m) {
  scrim_error error;
  double sum = 0;
  if (neighbours_build(index, to, m, 3, &error) != SCRIM_OK) stop("neighbours", &error);
  for (size_t i = 0; i < n; i++) {
    uint32_t nearest;
    float squared;
    neighbours_near(index, from + 3 * i, 1, &nearest, &squared);
    sum += squared / (double)n;
  }
  return sum;
}

static scrim_session *open_session(const scrim_filter *filter, const scrim_key *key, const char *const *settings) {
  scrim_config config;
  scrim_session *session;
  scrim_error error;
  if (scrim_config_init(&config, "cloud", &error) != SCRIM_OK) stop("config", &error);
  for (; *settings != NULL; settings++)
    if (scrim_config_parse(&config, *settings, &error) != SCRIM_OK) stop(*settings, &error);
  if (scrim_session_create(&session, filter, key, &config, &error) != SCRIM_OK) stop("session", &error);
  return session;
}

static void defend(defence *d, neighbours *index, const float *noisy, const float *dense, size_t n_dense) {
  static float out_data[3 * POINTS];
  scrim_error error;
  scrim_cloud_report report = {0};
  memcpy(out_data, noisy, sizeof out_data);
  if (d->session != NULL) {
    const scrim_view in = {.kind = SCRIM_POINTS, .data = (float *)noisy, .rows = POINTS, .columns = 3};
    scrim_view out = {.kind = SCRIM_POINTS, .data = out_data, .columns = 3, .capacity = POINTS};
    if (scrim_apply(d->session, &in, &out, &error) != SCRIM_OK) stop(d->name, &error);
    if (scrim_cloud_report_get(d->session, &report, &error) != SCRIM_OK) stop(d->name, &error);
  }
  d->step += report.time_step;
  d->passed += report.passed != 0;
  d->milliseconds += report.milliseconds;
  d->chamfer += one_way(index, out_data, POINTS, dense, n_dense) + one_way(index, dense, n_dense, out_data, POINTS);
}

/* Object i, POINTS + *dense points of it: of the file, in steps so that both parts are spread, or procedural. */
static void make_object(const scrim_table *file, size_t i, random_source *random, float *clean, size_t *dense) {
  scrim_error error;
  *dense = DENSE;
  if (file->data == NULL) {
    if (shape_draw(random, SEED, i, POINTS + DENSE, clean, &error) != SCRIM_OK) stop("shapes", &error);
    return;
  }
  const size_t points = (size_t)file->info.shape[1];
  const float *from = file->data + i * points * 3;
  *dense = points - POINTS;
  for (size_t j = 0; j < points; j++) memcpy(clean + 3 * j, from + 3 * (j * 1021 % points), 3 * sizeof *clean);
}

static void run_kind(const noise_kind *kind, defence *defences, size_t n_defences, const scrim_table *file, size_t n,
                     random_source *random) {
  static float clean[3 * (POINTS + DENSE)], noisy[3 * POINTS];
  size_t dense;
  neighbours *index = neighbours_create();
  for (size_t i = 0; i < n; i++) {
    make_object(file, i, random, clean, &dense);
    if (random_begin(random, kind->name, &i, sizeof i, NULL) != SCRIM_OK) exit(1);
    for (size_t v = 0; v < 3 * POINTS; v++) {
      const double draw = random_normal(random);
      noisy[v] = (float)(clean[v] + kind->size * (kind->corners ? copysign(1, draw) : draw));
    }
    for (size_t d = 0; d < n_defences; d++) defend(&defences[d], index, noisy, clean + 3 * POINTS, dense);
  }
  neighbours_free(index);
  for (size_t d = 0; d < n_defences; d++) {
    defence *f = &defences[d];
    printf("| %-12s | %-28s | %7.2f | %5.1f | %4.0f%% | %6.2f |\n", kind->name, f->name, 1e4 * f->chamfer / (double)n,
           f->step / (double)n, 100.0 * (double)f->passed / (double)n, f->milliseconds / (double)n);
    f->chamfer = f->step = f->milliseconds = 0;
    f->passed = 0;
  }
}

int main(int argc, char **argv) {
  static const unsigned char bytes[SCRIM_KEY_BYTES] = {1};
  scrim_filter *filter;
  scrim_key *key;
  scrim_error error;
  random_source *random;
  if (argc < 2) {
    fprintf(stderr, "Usage: bench_prior FILTER [OBJECTS [SETTING[,SETTING...]...]]\n");
    return 64;
  }
  scrim_table file = {0};
  size_t n = argc > 2 ? (size_t)strtoul(argv[2], NULL, 10) : 100;
  if (n == 0) {
    if (scrim_table_read(&file, argv[2], SCRIM_FORMAT_NPY, 0, &error) != SCRIM_OK) stop(argv[2], &error);
    if (file.info.rank != 3 || file.info.shape[1] <= POINTS || file.info.shape[1] > POINTS + DENSE) return 65;
    n = (size_t)file.info.shape[0];
  }
  if (scrim_filter_open(&filter, argv[1], &error) != SCRIM_OK) stop(argv[1], &error);
  if (scrim_key_create(&key, bytes, &error) != SCRIM_OK) stop("key", &error);
  if (random_source_from_seed(&random, SEED, &error) != SCRIM_OK) stop("random", &error);
  defence defences[MOST_DEFENCES] = {{.name = "none"}, {.name = "plane x1"}, {.name = "plane x3"}, {.name = "prior"}};
  defences[1].session =
      open_session(filter, key, (const char *const[]){"objects=0", "baseline=0", "iterations=1", NULL});
  defences[2].session =
      open_session(filter, key, (const char *const[]){"objects=0", "baseline=0", "iterations=3", NULL});
  defences[3].session = open_session(filter, key, (const char *const[]){NULL});
  size_t n_defences = 4;
  for (int i = 3; i < argc && n_defences < MOST_DEFENCES; i++) {
    static char held[MOST_DEFENCES][200];
    const char *settings[16] = {NULL};
    char *text = held[n_defences];
    snprintf(text, sizeof held[0], "%s", argv[i]);
    size_t count = 0;
    for (char *at = strtok(text, ","); at != NULL && count < 15; at = strtok(NULL, ",")) settings[count++] = at;
    defences[n_defences] = (defence){.name = argv[i], .session = open_session(filter, key, settings)};
    n_defences++;
  }
  printf("| noise | defence | Chamfer x 1e4 | time step | passed | ms |\n|---|---|---|---|---|---|\n");
  for (size_t k = 0; k < KINDS; k++) run_kind(&kinds[k], defences, n_defences, &file, n, random);
  for (size_t d = 0; d < n_defences; d++) scrim_session_free(defences[d].session);
  scrim_table_free(&file);
  random_source_free(random);
  scrim_key_free(key);
  scrim_filter_free(filter);
  return 0;
}
