/*
 * What a filter with a prior does to noisy and attacked objects, beside plane projection; and how long it takes.
 *
 *     bench_prior victim OUT [OBJECTS [EPOCHS [SEED]]]           trains a PointNet on procedural objects
 *     bench_prior attack VICTIM OUT [OBJECTS [SEED]]             noisy and attacked objects, for `table`
 *     bench_prior table VICTIM ATTACKED FILTER [SETTING,...]...  accuracy and Chamfer distance behind each defence
 *     bench_prior speed FILTER OBJECTS                           answers bench_prior.py
 *
 * Objects are procedural, of other seeds than those that default filters are trained on. PGD (L-infinity, 20 rounds)
 * knows the victim and no defence. Chamfer distance (mean squared both ways, times 10000, unit sphere) is to 4096 other
 * points of the same clean object, so that a cloud as clean as can be still has some. A list of settings is the filter
 * with these; plane projection is the filter with objects=0.
 */
#include "core/random.h"
#include "pointcloud_defense/attack_cloud.h"
#include "pointcloud_defense/objects.h"
#include "pointcloud_defense/shapes.h"
#include <math.h>
#include <scrim.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { POINTS = 1024, DENSE = 4096 };

typedef struct kind {
  const char *name;
  double size;
  int is_attack;
} kind;
static const kind kinds[] = {{"clean", 0, 0},         {"normal .01", 0.01, 0}, {"normal .02", 0.02, 0},
                             {"normal .04", 0.04, 0}, {"PGD .005", 0.005, 1},  {"PGD .01", 0.01, 1},
                             {"PGD .02", 0.02, 1},    {"PGD .05", 0.05, 1},    {"PGD .1", 0.1, 1}};
enum { KINDS = sizeof kinds / sizeof *kinds };

static void check(scrim_status status, const char *what, const scrim_error *error) {
  if (status == SCRIM_OK) return;
  fprintf(stderr, "bench_prior: %s: %s\n", what, error->message);
  exit(1);
}

static float *room(size_t points) {
  float *xyz = calloc(points, 3 * sizeof *xyz);
  if (xyz == NULL) exit(71);
  return xyz;
}

static size_t number(int argc, char **argv, int at, size_t usual) {
  return argc > at ? (size_t)strtoull(argv[at], NULL, 10) : usual;
}

static void whole_file(const char *path, const char *mode, float *values, size_t n) {
  FILE *file = fopen(path, mode);
  const size_t done = file == NULL   ? 0
                      : *mode == 'r' ? fread(values, sizeof *values, n, file)
                                     : fwrite(values, sizeof *values, n, file);
  if (file == NULL || fclose(file) != 0 || done != n) {
    fprintf(stderr, "bench_prior: %s: not %zu numbers\n", path, n);
    exit(1);
  }
}

/* ---- objects, their victim, attacks on it ---- */

static int train_victim(int argc, char **argv) {
  const size_t n = number(argc, argv, 3, 1500);
  scrim_error error;
  float *xyz = room(n * POINTS);
  int32_t *labels = calloc(n, sizeof *labels);
  if (labels == NULL) exit(71);
  check(scrim_cloud_shapes(xyz, labels, n, POINTS, number(argc, argv, 5, 31), &error), "shapes", &error);
  const scrim_cloud_victim victim = {
      .objects = {xyz, labels, n, POINTS}, .epochs = number(argc, argv, 4, 15), .seed = 31};
  check(scrim_cloud_victim_train(argv[2], &victim, &error), argv[2], &error);
  free(labels);
  free(xyz);
  return 0;
}

static void make_object(random_source *random, uint64_t seed, size_t i, float *clean_and_dense) {
  scrim_error error;
  check(shape_draw(random, seed, i, POINTS + DENSE, clean_and_dense, &error), "shapes", &error);
}

