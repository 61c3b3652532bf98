/*
 * Steps of the voice filter's optimiser, for bench_voice.py, which takes the same ones in PyTorch.
 *
 *     bench_voice prepare FOLDER        an encoder of random weights, four seconds of a voice, its states, a target
 *     bench_voice steps FOLDER STEPS    answers milliseconds a step, cosine to the source, to the target
 */
#include "voice_deid/perturb.h"
#include "voice_world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SAMPLES = 4 * SPEECH_RATE, PATH = 4096 };

static const perturb_settings settings = {.strength = 6,
                                          .peak = 15,
                                          .rate = 1,
                                          .target_margin = 0,
                                          .source_margin = 2,
                                          .target_weight = 1,
                                          .plain_weight = 1,
                                          .moves = 1};
static float x[SAMPLES], map[ENVELOPE_BANDS * ENVELOPE_STATE], target[SPEAKER_MOST_DIMENSIONS];

static void check(scrim_status status, const scrim_error *error) {
  if (status == SCRIM_OK) return;
  fprintf(stderr, "bench_voice: %s\n", error->message);
  exit(1);
}

static const char *in_folder(const char *folder, const char *name) {
  static char path[PATH];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

static void transfer(const char *folder, const char *name, const char *mode, float *values, size_t n) {
  FILE *file = fopen(in_folder(folder, name), mode);
  const size_t done = !file            ? 0
                      : mode[0] == 'w' ? fwrite(values, sizeof *values, n, file)
                                       : fread(values, sizeof *values, n, file);
  if (file) fclose(file);
  if (done == n) return;
  fprintf(stderr, "bench_voice: cannot do all of '%s/%s'\n", folder, name);
  exit(1);
}

static void prepare_encoder(const char *folder, random_source *random) {
  speaker_encoder_settings about;
  speaker_encoder *encoder;
  tensorfile_writer *writer;
  scrim_error error;
  check(speaker_encoder_defaults(&about, "statistics", &error), &error);
  check(speaker_encoder_create(&encoder, &about, random, &error), &error);
  check(tensorfile_writer_create(&writer, &error), &error);
  check(speaker_encoder_put(encoder, "", writer, &error), &error);
  check(tensorfile_save(writer, in_folder(folder, "encoder"), &error), &error);
  tensorfile_writer_free(writer);
  speaker_encoder_free(encoder);
}

static void prepare_states(const char *folder) {
  const size_t nodes = (size_t)envelope_nodes(SAMPLES);
  envelope *e;
  scrim_error error;
  float *states = calloc(nodes * ENVELOPE_STATE, sizeof *states), *activity = calloc(nodes, sizeof *activity);
  float table[ENVELOPE_BANDS * ENVELOPE_ORDER];
  check(envelope_create(&e, &error), &error);
  if (!states || !activity) exit(1);
  envelope_measure(e, x, SAMPLES, states, activity);
  memcpy(table, envelope_cepstra(e), sizeof table);
  transfer(folder, "states", "wb", states, nodes * ENVELOPE_STATE);
  transfer(folder, "activity", "wb", activity, nodes);
  transfer(folder, "table", "wb", table, ENVELOPE_BANDS * ENVELOPE_ORDER);
  envelope_free(e);
  free(states);
  free(activity);
}

static void prepare(const char *folder) {
  random_source *random;
  scrim_error error;
  check(random_source_from_seed(&random, 1, &error), &error);
  check(random_begin(random, "bench", NULL, 0, &error), &error);
  voice_speech(x, SAMPLES, SPEECH_RATE, 130);
  for (size_t i = 0; i < sizeof map / sizeof *map; i++) map[i] = (float)random_normal(random);
  double square = 0;
  for (int i = 0; i < 128; i++) {
    target[i] = (float)random_normal(random);
    square += (double)target[i] * (double)target[i];
  }
  for (int i = 0; i < 128; i++) target[i] /= (float)sqrt(square);
  transfer(folder, "speech", "wb", x, SAMPLES);
  transfer(folder, "map", "wb", map, sizeof map / sizeof *map);
  transfer(folder, "target", "wb", target, 128);
  prepare_encoder(folder, random);
  prepare_states(folder);
  random_source_free(random);
}

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void take_steps(const char *folder, int steps) {
  speaker_encoder *encoder;
  random_source *random;
  perturb *p;
  perturb_result found;
  scrim_error error;
  const float *const targets[] = {target};
  transfer(folder, "speech", "rb", x, SAMPLES);
  transfer(folder, "map", "rb", map, sizeof map / sizeof *map);
  transfer(folder, "target", "rb", target, 128);
  check(speaker_encoder_load(&encoder, in_folder(folder, "encoder"), &error), &error);
  check(random_source_from_seed(&random, 1, &error), &error);
  check(perturb_create(&p, (const speaker_encoder *const *)&encoder, 1, &settings, &error), &error);
  double seconds = 0;
  for (int round = 0; round < 2; round++) { /* the first one warms up */
    check(perturb_begin(p, x, SAMPLES, &error), &error);
    perturb_start(p, map);
    seconds = seconds_now();
    check(perturb_run(p, x, targets, steps, random, &found, &error), &error);
    seconds = seconds_now() - seconds;
  }
  printf("%.6f %.6f %.6f\n", 1e3 * seconds / steps, found.source_cosine[0], found.target_cosine[0]);
  perturb_free(p);
  random_source_free(random);
  speaker_encoder_free(encoder);
}

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "prepare") == 0)
    prepare(argv[2]);
  else if (argc == 4 && strcmp(argv[1], "steps") == 0 && atoi(argv[3]) > 0)
    take_steps(argv[2], atoi(argv[3]));
  else
    return fprintf(stderr, "usage: bench_voice prepare FOLDER | steps FOLDER STEPS\n"), 64;
  return 0;
}
