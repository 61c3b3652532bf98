/*
 * lab attribute: attribute inference on Adult. The attacker knows the private attribute of the people in his population
 * and trains on the scores that the system gives on them; then he infers it for members and nonmembers.
 */
#include "core/error.h"
#include "core/memory.h"
#include "lab.h"
#include "purifier/attack_attribute.h"
#include <stdio.h>
#include <string.h>

enum { UNAWARE, ADAPTIVE, ATTACKERS, FIGURES = 5 };
static const char *const attacker_name[ATTACKERS] = {"unaware", "adaptive"};

/* What the classifier predicts and what is private. */
static const struct {
  const char *target, *attribute;
} tasks[] = {{"income", "sex"}, {"income", "marital-status"}, {"occupation", "sex"}};
enum { TASKS = sizeof tasks / sizeof *tasks };

typedef lab_mean attribute_table[LAB_RELEASES][ATTACKERS][FIGURES];

/*
 * Trains on the population's scores `known`, attacks members and nonmembers by `released`; both [LAB_PARTS * part, K].
 */
static scrim_status attack(const lab_stage *s, const float *known, const float *released, lab_mean *figures,
                           scrim_error *error) {
  size_t n = s->part, k = s->set.classes;
  const attribute_attack a = {
      .classes = k,
      .values = s->set.attribute_values,
      .known = {known + LAB_POPULATION * n * k, s->set.attribute + LAB_POPULATION * n, n},
      .audited = {released, s->set.attribute, 2 * n},
      .seed = s->seed,
  };
  attribute_result result;
  scrim_status status = attack_attribute(&result, &a, error);
  if (status != SCRIM_OK) return status;
  const double figure[FIGURES] = {result.accuracy, result.balanced_accuracy, result.auc, result.majority,
                                  result.label_guess};
  for (int f = 0; f < FIGURES; f++) lab_mean_add(&figures[f], figure[f]);
  return SCRIM_OK;
}

static scrim_status run_stage(const lab_stage *s, attribute_table table, scrim_error *error) {
  float *released = memory_zalloc(LAB_PARTS * s->part, s->set.classes * sizeof *released);
  if (!released) return fail(error, SCRIM_E_MEMORY, "no memory for released scores");
  scrim_status status = SCRIM_OK;
  for (int r = 0; status == SCRIM_OK && r < LAB_RELEASES; r++) {
    status = lab_release_run(&lab_releases[r], s, released, error);
    if (status == SCRIM_OK) status = attack(s, s->raw, released, table[r][UNAWARE], error);
    if (status == SCRIM_OK) status = attack(s, released, released, table[r][ADAPTIVE], error);
  }
  memory_free(released);
  return status;
}

static scrim_status run_seed(const lab_options *options, int task, uint64_t seed, attribute_table table,
                             scrim_error *error) {
  lab_set set;
  lab_stage stage;
  scrim_status status = lab_adult_load_columns(&set, options->data, tasks[task].target, tasks[task].attribute, error);
  if (status == SCRIM_OK) status = lab_stage_create(&stage, lab_recipe_find("adult"), &set, seed, error);
  if (status != SCRIM_OK) return status;
  status = lab_stage_filter(&stage, options, error);
  if (status == SCRIM_OK) status = run_stage(&stage, table, error);
  lab_stage_free(&stage);
  return status;
}

static void print_table(attribute_table table, int task, const lab_options *options) {
  printf("\nclassifier predicts %s, attacker infers %s; seeds %llu..%llu, mean +- standard deviation\n"
         "majority guess %.3f, guess by the label %.3f\n%-22s %-9s %15s %15s %15s\n",
         tasks[task].target, tasks[task].attribute, (unsigned long long)options->seed,
         (unsigned long long)(options->seed + options->seeds - 1), lab_mean_value(&table[0][ADAPTIVE][3]),
         lab_mean_value(&table[0][ADAPTIVE][4]), "released", "attacker", "accuracy", "balanced", "AUC");
  for (int r = 0; r < LAB_RELEASES; r++)
    for (int a = r == 0; a < ATTACKERS; a++) { /* on raw scores both attackers are one */
      printf("%-22s %-9s", lab_releases[r].name, r ? attacker_name[a] : "");
      for (int f = 0; f < 3; f++)
        printf("  %.3f +- %.3f", lab_mean_value(&table[r][a][f]), lab_mean_deviation(&table[r][a][f]));
      printf("\n");
    }
  printf("\n");
}

/* A filter belongs to one classifier: the one that `lab adult` makes, which predicts income. */
scrim_status lab_attribute(const lab_options *options, scrim_error *error) {
  if (options->filter && options->seeds > 1)
    return fail(error, SCRIM_E_ARGUMENT, "a filter belongs to one classifier: with -f, --seeds is 1");
  scrim_status status = SCRIM_OK;
  for (int task = 0; status == SCRIM_OK && task < TASKS; task++) {
    if (options->filter && strcmp(tasks[task].target, "income")) continue;
    attribute_table table = {0};
    for (size_t i = 0; status == SCRIM_OK && i < options->seeds; i++)
      status = run_seed(options, task, options->seed + i, table, error);
    if (status == SCRIM_OK) print_table(table, task, options);
  }
  return status;
}
