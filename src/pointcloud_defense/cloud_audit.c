/*
 * scrim_cloud_audit_run: every attack against every defence.
 *
 * An attack is made once on each object and shown to all defences, unless the attacker knows the defence: then it is
 * made for that one. Objects are shared out over threads; what is drawn for an object depends on nothing but the seed,
 * the object and the entry of the plan, so the report is the same for any number of threads.
 */
#include "core/error.h"
#include "core/memory.h"
#include "core/seconds.h"
#include "pointcloud_defense/cloud_audit_plan.h"
#include "pointcloud_defense/objects.h"
#include "tensor/backend_open.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* What became of one object behind one defence. */
typedef struct outcome {
  int is_right;
  double attacked_chamfer, chamfer, points, milliseconds, time_step;
} outcome;

/* One thread. */
typedef struct audit_worker {
  attack_cloud attacker;
  cloud_defence_room *room[CLOUD_DEFENCES_MOST];  /* under the key of the audit */
  cloud_defence_room *known[CLOUD_DEFENCES_MOST]; /* for attackers who know the defence, under keys of theirs */
  attack_cloud_points attacked;
  cloud_defended defended;
  double attacked_chamfer; /* of `attacked`, from the clean object */
  float *logits;           /* [classes] */
  scrim_status status;
  scrim_error error;
} audit_worker;

typedef struct audit_run {
  const scrim_cloud_audit *audit;
  victim victim, source; /* source: all 0 where attacks are made on the victim */
  const cloud_defence *defences[CLOUD_DEFENCES_MOST];
  size_t n_defences;
  cloud_audit_plan plan;
  const scrim_key *key;
  scrim_key **attacker_keys; /* [samples] */
  size_t samples;
  size_t n, points;  /* objects; points of each */
  float *objects;    /* [n, points, 3] within the unit sphere */
  outcome *outcomes; /* [defences, n] of the entry that runs */
  audit_worker *workers;
  size_t n_workers;
  pool *pool;
  size_t entry; /* of the plan, that runs */
  scrim_cloud_audit_report *report;
  double began;
} audit_run;

/* ---- one object ---- */

/* The stream of this object, entry and defence (0: the attacker's). */
static scrim_status draw_for(const audit_run *r, audit_worker *w, size_t object, size_t defence, scrim_error *error) {
  const uint64_t number[] = {object, r->entry, defence};
  unsigned char item[sizeof number];
  for (size_t i = 0; i < sizeof item; i++) item[i] = (unsigned char)(number[i / 8] >> (8 * (i % 8)));
  return random_begin(w->attacker.random, "cloud audit", item, sizeof item, error);
}

static scrim_status attack_object(audit_run *r, audit_worker *w, size_t object, scrim_error *error) {
  const cloud_audit_entry *e = &r->plan.entries[r->entry];
  const float *clean = r->objects + 3 * r->points * object;
  attack_cloud *a = &w->attacker;
  scrim_status status = draw_for(r, w, object, 0, error);
  if (status != SCRIM_OK) return status;
  w->attacked.n = r->points;
  w->attacked_chamfer = 0;
  memcpy(w->attacked.xyz, clean, 3 * r->points * sizeof *clean);
  if (e->rule == NULL) return SCRIM_OK;
  a->victim = r->source.logits ? &r->source : &r->victim;
  a->defence = e->known == AUDIT_ALL_DEFENCES ? NULL : r->defences[e->known];
  a->room = a->defence ? w->known[e->known] : NULL;
  a->hold = e->hold;
  a->budget = e->budget;
  status = e->rule->run(a, clean, r->points, r->audit->objects.labels[object], &w->attacked, error);
  if (status == SCRIM_OK) status = random_status(a->random, error);
  if (status != SCRIM_OK) return status;
  return objects_chamfer(a->index, clean, r->points, w->attacked.xyz, w->attacked.n, &w->attacked_chamfer, error);
}

static scrim_status defend_object(audit_run *r, audit_worker *w, size_t object, size_t defence, scrim_error *error) {
  const cloud_defence *d = r->defences[defence];
  const cloud_draw draw = {.random = w->attacker.random};
  const float *clean = r->objects + 3 * r->points * object;
  outcome *o = &r->outcomes[defence * r->n + object];
  scrim_status status = draw_for(r, w, object, defence + 1, error);
  const double began = seconds_now();
  if (status == SCRIM_OK)
    status = d->apply(d, w->room[defence], &draw, w->attacked.xyz, w->attacked.n, &w->defended, error);
  o->milliseconds = 1e3 * (seconds_now() - began);
  if (status == SCRIM_OK) status = random_status(w->attacker.random, error);
  if (status == SCRIM_OK)
    status = objects_chamfer(w->attacker.index, clean, r->points, w->defended.xyz, w->defended.n, &o->chamfer, error);
  o->attacked_chamfer = w->attacked_chamfer;
  o->points = (double)w->defended.n;
  o->time_step = w->defended.time_step;
  o->is_right = 0;
  if (status != SCRIM_OK || w->defended.n == 0) return status;
  status = victim_ask(&r->victim, w->attacker.tape, w->defended.xyz, w->defended.n, w->logits, error);
  o->is_right = victim_class(w->logits, r->victim.classes) == r->audit->objects.labels[object];
  return status;
}

