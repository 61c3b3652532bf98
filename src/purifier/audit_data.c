/* Copies, conversions and the division of rows. */
#include "purifier/audit_data.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/random.h"
#include "purifier/audit_check.h"
#include <string.h>

enum { MOST_EXAMPLES = 200000 };

/* ---- as probabilities ---- */

static void convert(score_form form, const float *from, size_t n, size_t k, float *to) {
  for (size_t i = 0; i < n; i++) score_form_to_probabilities(form, from + i * k, k, to + i * k);
}

static scrim_status convert_table(audit_data *d, int slot, const float **table, const float *from, size_t n,
                                  scrim_error *error) {
  *table = from;
  if (d->form == SCORE_PROBABILITIES || n == 0) return SCRIM_OK;
  float *to = d->converted[slot] = memory_zalloc(n * d->classes, sizeof *to);
  if (!to) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu rows of scores", n);
  convert(d->form, from, n, d->classes, to);
  *table = to;
  return SCRIM_OK;
}

static scrim_status copy_rows(audit_data *d, scrim_error *error) {
  const scrim_scores_audit *a = d->audit;
  d->raw = memory_zalloc(d->rows * d->classes, sizeof *d->raw);
  d->labels = memory_zalloc(d->rows, sizeof *d->labels);
  d->member = memory_zalloc(d->rows, 1);
  d->open = memory_zalloc(d->rows, 1);
  if (!d->raw || !d->labels || !d->member || !d->open)
    return fail(error, SCRIM_E_MEMORY, "out of memory for an audit of %zu rows", d->rows);
  convert(d->form, a->members, a->n_members, d->classes, d->raw);
  convert(d->form, a->nonmembers, a->n_nonmembers, d->classes, d->raw + a->n_members * d->classes);
  memcpy(d->labels, a->member_labels, a->n_members * sizeof *d->labels);
  memcpy(d->labels + a->n_members, a->nonmember_labels, a->n_nonmembers * sizeof *d->labels);
  memset(d->member, 1, a->n_members);
  return SCRIM_OK;
}

/* ---- who learns on what ---- */

/* Closes half of the members and half of the non-members, drawn at random. order [rows]: 0, 1, 2, ... shuffled */
static void close_half(audit_data *d, const uint32_t *order) {
  size_t left[2] = {d->audit->n_nonmembers / 2, d->audit->n_members / 2};
  for (size_t i = 0; i < d->rows; i++) {
    uint32_t row = order[i];
    int kind = d->member[row];
    if (left[kind] == 0) continue;
    left[kind]--;
    d->open[row] = 0;
  }
}

/*
 * With shadows the attacker learns on them, and without he knows half of the audited rows, which then are not scored.
 * Without a population the owner of a baseline has no rows of his own: the closed non-members stand in, so half is
 * closed as well.
 */
static scrim_status divide_rows(audit_data *d, random_source *random, scrim_error *error) {
  size_t n = d->rows * (d->audit->n_shadows ? d->audit->n_shadows : 1);
  d->order = memory_zalloc(n, sizeof *d->order);
  if (!d->order) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu examples", n);
  memset(d->open, 1, d->rows);
  scrim_status status = random_begin(random, "audit rows", NULL, 0, error);
  if (status != SCRIM_OK) return status;
  if (!d->audit->n_shadows || !d->audit->n_population) {
    for (size_t i = 0; i < d->rows; i++) d->order[i] = (uint32_t)i;
    random_shuffle(random, d->order, d->rows);
    close_half(d, d->order);
  }
  d->n_examples = 0;
  for (size_t i = 0; i < n; i++)
    if (d->audit->n_shadows || !d->open[i]) d->order[d->n_examples++] = (uint32_t)i;
  random_shuffle(random, d->order, d->n_examples);
  if (d->n_examples > MOST_EXAMPLES) d->n_examples = MOST_EXAMPLES;
  return random_status(random, error);
}

/* Copies the rows [n, K] whose flag is `wanted` to scores and labels; answers how many. */
static size_t gather(const audit_data *d, const float *from, const unsigned char *flag, int wanted, size_t first,
                     float *scores, int32_t *labels) {
  size_t n = 0;
  for (size_t i = first; i < d->rows; i++) {
    if (flag[i] != wanted) continue;
    memcpy(scores + n * d->classes, from + i * d->classes, d->classes * sizeof *scores);
    labels[n++] = d->labels[i];
  }
  return n;
}

