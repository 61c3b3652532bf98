/* scrim scores train --reference REF [...] -o FILTER */
#include "args.h"
#include "complain.h"
#include "device_option.h"
#include "filter_file.h"
#include "progress_line.h"
#include "tables.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  REFERENCE,
  REFERENCE_LABELS,
  MEMBERS,
  MEMBERS_LABELS,
  OUTPUT,
  KEY,
  FORM,
  SEED,
  CHECKPOINT,
  RESUME,
  DEVICE,
  QUIET
};
static const option options[] = {
    [REFERENCE] = {"reference", 0, 1, "FILE", "scores on data that the classifier was not trained on"},
    [REFERENCE_LABELS] = {"reference-labels", 0, 0, "FILE", "true classes of the reference: enables calibration"},
    [MEMBERS] = {"members", 0, 0, "FILE",
                 "scores on the training set: with --reference-labels, leakage is measured and sets the strength"},
    [MEMBERS_LABELS] = {"members-labels", 0, 0, "FILE", "true classes of the members; needed with --members"},
    [OUTPUT] = {"output", 'o', 1, "FILE", "the filter to write"},
    [KEY] = {"key", 'k', 0, "FILE", "needed only by the label swapper, whose index is keyed with it"},
    [FORM] = {"form", 0, 0, "NAME", "what the scores are: probabilities (default), logits or log-probabilities"},
    [SEED] = {"seed", 0, 0, "N", "same data, settings and seed: the same file, bit for bit (default 1)"},
    [CHECKPOINT] = {"checkpoint", 0, 0, "FILE", "save the state of training here as it goes; removed at the end"},
    [RESUME] = {"resume", 0, 0, NULL, "go on from the checkpoint, if there is one, to the same bits"},
    [DEVICE] = {"device", 0, 0, "NAME", DEVICE_OPTION_HELP},
    [QUIET] = {"quiet", 'q', 0, NULL, "do not print what was measured"},
};

/* In the order of the parameter `form`. */
static const char *const forms[] = {"probabilities", "logits", "log-probabilities"};

typedef struct run_state {
  scores_table reference, members;
  int32_t *reference_labels, *member_labels;
  scrim_config config;
  scrim_key *key;
  scrim_scores_data data;
  scrim_filter *filter;
  const char *at_fault; /* the file that an error is about */
} run_state;

static int check_usage(const args *a, uint64_t *seed) {
  if (a->value[MEMBERS] && !a->value[MEMBERS_LABELS])
    return complain_usage(a->command, "--members needs --members-labels");
  if (a->value[MEMBERS_LABELS] && !a->value[MEMBERS])
    return complain_usage(a->command, "--members-labels needs --members");
  if (a->value[RESUME] && !a->value[CHECKPOINT]) return complain_usage(a->command, "--resume needs --checkpoint");
  return args_count(a, SEED, 0, UINT64_MAX, seed);
}

static scrim_status read_settings(run_state *s, const args *a, scrim_error *error) {
  scrim_status status = args_config(a, &s->config, error);
  const char *form = a->value[FORM];
  if (status != SCRIM_OK || !form) return status;
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
    if (strcmp(form, forms[i]) == 0) return scrim_config_set(&s->config, "form", (double)i, error);
  return complain_later(error, SCRIM_E_PARAM, -1, "--form is '%s', but must be %s, %s or %s", form, forms[0], forms[1],
                        forms[2]);
}

