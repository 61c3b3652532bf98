/*
 * lab letter|mnist|adult|purchase: splits a data set into members, nonmembers, reference and population of equal size,
 * trains the target on the members and M shadows each on a random half of (members and nonmembers), and writes all scores.
 */
#include "core/error.h"
#include "core/memory.h"
#include "core/pool.h"
#include "lab.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { MEMBERS, NONMEMBERS, REFERENCE, POPULATION, PARTS };
static const char *const part_name[PARTS] = {"members", "nonmembers", "reference", "population"};

typedef struct work {
  const lab_recipe *recipe;
  const lab_options *options;
  lab_set set; /* shuffled: the parts lie one behind the other */
  /* the shadows' */
  unsigned char *in;    /* [M, 2 part] */
  float *scores;        /* [M, 2 part, K] */
  float *population;    /* [M, part, K] */
  scrim_status *status; /* [M] */
  scrim_error *error;   /* [M] */
} work;

/* Scores of the rows [from, from + n) of the set. */
static scrim_status predict(const work *w, const nn_mlp *m, size_t from, size_t n, float *scores, scrim_error *error) {
  return nn_mlp_predict(m, w->set.x + from * w->set.features, n, 1, scores, error);
}

/* A part's scores and labels, and the inputs of the audited parts. */
static scrim_status write_part(const work *w, const nn_mlp *m, int part, float *scores, double *accuracy,
                               scrim_error *error) {
  const lab_set *s = &w->set;
  const char *out = w->options->out;
  size_t n = w->recipe->part, from = (size_t)part * n;
  char name[64];
  scrim_status status = predict(w, m, from, n, scores, error);
  if (status != SCRIM_OK) return status;
  *accuracy = lab_accuracy(scores, s->y + from, n, s->classes);
  snprintf(name, sizeof name, "%s.npy", part_name[part]);
  status = lab_write_f4(out, name, scores, 2, (const size_t[]){n, s->classes}, error);
  snprintf(name, sizeof name, "%s-labels.npy", part_name[part]);
  if (status == SCRIM_OK) status = lab_write_i4(out, name, s->y + from, n, error);
  if (status != SCRIM_OK || part > NONMEMBERS) return status;
  snprintf(name, sizeof name, "%s-inputs.npy", part_name[part]);
  return lab_write_f4(out, name, s->x + from * s->features, 2, (const size_t[]){n, s->features}, error);
}

static scrim_status make_target(const work *w, scrim_error *error) {
  size_t n = w->recipe->part;
  float *scores = memory_alloc(n * w->set.classes * sizeof *scores);
  if (!scores) return fail(error, SCRIM_E_MEMORY, "no memory for %zu rows of scores", n);
  nn_mlp target;
  char path[4096];
  snprintf(path, sizeof path, "%s/classifier.safetensors", w->options->out);
  scrim_status status = lab_classifier_fit(&target, w->recipe, &w->set, w->set.x, w->set.y, n, w->options->seed, error);
  if (status == SCRIM_OK) {
    double accuracy[PARTS] = {0};
    status = lab_classifier_save(&target, path, error);
    for (int part = 0; status == SCRIM_OK && part < PARTS; part++)
      status = write_part(w, &target, part, scores, &accuracy[part], error);
    nn_mlp_free(&target);
    printf("target: accuracy %.2f %% on members, %.2f %% on nonmembers\n", 100 * accuracy[MEMBERS],
           100 * accuracy[NONMEMBERS]);
  }
  memory_free(scores);
  return status;
}

/*
 * Marks the rows on which each shadow is trained. Shadows come in pairs: the second has the half that the first has not,
 * so that of an even number every row is in exactly half (LiRA needs both sides of every row).
 */
