/* scrim voice apply [-f FILTER] -k KEY IN... -o OUTDIR */
#include "args.h"
#include "complain.h"
#include "default_filter.h"
#include "device_option.h"
#include "filter_file.h"
#include "progress_line.h"
#include "voice_batch.h"
#include "voice_manifest.h"
#include "voice_shard.h"
#include "voice_speakers.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
  FILTER,
  KEY,
  ENCRYPTION_KEY,
  OUTPUT,
  LIST,
  LIST_FORMAT,
  ROOT,
  PSEUDONYM_BY,
  SPEAKERS,
  KEEP_TAGS,
  JOBS,
  RESUME,
  DEVICE,
  DRY_RUN,
  SHARD,
  MANIFEST,
  QUIET
};
static const option options[] = {
    [FILTER] = {"filter", 'f', 0, "FILE", "the filter, made by 'scrim voice train' (the one that came along)"},
    [KEY] = {"key", 'k', 1, "FILE", "the key, made by 'scrim key new'"},
    [ENCRYPTION_KEY] = {"encryption-key", 0, 0, "FILE", FILTER_FILE_KEY_HELP},
    [OUTPUT] = {"output", 'o', 0, "OUT", "a folder, which is made; for one file also a file with the same ending"},
    [LIST] = {"list", 0, 0, "FILE", "recordings by a list; '-' is standard input"},
    [LIST_FORMAT] = {"list-format", 0, 0, "NAME", "plain, nul, scp (Kaldi), jsonl (NeMo), tsv or auto"},
    [ROOT] = {"root", 0, 0, "FOLDER", "what outputs of a list are named without"},
    [PSEUDONYM_BY] = {"pseudonym-by", 0, 0, "WHAT", "one target for each speaker, or for each folder's name"},
    [SPEAKERS] = {"speakers", 0, 0, "FILE", "who speaks where: .tsv of path and speaker, or Kaldi's utt2spk"},
    [KEEP_TAGS] = {"keep-tags", 0, 0, NULL, "copy names, dates and the like, which are left out otherwise"},
    [JOBS] = {"jobs", 'j', 0, "N", "recordings at once (one a processor); the output is the same for any number"},
    [RESUME] = {"resume", 0, 0, NULL, "pass over what an earlier run has done, by its receipts"},
    [DEVICE] = {"device", 0, 0, "NAME", DEVICE_OPTION_HELP},
    [DRY_RUN] = {"dry-run", 'n', 0, NULL, "print what would be read and written, and do nothing"},
    [SHARD] = {"shard", 0, 0, "I/N", "do the I-th of N parts; 'auto': as Slurm or Kubernetes says"},
    [MANIFEST] = {"manifest", 0, 0, "FILE", "a line of JSON for each recording; '-' is standard output"},
    [QUIET] = {"quiet", 'q', 0, NULL, "no summary"},
};
enum { MAX_JOBS = 256 };

/* All that one run holds; freed by close_all whatever happened. */
typedef struct run_state {
  const args *a;
  const char *filter_path;
  char came_along[DEFAULT_FILTER_PATH];
  uint64_t jobs;
  scrim_audio_list_format list_format;
  voice_speakers_by by;
  voice_shard shard;
  voice_files files;
  const char *folder; /* "": the only file's name is its whole path */
  scrim_config config;
  scrim_device device;
  scrim_filter *filter;
  scrim_key *key;
  char filter_digest[SCRIM_DIGEST_TEXT];
  voice_receipts receipts;
  FILE *manifest;
  const char *at_fault; /* the file that an error is about, or NULL */
  size_t done, kept, failed, left;
  double seconds;
  int code; /* of the first that failed */
} run_state;

/* ---- the command line ---- */

