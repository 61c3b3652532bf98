/* A defence under attack: fitted for every party, its answers taken, attacked, and what is left of them measured. */
#include "purifier/audit_job.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/number.h"
#include "core/seconds.h"
#include "purifier/audit_report.h"
#include "purifier/levels.h"
#include "purifier/metrics.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

struct audit_desk {
  const audit_data *data;
  audit_room room;
  double *score, *kept; /* [rows] an attack's answers; those on scored rows */
  unsigned char *scored, *kept_member;
};

typedef struct job_run {
  audit_job *job;
  audit_context *context;
  audit_desk *desk;
  audit_parties parties;
  scrim_utility_result utility; /* of the defence, or of a point of its curve */
} job_run;

/* ---- room ---- */

void audit_desk_free(audit_desk *desk) {
  if (!desk) return;
  audit_room_free(&desk->room, desk->data);
  memory_free(desk->score);
  memory_free(desk->kept);
  memory_free(desk->scored);
  memory_free(desk->kept_member);
  memory_free(desk);
}

static scrim_status desk_create(audit_desk **out, const audit_context *context, scrim_error *error) {
  const size_t rows = context->data.rows;
  audit_desk *d = memory_zalloc(1, sizeof *d);
  if (!d) return fail(error, SCRIM_E_MEMORY, "out of memory for an audit");
  d->data = &context->data;
  d->score = memory_zalloc(rows, sizeof *d->score);
  d->kept = memory_zalloc(rows, sizeof *d->kept);
  d->scored = memory_zalloc(rows, 1);
  d->kept_member = memory_zalloc(rows, 1);
  scrim_status status = d->score && d->kept && d->scored && d->kept_member
                            ? audit_room_make(&d->room, d->data, error)
                            : fail(error, SCRIM_E_MEMORY, "out of memory for an audit of %zu rows", rows);
  if (status == SCRIM_OK)
    *out = d;
  else
    audit_desk_free(d);
  return status;
}

/* ---- progress ---- */

/* With the lock. */
static int cancelled(const audit_context *c, const char *stage) {
  const scrim_scores_audit *a = c->data.audit;
  const double seconds = seconds_now() - c->began, rate = seconds > 0 ? (double)c->done / seconds : 0;
  const scrim_progress p = {.stage = stage,
                            .step = c->done,
                            .steps = c->planned,
                            .loss = NAN,
                            .per_second = rate,
                            .seconds_left = rate > 0 ? (double)(c->planned - c->done) / rate : NAN};
  return a->progress && a->progress(&p, a->context) != 0;
}

/* Before each attack, and before what else takes long. SCRIM_E_CANCELLED also where others stopped. */
static scrim_status show_progress(audit_context *c, const char *stage, scrim_error *error) {
  pthread_mutex_lock(&c->lock);
  c->is_stopped = c->is_stopped || cancelled(c, stage);
  const int stopped = c->is_stopped;
  pthread_mutex_unlock(&c->lock);
  return stopped ? fail(error, SCRIM_E_CANCELLED, "the audit was cancelled") : SCRIM_OK;
}

static void count_attack(audit_context *c) {
  pthread_mutex_lock(&c->lock);
  c->done++;
  pthread_mutex_unlock(&c->lock);
}

/* ---- which attacks ---- */

/* The insider needs shadows to pass through what he stole; without, he sees what the adaptive attacker sees. */
static int attacker_runs(const audit_data *d, audit_suite suite, scrim_attacker attacker) {
  if (attacker == SCRIM_ATTACKER_INSIDER && !d->audit->n_shadows) return 0;
  return ((suite.full | suite.lean) >> attacker) & 1;
}

static int attack_runs(const audit_data *d, audit_suite suite, scrim_attacker attacker, const attack *a) {
  if (!attacker_runs(d, suite, attacker)) return 0;
  if ((a->flags & ATTACK_NEEDS_SHADOWS) && !d->audit->n_shadows) return 0;
  if ((a->flags & ATTACK_NEEDS_CLASSIFIER) && !d->audit->classify) return 0;
  if ((a->flags & ATTACK_RAW) && attacker != SCRIM_ATTACKER_UNAWARE) return 0;
  if ((a->flags & ATTACK_ONCE) && attacker != SCRIM_ATTACKER_ADAPTIVE) return 0;
  return (suite.full >> attacker & 1) || (a->flags & ATTACK_LEAN);
}

const audit_suite audit_suite_point = {.lean = 1 << SCRIM_ATTACKER_ADAPTIVE, .is_point = 1};

static size_t count_attacks(const audit_data *d, audit_suite suite) {
  size_t n = 0;
  for (int attacker = SCRIM_ATTACKER_UNAWARE; attacker <= SCRIM_ATTACKER_INSIDER; attacker++)
    for (const attack *a = attacks; a->name; a++) n += (size_t)attack_runs(d, suite, (scrim_attacker)attacker, a);
  return n;
}

size_t audit_job_attacks(const audit_job *job, const audit_context *context) {
  return count_attacks(&context->data, job->suite) +
         (job->sweeps ? (LEVELS_STEPS + 1) * count_attacks(&context->data, audit_suite_point) : 0);
}

