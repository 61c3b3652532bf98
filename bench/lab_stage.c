/* The stage on which every experiment plays: a shuffled set in equal parts and a target trained on the first. */
#include "core/error.h"
#include "core/memory.h"
#include "lab.h"
#include "purifier/metrics.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

scrim_status lab_stage_create(lab_stage *s, const lab_recipe *recipe, lab_set *set, uint64_t seed, scrim_error *error) {
  *s = (lab_stage){.recipe = recipe, .seed = seed, .set = *set, .part = recipe->part};
  *set = (lab_set){0};
  size_t n = s->part, k = s->set.classes;
  scrim_status status = SCRIM_OK;
  if (s->set.n < LAB_PARTS * n)
    status = fail(error, SCRIM_E_DATA, "%s has %zu rows; %zu needed", recipe->name, s->set.n, LAB_PARTS * n);
  if (status == SCRIM_OK) status = lab_set_shuffle(&s->set, seed, error);
  if (status == SCRIM_OK) {
    s->raw = memory_zalloc(LAB_PARTS * n, k * sizeof *s->raw);
    if (!s->raw) status = fail(error, SCRIM_E_MEMORY, "no memory for %zu rows of scores", LAB_PARTS * n);
  }
  if (status == SCRIM_OK) status = lab_classifier_fit(&s->target, recipe, &s->set, s->set.x, s->set.y, n, seed, error);
  if (status == SCRIM_OK) status = nn_mlp_predict(&s->target, s->set.x, LAB_PARTS * n, 1, s->raw, error);
  if (status != SCRIM_OK) {
    lab_stage_free(s);
    return status;
  }
  printf("%s, seed %llu: %zu features, %zu classes, %zu rows a part; accuracy %.2f %% on members, %.2f %% on "
         "nonmembers\n",
         recipe->name, (unsigned long long)seed, s->set.features, k, n, 100 * metrics_accuracy(s->raw, s->set.y, n, k),
         100 * metrics_accuracy(s->raw + n * k, s->set.y + n, n, k));
  return SCRIM_OK;
}

void lab_stage_free(lab_stage *s) {
  lab_set_free(&s->set);
  nn_mlp_free(&s->target);
  memory_free(s->raw);
  scrim_filter_free(s->filter);
  scrim_key_free(s->key);
  *s = (lab_stage){0};
}

static scrim_status train_filter(lab_stage *s, scrim_error *error) {
  size_t n = s->part, k = s->set.classes;
  const unsigned char bytes[SCRIM_KEY_BYTES] = {(unsigned char)s->seed, 'l', 'a', 'b'};
  const scrim_scores_data data = {.classes = k,
                                  .reference = s->raw + LAB_REFERENCE * n * k,
                                  .n_reference = n,
                                  .reference_labels = s->set.y + LAB_REFERENCE * n,
                                  .members = s->raw,
                                  .n_members = n,
                                  .member_labels = s->set.y};
  const scrim_train_options training = {.seed = s->seed};
  scrim_status status = scrim_key_create(&s->key, bytes, error);
  if (status == SCRIM_OK) status = scrim_scores_train(&s->filter, &data, NULL, s->key, &training, error);
  return status;
}

scrim_status lab_stage_filter(lab_stage *s, const lab_options *options, scrim_error *error) {
  if (!options->filter) return train_filter(s, error);
  if (!options->key) return fail(error, SCRIM_E_ARGUMENT, "a filter needs its key: -k FILE");
  scrim_status status = scrim_filter_open(&s->filter, options->filter, error);
  if (status == SCRIM_OK) status = scrim_key_open(&s->key, options->key, error);
  return status;
}

void lab_mean_add(lab_mean *m, double value) {
  m->sum += value;
  m->squares += value * value;
  m->n++;
}

double lab_mean_value(const lab_mean *m) {
  return m->sum / (double)m->n;
}

double lab_mean_deviation(const lab_mean *m) {
  if (m->n < 2) return 0;
  double mean = lab_mean_value(m);
  return sqrt(fmax(0, (m->squares - (double)m->n * mean * mean) / (double)(m->n - 1)));
}