static int check_usage(run_state *s) {
  const args *a = s->a;
  const char *by = a->value[PSEUDONYM_BY];
  scrim_error error;
  const long processors = sysconf(_SC_NPROCESSORS_ONLN);
  s->jobs = processors > MAX_JOBS ? MAX_JOBS : processors > 0 ? (uint64_t)processors : 1;
  s->shard = (voice_shard){1, 1};
  int code = default_filter(a, a->value[FILTER], s->came_along, &s->filter_path);
  if (!code) code = args_count(a, JOBS, 1, MAX_JOBS, &s->jobs);
  if (!code) code = device_option(a, DEVICE, &s->device);
  if (code) return code;
  if (a->value[LIST_FORMAT] &&
      scrim_audio_list_format_parse(&s->list_format, a->value[LIST_FORMAT], &error) != SCRIM_OK)
    return complain_usage(a->command, "%s", error.message);
  if (a->value[SHARD] && voice_shard_parse(&s->shard, a->value[SHARD], &error) != SCRIM_OK)
    return complain_usage(a->command, "%s", error.message);
  if (by && strcmp(by, "speaker") != 0 && strcmp(by, "folder") != 0)
    return complain_usage(a->command, "--pseudonym-by is '%s', but must be speaker or folder", by);
  s->by = !by ? VOICE_SPEAKERS_NONE : strcmp(by, "speaker") == 0 ? VOICE_SPEAKERS_SPEAKER : VOICE_SPEAKERS_FOLDER;
  if (a->value[SPEAKERS] && s->by != VOICE_SPEAKERS_SPEAKER)
    return complain_usage(a->command, "--speakers says who speaks, but not --pseudonym-by speaker");
  if (a->value[LIST] && a->n_operands > 0) return complain_usage(a->command, "either --list or files, not both");
  return 0;
}