static void run_object(void *context, size_t object, unsigned worker) {
  audit_run *r = context;
  audit_worker *w = &r->workers[worker];
  const int known = r->plan.entries[r->entry].known;
  if (w->status != SCRIM_OK) return;
  w->status = attack_object(r, w, object, &w->error);
  for (size_t d = 0; d < r->n_defences && w->status == SCRIM_OK; d++)
    if (known == AUDIT_ALL_DEFENCES || known == (int)d) w->status = defend_object(r, w, object, d, &w->error);
}

/* ---- one entry of the plan ---- */

/* Wilson's interval at 95 %, which holds the accuracy itself; rounding must not lose it at 0 and 1. */
static void interval_of(scrim_cloud_audit_result *row) {
  const double z = 1.959964, n = (double)row->n, p = row->accuracy;
  const double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  row->low = fmax(fmin(middle - half, p), 0);
  row->high = fmin(fmax(middle + half, p), 1);
}

static scrim_status add_row(audit_run *r, size_t defence, scrim_error *error) {
  const cloud_audit_entry *e = &r->plan.entries[r->entry];
  scrim_cloud_audit_report *report = r->report;
  scrim_cloud_audit_result row = {.budget = e->budget, .n = r->n};
  const double share = 1 / (double)r->n;
  snprintf(row.defence, sizeof row.defence, "%s", r->defences[defence]->name);
  snprintf(row.attack, sizeof row.attack, "%s", e->rule ? e->rule->name : "clean");
  if (e->known != AUDIT_ALL_DEFENCES) row.attacker = e->hold ? SCRIM_CLOUD_ADAPTIVE_PLANES : SCRIM_CLOUD_ADAPTIVE;
  for (const outcome *o = r->outcomes + defence * r->n, *end = o + r->n; o < end; o++) {
    row.accuracy += o->is_right;
    row.attacked_chamfer += share * o->attacked_chamfer;
    row.chamfer += share * o->chamfer;
    row.points += share * o->points;
    row.milliseconds += share * o->milliseconds;
    row.time_step += share * o->time_step;
  }
  row.accuracy /= (double)r->n;
  interval_of(&row);
  /* The report shows its rows as const; here they are its own. */
  scrim_cloud_audit_result *grown =
      memory_grow((void *)report->results, report->n * sizeof row, (report->n + 1) * sizeof row);
  if (!grown) return fail(error, SCRIM_E_MEMORY, "out of memory for result %zu of the audit", report->n + 1);
  grown[report->n++] = row;
  report->results = grown;
  return SCRIM_OK;
}

static scrim_status show_progress(const audit_run *r, scrim_error *error) {
  const scrim_cloud_audit *a = r->audit;
  const cloud_audit_entry *e = &r->plan.entries[r->entry];
  if (!a->progress) return SCRIM_OK;
  const double seconds = seconds_now() - r->began, rate = seconds > 0 ? (double)r->entry / seconds : 0;
  const scrim_progress p = {.stage = e->rule ? e->rule->name : "clean",
                            .step = r->entry,
                            .steps = r->plan.n,
                            .loss = NAN,
                            .per_second = rate,
                            .seconds_left = rate > 0 ? (double)(r->plan.n - r->entry) / rate : NAN};
  return a->progress(&p, a->context) ? fail(error, SCRIM_E_CANCELLED, "the audit was cancelled") : SCRIM_OK;
}

static scrim_status run_entry(audit_run *r, scrim_error *error) {
  const int known = r->plan.entries[r->entry].known;
  scrim_status status = show_progress(r, error);
  if (status != SCRIM_OK) return status;
  pool_run(r->pool, r->n, run_object, r);
  for (size_t i = 0; i < r->n_workers && status == SCRIM_OK; i++) {
    status = r->workers[i].status;
    if (status != SCRIM_OK && error) *error = r->workers[i].error;
  }
  for (size_t d = 0; d < r->n_defences && status == SCRIM_OK; d++)
    if (known == AUDIT_ALL_DEFENCES || known == (int)d) status = add_row(r, d, error);
  return status;
}

/* ---- checks ---- */