static scrim_status read_data(run_state *s, const args *a, scrim_error *error) {
  scrim_scores_data *d = &s->data;
  s->at_fault = a->value[REFERENCE];
  scrim_status status = tables_read(&s->reference, s->at_fault, &d->classes, error);
  if (status == SCRIM_OK && a->value[REFERENCE_LABELS]) {
    s->at_fault = a->value[REFERENCE_LABELS];
    status = tables_read_labels(&s->reference_labels, s->at_fault, s->reference.rows, d->classes, error);
  }
  if (status == SCRIM_OK && a->value[MEMBERS]) {
    s->at_fault = a->value[MEMBERS];
    status = tables_read(&s->members, s->at_fault, &d->classes, error);
  }
  if (status == SCRIM_OK && a->value[MEMBERS]) {
    s->at_fault = a->value[MEMBERS_LABELS];
    status = tables_read_labels(&s->member_labels, s->at_fault, s->members.rows, d->classes, error);
  }
  d->reference = s->reference.table.data;
  d->n_reference = s->reference.rows;
  d->reference_labels = s->reference_labels;
  d->members = s->members.table.data;
  d->n_members = s->members.rows;
  d->member_labels = s->member_labels;
  return status;
}

static scrim_status train(run_state *s, const args *a, uint64_t seed, scrim_device device, scrim_error *error) {
  scrim_status status = read_settings(s, a, error);
  if (status == SCRIM_OK) {
    s->at_fault = a->value[OUTPUT];
    status = filter_file_check_output(s->at_fault, error);
  }
  if (status == SCRIM_OK && a->value[KEY]) {
    s->at_fault = a->value[KEY];
    status = scrim_key_open(&s->key, s->at_fault, error);
  }
  if (status == SCRIM_OK) status = read_data(s, a, error);
  if (status != SCRIM_OK) return status;

  scrim_train_options how = {.seed = seed,
                             .checkpoint = a->value[CHECKPOINT],
                             .resume = a->value[RESUME] != NULL,
                             .progress = progress_line,
                             .device = device};
  s->at_fault = NULL;
  status = scrim_scores_train(&s->filter, &s->data, &s->config, s->key, &how, error);
  progress_line_clear();
  if (status != SCRIM_OK) return status;
  s->at_fault = a->value[OUTPUT];
  return scrim_filter_save(s->filter, s->at_fault, error);
}

/* What training found out: leakage, the swapper's cost, a collapsed posterior. Not what it was told. */
static void print_findings(const scrim_filter *filter) {
  const char *name, *value;
  for (size_t i = 0; scrim_filter_info(filter, i, &name, &value); i++)
    if (strncmp(name, "param.", 6) != 0) fprintf(stderr, "%-28s %s\n", name, value);
}

/* Members alone are not enough to choose by: what is left of the leak, nobody has looked at then. */
static void warn_unmeasured(const run_state *s) {
  if (s->data.members && !s->data.reference_labels && !scrim_config_is_set(&s->config, "strength"))
    fputs("scrim: scores train: strength is the default, not chosen by what leaks: that needs --reference-labels\n",
          stderr);
}

static int run(const args *a) {
  run_state s = {0};
  scrim_error error;
  uint64_t seed = 1;
  scrim_device device;
  int code = check_usage(a, &seed);
  if (!code) code = device_option(a, DEVICE, &device);
  if (code) return code;
  progress_catch_signals();
  scrim_status status = train(&s, a, seed, device, &error);
  if (status != SCRIM_OK)
    code = complain(a->command, s.at_fault, &error);
  else if (!a->value[QUIET])
    print_findings(s.filter);
  if (status == SCRIM_OK) warn_unmeasured(&s);
  scrim_filter_free(s.filter);
  scrim_key_free(s.key);
  scrim_table_free(&s.reference.table);
  scrim_table_free(&s.members.table);
  free(s.reference_labels);
  free(s.member_labels);
  return code;
}

const command cmd_scores_train = {
    .noun = "scores",
    .verb = "train",
    .operands = "",
    .summary = "Make a filter from a classifier's own scores",
    .notes =
        "Tables are npy, csv or tsv files, one row an answer of the classifier; labels are one class number a row.\n"
        "Give members and both sets of labels if you can: the filter's strength is then chosen by what an attack\n"
        "still gets.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .kind = "scores",
    .use = SCRIM_PARAM_TRAIN,
    .run = run,
};
