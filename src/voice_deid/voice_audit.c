/*
 * scrim_voice_audit_run: every listener on every system.
 *
 * Systems come one after the other; clips are shared out over threads. What becomes of a clip depends on nothing but
 * the system, the keys and the clip, so the figures are the same for any number of threads.
 */
#include "core/error.h"
#include "core/memory.h"
#include "core/pool.h"
#include "core/seconds.h"
#include "tensor/backend_open.h"
#include "voice_deid/voice_audit_figures.h"
#include "voice_deid/voice_audit_stage.h"
#include "voice_deid/voice_filter.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_ENCODERS = 16, MOST_LISTENERS = MOST_ENCODERS + TARGET_PARTS + 1, DEFAULT_ENROL = 5, ITEMS_AT_ONCE = 4 };

/* One thread. */
typedef struct audit_worker {
  voice_maker maker;
  tape *tape;
  scrim_status status;
  scrim_error error;
} audit_worker;

typedef struct voice_run {
  const scrim_voice_audit *audit;
  const scrim_filter *filter;
  const scrim_key *key;
  scrim_key *attacker;
  voice_listener listeners[MOST_LISTENERS];
  size_t n_listeners;
  voice_roll clips, train;
  voice_system *systems; /* [n_systems] the first is none */
  size_t n_systems;
  pool *pool;
  audit_worker *workers;
  size_t n_workers;
  double thresholds[MOST_LISTENERS]; /* of clean speech's EER */
  double clean_level[REMOVAL_BINS];
  voice_stage clean, stage; /* of no defence, kept to the end; of the system at work */
  size_t first_item, done;  /* of the stage; of all */
  double began;
  scrim_voice_audit_report *report;
} voice_run;

/* ---- beginnings ---- */

static scrim_status check_audit(const scrim_filter *filter, const scrim_key *key, const scrim_voice_audit *a,
                                scrim_error *error) {
  if (!a || !a->clips || a->n_clips == 0 || (a->n_train > 0 && !a->train) || (a->n_encoders > 0 && !a->encoders) ||
      (a->n_others > 0 && !a->others))
    return fail(error, SCRIM_E_ARGUMENT, "an audit needs clips, and lists that are as long as it says");
  if (!a->judge && a->n_encoders == 0 && !(a->own_encoders && filter))
    return fail(error, SCRIM_E_ARGUMENT, "an audit needs a listener");
  if (a->n_encoders > MOST_ENCODERS)
    return fail(error, SCRIM_E_ARGUMENT, "%zu encoders, at most %d can listen", a->n_encoders, MOST_ENCODERS);
  if (!filter != !key) return fail(error, SCRIM_E_ARGUMENT, "filter and key go together");
  if (filter && strcmp(scrim_filter_kind(filter), "voice") != 0)
    return fail(error, SCRIM_E_ARGUMENT, "a filter for %s, not for voice", scrim_filter_kind(filter));
  for (size_t i = 0; i < a->n_clips + a->n_train; i++) {
    const scrim_voice_clip *clip = i < a->n_clips ? &a->clips[i] : &a->train[i - a->n_clips];
    if (!clip->path || !clip->speaker) return fail(error, SCRIM_E_ARGUMENT, "clip %zu has no path or no speaker", i);
  }
  return SCRIM_OK;
}

static scrim_status open_listeners(voice_run *r, scrim_error *error) {
  scrim_status status = SCRIM_OK;
  if (r->audit->judge) {
    status = voice_listener_open_judge(&r->listeners[0], r->audit->judge, error);
    r->n_listeners = status == SCRIM_OK;
  }
  for (size_t i = 0; i < r->audit->n_encoders && status == SCRIM_OK; i++) {
    status = voice_listener_open_encoder(&r->listeners[r->n_listeners], r->audit->encoders[i], error);
    r->n_listeners += status == SCRIM_OK;
  }
  const voice_model *model = r->audit->own_encoders && r->filter ? filter_model(r->filter, &voice_filter) : NULL;
  for (int i = 0; model && i < model->n_encoders && status == SCRIM_OK; i++)
    voice_listener_borrow(&r->listeners[r->n_listeners++], model->encoder[i], i);
  return status;
}

