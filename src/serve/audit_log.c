/* The audit log: taken up where it ended, appended to, closed. */
#define _DEFAULT_SOURCE /* flock */
#include "serve/audit_log.h"
#include "core/error.h"
#include "core/file.h"
#include "core/memory.h"
#include "core/path.h"
#include "core/random.h"
#include "serve/audit_chain.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct audit_log {
  pthread_mutex_t lock;
  int fd;
  char *path;
  audit_log_options options;
  random_source *source; /* of digests */
  audit_chain chain;     /* broken is not used once the log is open */
  off_t size;            /* of the file, up to the last whole line */
  int is_lost;           /* the end of the file is not what the chain says */
};

static double calendar_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* ---- writing ---- */

/* What goes to the file in one write, and where the chain stands once it is there. */
typedef struct audit_batch {
  log_line lines[2];
  size_t n;
  audit_chain chain;
} audit_batch;

static log_line *batch_begin(audit_batch *batch, double time_s, audit_line_kind kind) {
  log_line *line = &batch->lines[batch->n++];
  audit_line_begin(line, batch->chain.lines, time_s, kind, batch->chain.head);
  return line;
}

static scrim_status batch_end(audit_batch *batch, log_line *line, scrim_error *error) {
  batch->chain.lines++;
  batch->chain.n_unsigned++;
  batch->chain.is_closed = 0;
  return audit_line_end(line, batch->chain.head, error);
}

static scrim_status batch_sign(audit_batch *batch, double time_s, audit_line_kind kind, const scrim_signer *signer,
                               scrim_error *error) {
  log_line *line = batch_begin(batch, time_s, kind);
  batch->chain.lines++;
  batch->chain.n_unsigned = 0;
  batch->chain.checkpoints++;
  batch->chain.is_closed = kind == AUDIT_LINE_CLOSE;
  return audit_line_sign(line, &signer->key, batch->chain.head, error);
}

/* Back to the last whole line; where even this fails, nothing may be appended any more. */
static void cut_back(audit_log *log) {
  log->is_lost = ftruncate(log->fd, log->size) != 0;
}

static scrim_status write_batch(audit_log *log, const audit_batch *batch, const char *before, scrim_error *error) {
  char bytes[2 * LOG_LINE_BYTES + 1];
  size_t n = strlen(before);
  memcpy(bytes, before, n);
  for (size_t i = 0; i < batch->n; i++) {
    memcpy(bytes + n, batch->lines[i].bytes, batch->lines[i].n);
    n += batch->lines[i].n;
  }
  scrim_status status = file_write(log->fd, log->path, bytes, n, error);
  if (status != SCRIM_OK) {
    cut_back(log);
    return status;
  }
  log->size += (off_t)n;
  log->chain = batch->chain;
  if (log->options.sync || log->chain.n_unsigned == 0) {
    status = file_sync(log->fd, log->path, error);
    log->is_lost = status != SCRIM_OK; /* what was not made durable may be gone, and nobody can tell */
  }
  return status;
}

static scrim_status check_lost(const audit_log *log, scrim_error *error) {
  if (!log->is_lost) return SCRIM_OK;
  return fail(error, SCRIM_E_IO, "audit log '%s' could not be written, and must be opened again",
              path_shown(log->path));
}

scrim_status audit_log_append(audit_log *log, const audit_log_entry *entry, scrim_error *error) {
  pthread_mutex_lock(&log->lock);
  audit_batch batch = {.n = 0, .chain = log->chain};
  scrim_status status = check_lost(log, error);
  if (status == SCRIM_OK) {
    log_line *line = batch_begin(&batch, entry->time_s, AUDIT_LINE_ANSWER);
    audit_line_digest(line, "actor", entry->actor);
    log_line_string(line, "model", entry->model);
    log_line_string(line, "filter", entry->filter);
    log_line_string(line, "config", entry->config);
    log_line_whole(line, "rows", entry->rows);
    log_line_whole(line, "status", (uint64_t)entry->status);
    audit_line_digest(line, "input", entry->input);
    audit_line_digest(line, "output", entry->output);
    status = batch_end(&batch, line, error);
  }
  if (status == SCRIM_OK && batch.chain.n_unsigned >= log->options.every)
    status = batch_sign(&batch, entry->time_s, AUDIT_LINE_CHECKPOINT, log->options.signer, error);
  if (status == SCRIM_OK) status = write_batch(log, &batch, "", error);
  pthread_mutex_unlock(&log->lock);
  return status;
}

