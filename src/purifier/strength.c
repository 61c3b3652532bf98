#include "purifier/strength.h"

#include "core/error.h"
#include "core/memory.h"
#include "purifier/metrics.h"

/* Attack scores at one step: merged rows count alike; step < 0: right or wrong is all that is seen. */
static void fill(double *score, unsigned char *member, const strength_rows *rows, unsigned char is_member,
                 const saturation *s, int step) {
  for (size_t i = 0; i < rows->n; i++) {
    const double seen = step < 0 || rows->confidence[i] >= s->threshold[step] ? 1.5 : rows->confidence[i];
    score[i] = rows->right[i] ? seen : -seen;
    member[i] = is_member;
  }
}

static scrim_status attack_auc(double *auc, double *score, unsigned char *member, const saturation *s, int step,
                               const strength_rows *members, const strength_rows *others, scrim_error *error) {
  fill(score, member, members, 1, s, step);
  fill(score + members->n, member + members->n, others, 0, s, step);
  return metrics_auc(auc, score, member, members->n + others->n, error);
}

scrim_status strength_leak(double *leak, const saturation *s, int step, const strength_rows *members,
                           const strength_rows *others, scrim_error *error) {
  const size_t n = members->n + others->n;
  double *score = memory_zalloc(n, sizeof *score), seen = 0, gap = 0;
  unsigned char *member = memory_zalloc(n, 1);
  scrim_status status = SCRIM_OK;
  if (score == NULL || member == NULL) status = fail(error, SCRIM_E_MEMORY, "out of memory for %zu rows", n);
  if (status == SCRIM_OK) status = attack_auc(&seen, score, member, s, step, members, others, error);
  if (status == SCRIM_OK) status = attack_auc(&gap, score, member, s, -1, members, others, error);
  if (status == SCRIM_OK) *leak = seen - gap;
  memory_free(score);
  memory_free(member);
  return status;
}

scrim_status strength_choose(double *strength, double *leak, const saturation *s, double most,
                             const strength_rows *members, const strength_rows *others, scrim_error *error) {
  for (int step = 0; step <= SATURATION_STEPS; step++) {
    const scrim_status status = strength_leak(leak, s, step, members, others, error);
    if (status != SCRIM_OK) return status;
    *strength = (double)step / SATURATION_STEPS;
    if (*leak <= most) break;
  }
  return SCRIM_OK;
}
