/*
 * lab letter|mnist|adult|purchase: splits a data set into members, nonmembers, reference and population of equal size,
 * trains the target on the members and M shadows each on a random half of (members and nonmembers), and writes all
 * scores.
 */
#include "core/error.h"
#include "core/memory.h"
#include "core/pool.h"
#include "lab.h"
#include "purifier/metrics.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static const char *const part_name[LAB_PARTS] = {"members", "nonmembers", "reference", "population"};

typedef struct work {
  lab_stage stage;
  size_t shadows;
  unsigned char *in;    /* [M, 2 part] */
  float *scores;        /* [M, 2 part, K] */
  float *population;    /* [M, part, K] */
  scrim_status *status; /* [M] */
  scrim_error *error;   /* [M] */
} work;

/* A part's scores and labels, and the inputs of the audited parts. */
static scrim_status write_part(const lab_stage *s, int part, const char *out, scrim_error *error) {
  size_t n = s->part, k = s->set.classes, from = (size_t)part * n;
  char name[64];
  snprintf(name, sizeof name, "%s.npy", part_name[part]);
  scrim_status status = lab_write_f4(out, name, s->raw + from * k, 2, (const size_t[]){n, k}, error);
  snprintf(name, sizeof name, "%s-labels.npy", part_name[part]);
  if (status == SCRIM_OK) status = lab_write_i4(out, name, s->set.y + from, n, error);
  if (status != SCRIM_OK || part > LAB_NONMEMBERS) return status;
  snprintf(name, sizeof name, "%s-inputs.npy", part_name[part]);
  size_t features = s->set.features;
  return lab_write_f4(out, name, s->set.x + from * features, 2, (const size_t[]){n, features}, error);
}

static scrim_status write_target(const lab_stage *s, const char *out, scrim_error *error) {
  char path[4096];
  snprintf(path, sizeof path, "%s/classifier.safetensors", out);
  scrim_status status = lab_classifier_save(&s->target, path, error);
  for (int part = 0; status == SCRIM_OK && part < LAB_PARTS; part++) status = write_part(s, part, out, error);
  return status;
}

/*
 * Marks the rows on which each shadow is trained. Shadows come in pairs: the second has the half that the first has
 * not, so that of an even number every row is in exactly half (LiRA needs both sides of every row).
 */
static scrim_status draw_halves(work *w, scrim_error *error) {
  size_t n = 2 * w->stage.part;
  random_source *random = NULL;
  uint32_t *order = memory_alloc(n * sizeof *order);
  scrim_status status = order ? random_source_from_seed(&random, w->stage.seed, error)
                              : fail(error, SCRIM_E_MEMORY, "no memory to draw from %zu rows", n);
  if (status == SCRIM_OK) status = random_begin(random, "lab-shadows", NULL, 0, error);
  for (size_t m = 0; status == SCRIM_OK && m < w->shadows; m++) {
    for (size_t i = 0; m % 2 == 0 && i < n; i++) order[i] = (uint32_t)i;
    if (m % 2 == 0) random_shuffle(random, order, n);
    const uint32_t *half = order + (m % 2 ? n / 2 : 0);
    for (size_t i = 0; i < n / 2; i++) w->in[m * n + half[i]] = 1;
  }
  if (status == SCRIM_OK) status = random_status(random, error);
  random_source_free(random);
  memory_free(order);
  return status;
}

/* One shadow, from its rows to its scores. Runs in a worker of the pool. */
static void make_shadow(void *context, size_t m, unsigned worker) {
  (void)worker;
  work *w = context;
  const lab_stage *stage = &w->stage;
  const lab_set *s = &stage->set;
  size_t n = 2 * stage->part, taken = 0;
  scrim_error *error = &w->error[m];
  nn_mlp shadow;
  lab_set half;
  w->status[m] = lab_set_create(&half, n / 2, s->features, s->classes, error);
  if (w->status[m] != SCRIM_OK) return;
  for (size_t i = 0; i < n; i++) {
    if (!w->in[m * n + i]) continue;
    memcpy(half.x + taken * s->features, s->x + i * s->features, s->features * sizeof *s->x);
    half.y[taken++] = s->y[i];
  }
  uint64_t seed = stage->seed * 1000003 + m + 1; /* not the target's, nor any shadow's of the next seeds */
  scrim_status status = lab_classifier_fit(&shadow, stage->recipe, s, half.x, half.y, n / 2, seed, error);
  if (status == SCRIM_OK) {
    const float *population = s->x + LAB_POPULATION * stage->part * s->features;
    status = nn_mlp_predict(&shadow, s->x, n, 1, w->scores + m * n * s->classes, error);
    if (status == SCRIM_OK)
      status = nn_mlp_predict(&shadow, population, n / 2, 1, w->population + m * n / 2 * s->classes, error);
    nn_mlp_free(&shadow);
  }
  lab_set_free(&half);
  w->status[m] = status;
}

