/* scrim_scores_audit_run: every defence against every attack, a job a defence, and their rows as one report. */
#include "core/error.h"
#include "core/memory.h"
#include "core/pool.h"
#include "core/seconds.h"
#include "purifier/audit_job.h"
#include "purifier/audit_report.h"
#include "purifier/baseline_rules.h"
#include <math.h>
#include <string.h>

typedef struct audit_run {
  audit_context context;
  pool *pool;
  audit_desk **desks; /* [threads] NULL where a thread never had a job */
  audit_job *jobs;    /* in the order of the report */
  size_t n_jobs;
  size_t first; /* to be run: the longest, so that no other waits for it at the end */
  scrim_scores_report *report;
} audit_run;

/* ---- the plan ---- */

enum {
  UNAWARE = 1 << SCRIM_ATTACKER_UNAWARE,
  ADAPTIVE = 1 << SCRIM_ATTACKER_ADAPTIVE,
  INSIDER = 1 << SCRIM_ATTACKER_INSIDER
};

static const audit_suite PLAIN = {.full = ADAPTIVE}; /* nothing to be unaware of, nothing to steal */
static const audit_suite BASELINE = {.full = ADAPTIVE, .lean = UNAWARE | INSIDER};

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

static size_t count(const defence *rules) {
  size_t n = 0;
  while (rules[n].name) n++;
  return n;
}

static void add_rules(audit_run *r, const defence *rules, audit_suite suite) {
  for (const defence *b = rules; b->name; b++)
    if (strcmp(b->name, label_only.name) != 0) r->jobs[r->n_jobs++] = (audit_job){.rule = b, .suite = suite};
}

/* The filter's attackers are three jobs: its attacks are many, and what one attacker fits the others do not need. */
static scrim_status make_plan(audit_run *r, scrim_error *error) {
  enum { ALWAYS = 5 };
  const scrim_scores_audit *a = r->context.data.audit;
  const defence *filter = &r->context.filter.rule;
  r->jobs = memory_zalloc(ALWAYS + count(baselines) + count(baseline_sweep), sizeof *r->jobs);
  if (!r->jobs) return fail(error, SCRIM_E_MEMORY, "out of memory for the plan of an audit");
  const audit_job always[ALWAYS] = {
      {.rule = &none, .suite = PLAIN},
      {.rule = &label_only, .suite = PLAIN},
      {.rule = filter, .suite = {.full = UNAWARE}},
      {.rule = filter, .suite = {.full = ADAPTIVE}, .sweeps = a->sweep},
      {.rule = filter, .suite = {.full = INSIDER}},
  };
  for (size_t i = 0; i < ALWAYS; i++) {
    if (audit_job_attacks(&always[i], &r->context) == 0) continue;
    r->jobs[r->n_jobs] = always[i];
    if (always[i].rule == filter && always[i].suite.full == ADAPTIVE) r->first = r->n_jobs;
    r->jobs[r->n_jobs].is_more = r->n_jobs > 0 && r->jobs[r->n_jobs - 1].rule == always[i].rule;
    r->n_jobs++;
  }
  if (a->baselines) add_rules(r, baselines, BASELINE);
  if (a->sweep) add_rules(r, baseline_sweep, audit_suite_point);
  for (size_t i = 0; i < r->n_jobs; i++) r->context.planned += audit_job_attacks(&r->jobs[i], &r->context);
  return SCRIM_OK;
}

/* ---- the report ---- */

static void take_worst(scrim_utility_result *mine, const scrim_utility_result *other) {
  if (other->worst_auc <= mine->worst_auc) return;
  mine->worst_auc = other->worst_auc;
  memcpy(mine->worst_attack, other->worst_attack, sizeof mine->worst_attack);
}

/* The n jobs of one defence: their attacks, one utility, and the points of its curve. */
static scrim_status add_defence(scrim_scores_report *report, const audit_job *jobs, size_t n, scrim_error *error) {
  scrim_utility_result mine = jobs[0].rows.utilities[0];
  scrim_status status = SCRIM_OK;
  for (size_t i = 0; i < n; i++) {
    const scrim_scores_report *rows = &jobs[i].rows;
    for (size_t j = 0; j < rows->n_attacks && status == SCRIM_OK; j++)
      status = audit_report_add_attack(report, &rows->attacks[j], error);
    take_worst(&mine, &rows->utilities[0]);
  }
  if (status == SCRIM_OK) status = audit_report_add_utility(report, &mine, error);
  for (size_t i = 0; i < n; i++)
    for (size_t j = 1; j < jobs[i].rows.n_utilities && status == SCRIM_OK; j++)
      status = audit_report_add_utility(report, &jobs[i].rows.utilities[j], error);
  if (jobs[0].rule == &label_only) report->label_only_auc = mine.worst_auc;
  for (size_t j = 0; jobs[0].rule == &none && j < jobs[0].rows.n_attacks; j++)
    if (strcmp(jobs[0].rows.attacks[j].attack, "gap") == 0) report->gap_auc = jobs[0].rows.attacks[j].auc.value;
  return status;
}

