/* scrim cloud audit [-f FILTER] --objects X --labels Y --victim V [...] */
#include "args.h"
#include "cloud_audit_print.h"
#include "complain.h"
#include "default_filter.h"
#include "device_option.h"
#include "filter_file.h"
#include "labelled_objects.h"
#include "progress_line.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  FILTER,
  KEY,
  ENCRYPTION_KEY,
  OBJECTS,
  LABELS,
  VICTIM,
  SOURCE,
  POINTS,
  LIMIT,
  ATTACKS,
  DEFENCES,
  BUDGETS,
  ADAPTIVE,
  FULL,
  ITERATIONS,
  SAMPLES,
  JOBS,
  SEED,
  DEVICE,
  MIN_ACCURACY,
  JSON
};
static const option options[] = {
    [FILTER] = {"filter", 'f', 0, "FILE", "the filter, made by 'scrim cloud train' (the one that came along)"},
    [KEY] = {"key", 'k', 0, "FILE", "the key, made by 'scrim key new'"},
    [ENCRYPTION_KEY] = {"encryption-key", 0, 0, "FILE", FILTER_FILE_KEY_HELP},
    [OBJECTS] = {"objects", 0, 1, "FILE",
                 "clean objects: npy [objects, points, 3], or a table with x, y, z of each point in a row"},
    [LABELS] = {"labels", 0, 1, "FILE", "their true classes"},
    [VICTIM] = {"victim", 0, 1, "FILE",
                "the classifier to attack, made by 'scrim cloud train victim', or a published PointNet"},
    [SOURCE] = {"source", 0, 0, "FILE",
                "make attacks on this classifier instead and try them on the victim (transfer)"},
    [POINTS] = {"points", 0, 0, "N", "of each object, drawn at random (default all)"},
    [LIMIT] = {"limit", 0, 0, "N", "at most so many objects, evenly from the file"},
    [ATTACKS] = {"attacks", 0, 0, "NAMES",
                 "with commas between (default all): fgm, pgd-linf, pgd-flat, pgd-l2, knn, cw, add, "
                 "drop, saliency, and the corruptions rotation, shear, uniform, gaussian, impulse, background, "
                 "upsample, cutout, density, density-inc, ffd, rbf, rbf-inverse, occlusion, lidar"},
    [DEFENCES] =
        {"defences", 0, 0, "NAMES",
         "with commas between (default all): SRS, SOR, plane x1, plane x3, scrim, and for filters with a prior "
         "step 3, step 7, step 15, step 30, levels, thorough"},
    [BUDGETS] = {"budgets", 0, 0, "NUMBERS", "shifts, in units of an object's radius (default 0.01,0.02,0.05)"},
    [ADAPTIVE] = {"adaptive", 0, 0, NULL, "pgd-linf and pgd-flat also by attackers who know the defence"},
    [FULL] = {"full", 0, 0, NULL, "--adaptive, 200 iterations, corruptions at all severities"},
    [ITERATIONS] = {"iterations", 0, 0, "N", "of each attack (default 20, with --full 200)"},
    [SAMPLES] = {"samples", 0, 0, "N", "draws that adaptive gradients average where a defence draws (default 8)"},
    [JOBS] = {"jobs", 'j', 0, "N", "threads (default one a processor)"},
    [SEED] = {"seed", 0, 0, "N", "of attacks and training (default 1)"},
    [DEVICE] = {"device", 0, 0, "NAME", DEVICE_OPTION_HELP},
    [MIN_ACCURACY] = {"min-accuracy", 0, 0, "X",
                      "exit with 1 if behind the filter the classifier falls lower: a gate for releases"},
    [JSON] = {"json", 0, 0, NULL, "as one JSON object"},
};

enum { BUDGETS_MOST = 16 };

typedef struct run_state {
  const char *filter_path;
  char came_along[DEFAULT_FILTER_PATH];
  labelled_objects objects;
  scrim_filter *filter;
  scrim_key *key;
  double budgets[BUDGETS_MOST];
  scrim_cloud_audit audit;
  scrim_cloud_audit_report *report;
  uint64_t limit;
  const char *at_fault; /* the file that an error is about */
} run_state;

/* ---- the command line ---- */

static int read_budgets(run_state *s, const args *a) {
  const char *text = a->value[BUDGETS];
  if (!text) return 0;
  for (const char *at = text;;) {
    char *end;
    const double budget = strtod(at, &end);
    if (end == at || (*end && *end != ',') || !(budget > 0 && budget <= 1) || s->audit.n_budgets == BUDGETS_MOST)
      return complain_usage(a->command, "--budgets is '%s', but must be up to %d numbers above 0 and at most 1", text,
                            BUDGETS_MOST);
    s->budgets[s->audit.n_budgets++] = budget;
    if (!*end) break;
    at = end + 1;
  }
  s->audit.budgets = s->budgets;
  return 0;
}