static scrim_status write_shadows(const work *w, const char *out, scrim_error *error) {
  const lab_stage *s = &w->stage;
  size_t m = w->shadows, n = s->part, k = s->set.classes;
  scrim_status status = lab_write_f4(out, "shadow-scores.npy", w->scores, 3, (const size_t[]){m, 2 * n, k}, error);
  if (status == SCRIM_OK) status = lab_write_u1(out, "shadow-in.npy", w->in, m, 2 * n, error);
  if (status == SCRIM_OK)
    status = lab_write_f4(out, "shadow-population.npy", w->population, 3, (const size_t[]){m, n, k}, error);
  lab_mean accuracy = {0};
  for (size_t i = 0; i < m; i++)
    lab_mean_add(&accuracy, metrics_accuracy(w->population + i * n * k, s->set.y + LAB_POPULATION * n, n, k));
  printf("shadows: %zu, accuracy %.2f %% on the population\n", m, 100 * lab_mean_value(&accuracy));
  return status;
}

static void free_shadows(work *w) {
  memory_free(w->in);
  memory_free(w->scores);
  memory_free(w->population);
  memory_free(w->status);
  memory_free(w->error);
}

static scrim_status make_shadows(work *w, scrim_error *error) {
  size_t m = w->shadows, n = w->stage.part, k = w->stage.set.classes;
  w->in = memory_zalloc(m, 2 * n);
  w->scores = memory_zalloc(m * 2 * n, k * sizeof *w->scores);
  w->population = memory_zalloc(m * n, k * sizeof *w->population);
  w->status = memory_zalloc(m, sizeof *w->status);
  w->error = memory_zalloc(m, sizeof *w->error);
  if (!w->in || !w->scores || !w->population || !w->status || !w->error)
    return fail(error, SCRIM_E_MEMORY, "no memory for the scores of %zu shadows", m);
  pool *workers = NULL;
  scrim_status status = draw_halves(w, error);
  if (status == SCRIM_OK) status = pool_create(&workers, 0, error);
  if (status != SCRIM_OK) return status;
  pool_run(workers, m, make_shadow, w);
  pool_free(workers);
  for (size_t i = 0; i < m; i++) {
    if (w->status[i] == SCRIM_OK) continue;
    *error = w->error[i];
    return w->status[i];
  }
  return SCRIM_OK;
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

scrim_status lab_make(const lab_recipe *recipe, const lab_options *options, scrim_error *error) {
  double start = seconds();
  const char *out = options->out;
  if (!out) return fail(error, SCRIM_E_ARGUMENT, "say where to write: -o FOLDER");
  if (mkdir(out, 0777) && errno != EEXIST) return fail_errno(error, SCRIM_E_IO, "cannot make the folder '%s'", out);
  work w = {.shadows = options->shadows};
  lab_set set;
  scrim_status status = recipe->load(&set, options->data, options->seed, error);
  if (status == SCRIM_OK) status = lab_stage_create(&w.stage, recipe, &set, options->seed, error);
  if (status != SCRIM_OK) return status;
  status = write_target(&w.stage, out, error);
  if (status == SCRIM_OK && w.shadows) status = make_shadows(&w, error);
  if (status == SCRIM_OK && w.shadows) status = write_shadows(&w, out, error);
  if (status == SCRIM_OK) printf("written to %s in %.1f s\n", out, seconds() - start);
  free_shadows(&w);
  lab_stage_free(&w.stage);
  return status;
}
