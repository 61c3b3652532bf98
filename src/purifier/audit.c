/*
 * scrim_scores_audit_run: every defence against every attack.
 *
 * The plan runs twice: first it only counts the attacks, so that progress knows how many there are, then it runs them.
 */
#include "core/error.h"
#include "core/memory.h"
#include "core/number.h"
#include "purifier/attack.h"
#include "purifier/audit_attacker.h"
#include "purifier/audit_filter.h"
#include "purifier/audit_report.h"
#include "purifier/baseline_rules.h"
#include "purifier/levels.h"
#include "purifier/metrics.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

typedef struct audit_run {
  audit_data data;
  audit_room room;
  audit_filter filter;
  audit_parties parties; /* of the filter: shared by the strengths of the sweep */
  scrim_scores_report *report;
  double *score, *kept; /* [rows] an attack's answers; those on scored rows */
  unsigned char *scored, *kept_member;
  int counting; /* 1: the first pass over the plan */
  size_t done, planned;
  struct timespec start;
} audit_run;

/* Which attackers run, and with how many attacks: bits 1 << scrim_attacker. */
typedef struct audit_suite {
  unsigned full, lean;
  int sweep; /* 1: a point of a curve, whose attacks only show in worst_auc */
} audit_suite;

enum {
  UNAWARE = 1 << SCRIM_ATTACKER_UNAWARE,
  ADAPTIVE = 1 << SCRIM_ATTACKER_ADAPTIVE,
  INSIDER = 1 << SCRIM_ATTACKER_INSIDER
};

static const audit_suite PLAIN = {.full = ADAPTIVE}; /* nothing to be unaware of, nothing to steal */
static const audit_suite FILTER = {.full = UNAWARE | ADAPTIVE | INSIDER};
static const audit_suite BASELINE = {.full = ADAPTIVE, .lean = UNAWARE | INSIDER};
static const audit_suite POINT = {.lean = ADAPTIVE, .sweep = 1};

static scrim_status apply_nothing(void *state, const float *raw, float *released, size_t n, scrim_error *error) {
  size_t k = *(size_t *)state;
  (void)error;
  if (released != raw) memcpy(released, raw, n * k * sizeof *raw);
  return SCRIM_OK;
}

static scrim_status fit_nothing(void **state, const defence *self, const defence_data *data, uint64_t seed,
                                scrim_error *error) {
  (void)self, (void)seed;
  size_t *classes = memory_alloc(sizeof *classes);
  if (!classes) return fail(error, SCRIM_E_MEMORY, "out of memory");
  *classes = data->classes;
  *state = classes;
  return SCRIM_OK;
}

static const defence none = {
    .name = "none", .setting = NAN, .fit = fit_nothing, .apply = apply_nothing, .release = memory_free};
static const defence label_only = {.name = "label only",
                                   .setting = NAN,
                                   .fit = baseline_rule_fit,
                                   .apply = baseline_label_only,
                                   .release = baseline_rule_release};

/* ---- one attack ---- */

static scrim_status show_progress(audit_run *r, const char *stage, scrim_error *error) {
  const scrim_scores_audit *a = r->data.audit;
  if (!a->progress) return SCRIM_OK;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  double seconds = (double)(now.tv_sec - r->start.tv_sec) + 1e-9 * (double)(now.tv_nsec - r->start.tv_nsec);
  double rate = seconds > 0 ? (double)r->done / seconds : 0;
  const scrim_progress p = {.stage = stage,
                            .step = r->done,
                            .steps = r->planned,
                            .loss = NAN,
                            .per_second = rate,
                            .seconds_left = rate > 0 ? (double)(r->planned - r->done) / rate : NAN};
  return a->progress(&p, a->context) ? fail(error, SCRIM_E_CANCELLED, "the audit was cancelled") : SCRIM_OK;
}

static scrim_status measure(audit_run *r, scrim_attack_result *result, scrim_error *error) {
  size_t n = 0;
  for (size_t i = 0; i < r->data.rows; i++) {
    if (!r->scored[i]) continue;
    r->kept[n] = r->score[i];
    r->kept_member[n++] = r->data.member[i];
  }
  return metrics_attack(result, r->kept, r->kept_member, n, r->data.audit->seed, error);
}

static scrim_status run_attack(audit_run *r, const attack *a, const attack_view *view, scrim_attack_result *result,
                               scrim_error *error) {
  scrim_status status = show_progress(r, result->defence, error);
  if (status != SCRIM_OK) return status;
  memcpy(r->scored, r->data.open, r->data.rows);
  status = a->run(a, view, r->score, r->scored, error);
  if (status == SCRIM_OK) status = measure(r, result, error);
  r->done++;
  return status;
}

