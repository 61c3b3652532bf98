/* scrim voice audit -f FILTER -k KEY --eval LIST [...] */
#include "args.h"
#include "complain.h"
#include "device_option.h"
#include "filter_file.h"
#include "progress_line.h"
#include "voice_audit_clips.h"
#include "voice_audit_print.h"
#include "voice_pitch.h"
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum {
  FILTER,
  KEY,
  ENCRYPTION_KEY,
  EVAL,
  TRAIN,
  ROOT,
  TRAIN_ROOT,
  JUDGE,
  ENCODERS,
  OWN_ENCODERS,
  OTHERS,
  BASELINES,
  PITCH,
  WORDS,
  REMOVAL,
  BY_SPEAKER,
  CLIPS,
  TRAIN_CLIPS,
  TRAIN_SPEAKERS,
  SECONDS,
  ENROL,
  JOBS,
  SEED,
  DEVICE,
  MIN_EER,
  KEEP,
  JSON
};
static const option options[] = {
    [FILTER] = {"filter", 'f', 0, "FILE", "the filter, made by 'scrim voice train'; without one, what else there is"},
    [KEY] = {"key", 'k', 0, "FILE", "its owner's key, made by 'scrim key new'"},
    [ENCRYPTION_KEY] = {"encryption-key", 0, 0, "FILE", FILTER_FILE_KEY_HELP},
    [EVAL] = {"eval", 0, 1, "LIST", "clips to hide and to find: a table with tabs, columns file and speaker"},
    [TRAIN] = {"train", 0, 0, "LIST", "clips of other speakers, for attackers who learn from what they hid themselves"},
    [ROOT] = {"root", 0, 0, "DIR", "folder that the files of --eval lie in (default: that of the list)"},
    [TRAIN_ROOT] = {"train-root", 0, 0, "DIR", "the same of --train"},
    [JUDGE] = {"judge", 0, 0, "FILE", "a speaker encoder that nobody here has trained, safetensors"},
    [ENCODERS] = {"encoders", 0, 0, "FILES", "speaker encoders of 'scrim voice train encoder', commas between"},
    [OWN_ENCODERS] = {"own-encoders", 0, 0, NULL, "those that the filter was made against listen, too"},
    [OTHERS] = {"others", 0, 0, "NAME=DIR,...",
                "what other programs made of the clips: DIR/own/..., and as an attacker hid them, DIR/attacker/... and "
                "DIR/train/..., if there"},
    [BASELINES] = {"baselines", 0, 0, NULL, "also McAdams' coefficient, fixed and random, and a plain room"},
    [PITCH] = {"pitch", 0, 0, NULL, "also sox's change of pitch, fixed and random"},
    [WORDS] = {"words", 0, 0, NULL,
               "also how many words pocketsphinx gets wrong, where --eval has a column text; clips are not cut then"},
    [REMOVAL] = {"removal", 0, 0, NULL, "also attempts to undo the filter before anybody listens"},
    [BY_SPEAKER] = {"by-speaker", 0, 0, NULL, "one pseudonym for each speaker, instead of one for each clip"},
    [CLIPS] = {"clips", 0, 0, "N", "at most so many of each speaker (default all)"},
    [TRAIN_CLIPS] = {"train-clips", 0, 0, "N", "the same of --train (default 8)"},
    [TRAIN_SPEAKERS] = {"train-speakers", 0, 0, "N", "speakers of --train at most (default all)"},
    [SECONDS] = {"seconds", 0, 0, "X", "of each clip that are used at most (default 8)"},
    [ENROL] = {"enrol", 0, 0, "N", "clips that a speaker is known by (default 5; at most half of his)"},
    [JOBS] = {"jobs", 'j', 0, "N", "threads (default one a processor)"},
    [SEED] = {"seed", 0, 0, "N", "of the attackers' key and of baselines (default 1)"},
    [DEVICE] = {"device", 0, 0, "NAME", DEVICE_OPTION_HELP},
    [MIN_EER] = {"min-eer", 0, 0, "X",
                 "exit with 1 if an attacker on the filter errs less, ignorant or informed: a gate for releases"},
    [KEEP] = {"keep", 0, 0, "DIR", "write what each system makes of clip N of the list to DIR/SYSTEM/N.wav"},
    [JSON] = {"json", 0, 0, NULL, "as one JSON object"},
};

enum { OTHERS_MOST = 16, ENCODERS_MOST = 16 };

/* The paths that one other system's clips lie at. */
typedef struct other_paths {
  char **own, **attacker, **train;
} other_paths;

