/* scrim scores audit -f FILTER -k KEY --members M --nonmembers N --labels-members A --labels-nonmembers B [...] */
#include "args.h"
#include "audit_print.h"
#include "complain.h"
#include "device_option.h"
#include "external.h"
#include "filter_file.h"
#include "progress_line.h"
#include "tables.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  FILTER,
  KEY,
  ENCRYPTION_KEY,
  MEMBERS,
  LABELS_MEMBERS,
  NONMEMBERS,
  LABELS_NONMEMBERS,
  SHADOW_SCORES,
  SHADOW_IN,
  SHADOW_POPULATION,
  POPULATION,
  LABELS_POPULATION,
  CLASSIFIER,
  INPUTS_MEMBERS,
  INPUTS_NONMEMBERS,
  BASELINES,
  SWEEP,
  JOBS,
  SEED,
  DEVICE,
  MAX_AUC,
  JSON
};
static const option options[] = {
    [FILTER] = {"filter", 'f', 1, "FILE", "the filter, made by 'scrim scores train'"},
    [KEY] = {"key", 'k', 1, "FILE", "the key, made by 'scrim key new'"},
    [ENCRYPTION_KEY] = {"encryption-key", 0, 0, "FILE", FILTER_FILE_KEY_HELP},
    [MEMBERS] = {"members", 0, 1, "FILE", "raw scores on rows of the training set"},
    [LABELS_MEMBERS] = {"labels-members", 0, 1, "FILE", "their true classes"},
    [NONMEMBERS] = {"nonmembers", 0, 1, "FILE", "raw scores on rows seen neither in training nor as reference"},
    [LABELS_NONMEMBERS] = {"labels-nonmembers", 0, 1, "FILE", "their true classes"},
    [SHADOW_SCORES] =
        {"shadow-scores", 0, 0, "FILE",
         "[shadows, rows, classes] scores of the attacker's own classifiers on the audited rows, members first"},
    [SHADOW_IN] = {"shadow-in", 0, 0, "FILE", "[shadows, rows] 1: the shadow was trained on the row"},
    [SHADOW_POPULATION] = {"shadow-population", 0, 0, "FILE",
                           "[shadows, population, classes] scores of the shadows on the attacker's other data"},
    [POPULATION] = {"population", 0, 0, "FILE", "scores of the audited classifier on that other data"},
    [LABELS_POPULATION] = {"labels-population", 0, 0, "FILE", "its true classes"},
    [CLASSIFIER] = {"classifier", 0, 0, "COMMAND",
                    "answers csv rows of inputs with csv rows of scores: allows attacks on inputs"},
    [INPUTS_MEMBERS] = {"inputs-members", 0, 0, "FILE", "the classifier's inputs behind --members"},
    [INPUTS_NONMEMBERS] = {"inputs-nonmembers", 0, 0, "FILE", "the classifier's inputs behind --nonmembers"},
    [BASELINES] = {"baselines", 0, 0, NULL,
                   "compare with what else could be picked: rounding, noise, labels only, ..."},
    [SWEEP] = {"sweep", 0, 0, NULL, "the filter and its nearest rivals over their whole range of strengths"},
    [JOBS] = {"jobs", 'j', 0, "N", "threads (default one a processor; one with --classifier)"},
    [SEED] = {"seed", 0, 0, "N", "of the attackers and the bootstrap (default 1)"},
    [DEVICE] = {"device", 0, 0, "NAME", DEVICE_OPTION_HELP},
    [MAX_AUC] = {"max-auc", 0, 0, "X",
                 "exit with 1 if an attack on the filter reaches a higher AUC: a gate for releases"},
    [JSON] = {"json", 0, 0, NULL, "as one JSON object"},
};

typedef struct run_state {
  scores_table members, nonmembers, shadow_scores, shadow_in, shadow_population, population, member_inputs,
      nonmember_inputs;
  int32_t *member_labels, *nonmember_labels, *population_labels;
  unsigned char *in;
  scrim_filter *filter;
  scrim_key *key;
  external *classifier;
  scrim_scores_audit audit;
  scrim_scores_report *report;
  const char *at_fault; /* the file that an error is about */
} run_state;

/* ---- the command line ---- */

static int check_usage(const args *a, double *max_auc) {
  static const struct {
    int given, needs;
  } pairs[] = {{SHADOW_SCORES, SHADOW_IN},         {SHADOW_IN, SHADOW_SCORES},      {SHADOW_POPULATION, POPULATION},
               {SHADOW_POPULATION, SHADOW_SCORES}, {POPULATION, LABELS_POPULATION}, {LABELS_POPULATION, POPULATION},
               {CLASSIFIER, INPUTS_MEMBERS},       {CLASSIFIER, INPUTS_NONMEMBERS}, {INPUTS_MEMBERS, CLASSIFIER},
               {INPUTS_NONMEMBERS, CLASSIFIER}};
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
    if (a->value[pairs[i].given] && !a->value[pairs[i].needs])
      return complain_usage(a->command, "--%s needs --%s", options[pairs[i].given].name, options[pairs[i].needs].name);
  return args_real(a, MAX_AUC, 0, 1, max_auc);
}

