/* The attacker: his memory, and the gradient that all attacks climb. */
#include "pointcloud_defense/attack_cloud.h"
#include "core/error.h"
#include "core/memory.h"
#include <math.h>
#include <string.h>

/* ---- memory ---- */

void attack_cloud_close(attack_cloud *a) {
  tape_free(a->tape);
  random_source_free(a->random);
  neighbours_free(a->index);
  memory_free(a->defended.xyz);
  memory_free(a->defended.from);
  memory_free(a->slope);
  memory_free(a->first);
  memory_free(a->second);
  memory_free(a->best);
  *a = (attack_cloud){0};
}

scrim_status attack_cloud_open(attack_cloud *a, const backend *b, size_t capacity, uint64_t seed, scrim_error *error) {
  float **arrays[] = {&a->defended.xyz, &a->slope, &a->first, &a->second, &a->best};
  scrim_status status = tape_create(&a->tape, b, error);
  if (status == SCRIM_OK) status = random_source_from_seed(&a->random, seed, error);
  if (status != SCRIM_OK) return status;
  int made = (a->index = neighbours_create()) != NULL;
  made = made && (a->defended.from = memory_zalloc(capacity + 1, sizeof *a->defended.from)) != NULL;
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays && made; i++)
    made = (*arrays[i] = memory_zalloc(capacity + 1, 3 * sizeof(float))) != NULL;
  a->capacity = capacity;
  return made ? SCRIM_OK : fail(error, SCRIM_E_MEMORY, "out of memory for an attacker of %zu points", capacity);
}

/* ---- climbing ---- */

/* The other class that comes first. */
static size_t rival_of(const float *logits, size_t classes, size_t label) {
  size_t rival = label == 0;
  for (size_t i = 0; i < classes; i++)
    if (i != label && logits[i] > logits[rival]) rival = i;
  return rival;
}

/* Rival less label. */
static tensor *margin_op(tape *t, tensor *logits, int32_t label, size_t rival) {
  tensor *of_rival = op_slice(t, logits, 1, (int)rival, 1), *of_label = op_slice(t, logits, 1, label, 1);
  return op_sum(t, op_sub(t, of_rival, of_label));
}

/* Height of what came out of the defence, and its gradient there, in the tape's memory until the next pass. */
static scrim_status climb_defended(attack_cloud *a, int32_t label, attack_cloud_goal goal, int wants,
                                   attack_cloud_height *height, const float **slope, scrim_error *error) {
  const cloud_defended *d = &a->defended;
  tape *t = a->tape;
  tape_reset(t);
  const int dim[] = {1, (int)d->n, 3};
  tensor *xyz = wants ? tape_variable(t, d->xyz, 3, dim) : tape_input(t, d->xyz, 3, dim);
  tensor *logits = a->victim->logits(t, a->victim->model, xyz);
  const float *answer = tensor_values(logits);
  scrim_status status = tape_status(t, error);
  if (status != SCRIM_OK) return status;
  const size_t rival = rival_of(answer, a->victim->classes, (size_t)label);
  tensor *root =
      goal == ATTACK_CLOUD_ENTROPY ? op_cross_entropy(t, logits, &label) : margin_op(t, logits, label, rival);
  status = tape_status(t, error);
  if (status == SCRIM_OK && wants) status = tape_backward(t, root, error);
  if (status != SCRIM_OK) return status;
  const float *value = tensor_values(root);
  if (wants) *slope = tensor_gradient(xyz);
  status = tape_status(t, error);
  if (status != SCRIM_OK) return status;
  height->goal += (double)*value;
  height->margin += (double)answer[rival] - (double)answer[label];
  return SCRIM_OK;
}

static scrim_status climb_once(attack_cloud *a, size_t number, const float *xyz, size_t n, int32_t label,
                               attack_cloud_goal goal, attack_cloud_height *height, float *slope, scrim_error *error) {
  const cloud_defence *defence = a->defence ? a->defence : &cloud_defences[0];
  const cloud_draw draw = {a->random, number};
  const float *at_end = NULL;
  scrim_status status = defence->apply(defence, a->room, &draw, xyz, n, &a->defended, error);
  if (status != SCRIM_OK) return status;
  if (a->defended.n == 0) {
    height->goal += 1;
    height->margin += 1;
    return SCRIM_OK;
  }
  status = climb_defended(a, label, goal, slope != NULL, height, &at_end, error);
  if (status != SCRIM_OK || slope == NULL || at_end == NULL) return status;
  if (a->defence) return cloud_defence_pull(a->room, &a->defended, xyz, n, a->hold, at_end, slope, error);
  for (size_t i = 0; i < 3 * n; i++) slope[i] += at_end[i];
  return SCRIM_OK;
}

scrim_status attack_cloud_climb(attack_cloud *a, const float *xyz, size_t n, int32_t label, attack_cloud_goal goal,
                                attack_cloud_height *height, float *slope, scrim_error *error) {
  const size_t draws = a->defence && a->samples > 1 && cloud_defence_draws(a->room) ? a->samples : 1;
  scrim_status status = SCRIM_OK;
  *height = (attack_cloud_height){0};
  if (slope) memset(slope, 0, 3 * n * sizeof *slope);
  for (size_t i = 0; i < draws && status == SCRIM_OK; i++)
    status = climb_once(a, i, xyz, n, label, goal, height, slope, error);
  height->goal /= (double)draws;
  height->margin /= (double)draws;
  for (size_t i = 0; i < 3 * n && slope; i++) slope[i] /= (float)draws;
  return status;
}

/*
 * Whoever knows a defence that draws nothing has seen its answer. Who knows of none climbs on: what fools the bare
 * classifier by a hair is easily filtered.
 */
int attack_cloud_is_done(const attack_cloud *a, attack_cloud_height height) {
  return a->defence && height.margin > 0 && !cloud_defence_draws(a->room);
}

/* Rounded towards the clean point, so that the shift as float32 is no more than `most` either. */
void attack_cloud_clip(float *x, const float *clean, size_t values, double most) {
  for (size_t i = 0; i < values; i++) {
    x[i] = (float)(clean[i] + fmin(fmax((double)x[i] - clean[i], -most), most));
    if (fabs((double)x[i] - clean[i]) > most) x[i] = nextafterf(x[i], clean[i]);
  }
}