static scrim_status equip_owner(audit_data *d, scrim_error *error) {
  const scrim_scores_audit *a = d->audit;
  d->owner = (defence_data){.classes = d->classes,
                            .reference = d->population,
                            .reference_labels = a->population_labels,
                            .n_reference = a->n_population,
                            .members = d->raw,
                            .member_labels = d->labels,
                            .n_members = d->n_members};
  if (a->n_population) return SCRIM_OK;
  d->owner_reference = memory_zalloc(a->n_nonmembers * d->classes, sizeof(float));
  d->owner_labels = memory_zalloc(a->n_nonmembers, sizeof *d->owner_labels);
  if (!d->owner_reference || !d->owner_labels)
    return fail(error, SCRIM_E_MEMORY, "out of memory for a reference of %zu rows", a->n_nonmembers);
  d->owner.n_reference = gather(d, d->raw, d->open, 0, d->n_members, d->owner_reference, d->owner_labels);
  d->owner.reference = d->owner_reference;
  d->owner.reference_labels = d->owner_labels;
  return SCRIM_OK;
}

scrim_status audit_data_open(audit_data *d, const scrim_scores_audit *audit, score_form form, scrim_error *error) {
  *d = (audit_data){.audit = audit, .form = form};
  scrim_status status = audit_check(audit, form, error);
  if (status != SCRIM_OK) return status;
  d->classes = audit->classes;
  d->n_members = audit->n_members;
  d->rows = audit->n_members + audit->n_nonmembers;
  random_source *random = NULL;
  status = random_source_from_seed(&random, audit->seed, error);
  if (status == SCRIM_OK) status = copy_rows(d, error);
  size_t m = audit->n_population, s = audit->n_shadows;
  if (status == SCRIM_OK) status = convert_table(d, 0, &d->shadows, audit->shadow_scores, s * d->rows, error);
  if (status == SCRIM_OK) status = convert_table(d, 1, &d->population, audit->population, m, error);
  if (status == SCRIM_OK) status = convert_table(d, 2, &d->shadow_population, audit->shadow_population, s * m, error);
  if (status == SCRIM_OK) status = divide_rows(d, random, error);
  if (status == SCRIM_OK) status = equip_owner(d, error);
  random_source_free(random);
  return status;
}

void audit_data_close(audit_data *d) {
  size_t m = d->audit->n_population, s = d->audit->n_shadows, k = d->classes;
  memory_wipe_free(d->raw, d->rows * k * sizeof *d->raw);
  memory_wipe_free(d->converted[0], s * d->rows * k * sizeof *d->converted[0]);
  memory_wipe_free(d->converted[1], m * k * sizeof *d->converted[1]);
  memory_wipe_free(d->converted[2], s * m * k * sizeof *d->converted[2]);
  memory_wipe_free(d->owner_reference,
                   (d->owner_reference ? d->audit->n_nonmembers * k : 0) * sizeof *d->owner_reference);
  memory_free(d->owner_labels);
  memory_free(d->labels);
  memory_free(d->member);
  memory_free(d->open);
  memory_free(d->order);
}

scrim_status audit_data_of_shadow(const audit_data *d, size_t s, defence_data *out, float **scores, int32_t **labels,
                                  scrim_error *error) {
  const scrim_scores_audit *a = d->audit;
  const float *from = d->shadows + s * d->rows * d->classes;
  const unsigned char *in = a->shadow_in + s * d->rows;
  *scores = memory_zalloc(d->rows * d->classes, sizeof **scores);
  *labels = memory_zalloc(d->rows, sizeof **labels);
  if (!*scores || !*labels) return fail(error, SCRIM_E_MEMORY, "out of memory for the data of shadow %zu", s);
  size_t n = gather(d, from, in, 1, 0, *scores, *labels);
  *out = (defence_data){.classes = d->classes, .members = *scores, .member_labels = *labels, .n_members = n};
  if (a->n_population) {
    out->reference = d->shadow_population + s * a->n_population * d->classes;
    out->reference_labels = a->population_labels;
    out->n_reference = a->n_population;
  } else { /* rows that the shadow was not trained on are outside its training set too */
    out->reference = *scores + n * d->classes;
    out->reference_labels = *labels + n;
    out->n_reference = gather(d, from, in, 0, 0, *scores + n * d->classes, *labels + n);
  }
  return SCRIM_OK;
}
