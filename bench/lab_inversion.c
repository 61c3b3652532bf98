/*
 * lab inversion: adversarial model inversion on MNIST. The attacker trains an inversion network on his population,
 * images and scores; "unaware" he has the raw ones, "adaptive" those that the defended system answers him. Then he
 * rebuilds the images of members and of nonmembers from their released scores. An attacker without any scores would
 * answer the mean image of his population: no defence can make a sensible attacker do worse.
 */
#include "core/error.h"
#include "core/memory.h"
#include "core/pool.h"
#include "lab.h"
#include "purifier/attack_inversion.h"
#include <stdio.h>

enum { UNAWARE, ADAPTIVE, ATTACKERS };
static const char *const attacker_name[ATTACKERS] = {"unaware", "adaptive"};

/* One seed's figures: error on members [0] and nonmembers [1]. */
typedef struct experiment {
  const lab_stage *stage;
  float *released[LAB_RELEASES]; /* [LAB_PARTS * part, K] */
  double mse[LAB_RELEASES][ATTACKERS][2];
  double blind[2]; /* of the mean image */
  scrim_status status[LAB_RELEASES];
  scrim_error error[LAB_RELEASES];
} experiment;

static scrim_status measure(experiment *e, const inversion *v, size_t release, int attacker, scrim_error *error) {
  const lab_stage *s = e->stage;
  size_t n = s->part, k = s->set.classes;
  scrim_status status = SCRIM_OK;
  for (int part = 0; status == SCRIM_OK && part < 2; part++) {
    size_t from = (size_t)part * n;
    status = inversion_error(v, e->released[release] + from * k, s->set.x + from * s->set.features, n,
                             &e->mse[release][attacker][part], error);
  }
  return status;
}

/* Error of the population's mean image on members and nonmembers. */
static scrim_status measure_blind(experiment *e, scrim_error *error) {
  const lab_set *set = &e->stage->set;
  size_t n = e->stage->part, d = set->features;
  double *mean = memory_zalloc(d, sizeof *mean);
  if (!mean) return fail(error, SCRIM_E_MEMORY, "no memory for the mean image");
  const float *known = set->x + LAB_POPULATION * n * d;
  for (size_t i = 0; i < n * d; i++) mean[i % d] += known[i] / (double)n;
  for (size_t i = 0; i < 2 * n * d; i++) {
    double off = set->x[i] - mean[i % d];
    e->blind[i / (n * d)] += off * off / (double)(n * d);
  }
  memory_free(mean);
  return SCRIM_OK;
}

/*
 * Trains on the population as release `index` shows it and attacks that release; on raw scores, the unaware attack on
 * all.
 */
static void attack_release(void *context, size_t index, unsigned worker) {
  (void)worker;
  experiment *e = context;
  const lab_stage *s = e->stage;
  size_t from = LAB_POPULATION * s->part;
  const inversion_training training = {.classes = s->set.classes,
                                       .features = s->set.features,
                                       .scores = e->released[index] + from * s->set.classes,
                                       .inputs = s->set.x + from * s->set.features,
                                       .n = s->part,
                                       .seed = s->seed};
  inversion *v = NULL;
  scrim_status status = inversion_create(&v, &training, &e->error[index]);
  if (status == SCRIM_OK) status = measure(e, v, index, ADAPTIVE, &e->error[index]);
  for (size_t r = 0; status == SCRIM_OK && index == 0 && r < LAB_RELEASES; r++)
    status = measure(e, v, r, UNAWARE, &e->error[index]);
  inversion_free(v);
  e->status[index] = status;
}