static void name_system(voice_system *s, const char *name) {
  snprintf(s->name, sizeof s->name, "%s", name);
}

static scrim_status list_systems(voice_run *r, scrim_error *error) {
  size_t n = 2 + r->audit->n_others;
  for (const voice_baseline *b = voice_baselines; b->name; b++) n++;
  r->systems = memory_zalloc(n, sizeof *r->systems);
  if (!r->systems) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu systems", n);
  name_system(&r->systems[r->n_systems++], "none");
  if (r->filter) {
    r->systems[r->n_systems].is_filter = 1;
    name_system(&r->systems[r->n_systems++], "scrim");
  }
  for (const voice_baseline *b = voice_baselines; r->audit->baselines && b->name; b++) {
    r->systems[r->n_systems].baseline = b;
    name_system(&r->systems[r->n_systems++], b->name);
  }
  for (size_t i = 0; i < r->audit->n_others; i++) {
    const scrim_voice_other *other = &r->audit->others[i];
    if (!other->name || !other->own) return fail(error, SCRIM_E_ARGUMENT, "system %zu has no name or no clips", i);
    r->systems[r->n_systems].other = other;
    name_system(&r->systems[r->n_systems++], other->name);
  }
  return SCRIM_OK;
}

static scrim_status open_workers(voice_run *r, scrim_error *error) {
  const backend *backend;
  const scrim_config *config = r->audit->config;
  scrim_status status = backend_open(&backend, config ? config->device : SCRIM_DEVICE_CPU, error);
  if (status == SCRIM_OK) status = pool_create(&r->pool, r->audit->threads, error);
  if (status != SCRIM_OK) return status;
  const size_t n = pool_threads(r->pool);
  r->workers = memory_zalloc(n, sizeof *r->workers);
  if (!r->workers) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu threads", n);
  for (r->n_workers = 0; r->n_workers < n && status == SCRIM_OK; r->n_workers++) {
    audit_worker *w = &r->workers[r->n_workers];
    status = voice_maker_open(&w->maker, r->filter, r->audit->config, r->key, r->attacker, r->audit->seed, error);
    if (status == SCRIM_OK) status = tape_create(&w->tape, backend, error);
  }
  return status;
}

/* ---- the clips of one system ---- */

static void run_item(void *context, size_t index, unsigned worker) {
  voice_run *r = context;
  audit_worker *w = &r->workers[worker];
  if (w->status == SCRIM_OK)
    w->status = voice_stage_run(&r->stage, r->first_item + index, &w->maker, w->tape, &w->error);
}

static scrim_status tell(const voice_run *r, scrim_error *error) {
  const double spent = seconds_now() - r->began;
  const size_t steps = r->n_systems * (r->audit->n_clips + r->audit->n_train);
  const scrim_progress now = {.stage = r->stage.system->name,
                              .step = r->done,
                              .steps = steps,
                              .loss = NAN,
                              .per_second = spent > 0 ? (double)r->done / spent : 0,
                              .seconds_left = r->done > 0 ? spent * (double)(steps - r->done) / (double)r->done : NAN};
  if (!r->audit->progress || r->audit->progress(&now, r->audit->context) == 0) return SCRIM_OK;
  return fail(error, SCRIM_E_CANCELLED, "cancelled at %s", r->stage.system->name);
}

/* In pieces, so that the caller hears of it in between. */
static scrim_status run_items(voice_run *r, scrim_error *error) {
  const size_t items = voice_stage_items(&r->stage), most = ITEMS_AT_ONCE * r->n_workers;
  for (r->first_item = 0; r->first_item < items; r->first_item += most) {
    const size_t left = items - r->first_item, n = left < most ? left : most;
    pool_run(r->pool, n, run_item, r);
    for (size_t w = 0; w < r->n_workers; w++) {
      if (r->workers[w].status == SCRIM_OK) continue;
      if (error) *error = r->workers[w].error;
      return r->workers[w].status;
    }
    r->done += n;
    scrim_status status = tell(r, error);
    if (status != SCRIM_OK) return status;
  }
  return SCRIM_OK;
}