/* ---- one defence ---- */

typedef struct audit_case {
  const char *name; /* as printed */
  audit_suite suite;
  const audit_parties *parties;
  scrim_utility_result utility;
} audit_case;

/* The insider needs shadows to pass through what he stole; without, he sees what the adaptive attacker sees. */
static int attacker_runs(const audit_run *r, audit_suite suite, scrim_attacker attacker) {
  if (attacker == SCRIM_ATTACKER_INSIDER && !r->data.audit->n_shadows) return 0;
  return ((suite.full | suite.lean) >> attacker) & 1;
}

static int attack_runs(const audit_run *r, audit_suite suite, scrim_attacker attacker, const attack *a) {
  const scrim_scores_audit *audit = r->data.audit;
  if ((a->flags & ATTACK_NEEDS_SHADOWS) && !audit->n_shadows) return 0;
  if ((a->flags & ATTACK_NEEDS_CLASSIFIER) && !audit->classify) return 0;
  if ((a->flags & ATTACK_RAW) && attacker != SCRIM_ATTACKER_UNAWARE) return 0;
  if ((a->flags & ATTACK_ONCE) && attacker != SCRIM_ATTACKER_ADAPTIVE) return 0;
  return (suite.full >> attacker & 1) || (a->flags & ATTACK_LEAN);
}

/* The report's row of one attack, and what it means for the defence. */
static scrim_status note_attack(audit_run *r, audit_case *c, const scrim_attack_result *result, scrim_error *error) {
  double auc = result->auc.value;
  if (!(auc <= c->utility.worst_auc)) { /* NaN at first */
    c->utility.worst_auc = auc;
    memcpy(c->utility.worst_attack, result->attack, sizeof c->utility.worst_attack);
  }
  if (c->parties->rule == &none && strcmp(result->attack, "gap") == 0) r->report->gap_auc = auc;
  return c->suite.sweep ? SCRIM_OK : audit_report_add_attack(r->report, result, error);
}

/* Queries of the caller's classifier come back in his form. */
static int classify(const float *inputs, size_t n, float *scores, void *context) {
  const audit_data *d = context;
  int answer = d->audit->classify(inputs, n, scores, d->audit->classify_context);
  if (answer != 0 || score_form_check(d->form, scores, n, d->classes, NULL) != SCRIM_OK) return 1;
  for (size_t i = 0; i < n; i++)
    score_form_to_probabilities(d->form, scores + i * d->classes, d->classes, scores + i * d->classes);
  return 0;
}

static attack_interface interface_of(audit_run *r, const audit_parties *p) {
  const scrim_scores_audit *a = r->data.audit;
  return (attack_interface){.release = p->rule->apply,
                            .state = p->owner,
                            .raw = r->data.raw,
                            .classify = a->classify ? classify : NULL,
                            .classify_context = &r->data,
                            .features = a->features,
                            .member_inputs = a->member_inputs,
                            .nonmember_inputs = a->nonmember_inputs};
}

static scrim_status run_attacker(audit_run *r, audit_case *c, scrim_attacker attacker, scrim_error *error) {
  attack_view view = {0};
  scrim_status status = SCRIM_OK;
  if (!r->counting) status = audit_view(&view, &r->room, c->parties, &r->data, attacker, error);
  view.interface = interface_of(r, c->parties);
  for (const attack *a = attacks; a->name && status == SCRIM_OK; a++) {
    if (!attack_runs(r, c->suite, attacker, a)) continue;
    if (r->counting) {
      r->planned++;
      continue;
    }
    scrim_attack_result result = {.attacker = attacker};
    snprintf(result.defence, sizeof result.defence, "%s", c->name);
    snprintf(result.attack, sizeof result.attack, "%s", a->name);
    status = run_attack(r, a, &view, &result, error);
    if (status == SCRIM_OK) status = note_attack(r, c, &result, error);
  }
  return status;
}

/* Copies the open rows of one kind (members or not): released, raw and labels. Answers how many. */
static size_t open_rows(const audit_run *r, int member, float *released, float *raw, int32_t *labels) {
  const audit_data *d = &r->data;
  size_t n = 0, k = d->classes;
  for (size_t i = 0; i < d->rows; i++) {
    if (!d->open[i] || d->member[i] != member) continue;
    memcpy(released + n * k, r->room.target + i * k, k * sizeof *released);
    memcpy(raw + n * k, d->raw + i * k, k * sizeof *raw);
    labels[n++] = d->labels[i];
  }
  return n;
}