/* ---- digests ---- */

scrim_status audit_log_digest(audit_log *log, audit_log_purpose purpose, const void *bytes, size_t n_bytes,
                              unsigned char digest[AUDIT_LOG_DIGEST], scrim_error *error) {
  static const char *const purposes[] = {"audit actor", "audit input", "audit output"};
  unsigned char plain[HASH_BYTES];
  /* Hashed before the lock, which so is held for 32 bytes and not for a body. */
  scrim_status status = hash_bytes(bytes, n_bytes, plain, error);
  if (status != SCRIM_OK) return status;
  pthread_mutex_lock(&log->lock);
  status = random_digest(log->source, purposes[purpose], plain, sizeof plain, digest, error);
  pthread_mutex_unlock(&log->lock);
  memory_wipe(plain, sizeof plain);
  return status;
}

/* ---- taking an old log up ---- */

/* The start of the last line that looks like a checkpoint, and its length; NULL: there is none. */
static const char *find_checkpoint(const char *text, size_t n, size_t *length) {
  const char *end = text + n;
  while (end > text) {
    const char *start = end - 1; /* `end` is behind a newline, or the end of the text */
    while (start > text && start[-1] != '\n') start--;
    size_t line_length = (size_t)(end - start) - (end[-1] == '\n');
    audit_line line;
    if (audit_line_parse(&line, start, line_length) != AUDIT_LINE_BROKEN &&
        (line.kind == AUDIT_LINE_CHECKPOINT || line.kind == AUDIT_LINE_CLOSE)) {
      *length = line_length;
      return start;
    }
    end = start;
  }
  return NULL;
}

/* Verifies the text from its last checkpoint on. What it leaves in chain->broken lies in the text. */
static scrim_status follow_tail(audit_log *log, const char *text, size_t n, int *is_ended, scrim_error *error) {
  const signature_key *key = &log->options.signer->key;
  size_t length = 0;
  const char *checkpoint = find_checkpoint(text, n, &length);
  scrim_status status = SCRIM_OK;
  if (checkpoint != NULL) {
    status = audit_chain_resume(&log->chain, checkpoint, length, key, error);
    const char *next = checkpoint + length;
    *is_ended = next < text + n;
    if (*is_ended) next++;
    n = (size_t)(text + n - next);
    text = next;
  }
  if (status == SCRIM_OK && n > 0) status = audit_chain_follow_all(&log->chain, text, n, key, is_ended, error);
  return status;
}

/* The first line of this run: what was found, and with it what has to stand before it in the file. */
static scrim_status write_open(audit_log *log, int is_ended, scrim_error *error) {
  audit_batch batch = {.n = 0, .chain = log->chain};
  log_line *line = batch_begin(&batch, calendar_now(), AUDIT_LINE_OPEN);
  log_line_whole(line, "unsigned", log->chain.n_unsigned);
  scrim_status status = SCRIM_OK;
  if (log->chain.broken != NULL) {
    unsigned char hash[HASH_BYTES];
    status = hash_bytes(log->chain.broken, log->chain.n_broken, hash, error);
    log_line_whole(line, "torn_bytes", log->chain.n_broken);
    audit_line_digest(line, "torn_hash", hash);
    batch.chain.broken = NULL;
    batch.chain.n_broken = 0;
  }
  if (status == SCRIM_OK) status = batch_end(&batch, line, error);
  return status == SCRIM_OK ? write_batch(log, &batch, is_ended ? "" : "\n", error) : status;
}