/* [KINDS, n, POINTS, 3], and behind it the seed. */
static int make_attacks(int argc, char **argv) {
  static float both[3 * (POINTS + DENSE)];
  const size_t n = number(argc, argv, 4, 100), seed = number(argc, argv, 5, 777001);
  scrim_error error;
  victim v;
  attack_cloud a = {0};
  random_source *random; /* shapes are drawn from one of the seed, here and in `table` */
  float *all = room(KINDS * n * POINTS + 1);
  check(victim_open(&v, argv[2], &error), argv[2], &error);
  check(attack_cloud_open(&a, NULL, POINTS, 5, &error), "attack", &error);
  check(random_source_from_seed(&random, seed, &error), "random", &error);
  a.victim = &v;
  a.iterations = 20;
  for (size_t k = 0; k < KINDS; k++)
    for (size_t i = 0; i < n; i++) {
      attack_cloud_points out = {.xyz = all + (k * n + i) * POINTS * 3};
      make_object(random, seed, i, both);
      check(random_begin(a.random, kinds[k].name, &i, sizeof i, &error), "random", &error);
      a.budget = kinds[k].size;
      if (kinds[k].is_attack)
        check(attack_cloud_pgd_linf(&a, both, POINTS, (int32_t)(i % SHAPE_FAMILIES), &out, &error), "attack", &error);
      for (size_t j = 0; !kinds[k].is_attack && j < 3 * POINTS; j++)
        out.xyz[j] = (float)(both[j] + kinds[k].size * random_normal(a.random));
    }
  all[3 * KINDS * n * POINTS] = (float)seed;
  whole_file(argv[3], "wb", all, 3 * (KINDS * n * POINTS + 1));
  random_source_free(random);
  attack_cloud_close(&a);
  victim_close(&v);
  free(all);
  return 0;
}

/* ---- defences side by side ---- */

typedef struct defence {
  scrim_filter *filter;
  scrim_session *session; /* NULL: none */
} defence;

static defence open_defence(const char *path, const char *settings) {
  static const unsigned char bytes[SCRIM_KEY_BYTES] = {1};
  scrim_key *key;
  scrim_config config;
  defence d;
  scrim_error error;
  char text[300];
  snprintf(text, sizeof text, "%s", settings);
  check(scrim_filter_open(&d.filter, path, &error), path, &error);
  check(scrim_key_create(&key, bytes, &error), "key", &error);
  check(scrim_config_init(&config, "cloud", &error), "config", &error);
  for (char *at = strtok(text, ","); at != NULL; at = strtok(NULL, ","))
    check(scrim_config_parse(&config, at, &error), at, &error);
  check(scrim_session_create(&d.session, d.filter, key, &config, &error), "session", &error);
  scrim_key_free(key);
  return d;
}

static void close_defence(defence *d) {
  scrim_session_free(d->session);
  scrim_filter_free(d->filter);
}

/* in -> out [POINTS, 3]; `session` NULL: as it is. */
static scrim_cloud_report defend(scrim_session *session, const float *in_data, float *out_data) {
  scrim_cloud_report report = {0};
  scrim_error error;
  memcpy(out_data, in_data, 3 * POINTS * sizeof *out_data);
  if (session == NULL) return report;
  const scrim_view in = {.kind = SCRIM_POINTS, .data = (float *)in_data, .rows = POINTS, .columns = 3};
  scrim_view out = {.kind = SCRIM_POINTS, .data = out_data, .columns = 3, .capacity = POINTS};
  check(scrim_apply(session, &in, &out, &error), "apply", &error);
  check(scrim_cloud_report_get(session, &report, &error), "report", &error);
  return report;
}

typedef struct judge {
  victim v;
  tape *t;
  neighbours *index;
  random_source *random;
  size_t n;
  uint64_t seed;
  float *attacked; /* [KINDS, n, POINTS, 3] */
} judge;