static int read_usage(run_state *s, const args *a, double *min_accuracy) {
  uint64_t points = 0, iterations = 0, samples = 0, jobs = 0;
  int code = default_filter(a, a->value[FILTER], s->came_along, &s->filter_path);
  if (!code) code = args_count(a, POINTS, 2, 1 << 20, &points);
  if (!code) code = args_count(a, LIMIT, 1, UINT64_MAX, &s->limit);
  if (!code) code = args_count(a, ITERATIONS, 1, 1000000, &iterations);
  if (!code) code = args_count(a, SAMPLES, 1, 10000, &samples);
  if (!code) code = args_count(a, JOBS, 1, 1024, &jobs);
  if (!code) code = args_count(a, SEED, 0, UINT64_MAX, &s->audit.seed);
  if (!code) code = device_option(a, DEVICE, &s->audit.device);
  if (!code) code = args_real(a, MIN_ACCURACY, 0, 1, min_accuracy);
  if (!code) code = read_budgets(s, a);
  s->audit.victim = a->value[VICTIM];
  s->audit.source = a->value[SOURCE];
  s->audit.attacks = a->value[ATTACKS];
  s->audit.defences = a->value[DEFENCES];
  s->audit.full = a->value[FULL] != NULL;
  s->audit.adaptive = s->audit.full || a->value[ADAPTIVE];
  s->audit.points = (size_t)points;
  s->audit.iterations = (size_t)iterations;
  s->audit.samples = (size_t)samples;
  s->audit.threads = (unsigned)jobs;
  return code;
}

/* ---- the audit ---- */

static scrim_status audit(run_state *s, const args *a, scrim_error *error) {
  scrim_status status = filter_file_open(&s->filter, s->filter_path, a->value[ENCRYPTION_KEY], &s->at_fault, error);
  if (status == SCRIM_OK && strcmp(scrim_filter_kind(s->filter), "cloud") != 0)
    status =
        complain_later(error, SCRIM_E_UNSUPPORTED, -1, "a filter for %s, not for cloud", scrim_filter_kind(s->filter));
  if (status != SCRIM_OK) return status;
  s->at_fault = a->value[KEY];
  if (a->value[KEY]) status = scrim_key_open(&s->key, s->at_fault, error);
  if (status == SCRIM_OK)
    status = labelled_objects_read(&s->objects, a->value[OBJECTS], a->value[LABELS], &s->at_fault, error);
  if (status != SCRIM_OK) return status;
  labelled_objects_thin(&s->objects, s->limit);
  s->audit.objects = s->objects.view;
  s->at_fault = NULL;
  status = scrim_cloud_audit_run(&s->report, s->filter, s->key, &s->audit, error);
  progress_line_clear();
  return status;
}

/* The gate: the least accuracy that any attack leaves behind the filter. */
static int check_gate(const args *a, const scrim_cloud_audit_report *report, double min_accuracy) {
  const scrim_cloud_audit_result *worst = NULL;
  if (!a->value[MIN_ACCURACY]) return 0;
  for (size_t i = 0; i < report->n; i++) {
    const scrim_cloud_audit_result *r = &report->results[i];
    if (strcmp(r->defence, "scrim") == 0 && (!worst || r->accuracy < worst->accuracy)) worst = r;
  }
  if (!worst || worst->accuracy >= min_accuracy) return 0;
  fprintf(stderr, "scrim: cloud audit: '%s' leaves an accuracy of %.4f, below --min-accuracy %g\n", worst->attack,
          worst->accuracy, min_accuracy);
  return EXIT_GATE;
}

static int run(const args *a) {
  run_state s = {.audit = {.seed = 1, .progress = progress_line}};
  scrim_error error;
  double min_accuracy = 0;
  int code = read_usage(&s, a, &min_accuracy);
  if (code) return code;
  progress_catch_signals();
  if (audit(&s, a, &error) == SCRIM_OK) {
    (a->value[JSON] ? cloud_audit_print_json : cloud_audit_print_text)(s.report);
    code = check_gate(a, s.report, min_accuracy);
  } else {
    code = complain(a->command, s.at_fault, &error);
  }
  labelled_objects_free(&s.objects);
  scrim_cloud_audit_report_free(s.report);
  scrim_key_free(s.key);
  scrim_filter_free(s.filter);
  return code;
}

const command cmd_cloud_audit = {
    .noun = "cloud",
    .verb = "audit",
    .operands = "",
    .summary = "Attack a classifier of points behind the filter, and behind what else there is",
    .notes = "Objects are brought to zero mean and the unit sphere. Without --adaptive attackers know of no defence, "
             "which\n"
             "says little about those who do.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .run = run,
};