static scrim_status measure_utility(audit_run *r, scrim_utility_result *u, scrim_error *error) {
  size_t k = r->data.classes, rows = r->data.rows;
  float *released = memory_zalloc(2 * rows * k, sizeof *released), *raw = released ? released + rows * k : NULL;
  int32_t *labels = memory_zalloc(rows, sizeof *labels);
  scrim_status status =
      released && labels ? SCRIM_OK : fail(error, SCRIM_E_MEMORY, "out of memory for the utility of %zu rows", rows);
  if (status == SCRIM_OK) {
    size_t n = open_rows(r, 1, released, raw, labels);
    u->member_accuracy = metrics_accuracy(released, labels, n, k);
    n = open_rows(r, 0, released, raw, labels);
    u->accuracy = metrics_accuracy(released, labels, n, k);
    u->l1 = metrics_l1(released, raw, n, k);
    u->ece = metrics_ece(released, labels, n, k);
    status = metrics_aurc(&u->aurc, released, labels, n, k, error);
  }
  memory_wipe_free(released, 2 * rows * k * sizeof *released);
  memory_free(labels);
  return status;
}

static scrim_status audit_one(audit_run *r, const audit_parties *p, const char *name, double setting, audit_suite suite,
                              scrim_error *error) {
  audit_case c = {.name = name, .suite = suite, .parties = p, .utility = {.setting = setting, .worst_auc = NAN}};
  snprintf(c.utility.defence, sizeof c.utility.defence, "%s", name);
  scrim_status status = SCRIM_OK;
  if (!r->counting) status = audit_release(&r->room, p, &r->data, error);
  for (int attacker = SCRIM_ATTACKER_UNAWARE; attacker <= SCRIM_ATTACKER_INSIDER && status == SCRIM_OK; attacker++)
    if (attacker_runs(r, suite, (scrim_attacker)attacker))
      status = run_attacker(r, &c, (scrim_attacker)attacker, error);
  if (r->counting || status != SCRIM_OK) return status;
  if (p->rule == &label_only) r->report->label_only_auc = c.utility.worst_auc;
  status = measure_utility(r, &c.utility, error);
  return status == SCRIM_OK ? audit_report_add_utility(r->report, &c.utility, error) : status;
}

/* ---- the plan ---- */

static scrim_status audit_rule(audit_run *r, const defence *rule, audit_suite suite, scrim_error *error) {
  char name[80], setting[NUMBER_TEXT];
  number_print(setting, rule->setting);
  if (rule->setting_name)
    snprintf(name, sizeof name, "%s, %s %s", rule->name, rule->setting_name, setting);
  else
    snprintf(name, sizeof name, "%s", rule->name);
  audit_parties p = {.rule = rule};
  scrim_status status = SCRIM_OK;
  if (!r->counting) status = show_progress(r, name, error);
  if (!r->counting && status == SCRIM_OK) status = audit_parties_fit(&p, rule, &r->data, error);
  if (status == SCRIM_OK) status = audit_one(r, &p, name, rule->setting, suite, error);
  audit_parties_free(&p);
  return status;
}

static scrim_status audit_filter_itself(audit_run *r, scrim_error *error) {
  audit_parties *p = &r->parties;
  p->rule = &r->filter.rule;
  scrim_status status = SCRIM_OK;
  if (!r->counting) {
    status = show_progress(r, "attacker's filters", error);
    if (status == SCRIM_OK) status = audit_filter_owner(&p->owner, &r->filter, error);
    if (status == SCRIM_OK) status = audit_filter_insider(&p->insider, &r->filter, r->data.audit->seed, error);
    if (status == SCRIM_OK) status = audit_parties_fit_attackers(p, &r->data, error);
  }
  return status == SCRIM_OK ? audit_one(r, p, p->rule->name, p->rule->setting, FILTER, error) : status;
}

static scrim_status set_strength(const audit_parties *p, double strength, scrim_error *error) {
  scrim_status status = audit_filter_strength(p->owner, strength, error);
  for (size_t i = 0; i < p->n_attackers && status == SCRIM_OK; i++)
    status = audit_filter_strength(p->attacker[i], strength, error);
  return status;
}