static scrim_status check_objects(const audit_run *r, scrim_error *error) {
  const scrim_cloud_objects *o = &r->audit->objects;
  size_t classes = r->victim.classes;
  if (r->source.logits && r->source.classes < classes) classes = r->source.classes;
  for (size_t i = 0; i < o->n; i++) {
    if (o->labels[i] < 0 || (size_t)o->labels[i] >= classes)
      return fail_row(error, SCRIM_E_DATA, (int64_t)i, "object %zu: class %d, the classifier knows 0 to %zu", i,
                      o->labels[i], classes - 1);
    for (size_t j = 0; j < 3 * o->points; j++)
      if (!isfinite(o->xyz[3 * o->points * i + j]))
        return fail_row(error, SCRIM_E_DATA, (int64_t)i, "object %zu, point %zu is not finite", i, j / 3);
  }
  return SCRIM_OK;
}

enum { POINTS_MOST = 1 << 20 };

static scrim_status check_audit(const scrim_filter *filter, const scrim_cloud_audit *audit, scrim_error *error) {
  if (!filter || !audit || !audit->objects.xyz || !audit->objects.labels || !audit->victim)
    return fail(error, SCRIM_E_ARGUMENT, "scrim_cloud_audit_run: filter, audit, objects, labels or victim is NULL");
  if (strcmp(scrim_filter_kind(filter), "cloud") != 0)
    return fail(error, SCRIM_E_ARGUMENT, "a filter for %s, not for cloud", scrim_filter_kind(filter));
  const scrim_cloud_objects *o = &audit->objects;
  if (o->n < 1 || o->points < 2 || o->points > POINTS_MOST)
    return fail(error, SCRIM_E_DATA, "%zu objects of %zu points; at least 1 of 2 to %d are needed", o->n, o->points,
                POINTS_MOST);
  if (audit->points > o->points || audit->points == 1)
    return fail(error, SCRIM_E_DATA, "%zu points of objects that have %zu", audit->points, o->points);
  return SCRIM_OK;
}

/* ---- the call ---- */

static scrim_status take_objects(audit_run *r, scrim_error *error) {
  const scrim_cloud_objects *o = &r->audit->objects;
  random_source *random = NULL;
  r->n = o->n;
  r->points = r->audit->points ? r->audit->points : o->points;
  r->objects = memory_zalloc(r->n * r->points, 3 * sizeof *r->objects);
  r->outcomes = memory_zalloc(r->n * r->n_defences, sizeof *r->outcomes);
  if (!r->objects || !r->outcomes) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu objects", r->n);
  scrim_status status = random_source_from_seed(&random, r->audit->seed, error);
  if (status == SCRIM_OK) status = random_begin(random, "cloud objects", NULL, 0, error);
  for (size_t i = 0; i < r->n && status == SCRIM_OK; i++) {
    float *to = r->objects + 3 * r->points * i;
    objects_thin(o->xyz + 3 * o->points * i, o->points, r->points, to, random);
    objects_to_unit_sphere(to, r->points);
  }
  if (status == SCRIM_OK) status = random_status(random, error);
  random_source_free(random);
  return status;
}

/* The attacker's own keys: he knows all about a filter but the key that it runs under. */
static scrim_status make_keys(audit_run *r, scrim_error *error) {
  random_source *random = NULL;
  r->samples = r->audit->samples ? r->audit->samples : 8;
  r->attacker_keys = memory_zalloc(r->samples, sizeof *r->attacker_keys);
  if (!r->attacker_keys) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu keys", r->samples);
  scrim_status status = random_source_from_seed(&random, r->audit->seed, error);
  if (status == SCRIM_OK) status = random_begin(random, "cloud attacker", NULL, 0, error);
  for (size_t i = 0; i < r->samples && status == SCRIM_OK; i++) {
    unsigned char bytes[SCRIM_KEY_BYTES];
    for (size_t j = 0; j < sizeof bytes; j++) bytes[j] = (unsigned char)random_below(random, 256);
    status = scrim_key_create(&r->attacker_keys[i], bytes, error);
  }
  if (status == SCRIM_OK) status = random_status(random, error);
  random_source_free(random);
  return status;
}