static int is_folder(const char *path) {
  struct stat found;
  return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

/* A device or a pipe, named as a file is. */
static int is_stream(const char *path) {
  struct stat found;
  return stat(path, &found) == 0 && !S_ISREG(found.st_mode) && !S_ISDIR(found.st_mode);
}

static const char *last_part(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/* OUT is a file if it ends as the only input does, which on standard input is a wav, and is no folder. */
static int is_one_file(const char *in, const char *out) {
  const char *end = strcmp(in, "-") == 0 ? ".wav" : strrchr(last_part(in), '.'),
             *out_end = strrchr(last_part(out), '.');
  return end && out_end && strcasecmp(end, out_end) == 0 && !is_folder(in) && !is_folder(out);
}

/* OUT, which ends otherwise than the file IN, is named as sound all the same: nobody means a folder by that. */
static int is_other_sound(const char *in, const char *out) {
  return strcmp(in, "-") != 0 && !is_folder(in) && !is_folder(out) && voice_files_is_sound(last_part(out));
}

/* ---- what is to be done ---- */

static scrim_status add_operand(run_state *s, const char *in, scrim_error *error) {
  if (is_folder(in)) return voice_files_add_folder(&s->files, in, s->folder, error);
  if (strcmp(in, "-") == 0)
    return complain_later(error, SCRIM_E_ARGUMENT, -1, "standard input has no name to go into folder '%.100s'",
                          s->folder);
  return voice_files_add(&s->files, in, last_part(in), NULL, NULL, error);
}

/* One recording from a file or standard input to a file or standard output; *is_one = 0: it is a batch. */
static scrim_status list_one(run_state *s, int *is_one, scrim_error *error) {
  const args *a = s->a;
  const char *in = a->n_operands == 1 ? a->operand[0] : "-", *out = a->value[OUTPUT] ? a->value[OUTPUT] : "-";
  const int from_stdin = strcmp(in, "-") == 0, to_stdout = strcmp(out, "-") == 0;
  *is_one = !a->value[LIST] && a->n_operands <= 1 && (to_stdout || is_stream(out) || is_one_file(in, out));
  if (!*is_one && !a->value[LIST] && a->n_operands == 1 && is_other_sound(in, out))
    return complain_later(error, SCRIM_E_ARGUMENT, -1,
                          "'%.100s' would be a folder: an output file ends as its input does, containers are kept",
                          out);
  if (!*is_one) return SCRIM_OK;
  if (is_folder(in) || is_folder(out))
    return complain_later(error, SCRIM_E_ARGUMENT, -1, "a folder goes to a folder, a stream to a stream or a file");
  if (to_stdout && !from_stdin && !a->value[OUTPUT])
    return complain_later(error, SCRIM_E_ARGUMENT, -1, "say with -o where the output goes");
  if (a->value[RESUME])
    return complain_later(error, SCRIM_E_ARGUMENT, -1, "--resume needs a folder for outputs and their receipts");
  s->folder = "";
  return voice_files_add(&s->files, in, out, NULL, NULL, error);
}

static scrim_status list_batch(run_state *s, scrim_error *error) {
  const args *a = s->a;
  scrim_status status = SCRIM_OK;
  s->folder = a->value[OUTPUT];
  if (!s->folder || strcmp(s->folder, "-") == 0)
    return complain_later(error, SCRIM_E_ARGUMENT, -1, "say with -o which folder the outputs go to");
  s->at_fault = a->value[LIST];
  if (a->value[LIST])
    status = voice_files_add_list(&s->files, a->value[LIST], s->list_format, a->value[ROOT], error);
  else if (a->n_operands == 0)
    status = add_operand(s, "-", error);
  for (size_t i = 0; i < a->n_operands && status == SCRIM_OK; i++) {
    s->at_fault = a->operand[i];
    status = add_operand(s, a->operand[i], error);
  }
  return status;
}

static scrim_status list_files(run_state *s, scrim_error *error) {
  int is_one = 0;
  scrim_status status = list_one(s, &is_one, error);
  if (status == SCRIM_OK && !is_one) status = list_batch(s, error);
  if (status != SCRIM_OK) return status;
  s->at_fault = s->a->value[SPEAKERS];
  status = voice_speakers_set(&s->files, s->by, s->a->value[SPEAKERS], error);
  s->at_fault = NULL;
  if (status == SCRIM_OK) status = voice_files_check(&s->files, s->folder, error);
  if (status == SCRIM_OK) voice_files_keep_every(&s->files, s->shard.index - 1, s->shard.count);
  return status;
}

/* ---- what it is done with ---- */

/* The filter's own settings with those of --set: what the receipts bind. */
static scrim_status read_settings(run_state *s, scrim_config *effective, scrim_error *error) {
  scrim_status status = scrim_filter_config(s->filter, effective, error);
  for (size_t i = 0; i < s->config.n && status == SCRIM_OK; i++)
    if (s->config.is_set[i]) status = scrim_config_set(effective, s->config.params[i].name, s->config.value[i], error);
  return status;
}

static scrim_status open_receipts(run_state *s, scrim_error *error) {
  unsigned char digest[SCRIM_DIGEST_BYTES];
  scrim_config effective;
  scrim_status status = read_settings(s, &effective, error);
  effective.device = s->device;
  if (status == SCRIM_OK) status = scrim_digest_file(s->filter_path, digest, error);
  if (status != SCRIM_OK) return status;
  scrim_digest_print(digest, s->filter_digest);
  return voice_receipts_open(&s->receipts, s->key, s->folder, s->filter_digest, &effective,
                             s->a->value[KEEP_TAGS] != NULL, error);
}

static scrim_status open_all(run_state *s, scrim_error *error) {
  const args *a = s->a;
  scrim_status status = args_config(a, &s->config, error);
  if (status != SCRIM_OK) return status;
  s->config.device = s->device;
  status = filter_file_open(&s->filter, s->filter_path, a->value[ENCRYPTION_KEY], &s->at_fault, error);
  if (status != SCRIM_OK) return status;
  if (strcmp(scrim_filter_kind(s->filter), "voice") != 0)
    return complain_later(error, SCRIM_E_UNSUPPORTED, -1, "a filter for %s, not for voice",
                          scrim_filter_kind(s->filter));
  s->at_fault = a->value[KEY];
  if ((status = scrim_key_open(&s->key, s->at_fault, error)) != SCRIM_OK) return status;
  s->at_fault = s->filter_path;
  if ((status = open_receipts(s, error)) != SCRIM_OK) return status;
  s->at_fault = a->value[MANIFEST];
  if (!s->at_fault) return SCRIM_OK;
  s->manifest = strcmp(s->at_fault, "-") == 0 ? stdout : fopen(s->at_fault, "w");
  return s->manifest ? SCRIM_OK : complain_later(error, SCRIM_E_IO, -1, "cannot write: %s", strerror(errno));
}

static scrim_status close_all(run_state *s, scrim_status status, scrim_error *error) {
  if (s->manifest && (ferror(s->manifest) || (s->manifest != stdout && fclose(s->manifest) != 0)) &&
      status == SCRIM_OK) {
    s->at_fault = s->a->value[MANIFEST];
    status = complain_later(error, SCRIM_E_IO, -1, "cannot write: %s", strerror(errno));
  }
  voice_receipts_close(&s->receipts);
  scrim_key_free(s->key);
  scrim_filter_free(s->filter);
  voice_files_free(&s->files);
  return status;
}

/* ---- the run ---- */

/* A name may hold what a terminal would obey. */
static void complain_about(const run_state *s, const char *path, const voice_result *result) {
  scrim_error error = {.status = result->status, .row = -1};
  char shown[300];
  size_t n = 0;
  for (; path[n] && n < sizeof shown - 1; n++)
    shown[n] = (unsigned char)path[n] < ' ' || path[n] == 127 ? '?' : path[n];
  shown[n] = '\0';
  snprintf(error.message, sizeof error.message, "%s", result->message ? result->message : "out of memory");
  progress_line_clear();
  (void)complain(s->a->command, shown, &error);
}

static void tell(size_t index, const voice_result *result, void *context) {
  run_state *s = context;
  const voice_file *file = &s->files.file[index];
  const int failed = result->status != SCRIM_OK, stopped = result->status == SCRIM_E_CANCELLED;
  const char *status = failed ? "failed" : s->a->value[DRY_RUN] && !result->was_kept ? "planned" : "done";
  s->left += (size_t)stopped;
  s->kept += (size_t)result->was_kept;
  s->done += (size_t)(!failed && !result->was_kept);
  s->failed += (size_t)(failed && !stopped);
  s->seconds += result->seconds;
  if (failed && s->code == 0) s->code = scrim_status_exit_code(result->status);
  if (stopped) return;
  if (failed) complain_about(s, file->in, result);
  if (s->a->value[DRY_RUN] && s->manifest != stdout && !failed && !result->was_kept)
    printf("%s\t%s%s%s\n", file->in, s->folder, *s->folder ? "/" : "", file->name);
  if (!s->manifest) return;
  const voice_entry entry = {.file = file,
                             .folder = s->folder,
                             .status = status,
                             .filter_digest = s->filter_digest,
                             .input_digest = *result->input_digest ? result->input_digest : NULL,
                             .facts = result->facts,
                             .message = failed ? result->message : NULL};
  voice_manifest_print(s->manifest, &entry);
  fflush(s->manifest);
}

static void print_summary(const run_state *s) {
  if (s->a->value[QUIET] || (s->files.n == 1 && s->failed + s->left == 0)) return;
  fprintf(stderr, "scrim: voice apply: %zu recordings: %zu %s", s->files.n, s->done,
          s->a->value[DRY_RUN] ? "to do" : "done");
  if (s->kept) fprintf(stderr, ", %zu done before", s->kept);
  if (s->failed) fprintf(stderr, ", %zu failed", s->failed);
  if (s->left) fprintf(stderr, ", %zu left: --resume goes on", s->left);
  if (s->seconds > 0) fprintf(stderr, "; %.1f s of sound", s->seconds);
  fputc('\n', stderr);
}

static int run(const args *a) {
  run_state s = {.a = a, .folder = ""};
  scrim_error error;
  int code = check_usage(&s);
  if (code) return code;
  scrim_status status = list_files(&s, &error);
  if (status == SCRIM_OK) status = open_all(&s, &error);
  const voice_batch batch = {.filter = s.filter,
                             .key = s.key,
                             .config = &s.config,
                             .files = &s.files,
                             .folder = s.folder,
                             .receipts = *s.folder ? &s.receipts : NULL,
                             .resume = a->value[RESUME] != NULL,
                             .dry_run = a->value[DRY_RUN] != NULL,
                             .keep_tags = a->value[KEEP_TAGS] != NULL,
                             .jobs = (unsigned)s.jobs};
  if (status == SCRIM_OK) {
    /* To stdout there is nothing to put away: the signal may end the process while it waits for input. */
    if (*s.folder || (s.files.n > 0 && strcmp(s.files.file[0].name, "-") != 0)) progress_catch_signals();
    s.at_fault = NULL;
    if (s.files.n > 0) status = voice_batch_run(&batch, tell, &s, &error);
    if (status == SCRIM_OK) print_summary(&s);
  }
  status = close_all(&s, status, &error);
  return status == SCRIM_OK ? s.code : complain(a->command, s.at_fault, &error);
}

const command cmd_voice_apply = {
    .noun = "voice",
    .verb = "apply",
    .operands = "[IN...]",
    .summary = "Give speech another speaker to machines, with the same words and sound",
    .notes =
        "IN are recordings, or folders of them with all that is in them, which OUT mirrors; each keeps its format,\n"
        "rate, channels, depth and number of frames. Without IN, a wav on standard input goes to standard output.\n"
        "A recording that fails is named on standard error, nothing of it is left under its name, and the others\n"
        "go on; the exit code is that of the first that failed. Outputs are never written over inputs.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .kind = "voice",
    .use = SCRIM_PARAM_APPLY,
    .max_operands = ARGS_MAX_OPERANDS,
    .run = run,
};