/* ---- the tables ---- */

/* Reads the table of an option, if it was given. */
static scrim_status read_table(run_state *s, const args *a, int which, scores_table *out, size_t *columns,
                               scrim_error *error) {
  if (!a->value[which]) return SCRIM_OK;
  s->at_fault = a->value[which];
  return tables_read(out, s->at_fault, columns, error);
}

static scrim_status read_labels(run_state *s, const args *a, int which, int32_t **out, size_t rows,
                                scrim_error *error) {
  if (!a->value[which]) return SCRIM_OK;
  s->at_fault = a->value[which];
  return tables_read_labels(out, s->at_fault, rows, s->audit.classes, error);
}

static scrim_status expect_rows(const scores_table *table, size_t rows, scrim_error *error) {
  if (!table->table.data || table->rows == rows) return SCRIM_OK;
  return complain_later(error, SCRIM_E_DATA, -1, "%zu rows where %zu were expected", table->rows, rows);
}

static scrim_status read_audited(run_state *s, const args *a, scrim_error *error) {
  scrim_scores_audit *u = &s->audit;
  u->classes = scrim_filter_columns(s->filter);
  scrim_status status = read_table(s, a, MEMBERS, &s->members, &u->classes, error);
  if (status == SCRIM_OK) status = read_labels(s, a, LABELS_MEMBERS, &s->member_labels, s->members.rows, error);
  if (status == SCRIM_OK) status = read_table(s, a, NONMEMBERS, &s->nonmembers, &u->classes, error);
  if (status == SCRIM_OK)
    status = read_labels(s, a, LABELS_NONMEMBERS, &s->nonmember_labels, s->nonmembers.rows, error);
  u->members = s->members.table.data;
  u->member_labels = s->member_labels;
  u->n_members = s->members.rows;
  u->nonmembers = s->nonmembers.table.data;
  u->nonmember_labels = s->nonmember_labels;
  u->n_nonmembers = s->nonmembers.rows;
  return status;
}

/* Which shadow was trained on which row: a table of 0 and 1 with a row a shadow. */
static scrim_status read_shadow_in(run_state *s, const args *a, scrim_error *error) {
  size_t columns = s->audit.n_members + s->audit.n_nonmembers;
  scrim_status status = read_table(s, a, SHADOW_IN, &s->shadow_in, &columns, error);
  if (status != SCRIM_OK || !s->shadow_in.table.data) return status;
  size_t n = s->shadow_in.rows * columns;
  s->in = malloc(n);
  if (!s->in) return complain_later(error, SCRIM_E_MEMORY, -1, "out of memory");
  for (size_t i = 0; i < n; i++) {
    float value = s->shadow_in.table.data[i];
    if (value != 0 && value != 1)
      return complain_later(error, SCRIM_E_DATA, (int64_t)(i / columns), "row %zu, column %zu: %.9g, not 0 or 1",
                            i / columns, i % columns, (double)value);
    s->in[i] = (unsigned char)value;
  }
  s->audit.n_shadows = s->shadow_in.rows;
  s->audit.shadow_in = s->in;
  return SCRIM_OK;
}

static scrim_status read_shadows(run_state *s, const args *a, scrim_error *error) {
  scrim_scores_audit *u = &s->audit;
  scrim_status status = read_shadow_in(s, a, error);
  if (status == SCRIM_OK) status = read_table(s, a, SHADOW_SCORES, &s->shadow_scores, &u->classes, error);
  if (status == SCRIM_OK)
    status = expect_rows(&s->shadow_scores, u->n_shadows * (u->n_members + u->n_nonmembers), error);
  if (status == SCRIM_OK) status = read_table(s, a, POPULATION, &s->population, &u->classes, error);
  if (status == SCRIM_OK)
    status = read_labels(s, a, LABELS_POPULATION, &s->population_labels, s->population.rows, error);
  if (status == SCRIM_OK) status = read_table(s, a, SHADOW_POPULATION, &s->shadow_population, &u->classes, error);
  if (status == SCRIM_OK) status = expect_rows(&s->shadow_population, u->n_shadows * s->population.rows, error);
  u->shadow_scores = s->shadow_scores.table.data;
  u->n_population = s->population.rows;
  u->population = s->population.table.data;
  u->population_labels = s->population_labels;
  u->shadow_population = s->shadow_population.table.data;
  return status;
}