static scrim_status collect(audit_run *r, scrim_error *error) {
  scrim_status status = SCRIM_OK;
  for (size_t i = 0, n; i < r->n_jobs && status == SCRIM_OK; i += n) {
    for (n = 1; i + n < r->n_jobs && r->jobs[i + n].is_more;) n++;
    status = add_defence(r->report, &r->jobs[i], n, error);
  }
  return status;
}

/* ---- the call ---- */

static void run_job(void *context, size_t index, unsigned worker) {
  audit_run *r = context;
  audit_job_run(&r->jobs[(r->first + index) % r->n_jobs], &r->context, &r->desks[worker]);
}

/* The error of the first job that has one of its own: others only heard that it was over. */
static scrim_status job_status(const audit_run *r, scrim_error *error) {
  const audit_job *worst = NULL;
  for (size_t i = 0; i < r->n_jobs; i++) {
    const audit_job *job = &r->jobs[i];
    if (job->status == SCRIM_OK) continue;
    if (!worst || (worst->status == SCRIM_E_CANCELLED && job->status != SCRIM_E_CANCELLED)) worst = job;
  }
  if (worst && error) *error = worst->error;
  return worst ? worst->status : SCRIM_OK;
}

/* A classifier is asked by one thread, in the same order each time. */
static scrim_status open_run(audit_run *r, scrim_error *error) {
  const scrim_scores_audit *a = r->context.data.audit;
  r->context.began = seconds_now();
  scrim_status status = pool_create(&r->pool, a->classify ? 1 : a->threads, error);
  if (status != SCRIM_OK) return status;
  r->report = memory_zalloc(1, sizeof *r->report);
  r->desks = memory_zalloc(pool_threads(r->pool), sizeof *r->desks);
  return r->report && r->desks ? SCRIM_OK : fail(error, SCRIM_E_MEMORY, "out of memory for an audit");
}

static void close_run(audit_run *r) {
  for (size_t i = 0; i < r->n_jobs; i++) audit_job_free(&r->jobs[i]);
  for (unsigned i = 0; r->desks && i < pool_threads(r->pool); i++) audit_desk_free(r->desks[i]);
  memory_free(r->jobs);
  memory_free(r->desks);
  pool_free(r->pool);
  audit_data_close(&r->context.data);
  scrim_scores_report_free(r->report);
  pthread_mutex_destroy(&r->context.lock);
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

static scrim_status run_all(audit_run *r, const scrim_filter *filter, const scrim_key *key, scrim_error *error) {
  scrim_status status = open_run(r, error);
  if (status == SCRIM_OK) status = audit_filter_init(&r->context.filter, filter, key, error);
  if (status == SCRIM_OK) r->context.filter.device = r->context.data.audit->device;
  if (status == SCRIM_OK) status = make_plan(r, error);
  if (status != SCRIM_OK) return status;
  pool_run(r->pool, r->n_jobs, run_job, r);
  status = job_status(r, error);
  return status == SCRIM_OK ? collect(r, error) : status;
}

scrim_status scrim_scores_audit_run(scrim_scores_report **out, const scrim_filter *filter, const scrim_key *key,
                                    const scrim_scores_audit *audit, scrim_error *error) {
  if (!out || !filter || !audit)
    return fail(error, SCRIM_E_ARGUMENT, "scrim_scores_audit_run: out, filter and audit must not be NULL");
  *out = NULL;
  score_form form = SCORE_PROBABILITIES;
  scrim_status status = filter_form(&form, filter, audit, error);
  if (status != SCRIM_OK) return status;
  audit_run r = {.context = {.lock = PTHREAD_MUTEX_INITIALIZER}};
  status = audit_data_open(&r.context.data, audit, form, error);
  if (status == SCRIM_OK) status = run_all(&r, filter, key, error);
  if (status == SCRIM_OK) {
    *out = r.report;
    r.report = NULL;
  }
  close_run(&r);
  return status;
}