/* ---- the report ---- */

/* One more row of `bytes` at the end of rows [n]; NULL when out of memory, and then `rows` still stands. */
static void *append(const void *rows, size_t n, const void *row, size_t bytes) {
  /* The report shows its rows as const; here they are its own. */
  char *grown = memory_grow((void *)rows, n * bytes, (n + 1) * bytes);
  if (grown) memcpy(grown + n * bytes, row, bytes);
  return grown;
}

static scrim_status add_result(scrim_voice_audit_report *report, const scrim_voice_result *row, scrim_error *error) {
  void *rows = append(report->results, report->n_results, row, sizeof *row);
  if (!rows) return fail(error, SCRIM_E_MEMORY, "out of memory for result %zu of the audit", report->n_results + 1);
  report->results = rows;
  report->n_results++;
  return SCRIM_OK;
}

static scrim_status add_cost(scrim_voice_audit_report *report, const scrim_voice_cost *row, scrim_error *error) {
  void *rows = append(report->costs, report->n_costs, row, sizeof *row);
  if (!rows) return fail(error, SCRIM_E_MEMORY, "out of memory for cost %zu of the audit", report->n_costs + 1);
  report->costs = rows;
  report->n_costs++;
  return SCRIM_OK;
}

/*
 * [n_listeners] rows of clean speech, of `own`, and of `attacker`; NULL: not known. `how` NULL, or what was done before
 * anybody listened, to both.
 */
static scrim_status add_results(voice_run *r, float *const *clean, float *const *own, float *const *attacker,
                                const char *how, scrim_error *error) {
  const size_t enrol = r->audit->enrol > 0 ? r->audit->enrol : DEFAULT_ENROL;
  scrim_status status = SCRIM_OK;
  for (size_t l = 0; l < r->n_listeners && status == SCRIM_OK; l++) {
    scrim_voice_result row = {0};
    const int learns = !how && r->stage.heard[VOICE_TRAINER];
    const voice_heard heard = {.dim = r->listeners[l].dim,
                               .clips = &r->clips,
                               .train = &r->train,
                               .clean = clean[l],
                               .own = own[l],
                               .attacker = attacker ? attacker[l] : NULL,
                               .learnt = learns ? r->stage.heard[VOICE_TRAINER][l] : NULL};
    snprintf(row.system, sizeof row.system, "%s%s%.20s", r->stage.system->name, how ? ", then " : "", how ? how : "");
    memcpy(row.listener, r->listeners[l].name, sizeof row.listener);
    status = voice_audit_figures(&row, &r->thresholds[l], &heard, enrol, r->audit->seed, error);
    if (status == SCRIM_OK) status = add_result(r->report, &row, error);
  }
  return status;
}

static scrim_status report_stage(voice_run *r, scrim_error *error) {
  const voice_stage *s = &r->stage;
  const int is_clean = s->system == r->systems;
  float *const *own = s->heard[VOICE_OWNER], *const *clean = is_clean ? own : r->clean.heard[VOICE_OWNER];
  float *const *attacker = s->has_attacker ? s->heard[VOICE_ATTACKER] : own;
  const scrim_voice_cost cost = voice_stage_cost(s);
  scrim_status status = add_cost(r->report, &cost, error);
  if (status == SCRIM_OK) status = add_results(r, clean, own, attacker, NULL, error);
  /* Who removes does the same to what he compares with: encoders mistake the traces of it for a voice. */
  for (size_t i = 0; i < s->n_removals && !is_clean && status == SCRIM_OK; i++)
    status = add_results(r, r->clean.removed[i], s->removed[i], NULL, attack_removals[i].name, error);
  return status;
}

/* ---- systems, one after the other ---- */