static scrim_status open_worker(audit_run *r, audit_worker *w, const scrim_filter *filter, scrim_error *error) {
  const scrim_cloud_audit *audit = r->audit;
  const size_t most = attack_cloud_most(r->points);
  const backend *backend;
  scrim_status status = backend_open(&backend, audit->device, error);
  if (status == SCRIM_OK) status = attack_cloud_open(&w->attacker, backend, most, audit->seed, error);
  w->attacker.iterations = audit->iterations ? audit->iterations : audit->full ? 200 : 20;
  w->attacker.samples = r->samples;
  for (size_t d = 0; d < r->n_defences && status == SCRIM_OK; d++) {
    status = cloud_defence_open(&w->room[d], r->defences[d], filter, &r->key, 1, audit->device, error);
    if (status == SCRIM_OK && audit->adaptive)
      status = cloud_defence_open(&w->known[d], r->defences[d], filter, (const scrim_key *const *)r->attacker_keys,
                                  r->samples, audit->device, error);
  }
  if (status != SCRIM_OK) return status;
  w->attacked.xyz = memory_zalloc(most, 3 * sizeof(float));
  w->defended.xyz = memory_zalloc(most, 3 * sizeof(float));
  w->defended.from = memory_zalloc(most, sizeof *w->defended.from);
  w->logits = memory_zalloc(r->victim.classes, sizeof *w->logits);
  return w->attacked.xyz && w->defended.xyz && w->defended.from && w->logits
             ? SCRIM_OK
             : fail(error, SCRIM_E_MEMORY, "out of memory for clouds of %zu points", most);
}

static scrim_status open_workers(audit_run *r, const scrim_filter *filter, scrim_error *error) {
  scrim_status status = make_keys(r, error);
  if (status == SCRIM_OK) status = pool_create(&r->pool, r->audit->threads, error);
  if (status != SCRIM_OK) return status;
  const size_t n = pool_threads(r->pool);
  r->workers = memory_zalloc(n, sizeof *r->workers);
  if (!r->workers) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu threads", n);
  for (r->n_workers = 0; r->n_workers < n && status == SCRIM_OK; r->n_workers++)
    status = open_worker(r, &r->workers[r->n_workers], filter, error);
  return status;
}

static void close_run(audit_run *r) {
  for (size_t i = 0; i < r->n_workers; i++) {
    audit_worker *w = &r->workers[i];
    attack_cloud_close(&w->attacker);
    for (size_t d = 0; d < CLOUD_DEFENCES_MOST; d++) {
      cloud_defence_close(w->room[d]);
      cloud_defence_close(w->known[d]);
    }
    memory_free(w->attacked.xyz);
    memory_free(w->defended.xyz);
    memory_free(w->defended.from);
    memory_free(w->logits);
  }
  memory_free(r->workers);
  for (size_t i = 0; i < r->samples && r->attacker_keys; i++) scrim_key_free(r->attacker_keys[i]);
  memory_free(r->attacker_keys);
  pool_free(r->pool);
  memory_free(r->objects);
  memory_free(r->outcomes);
  cloud_audit_plan_free(&r->plan);
  victim_close(&r->victim);
  victim_close(&r->source);
  scrim_cloud_audit_report_free(r->report);
}

void scrim_cloud_audit_report_free(scrim_cloud_audit_report *report) {
  if (!report) return;
  memory_free((void *)report->results);
  memory_free(report);
}

static scrim_status run_all(audit_run *r, const scrim_filter *filter, scrim_error *error) {
  scrim_status status = victim_open(&r->victim, r->audit->victim, error);
  if (status == SCRIM_OK && r->audit->source) status = victim_open(&r->source, r->audit->source, error);
  if (status == SCRIM_OK) status = check_objects(r, error);
  r->n_defences = cloud_defences_for(filter, r->defences);
  if (status == SCRIM_OK) status = cloud_audit_choose(r->defences, &r->n_defences, r->audit, error);
  if (status == SCRIM_OK) status = cloud_audit_plan_make(&r->plan, r->audit, r->defences, r->n_defences, error);
  if (status == SCRIM_OK) status = take_objects(r, error);
  if (status == SCRIM_OK) status = open_workers(r, filter, error);
  for (; r->entry < r->plan.n && status == SCRIM_OK; r->entry++) status = run_entry(r, error);
  return status;
}

scrim_status scrim_cloud_audit_run(scrim_cloud_audit_report **out, const scrim_filter *filter, const scrim_key *key,
                                   const scrim_cloud_audit *audit, scrim_error *error) {
  static const unsigned char known[SCRIM_KEY_BYTES] = {0};
  scrim_key *own = NULL;
  if (!out) return fail(error, SCRIM_E_ARGUMENT, "scrim_cloud_audit_run: out is NULL");
  *out = NULL;
  scrim_status status = check_audit(filter, audit, error);
  if (status == SCRIM_OK && !key) status = scrim_key_create(&own, known, error);
  if (status != SCRIM_OK) return status;
  audit_run r = {
      .audit = audit, .key = key ? key : own, .began = seconds_now(), .report = memory_zalloc(1, sizeof *r.report)};
  status =
      r.report ? run_all(&r, filter, error) : fail(error, SCRIM_E_MEMORY, "out of memory for the report of an audit");
  if (status == SCRIM_OK) {
    *out = r.report;
    r.report = NULL;
  }
  close_run(&r);
  scrim_key_free(own);
  return status;
}