typedef struct run_state {
  const args *a;
  clip_list eval_list, train_list;
  voice_audit_clips eval, train;
  voice_audit_limits eval_limits, train_limits;
  char *names[2]; /* copies of --encoders and --others, cut at their commas */
  const char *encoders[ENCODERS_MOST];
  scrim_voice_other others[OTHERS_MOST + VOICE_PITCHES];
  other_paths paths[OTHERS_MOST];
  voice_pitch pitch;
  program_folder spoken; /* where what systems make waits for the recogniser */
  voice_words *words;    /* [report->n_costs] */
  scrim_filter *filter;
  scrim_key *key;
  scrim_config config;
  scrim_device device;
  scrim_voice_audit audit;
  scrim_voice_audit_report *report;
  const char *at_fault; /* the file that an error is about */
} run_state;

/* ---- the command line ---- */

static int read_usage(run_state *s, double *min_eer) {
  const args *a = s->a;
  uint64_t enrol = 0, jobs = 0;
  if (!a->value[FILTER] != !a->value[KEY]) return complain_usage(a->command, "--filter and --key go together");
  if (!a->value[JUDGE] && !a->value[ENCODERS] && !(a->value[OWN_ENCODERS] && a->value[FILTER]))
    return complain_usage(a->command, "nobody listens: give --judge, --encoders or --own-encoders");
  s->train_limits.clips = 8;
  int code = args_count(a, CLIPS, 2, UINT64_MAX, &s->eval_limits.clips);
  if (!code) code = args_count(a, TRAIN_CLIPS, 2, UINT64_MAX, &s->train_limits.clips);
  if (!code) code = args_count(a, TRAIN_SPEAKERS, 2, UINT64_MAX, &s->train_limits.speakers);
  if (a->value[WORDS]) s->audit.seconds = 3600; /* texts are those of whole clips */
  if (!code && !a->value[WORDS]) code = args_real(a, SECONDS, 0.1, 3600, &s->audit.seconds);
  if (!code) code = args_count(a, ENROL, 1, 1000000, &enrol);
  if (!code) code = args_count(a, JOBS, 1, 1024, &jobs);
  if (!code) code = args_count(a, SEED, 0, UINT64_MAX, &s->audit.seed);
  if (!code) code = args_real(a, MIN_EER, 0, 1, min_eer);
  if (!code) code = device_option(a, DEVICE, &s->device);
  s->audit.enrol = (size_t)enrol;
  s->audit.threads = (unsigned)jobs;
  s->audit.baselines = a->value[BASELINES] != NULL;
  s->audit.removal = a->value[REMOVAL] != NULL;
  s->audit.own_encoders = a->value[OWN_ENCODERS] != NULL;
  s->audit.by_speaker = a->value[BY_SPEAKER] != NULL;
  s->audit.judge = a->value[JUDGE];
  return code;
}

/* Cuts `text` at its commas: at most `most` words. 0 when there are more. */
static int cut_words(char *text, const char **words, size_t *n, size_t most) {
  for (char *at = text; at; (*n)++) {
    char *comma = strchr(at, ',');
    if (*n == most) return 0;
    words[*n] = at;
    if (comma) *comma++ = '\0';
    at = comma;
  }
  return 1;
}

static scrim_status read_encoders(run_state *s, scrim_error *error) {
  const char *text = s->a->value[ENCODERS];
  if (!text) return SCRIM_OK;
  s->names[0] = strdup(text);
  if (!s->names[0]) return complain_later(error, SCRIM_E_MEMORY, -1, "out of memory for the names of encoders");
  if (!cut_words(s->names[0], s->encoders, &s->audit.n_encoders, ENCODERS_MOST))
    return complain_later(error, SCRIM_E_PARAM, -1, "--encoders names more than %d", ENCODERS_MOST);
  s->audit.encoders = s->encoders;
  return SCRIM_OK;
}

/* ---- clips ---- */

static scrim_status read_clips(run_state *s, scrim_error *error) {
  const args *a = s->a;
  const char *eval = a->value[EVAL], *root = a->value[ROOT];
  const char *train = a->value[TRAIN], *train_root = a->value[TRAIN_ROOT];
  scrim_status status = clip_list_read(&s->eval_list, eval, root, error);
  if (status == SCRIM_OK) status = voice_audit_clips_pick(&s->eval, &s->eval_list, eval, root, s->eval_limits, error);
  if (status == SCRIM_OK && train) status = clip_list_read(&s->train_list, train, train_root, error);
  if (status == SCRIM_OK && train)
    status = voice_audit_clips_pick(&s->train, &s->train_list, train, train_root, s->train_limits, error);
  s->audit.clips = s->eval.clip;
  s->audit.n_clips = s->eval.n;
  s->audit.train = s->train.clip;
  s->audit.n_train = s->train.n;
  return status;
}