static scrim_status draw_halves(work *w, scrim_error *error) {
  size_t n = 2 * w->recipe->part;
  random_source *random = NULL;
  uint32_t *order = memory_alloc(n * sizeof *order);
  scrim_status status = order ? random_source_from_seed(&random, w->options->seed, error)
                              : fail(error, SCRIM_E_MEMORY, "no memory to draw from %zu rows", n);
  if (status == SCRIM_OK) status = random_begin(random, "lab-shadows", NULL, 0, error);
  for (size_t m = 0; status == SCRIM_OK && m < w->options->shadows; m++) {
    for (size_t i = 0; m % 2 == 0 && i < n; i++) order[i] = (uint32_t)i;
    if (m % 2 == 0) random_shuffle(random, order, n);
    const uint32_t *half = order + (m % 2 ? n / 2 : 0);
    for (size_t i = 0; i < n / 2; i++) w->in[m * n + half[i]] = 1;
  }
  random_source_free(random);
  memory_free(order);
  return status;
}

/* One shadow, from its rows to its scores. Runs in a worker of the pool. */
static void make_shadow(void *context, size_t m, unsigned worker) {
  (void)worker;
  work *w = context;
  const lab_set *s = &w->set;
  size_t n = 2 * w->recipe->part, taken = 0;
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
  /* Far from the target's seeds, and from those of its next seeds. */
  uint64_t seed = w->options->seed * 1000003 + m + 1;
  scrim_status status = lab_classifier_fit(&shadow, w->recipe, &half, half.x, half.y, n / 2, seed, error);
  if (status == SCRIM_OK) {
    status = predict(w, &shadow, 0, n, w->scores + m * n * s->classes, error);
    if (status == SCRIM_OK)
      status = predict(w, &shadow, POPULATION * n / 2, n / 2, w->population + m * n / 2 * s->classes, error);
    nn_mlp_free(&shadow);
  }
  lab_set_free(&half);
  w->status[m] = status;
}

static scrim_status write_shadows(const work *w, scrim_error *error) {
  const char *out = w->options->out;
  size_t m = w->options->shadows, n = w->recipe->part, k = w->set.classes;
  scrim_status status = lab_write_f4(out, "shadow-scores.npy", w->scores, 3, (const size_t[]){m, 2 * n, k}, error);
  if (status == SCRIM_OK) status = lab_write_u1(out, "shadow-in.npy", w->in, m, 2 * n, error);
  if (status == SCRIM_OK)
    status = lab_write_f4(out, "shadow-population.npy", w->population, 3, (const size_t[]){m, n, k}, error);
  double in = 0;
  for (size_t s = 0; s < m; s++)
    in += lab_accuracy(w->population + s * n * k, w->set.y + POPULATION * n, n, k) / (double)m;
  printf("shadows: %zu, accuracy %.2f %% on the population\n", m, 100 * in);
  return status;
}

static scrim_status make_shadows(work *w, scrim_error *error) {
  size_t m = w->options->shadows, n = w->recipe->part, k = w->set.classes;
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
  return write_shadows(w, error);
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

scrim_status lab_make(const lab_recipe *recipe, const lab_options *options, scrim_error *error) {
  double start = seconds();
  if (!options->out) return fail(error, SCRIM_E_ARGUMENT, "say where to write: -o FOLDER");
  if (mkdir(options->out, 0777) && errno != EEXIST)
    return fail_errno(error, SCRIM_E_IO, "cannot make the folder '%s'", options->out);
  work w = {.recipe = recipe, .options = options};
  scrim_status status = recipe->load(&w.set, options->data, options->seed, error);
  if (status != SCRIM_OK) return status;
  if (w.set.n < PARTS * recipe->part)
    status = fail(error, SCRIM_E_DATA, "%s has %zu rows; %zu needed", recipe->name, w.set.n, PARTS * recipe->part);
  if (status == SCRIM_OK) status = lab_set_shuffle(&w.set, options->seed, error);
  printf("%s: %zu features, %zu classes, %zu rows a part, seed %llu\n", recipe->name, w.set.features, w.set.classes,
         recipe->part, (unsigned long long)options->seed);
  if (status == SCRIM_OK) status = make_target(&w, error);
  if (status == SCRIM_OK && options->shadows) status = make_shadows(&w, error);
  if (status == SCRIM_OK) printf("written to %s in %.1f s\n", options->out, seconds() - start);
  memory_free(w.in);
  memory_free(w.scores);
  memory_free(w.population);
  memory_free(w.status);
  memory_free(w.error);
  lab_set_free(&w.set);
  return status;
}