/* Strength is read when a session opens: no training between the points. */
static scrim_status sweep_filter(audit_run *r, scrim_error *error) {
  scrim_status status = SCRIM_OK;
  for (int i = 0; i <= LEVELS_STEPS && status == SCRIM_OK; i++) {
    char name[80];
    const double strength = (double)i / LEVELS_STEPS;
    char setting[NUMBER_TEXT];
    number_print(setting, strength);
    snprintf(name, sizeof name, "%s, strength %s", r->filter.rule.name, setting);
    if (!r->counting) status = set_strength(&r->parties, strength, error);
    if (status == SCRIM_OK) status = audit_one(r, &r->parties, name, strength, POINT, error);
  }
  return status;
}

static scrim_status run_plan(audit_run *r, scrim_error *error) {
  const scrim_scores_audit *a = r->data.audit;
  scrim_status status = audit_rule(r, &none, PLAIN, error);
  if (status == SCRIM_OK) status = audit_rule(r, &label_only, PLAIN, error);
  if (status == SCRIM_OK) status = audit_filter_itself(r, error);
  for (const defence *b = baselines; a->baselines && b->name && status == SCRIM_OK; b++)
    if (strcmp(b->name, label_only.name) != 0) status = audit_rule(r, b, BASELINE, error);
  if (status == SCRIM_OK && a->sweep) status = sweep_filter(r, error);
  for (const defence *b = baseline_sweep; a->sweep && b->name && status == SCRIM_OK; b++)
    status = audit_rule(r, b, POINT, error);
  return status;
}

/* ---- the call ---- */

static scrim_status open_run(audit_run *r, scrim_error *error) {
  size_t rows = r->data.rows;
  r->report = memory_zalloc(1, sizeof *r->report);
  r->score = memory_zalloc(rows, sizeof *r->score);
  r->kept = memory_zalloc(rows, sizeof *r->kept);
  r->scored = memory_zalloc(rows, 1);
  r->kept_member = memory_zalloc(rows, 1);
  if (!r->report || !r->score || !r->kept || !r->scored || !r->kept_member)
    return fail(error, SCRIM_E_MEMORY, "out of memory for an audit of %zu rows", rows);
  clock_gettime(CLOCK_MONOTONIC, &r->start);
  return audit_room_make(&r->room, &r->data, error);
}

static void close_run(audit_run *r) {
  audit_parties_free(&r->parties);
  audit_room_free(&r->room, &r->data);
  audit_data_close(&r->data);
  scrim_scores_report_free(r->report);
  memory_free(r->score);
  memory_free(r->kept);
  memory_free(r->scored);
  memory_free(r->kept_member);
}

static scrim_status filter_form(score_form *form, const scrim_filter *filter, const scrim_scores_audit *audit,
                                scrim_error *error) {
  if (!scrim_filter_kind(filter) || strcmp(scrim_filter_kind(filter), "scores") != 0)
    return fail(error, SCRIM_E_ARGUMENT, "the audit is for score filters");
  if (scrim_filter_columns(filter) != audit->classes)
    return fail(error, SCRIM_E_DATA, "the filter has %zu classes and the audit %zu", scrim_filter_columns(filter),
                audit->classes);
  scrim_config config;
  double value;
  scrim_status status = scrim_filter_config(filter, &config, error);
  if (status == SCRIM_OK) status = scrim_config_get(&config, "form", &value, error);
  if (status == SCRIM_OK) *form = (score_form)value;
  return status;
}

scrim_status scrim_scores_audit_run(scrim_scores_report **out, const scrim_filter *filter, const scrim_key *key,
                                    const scrim_scores_audit *audit, scrim_error *error) {
  if (!out || !filter || !audit)
    return fail(error, SCRIM_E_ARGUMENT, "scrim_scores_audit_run: out, filter and audit must not be NULL");
  *out = NULL;
  score_form form = SCORE_PROBABILITIES;
  scrim_status status = filter_form(&form, filter, audit, error);
  if (status != SCRIM_OK) return status;
  audit_run r = {.counting = 1};
  status = audit_data_open(&r.data, audit, form, error);
  if (status == SCRIM_OK) status = open_run(&r, error);
  if (status == SCRIM_OK) status = audit_filter_init(&r.filter, filter, key, error);
  if (status == SCRIM_OK) r.filter.device = audit->device;
  if (status == SCRIM_OK) status = run_plan(&r, error);
  r.counting = 0;
  if (status == SCRIM_OK) status = run_plan(&r, error);
  if (status == SCRIM_OK) {
    *out = r.report;
    r.report = NULL;
  }
  close_run(&r);
  return status;
}