/* ---- one attack ---- */

static scrim_status measure(audit_desk *desk, scrim_attack_result *result, scrim_error *error) {
  size_t n = 0;
  for (size_t i = 0; i < desk->data->rows; i++) {
    if (!desk->scored[i]) continue;
    desk->kept[n] = desk->score[i];
    desk->kept_member[n++] = desk->data->member[i];
  }
  return metrics_attack(result, desk->kept, desk->kept_member, n, desk->data->audit->seed, error);
}

/* The report's row of one attack, and what it means for the defence. */
static scrim_status note_attack(job_run *r, const scrim_attack_result *result, int is_point, scrim_error *error) {
  if (!(result->auc.value <= r->utility.worst_auc)) { /* NaN at first */
    r->utility.worst_auc = result->auc.value;
    memcpy(r->utility.worst_attack, result->attack, sizeof r->utility.worst_attack);
  }
  return is_point ? SCRIM_OK : audit_report_add_attack(&r->job->rows, result, error);
}

static scrim_status run_attack(job_run *r, const attack *a, const attack_view *view, scrim_attacker attacker,
                               int is_point, scrim_error *error) {
  audit_desk *desk = r->desk;
  scrim_attack_result result = {.attacker = attacker};
  scrim_status status = show_progress(r->context, r->utility.defence, error);
  if (status != SCRIM_OK) return status;
  memcpy(result.defence, r->utility.defence, sizeof result.defence);
  snprintf(result.attack, sizeof result.attack, "%s", a->name);
  memcpy(desk->scored, desk->data->open, desk->data->rows);
  status = a->run(a, view, desk->score, desk->scored, error);
  if (status == SCRIM_OK) status = measure(desk, &result, error);
  if (status == SCRIM_OK) status = note_attack(r, &result, is_point, error);
  count_attack(r->context);
  return status;
}

/* ---- one attacker ---- */

/* Queries of the caller's classifier come back in his form. */
static int classify(const float *inputs, size_t n, float *scores, void *context) {
  const audit_data *d = context;
  int answer = d->audit->classify(inputs, n, scores, d->audit->classify_context);
  if (answer != 0 || score_form_check(d->form, scores, n, d->classes, NULL) != SCRIM_OK) return 1;
  for (size_t i = 0; i < n; i++)
    score_form_to_probabilities(d->form, scores + i * d->classes, d->classes, scores + i * d->classes);
  return 0;
}

static attack_interface interface_of(const job_run *r) {
  audit_data *d = &r->context->data;
  return (attack_interface){.release = r->parties.rule->apply,
                            .state = r->parties.owner,
                            .raw = d->raw,
                            .classify = d->audit->classify ? classify : NULL,
                            .classify_context = d,
                            .features = d->audit->features,
                            .member_inputs = d->audit->member_inputs,
                            .nonmember_inputs = d->audit->nonmember_inputs};
}

static scrim_status run_attacker(job_run *r, audit_suite suite, scrim_attacker attacker, scrim_error *error) {
  const audit_data *d = &r->context->data;
  attack_view view = {0};
  scrim_status status = audit_view(&view, &r->desk->room, &r->parties, d, attacker, error);
  view.interface = interface_of(r);
  for (const attack *a = attacks; a->name && status == SCRIM_OK; a++)
    if (attack_runs(d, suite, attacker, a)) status = run_attack(r, a, &view, attacker, suite.is_point, error);
  return status;
}

/* ---- what is left ---- */

/* Copies the open rows of one kind (members or not): released, raw and labels. Answers how many. */
static size_t open_rows(const audit_desk *desk, int member, float *released, float *raw, int32_t *labels) {
  const audit_data *d = desk->data;
  size_t n = 0, k = d->classes;
  for (size_t i = 0; i < d->rows; i++) {
    if (!d->open[i] || d->member[i] != member) continue;
    memcpy(released + n * k, desk->room.target + i * k, k * sizeof *released);
    memcpy(raw + n * k, d->raw + i * k, k * sizeof *raw);
    labels[n++] = d->labels[i];
  }
  return n;
}

static scrim_status measure_utility(const audit_desk *desk, scrim_utility_result *u, scrim_error *error) {
  size_t k = desk->data->classes, rows = desk->data->rows;
  float *released = memory_zalloc(2 * rows * k, sizeof *released), *raw = released ? released + rows * k : NULL;
  int32_t *labels = memory_zalloc(rows, sizeof *labels);
  scrim_status status =
      released && labels ? SCRIM_OK : fail(error, SCRIM_E_MEMORY, "out of memory for the utility of %zu rows", rows);
  if (status == SCRIM_OK) {
    size_t n = open_rows(desk, 1, released, raw, labels);
    u->member_accuracy = metrics_accuracy(released, labels, n, k);
    n = open_rows(desk, 0, released, raw, labels);
    u->accuracy = metrics_accuracy(released, labels, n, k);
    u->l1 = metrics_l1(released, raw, n, k);
    u->ece = metrics_ece(released, labels, n, k);
    status = metrics_aurc(&u->aurc, released, labels, n, k, error);
  }
  memory_wipe_free(released, 2 * rows * k * sizeof *released);
  memory_free(labels);
  return status;
}