static scrim_status take_up(audit_log *log, audit_log_found *found, scrim_error *error) {
  int is_ended = 1;
  scrim_status status = SCRIM_OK;
  void *map = NULL;
  size_t n = (size_t)log->size;
  if (n > 0) {
    map = mmap(NULL, n, PROT_READ, MAP_PRIVATE, log->fd, 0);
    if (map == MAP_FAILED) return fail_errno(error, SCRIM_E_IO, "cannot map '%s'", path_shown(log->path));
    status = follow_tail(log, map, n, &is_ended, error);
    if (status != SCRIM_OK) fail_in_file(error, log->path);
  }
  if (status == SCRIM_OK) {
    *found = (audit_log_found){.lines = log->chain.lines,
                               .n_unsigned = log->chain.n_unsigned,
                               .is_torn = log->chain.broken != NULL,
                               .torn_bytes = log->chain.n_broken,
                               .is_closed = log->chain.lines == 0 || log->chain.is_closed};
    status = write_open(log, is_ended, error);
  }
  if (map != NULL) munmap(map, n);
  return status;
}

/* ---- life ---- */

static scrim_status check_file(audit_log *log, scrim_error *error) {
  struct stat info;
  const char *shown = path_shown(log->path);
  if (fstat(log->fd, &info) != 0) return fail_errno(error, SCRIM_E_IO, "cannot examine '%s'", shown);
  if (!S_ISREG(info.st_mode)) return fail(error, SCRIM_E_IO, "audit log '%s' is not a regular file", shown);
  /* Two writers would each go on from the same line. */
  if (flock(log->fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return fail(error, SCRIM_E_IO, "audit log '%s' is open elsewhere", shown);
    return fail_errno(error, SCRIM_E_IO, "cannot lock '%s'", shown);
  }
  if (fstat(log->fd, &info) != 0) return fail_errno(error, SCRIM_E_IO, "cannot examine '%s'", shown);
  log->size = info.st_size; /* now that nobody else writes */
  return SCRIM_OK;
}

static scrim_status open_file(audit_log *log, scrim_error *error) {
  log->fd =
      open(log->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, S_IRUSR | S_IWUSR | S_IRGRP);
  if (log->fd < 0) return fail_errno(error, SCRIM_E_IO, "cannot open audit log '%s'", path_shown(log->path));
  scrim_status status = check_file(log, error);
  if (status == SCRIM_OK && log->size == 0) status = file_sync_folder(log->path, error);
  return status;
}

static void audit_log_free(audit_log *log) {
  if (log->fd >= 0) close(log->fd); /* and with it the lock */
  random_source_free(log->source);
  pthread_mutex_destroy(&log->lock);
  memory_free(log->path);
  memory_free(log);
}

scrim_status audit_log_open(audit_log **out, const char *path, const audit_log_options *options, audit_log_found *found,
                            scrim_error *error) {
  audit_log_found unasked;
  *out = NULL;
  if (options->every < 1 || options->every > AUDIT_LOG_MAX_EVERY)
    return fail(error, SCRIM_E_ARGUMENT, "a checkpoint every %zu lines: it must be 1..%d", options->every,
                AUDIT_LOG_MAX_EVERY);
  audit_log *log = memory_zalloc(1, sizeof *log);
  if (log == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for the audit log");
  pthread_mutex_init(&log->lock, NULL);
  log->fd = -1;
  log->options = *options;
  log->path = memory_strdup(path);
  scrim_status status = log->path == NULL ? fail(error, SCRIM_E_MEMORY, "out of memory for the audit log") : SCRIM_OK;
  if (status == SCRIM_OK) status = random_source_create(&log->source, options->hash_key, error);
  if (status == SCRIM_OK) status = open_file(log, error);
  if (status == SCRIM_OK) status = take_up(log, found == NULL ? &unasked : found, error);
  if (status == SCRIM_OK)
    *out = log;
  else
    audit_log_free(log);
  return status;
}

scrim_status audit_log_close(audit_log *log, scrim_error *error) {
  if (log == NULL) return SCRIM_OK;
  audit_batch batch = {.n = 0, .chain = log->chain};
  scrim_status status = check_lost(log, error);
  if (status == SCRIM_OK) status = batch_sign(&batch, calendar_now(), AUDIT_LINE_CLOSE, log->options.signer, error);
  if (status == SCRIM_OK) status = write_batch(log, &batch, "", error);
  audit_log_free(log);
  return status;
}