static void judge_kind(judge *j, scrim_session *session, size_t k) {
  static float both[3 * (POINTS + DENSE)], out[3 * POINTS];
  double chamfer = 0, step = 0, milliseconds = 0, squared;
  size_t right = 0;
  scrim_error error;
  for (size_t i = 0; i < j->n; i++) {
    float logits[SHAPE_FAMILIES];
    const scrim_cloud_report report = defend(session, j->attacked + (k * j->n + i) * POINTS * 3, out);
    make_object(j->random, j->seed, i, both);
    check(objects_chamfer(j->index, out, POINTS, both + 3 * POINTS, DENSE, &squared, &error), "Chamfer", &error);
    check(victim_ask(&j->v, j->t, out, POINTS, logits, &error), "victim", &error);
    right += victim_class(logits, SHAPE_FAMILIES) == (int32_t)(i % SHAPE_FAMILIES);
    chamfer += squared;
    step += report.time_step;
    milliseconds += report.milliseconds;
  }
  const double n = (double)j->n;
  printf(" %.3f %.2f (%.1f, %.1f ms) |", (double)right / n, 1e4 * chamfer / n, step / n, milliseconds / n);
  fflush(stdout);
}

static int print_table(int argc, char **argv) {
  static const char *const usual[] = {"objects=0,floor=0,iterations=1", "objects=0,floor=0,iterations=3", ""};
  judge j = {0};
  scrim_error error;
  FILE *file = fopen(argv[3], "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) return 66;
  const size_t points = (size_t)ftell(file) / sizeof(float) / 3;
  fclose(file);
  j.n = (points - 1) / KINDS / POINTS;
  j.attacked = room(points);
  whole_file(argv[3], "rb", j.attacked, 3 * points);
  j.seed = (uint64_t)j.attacked[3 * (points - 1)];
  check(victim_open(&j.v, argv[2], &error), argv[2], &error);
  check(tape_create(&j.t, &cpu_backend, &error), "tape", &error);
  check(random_source_from_seed(&j.random, j.seed, &error), "random", &error);
  j.index = neighbours_create();
  printf("accuracy, Chamfer x 1e4 (time step, time); %zu objects\n| |", j.n);
  for (size_t k = 0; k < KINDS; k++) printf(" %s |", kinds[k].name);
  for (int d = -1; d < 3 + argc - 5; d++) {
    const char *settings = d < 0 ? "none" : d < 3 ? usual[d] : argv[5 + d - 3];
    defence with = d < 0 ? (defence){0} : open_defence(argv[4], settings);
    printf("\n| %s |", *settings ? settings : "the filter");
    for (size_t k = 0; k < KINDS; k++) judge_kind(&j, with.session, k);
    close_defence(&with);
  }
  printf("\n");
  neighbours_free(j.index);
  random_source_free(j.random);
  tape_free(j.t);
  victim_close(&j.v);
  free(j.attacked);
  return 0;
}

/* ---- speed ---- */

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Lines "SETTINGS OUT" -> seconds an object, over all objects [n, POINTS, 3]; restored ones go to the file OUT. */
static int answer_speed(char **argv) {
  scrim_table objects = {0};
  scrim_error error;
  char settings[200], path[200];
  check(scrim_table_read(&objects, argv[3], SCRIM_FORMAT_NPY, 0, &error), argv[3], &error);
  if (objects.info.rank != 3 || objects.info.shape[1] != POINTS) return 65;
  const size_t n = (size_t)objects.info.shape[0];
  float *out = room(n * POINTS);
  while (scanf("%199s %199s", settings, path) == 2) {
    defence d = open_defence(argv[2], settings);
    defend(d.session, objects.data, out);
    const double began = seconds_now();
    for (size_t i = 0; i < n; i++) defend(d.session, objects.data + i * POINTS * 3, out + i * POINTS * 3);
    const double seconds = (seconds_now() - began) / (double)n;
    whole_file(path, "wb", out, 3 * n * POINTS);
    printf("%.9f\n", seconds);
    fflush(stdout);
    close_defence(&d);
  }
  free(out);
  scrim_table_free(&objects);
  return 0;
}

int main(int argc, char **argv) {
  if (argc > 2 && strcmp(argv[1], "victim") == 0) return train_victim(argc, argv);
  if (argc > 3 && strcmp(argv[1], "attack") == 0) return make_attacks(argc, argv);
  if (argc > 4 && strcmp(argv[1], "table") == 0) return print_table(argc, argv);
  if (argc == 4 && strcmp(argv[1], "speed") == 0) return answer_speed(argv);
  fprintf(stderr, "Usage: bench_prior victim|attack|table|speed FILE...; the head of bench_prior.c says what of\n");
  return 64;
}