/* What those who remove know of clean speech: the mean over all clips. */
static scrim_status learn_clean_level(voice_run *r, scrim_error *error) {
  const size_t n_clips = r->audit->n_clips;
  scrim_status status = SCRIM_OK;
  for (size_t i = 0; i < n_clips && status == SCRIM_OK; i++) {
    double level[REMOVAL_BINS];
    float *x;
    size_t n;
    status = voice_stage_read(r->audit, r->audit->clips[i].path, &x, &n, error);
    if (status != SCRIM_OK) return status;
    status = attack_removal_measure(x, n, level, error);
    for (int k = 0; k < REMOVAL_BINS && status == SCRIM_OK; k++) r->clean_level[k] += level[k] / (double)n_clips;
    memory_wipe_free(x, n * sizeof *x);
  }
  return status;
}

static scrim_status run_system(voice_run *r, const voice_system *system, scrim_error *error) {
  const int is_random = system->is_filter || system->baseline || (system->other && system->other->attacker);
  const int can_train = r->audit->n_train > 0 && (!system->other || system->other->train);
  r->stage = (voice_stage){.audit = r->audit,
                           .listeners = r->listeners,
                           .n_listeners = r->n_listeners,
                           .system = system,
                           .has_attacker = is_random,
                           .has_trainer = can_train,
                           .clean_level = r->clean_level};
  const int removes = r->audit->removal && r->filter && (system->is_filter || system == r->systems);
  while (removes && attack_removals[r->stage.n_removals].name) r->stage.n_removals++;
  scrim_status status = voice_stage_open(&r->stage, error);
  if (status == SCRIM_OK) status = run_items(r, error);
  if (status == SCRIM_OK) status = report_stage(r, error);
  if (status == SCRIM_OK && system == r->systems)
    r->clean = r->stage; /* clean speech, which all else is held against */
  else
    voice_stage_close(&r->stage);
  return status;
}

static scrim_status run_all(voice_run *r, scrim_error *error) {
  scrim_status status = check_audit(r->filter, r->key, r->audit, error);
  if (status == SCRIM_OK) status = open_listeners(r, error);
  if (status == SCRIM_OK) status = voice_roll_call(&r->clips, r->audit->clips, r->audit->n_clips, error);
  if (status == SCRIM_OK) status = voice_roll_call(&r->train, r->audit->train, r->audit->n_train, error);
  if (status == SCRIM_OK) status = list_systems(r, error);
  if (status == SCRIM_OK) status = voice_attacker_key(&r->attacker, r->audit->seed, error);
  if (status == SCRIM_OK) status = open_workers(r, error);
  if (status == SCRIM_OK && r->filter && r->audit->removal) status = learn_clean_level(r, error);
  r->began = seconds_now();
  for (size_t s = 0; s < r->n_systems && status == SCRIM_OK; s++) status = run_system(r, &r->systems[s], error);
  return status;
}

static void close_run(voice_run *r) {
  voice_stage_close(&r->clean);
  for (size_t w = 0; w < r->n_workers; w++) {
    voice_maker_close(&r->workers[w].maker);
    tape_free(r->workers[w].tape);
  }
  memory_free(r->workers);
  pool_free(r->pool);
  scrim_key_free(r->attacker);
  memory_free(r->systems);
  voice_roll_free(&r->clips);
  voice_roll_free(&r->train);
  for (size_t l = 0; l < r->n_listeners; l++) voice_listener_close(&r->listeners[l]);
}

scrim_status scrim_voice_audit_run(scrim_voice_audit_report **out, const scrim_filter *filter, const scrim_key *key,
                                   const scrim_voice_audit *audit, scrim_error *error) {
  if (!out) return fail(error, SCRIM_E_ARGUMENT, "no place for the report");
  *out = NULL;
  voice_run run = {.audit = audit, .filter = filter, .key = key};
  run.report = memory_zalloc(1, sizeof *run.report);
  if (!run.report) return fail(error, SCRIM_E_MEMORY, "out of memory for the report");
  scrim_status status = run_all(&run, error);
  close_run(&run);
  if (status == SCRIM_OK)
    *out = run.report;
  else
    scrim_voice_audit_report_free(run.report);
  return status;
}

void scrim_voice_audit_report_free(scrim_voice_audit_report *report) {
  if (!report) return;
  memory_free((void *)report->results);
  memory_free((void *)report->costs);
  memory_free(report);
}