/* ---- one defence ---- */

static scrim_status attack_defence(job_run *r, const char *name, double setting, audit_suite suite,
                                   scrim_error *error) {
  const audit_data *d = &r->context->data;
  r->utility = (scrim_utility_result){.setting = setting, .worst_auc = NAN};
  snprintf(r->utility.defence, sizeof r->utility.defence, "%s", name);
  scrim_status status = audit_release(&r->desk->room, &r->parties, d, error);
  for (int attacker = SCRIM_ATTACKER_UNAWARE; attacker <= SCRIM_ATTACKER_INSIDER && status == SCRIM_OK; attacker++)
    if (attacker_runs(d, suite, (scrim_attacker)attacker))
      status = run_attacker(r, suite, (scrim_attacker)attacker, error);
  if (status == SCRIM_OK && !(r->job->is_more && !suite.is_point))
    status = measure_utility(r->desk, &r->utility, error);
  return status == SCRIM_OK ? audit_report_add_utility(&r->job->rows, &r->utility, error) : status;
}

/* "saturation, quantile 0.5" */
static void print_name(char *to, size_t bytes, const char *name, const char *setting_name, double setting) {
  char number[NUMBER_TEXT];
  number_print(number, setting);
  if (setting_name)
    snprintf(to, bytes, "%s, %s %s", name, setting_name, number);
  else
    snprintf(to, bytes, "%s", name);
}

static scrim_status run_baseline(job_run *r, scrim_error *error) {
  const defence *rule = r->job->rule;
  char name[80];
  print_name(name, sizeof name, rule->name, rule->setting_name, rule->setting);
  scrim_status status = show_progress(r->context, name, error);
  if (status == SCRIM_OK) status = audit_parties_fit(&r->parties, rule, &r->context->data, error);
  return status == SCRIM_OK ? attack_defence(r, name, rule->setting, r->job->suite, error) : status;
}

/* ---- the filter ---- */

static scrim_status set_strength(const audit_parties *p, double strength, scrim_error *error) {
  scrim_status status = audit_filter_strength(p->owner, strength, error);
  for (size_t i = 0; i < p->n_attackers && status == SCRIM_OK; i++)
    status = audit_filter_strength(p->attacker[i], strength, error);
  return status;
}

/* Strength is read when a session opens: no training between the points. */
static scrim_status sweep_filter(job_run *r, scrim_error *error) {
  scrim_status status = SCRIM_OK;
  for (int i = 0; i <= LEVELS_STEPS && status == SCRIM_OK; i++) {
    char name[80];
    const double strength = (double)i / LEVELS_STEPS;
    print_name(name, sizeof name, r->job->rule->name, "strength", strength);
    status = set_strength(&r->parties, strength, error);
    if (status == SCRIM_OK) status = attack_defence(r, name, strength, audit_suite_point, error);
  }
  return status;
}

static int has_attacker(const job_run *r, scrim_attacker attacker) {
  return attacker_runs(&r->context->data, r->job->suite, attacker);
}

/* Only those parties that the job's attackers need. */
static scrim_status run_filter(job_run *r, scrim_error *error) {
  const audit_filter *f = &r->context->filter;
  const audit_data *d = &r->context->data;
  audit_parties *p = &r->parties;
  *p = (audit_parties){.rule = &f->rule};
  scrim_status status = show_progress(r->context, "attacker's filters", error);
  if (status == SCRIM_OK) status = audit_filter_owner(&p->owner, f, error);
  if (status == SCRIM_OK && has_attacker(r, SCRIM_ATTACKER_INSIDER))
    status = audit_filter_insider(&p->insider, f, d->audit->seed, error);
  if (status == SCRIM_OK && has_attacker(r, SCRIM_ATTACKER_ADAPTIVE)) status = audit_parties_fit_attackers(p, d, error);
  if (status == SCRIM_OK) status = attack_defence(r, f->rule.name, f->rule.setting, r->job->suite, error);
  return status == SCRIM_OK && r->job->sweeps ? sweep_filter(r, error) : status;
}

void audit_job_run(audit_job *job, audit_context *context, audit_desk **desk) {
  job->status = *desk ? SCRIM_OK : desk_create(desk, context, &job->error);
  job_run r = {.job = job, .context = context, .desk = *desk};
  if (job->status == SCRIM_OK)
    job->status = job->rule == &context->filter.rule ? run_filter(&r, &job->error) : run_baseline(&r, &job->error);
  audit_parties_free(&r.parties);
  if (job->status == SCRIM_OK) return;
  pthread_mutex_lock(&context->lock);
  context->is_stopped = 1;
  pthread_mutex_unlock(&context->lock);
}

void audit_job_free(audit_job *job) {
  memory_free((void *)job->rows.attacks);
  memory_free((void *)job->rows.utilities);
}
