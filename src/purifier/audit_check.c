/* Is the audit complete, and are its numbers what they should be? */
#include "purifier/audit_check.h"
#include "core/error.h"

enum { FEWEST_ROWS = 20 }; /* members, and non-members */

static scrim_status check_complete(const scrim_scores_audit *a, scrim_error *error) {
  const struct {
    int missing;
    const char *what;
  } parts[] = {
      {!a->members || !a->member_labels, "members and their labels"},
      {!a->nonmembers || !a->nonmember_labels, "non-members and their labels"},
      {a->n_shadows && (!a->shadow_scores || !a->shadow_in), "scores of the shadows and what they were trained on"},
      {a->n_population && (!a->population || !a->population_labels), "the population's scores and labels"},
      {a->n_population && a->n_shadows && !a->shadow_population, "the shadows' scores of the population"},
      {a->classify && (!a->features || !a->member_inputs || !a->nonmember_inputs), "inputs for the classifier"},
  };
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    if (parts[i].missing) return fail(error, SCRIM_E_ARGUMENT, "the audit lacks %s", parts[i].what);
  if (a->classes < 2 || a->classes > 65536)
    return fail(error, SCRIM_E_ARGUMENT, "the audit has %zu classes; 2 to 65536 are possible", a->classes);
  if (a->n_members < FEWEST_ROWS || a->n_nonmembers < FEWEST_ROWS)
    return fail(error, SCRIM_E_DATA, "%zu members and %zu non-members; an audit needs %d of each", a->n_members,
                a->n_nonmembers, FEWEST_ROWS);
  size_t rows = a->n_members + a->n_nonmembers;
  if (rows > UINT32_MAX / (a->n_shadows + 1))
    return fail(error, SCRIM_E_DATA, "%zu rows and %zu shadows; their product must stay below %u", rows, a->n_shadows,
                UINT32_MAX);
  return SCRIM_OK;
}

static scrim_status check_labels(const char *what, const int32_t *labels, size_t n, size_t k, scrim_error *error) {
  for (size_t i = 0; i < n; i++) {
    if (labels[i] < 0 || (size_t)labels[i] >= k)
      return fail_row(error, SCRIM_E_DATA, (int64_t)i, "%s: label %d of row %zu is no class of 0..%zu", what, labels[i],
                      i, k - 1);
  }
  return SCRIM_OK;
}

static scrim_status check_scores(const char *what, score_form form, const float *rows, size_t n, size_t k,
                                 scrim_error *error) {
  scrim_error cause;
  scrim_status status = score_form_check(form, rows, n, k, &cause);
  return status == SCRIM_OK ? status : fail_row(error, status, cause.row, "%s: %.200s", what, cause.message);
}

/* Every shadow needs rows of both kinds, or nothing can be learned from it. */
static scrim_status check_shadow_in(const scrim_scores_audit *a, scrim_error *error) {
  size_t rows = a->n_members + a->n_nonmembers;
  for (size_t s = 0; s < a->n_shadows; s++) {
    size_t in = 0;
    for (size_t i = 0; i < rows; i++) {
      unsigned char flag = a->shadow_in[s * rows + i];
      if (flag > 1)
        return fail_row(error, SCRIM_E_DATA, (int64_t)i, "shadow %zu, row %zu: trained on it is %u, must be 0 or 1", s,
                        i, flag);
      in += flag;
    }
    if (in < FEWEST_ROWS || rows - in < FEWEST_ROWS)
      return fail(error, SCRIM_E_DATA, "shadow %zu was trained on %zu of %zu audited rows; %d in and %d out are needed",
                  s, in, rows, FEWEST_ROWS, FEWEST_ROWS);
  }
  return SCRIM_OK;
}

scrim_status audit_check(const scrim_scores_audit *a, score_form form, scrim_error *error) {
  scrim_status status = check_complete(a, error);
  if (status != SCRIM_OK) return status;
  size_t k = a->classes, rows = a->n_members + a->n_nonmembers;
  const struct {
    const char *what;
    const float *scores;
    const int32_t *labels;
    size_t n;
  } tables[] = {
      {"members", a->members, a->member_labels, a->n_members},
      {"non-members", a->nonmembers, a->nonmember_labels, a->n_nonmembers},
      {"population", a->population, a->population_labels, a->n_population},
      {"shadow scores", a->shadow_scores, NULL, a->n_shadows * rows},
      {"shadow population", a->shadow_population, NULL, a->n_shadows * a->n_population},
  };
  for (size_t i = 0; i < sizeof tables / sizeof *tables && status == SCRIM_OK; i++) {
    status = check_scores(tables[i].what, form, tables[i].scores, tables[i].n, k, error);
    if (status == SCRIM_OK && tables[i].labels)
      status = check_labels(tables[i].what, tables[i].labels, tables[i].n, k, error);
  }
  return status == SCRIM_OK ? check_shadow_in(a, error) : status;
}