static int is_folder(const char *folder, const char *part) {
  char path[4096];
  struct stat found;
  const int length = snprintf(path, sizeof path, "%s/%s", folder, part);
  return length > 0 && (size_t)length < sizeof path && stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

/* NAME=DIR, as cut from the command line. */
static scrim_status add_other(run_state *s, char *word, scrim_error *error) {
  char *folder = strchr(word, '=');
  const size_t i = s->audit.n_others;
  if (!folder || folder == word || !folder[1])
    return complain_later(error, SCRIM_E_PARAM, -1, "--others: '%.80s' is not NAME=DIR", word);
  *folder++ = '\0';
  const int attacks = is_folder(folder, "attacker"), trains = s->train.n > 0 && is_folder(folder, "train");
  other_paths *p = &s->paths[i];
  p->own = voice_audit_paths(&s->eval, folder, "own");
  if (attacks) p->attacker = voice_audit_paths(&s->eval, folder, "attacker");
  if (trains) p->train = voice_audit_paths(&s->train, folder, "train");
  s->audit.n_others++;
  if (!p->own || (attacks && !p->attacker) || (trains && !p->train))
    return complain_later(error, SCRIM_E_MEMORY, -1, "out of memory for the clips of '%.80s'", word);
  s->others[i] = (scrim_voice_other){.name = word,
                                     .own = (const char *const *)p->own,
                                     .attacker = (const char *const *)p->attacker,
                                     .train = (const char *const *)p->train};
  return SCRIM_OK;
}

static scrim_status read_others(run_state *s, scrim_error *error) {
  const char *text = s->a->value[OTHERS], *words[OTHERS_MOST];
  size_t n = 0;
  scrim_status status = SCRIM_OK;
  if (!text) return SCRIM_OK;
  s->names[1] = strdup(text);
  if (!s->names[1]) return complain_later(error, SCRIM_E_MEMORY, -1, "out of memory for the names of systems");
  if (!cut_words(s->names[1], words, &n, OTHERS_MOST))
    return complain_later(error, SCRIM_E_PARAM, -1, "--others names more than %d", OTHERS_MOST);
  for (size_t i = 0; i < n && status == SCRIM_OK; i++) status = add_other(s, (char *)words[i], error);
  return status;
}

static scrim_status change_pitch(run_state *s, scrim_error *error) {
  if (!s->a->value[PITCH]) return SCRIM_OK;
  scrim_status status = voice_pitch_make(&s->pitch, &s->audit, error);
  if (status != SCRIM_OK) return status;
  voice_pitch_systems(&s->pitch, s->others + s->audit.n_others);
  s->audit.n_others += VOICE_PITCHES;
  return SCRIM_OK;
}

/* ---- what is kept ---- */

/* DIR/SYSTEM/N.wav, N counted from 1; in names of systems, what is no letter or digit becomes a dash. */
static int write_clip(const run_state *s, const char *system, size_t clip, const float *x, size_t n) {
  char path[4096], name[80];
  size_t i = 0;
  for (; system[i] && i + 1 < sizeof name; i++)
    name[i] = isalnum((unsigned char)system[i]) || system[i] == '.' ? system[i] : '-';
  name[i] = '\0';
  const int folder = snprintf(path, sizeof path, "%s/%s", s->a->value[KEEP], name);
  if (folder < 0 || (size_t)folder + 32 > sizeof path) return 0;
  if (mkdir(path, 0777) != 0 && errno != EEXIST) return 0;
  snprintf(path + folder, sizeof path - (size_t)folder, "/%zu.wav", clip + 1);
  return scrim_audio_write(path, x, n, 1, 16000, 16, NULL) == SCRIM_OK;
}

/* A scrim_voice_keep_fn whose context is the run's state. */
static int keep_clip(const char *system, size_t clip, const float *x, size_t n, void *context) {
  const run_state *s = context;
  if (s->a->value[KEEP] && !write_clip(s, system, clip, x, n)) return 1;
  return s->a->value[WORDS] && !voice_words_keep(&s->spoken, system, clip, x, n);
}

static scrim_status make_folders(run_state *s, scrim_error *error) {
  const char *folder = s->a->value[KEEP];
  if (!folder && !s->a->value[WORDS]) return SCRIM_OK;
  s->audit.keep = keep_clip;
  s->audit.keep_context = s;
  if (s->a->value[WORDS]) {
    if (s->eval_list.n_texts == 0)
      return complain_later(error, SCRIM_E_PARAM, -1, "--words needs a column 'text' in '%.150s'", s->a->value[EVAL]);
    scrim_status status = program_folder_make(&s->spoken, error);
    if (status != SCRIM_OK) return status;
  }
  if (!folder || mkdir(folder, 0777) == 0 || errno == EEXIST) return SCRIM_OK;
  s->at_fault = folder;
  return complain_later(error, SCRIM_E_IO, -1, "cannot make the folder: %s", strerror(errno));
}

static scrim_status count_words(run_state *s, scrim_error *error) {
  scrim_status status = SCRIM_OK;
  if (!s->a->value[WORDS]) return SCRIM_OK;
  s->words = calloc(s->report->n_costs, sizeof *s->words);
  if (!s->words) return complain_later(error, SCRIM_E_MEMORY, -1, "out of memory for words");
  for (size_t i = 0; i < s->report->n_costs && status == SCRIM_OK; i++)
    status = voice_words_count(&s->words[i], &s->spoken, s->report->costs[i].system, s->eval.text, s->eval.n, error);
  return status;
}

/* ---- the audit ---- */

static scrim_status audit(run_state *s, scrim_error *error) {
  const args *a = s->a;
  scrim_status status = args_config(a, &s->config, error);
  if (status == SCRIM_OK) status = read_encoders(s, error);
  if (status == SCRIM_OK) status = read_clips(s, error);
  if (status == SCRIM_OK) status = read_others(s, error);
  if (status == SCRIM_OK) status = make_folders(s, error);
  if (status == SCRIM_OK) status = change_pitch(s, error);
  if (status == SCRIM_OK && a->value[FILTER])
    status = filter_file_open(&s->filter, a->value[FILTER], a->value[ENCRYPTION_KEY], &s->at_fault, error);
  if (status == SCRIM_OK && a->value[KEY]) {
    s->at_fault = a->value[KEY];
    status = scrim_key_open(&s->key, s->at_fault, error);
  }
  if (status != SCRIM_OK) return status;
  s->at_fault = NULL;
  s->config.device = s->device;
  s->audit.config = &s->config;
  s->audit.others = s->others;
  status = scrim_voice_audit_run(&s->report, s->filter, s->key, &s->audit, error);
  progress_line_clear();
  return status == SCRIM_OK ? count_words(s, error) : status;
}

/* The gate: attackers on the filter, and behind every attempt at removal. What was not measured is no error rate. */
static int check_gate(const run_state *s, double min_eer) {
  if (!s->a->value[MIN_EER]) return 0;
  for (size_t i = 0; i < s->report->n_results; i++) {
    const scrim_voice_result *r = &s->report->results[i];
    const double worst = fmin(r->ignorant.value, fmin(r->lazy.value, r->semi.value));
    if (strncmp(r->system, "scrim", 5) != 0 || !(worst < min_eer)) continue;
    fprintf(stderr, "scrim: voice audit: %s by %s: an equal error rate of %.4f, below --min-eer %g\n", r->system,
            r->listener, worst, min_eer);
    return EXIT_GATE;
  }
  return 0;
}

/* Linux counts in KiB. */
static double peak_bytes(void) {
  struct rusage used;
  return getrusage(RUSAGE_SELF, &used) == 0 ? 1024.0 * (double)used.ru_maxrss : NAN;
}

static void forget_all(run_state *s) {
  for (size_t i = 0; i < OTHERS_MOST; i++) {
    voice_audit_paths_free(s->paths[i].own, s->eval.n);
    voice_audit_paths_free(s->paths[i].attacker, s->eval.n);
    voice_audit_paths_free(s->paths[i].train, s->train.n);
  }
  voice_pitch_remove(&s->pitch);
  program_folder_remove(&s->spoken);
  free(s->words);
  voice_audit_clips_free(&s->eval);
  voice_audit_clips_free(&s->train);
  clip_list_free(&s->eval_list);
  clip_list_free(&s->train_list);
  free(s->names[0]);
  free(s->names[1]);
  scrim_voice_audit_report_free(s->report);
  scrim_key_free(s->key);
  scrim_filter_free(s->filter);
}

static int run(const args *a) {
  run_state s = {.a = a, .audit = {.seed = 1, .progress = progress_line}};
  scrim_error error;
  double min_eer = 0;
  int code = read_usage(&s, &min_eer);
  if (code) return code;
  progress_catch_signals();
  if (audit(&s, &error) == SCRIM_OK) {
    const voice_audit_more more = {.peak_bytes = peak_bytes(), .words = s.words};
    (a->value[JSON] ? voice_audit_print_json : voice_audit_print_text)(s.report, &more);
    code = check_gate(&s, min_eer);
  } else {
    code = complain(a->command, s.at_fault, &error);
  }
  forget_all(&s);
  return code;
}

const command cmd_voice_audit = {
    .noun = "voice",
    .verb = "audit",
    .operands = "",
    .summary = "Let attackers try to tell who speaks behind the filter, and behind what else there is",
    .notes =
        "Attackers: ignorant (clean recordings to compare with), lazy-informed (recordings hidden by the same\n"
        "filter, under a key of his own), semi-informed (and a back-end that learnt from hidden speech of --train).\n"
        "An encoder that the filter was made against says how well it fools what it knows; only --judge, and\n"
        "encoders left out of it, say anything about strangers.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .kind = "voice",
    .use = SCRIM_PARAM_APPLY,
    .run = run,
};