static scrim_status start_classifier(run_state *s, const args *a, scrim_error *error) {
  scrim_scores_audit *u = &s->audit;
  if (!a->value[CLASSIFIER]) return SCRIM_OK;
  scrim_status status = read_table(s, a, INPUTS_MEMBERS, &s->member_inputs, &u->features, error);
  if (status == SCRIM_OK) status = expect_rows(&s->member_inputs, u->n_members, error);
  if (status == SCRIM_OK) status = read_table(s, a, INPUTS_NONMEMBERS, &s->nonmember_inputs, &u->features, error);
  if (status == SCRIM_OK) status = expect_rows(&s->nonmember_inputs, u->n_nonmembers, error);
  s->at_fault = NULL;
  if (status == SCRIM_OK) status = external_start(&s->classifier, a->value[CLASSIFIER], u->features, u->classes, error);
  u->classify = external_classify;
  u->classify_context = s->classifier;
  u->member_inputs = s->member_inputs.table.data;
  u->nonmember_inputs = s->nonmember_inputs.table.data;
  return status;
}

/* ---- the audit ---- */

static scrim_status audit(run_state *s, const args *a, scrim_error *error) {
  scrim_status status = filter_file_open(&s->filter, a->value[FILTER], a->value[ENCRYPTION_KEY], &s->at_fault, error);
  if (status == SCRIM_OK && strcmp(scrim_filter_kind(s->filter), "scores") != 0)
    status =
        complain_later(error, SCRIM_E_UNSUPPORTED, -1, "a filter for %s, not for scores", scrim_filter_kind(s->filter));
  if (status != SCRIM_OK) return status;
  s->at_fault = a->value[KEY];
  status = scrim_key_open(&s->key, s->at_fault, error);
  if (status == SCRIM_OK) status = read_audited(s, a, error);
  if (status == SCRIM_OK) status = read_shadows(s, a, error);
  if (status == SCRIM_OK) status = start_classifier(s, a, error);
  if (status != SCRIM_OK) return status;
  s->at_fault = NULL;
  status = scrim_scores_audit_run(&s->report, s->filter, s->key, &s->audit, error);
  progress_line_clear();
  /* The library knows only that the classifier failed; the cause is here. */
  if (status != SCRIM_OK && s->classifier && external_problem(s->classifier)) {
    *error = *external_problem(s->classifier);
    status = error->status;
  }
  return status;
}

/* The gate: the worst that any attacker gets out of the filter. */
static int check_gate(const args *a, const scrim_scores_report *report, double max_auc) {
  if (!a->value[MAX_AUC]) return 0;
  const scrim_attack_result *worst = audit_strongest(report, "scrim", -1);
  if (!worst || worst->auc.value <= max_auc) return 0;
  fprintf(stderr, "scrim: scores audit: the attack '%s' reaches AUC %.4f, above --max-auc %g\n", worst->attack,
          worst->auc.value, max_auc);
  return EXIT_GATE;
}

static void free_all(run_state *s) {
  scores_table *tables[] = {&s->members,    &s->nonmembers,        &s->shadow_scores, &s->shadow_in,
                            &s->population, &s->shadow_population, &s->member_inputs, &s->nonmember_inputs};
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) scrim_table_free(&tables[i]->table);
  free(s->member_labels);
  free(s->nonmember_labels);
  free(s->population_labels);
  free(s->in);
  external_stop(s->classifier);
  scrim_scores_report_free(s->report);
  scrim_key_free(s->key);
  scrim_filter_free(s->filter);
}

static int run(const args *a) {
  run_state s = {.audit = {.seed = 1, .progress = progress_line}};
  scrim_error error;
  double max_auc = 1;
  uint64_t jobs = 0;
  int code = check_usage(a, &max_auc);
  if (!code) code = args_count(a, JOBS, 1, 1024, &jobs);
  if (!code) code = args_count(a, SEED, 0, UINT64_MAX, &s.audit.seed);
  if (!code) code = device_option(a, DEVICE, &s.audit.device);
  if (code) return code;
  s.audit.threads = (unsigned)jobs;
  s.audit.baselines = a->value[BASELINES] != NULL;
  s.audit.sweep = a->value[SWEEP] != NULL;
  progress_catch_signals();
  if (audit(&s, a, &error) == SCRIM_OK) {
    (a->value[JSON] ? audit_print_json : audit_print_text)(s.report);
    code = check_gate(a, s.report, max_auc);
  } else {
    code = complain(a->command, s.at_fault, &error);
  }
  free_all(&s);
  return code;
}

const command cmd_scores_audit = {
    .noun = "scores",
    .verb = "audit",
    .operands = "",
    .summary = "Attack a filter with the attacks that it is meant to stop, and print what they still get",
    .notes = "Without shadows LiRA and RMIA are left out, and the attack networks learn on half of the audited rows "
             "and are\n"
             "scored on the other half. COMMAND runs in the shell, once: it must flush its answers.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .run = run,
};