static scrim_status run_experiment(experiment *e, scrim_error *error) {
  const lab_stage *s = e->stage;
  scrim_status status = SCRIM_OK;
  pool *workers = NULL;
  for (size_t r = 0; status == SCRIM_OK && r < LAB_RELEASES; r++) {
    e->released[r] = memory_zalloc(LAB_PARTS * s->part, s->set.classes * sizeof(float));
    status = e->released[r] ? lab_release_run(&lab_releases[r], s, e->released[r], error)
                            : fail(error, SCRIM_E_MEMORY, "no memory for released scores");
  }
  if (status == SCRIM_OK) status = pool_create(&workers, 0, error);
  if (status == SCRIM_OK) {
    pool_run(workers, LAB_RELEASES, attack_release, e);
    for (size_t r = 0; status == SCRIM_OK && r < LAB_RELEASES; r++) {
      status = e->status[r];
      if (status != SCRIM_OK) *error = e->error[r];
    }
  }
  pool_free(workers);
  for (size_t r = 0; r < LAB_RELEASES; r++) memory_free(e->released[r]);
  return status;
}

/* Per part the error and its ratio to that of raw scores; the last line is the mean image's. */
typedef lab_mean inversion_table[LAB_RELEASES + 1][ATTACKERS][2][2];

static void add_cell(lab_mean cell[2], double mse, double raw) {
  lab_mean_add(&cell[0], mse);
  lab_mean_add(&cell[1], mse / raw);
}

static scrim_status run_seed(const lab_options *options, uint64_t seed, inversion_table table, scrim_error *error) {
  const lab_recipe *recipe = lab_recipe_find("mnist");
  lab_set set;
  lab_stage stage;
  scrim_status status = recipe->load(&set, options->data, seed, error);
  if (status == SCRIM_OK) status = lab_stage_create(&stage, recipe, &set, seed, error);
  if (status != SCRIM_OK) return status;
  experiment e = {.stage = &stage};
  status = lab_stage_filter(&stage, options, error);
  if (status == SCRIM_OK) status = run_experiment(&e, error);
  if (status == SCRIM_OK) status = measure_blind(&e, error);
  for (int part = 0; status == SCRIM_OK && part < 2; part++) {
    double raw = e.mse[0][ADAPTIVE][part];
    for (int r = 0; r < LAB_RELEASES; r++)
      for (int a = 0; a < ATTACKERS; a++) add_cell(table[r][a][part], e.mse[r][a][part], raw);
    add_cell(table[LAB_RELEASES][ADAPTIVE][part], e.blind[part], raw);
  }
  lab_stage_free(&stage);
  return status;
}

static void print_line(const char *release, const char *attacker, lab_mean line[2][2]) {
  printf("%-22s %-9s", release, attacker);
  for (int part = 0; part < 2; part++)
    printf("   %.5f +- %.5f   %5.2f +- %.2f", lab_mean_value(&line[part][0]), lab_mean_deviation(&line[part][0]),
           lab_mean_value(&line[part][1]), lab_mean_deviation(&line[part][1]));
  printf("\n");
}

static void print_table(inversion_table table, const lab_options *options) {
  printf(
      "\nmean squared pixel error of rebuilt images, and its ratio to raw scores; seeds %llu..%llu, mean +- standard "
      "deviation\n%-22s %-9s %21s %15s %21s %15s\n",
      (unsigned long long)options->seed, (unsigned long long)(options->seed + options->seeds - 1), "released",
      "attacker", "members", "ratio", "nonmembers", "ratio");
  print_line("raw", "", table[0][ADAPTIVE]); /* both attackers are one */
  for (int r = 1; r < LAB_RELEASES; r++)
    for (int a = 0; a < ATTACKERS; a++) print_line(lab_releases[r].name, attacker_name[a], table[r][a]);
  print_line("none: the mean image", "", table[LAB_RELEASES][ADAPTIVE]);
}

scrim_status lab_inversion(const lab_options *options, scrim_error *error) {
  if (options->filter && options->seeds > 1)
    return fail(error, SCRIM_E_ARGUMENT, "a filter belongs to one classifier: with -f, --seeds is 1");
  inversion_table table = {0};
  scrim_status status = SCRIM_OK;
  for (size_t i = 0; status == SCRIM_OK && i < options->seeds; i++)
    status = run_seed(options, options->seed + i, table, error);
  if (status == SCRIM_OK) print_table(table, options);
  return status;
}
