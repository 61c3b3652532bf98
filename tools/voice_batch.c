#include "voice_batch.h"
#include "complain.h"
#include "progress_line.h"
#include "voice_manifest.h"
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The lock guards `next`, `finished` and `done`; a result belongs to its worker until it is done. */
typedef struct crew {
  const voice_batch *batch;
  voice_result *result; /* [files] */
  char *done;           /* [files] */
  size_t next, finished;
  pthread_mutex_t lock;
  pthread_cond_t progress;
  unsigned n_workers;
  struct worker {
    struct crew *home;
    voice_pass *pass;
    pthread_t thread;
  } * workers;
} crew;

/* ---- one recording ---- */

static int is_standard(const char *path) {
  return strcmp(path, "-") == 0;
}

/* What a recording is known by, if it does not come through a pipe. */
static scrim_status digest_input(const char *path, struct stat *seen, char text[SCRIM_DIGEST_TEXT],
                                 scrim_error *error) {
  unsigned char digest[SCRIM_DIGEST_BYTES];
  if (is_standard(path)) return SCRIM_OK;
  if (stat(path, seen) != 0)
    return complain_later(error, SCRIM_E_IO, -1, "cannot open '%.150s': %s", path, strerror(errno));
  if (!S_ISREG(seen->st_mode)) return SCRIM_OK;
  scrim_status status = scrim_digest_file(path, digest, error);
  if (status == SCRIM_OK) scrim_digest_print(digest, text);
  return status;
}

/* A receipt must not bind the digest of other bytes than were filtered. */
static scrim_status check_unchanged(const char *path, const struct stat *seen, scrim_error *error) {
  struct stat now;
  if (is_standard(path) || !S_ISREG(seen->st_mode)) return SCRIM_OK;
  if (stat(path, &now) == 0 && now.st_ino == seen->st_ino && now.st_size == seen->st_size &&
      now.st_mtim.tv_sec == seen->st_mtim.tv_sec && now.st_mtim.tv_nsec == seen->st_mtim.tv_nsec)
    return SCRIM_OK;
  return complain_later(error, SCRIM_E_DATA, -1, "'%.150s' was changed while it was read: do it again", path);
}

static scrim_status look(const char *path, scrim_error *error) {
  scrim_audio_reader *reader;
  scrim_status status = is_standard(path) ? SCRIM_OK : scrim_audio_reader_open(&reader, path, error);
  if (status == SCRIM_OK && !is_standard(path)) scrim_audio_reader_close(reader);
  return status;
}

/* Filters, and writes the receipt once the output is where it belongs. */
static scrim_status filter_file(const voice_batch *b, voice_pass *pass, const voice_file *file, const char *out,
                                const struct stat *seen, voice_result *r, scrim_error *error) {
  unsigned char digest[SCRIM_DIGEST_BYTES];
  char text[SCRIM_DIGEST_TEXT] = "";
  voice_facts facts;
  scrim_status status = is_standard(out) ? SCRIM_OK : voice_files_make_folders(out, error);
  if (status == SCRIM_OK) status = voice_pass_run(pass, file->in, out, file->speaker, b->keep_tags, &facts, error);
  if (status != SCRIM_OK) return status;
  if ((status = check_unchanged(file->in, seen, error)) != SCRIM_OK) {
    if (!is_standard(out)) unlink(out);
    return status;
  }
  r->seconds = (double)facts.audio.frames / facts.audio.rate;
  if (!is_standard(out)) {
    if ((status = scrim_digest_file(out, digest, error)) != SCRIM_OK) return status;
    scrim_digest_print(digest, text);
  }
  r->facts = voice_manifest_facts(&facts, text);
  if (!r->facts) return complain_later(error, SCRIM_E_MEMORY, -1, "out of memory for a receipt");
  return b->receipts ? voice_receipt_write(b->receipts, file, r->input_digest, r->facts, error) : SCRIM_OK;
}

static scrim_status do_file(const voice_batch *b, voice_pass *pass, const voice_file *file, voice_result *r,
                            scrim_error *error) {
  struct stat seen = {0};
  if (progress_stopped()) return complain_later(error, SCRIM_E_CANCELLED, -1, "interrupted");
  scrim_status status = digest_input(file->in, &seen, r->input_digest, error);
  if (status == SCRIM_OK && b->resume)
    status = voice_receipt_find(b->receipts, file, r->input_digest, &r->facts, error);
  r->was_kept = r->facts != NULL;
  if (status != SCRIM_OK || r->was_kept) return status;
  if (b->dry_run) return look(file->in, error);
  char *out = voice_files_join(b->folder, file->name);
  status = out ? filter_file(b, pass, file, out, &seen, r, error)
               : complain_later(error, SCRIM_E_MEMORY, -1, "out of memory for the names of files");
  free(out);
  return status;
}

/* ---- the crew ---- */

static void *work(void *context) {
  struct worker *self = context;
  crew *c = self->home;
  pthread_mutex_lock(&c->lock);
  while (c->next < c->batch->files->n) {
    const size_t i = c->next++;
    pthread_mutex_unlock(&c->lock);
    scrim_error error = {.message = ""};
    voice_result *r = &c->result[i];
    r->status = do_file(c->batch, self->pass, &c->batch->files->file[i], r, &error);
    if (r->status != SCRIM_OK) r->message = strdup(error.message);
    pthread_mutex_lock(&c->lock);
    c->done[i] = 1;
    c->finished++;
    pthread_cond_signal(&c->progress);
  }
  pthread_mutex_unlock(&c->lock);
  return NULL;
}

/* n_workers counts those that run. Enough if there is one. */
static scrim_status start(crew *c, scrim_error *error) {
  const voice_batch *b = c->batch;
  const size_t jobs = b->jobs < b->files->n ? b->jobs : b->files->n;
  c->workers = calloc(jobs, sizeof *c->workers);
  c->result = calloc(b->files->n, sizeof *c->result);
  c->done = calloc(b->files->n, 1);
  if (!c->workers || !c->result || !c->done)
    return complain_later(error, SCRIM_E_MEMORY, -1, "out of memory for %zu files", b->files->n);
  for (size_t i = 0; i < jobs; i++) {
    struct worker *w = &c->workers[i];
    w->home = c;
    scrim_status status = voice_pass_create(&w->pass, b->filter, b->key, b->config, error);
    if (status == SCRIM_OK) {
      const int reason = pthread_create(&w->thread, NULL, work, w);
      if (reason) status = complain_later(error, SCRIM_E_MEMORY, -1, "cannot start a thread: %s", strerror(reason));
    }
    if (status != SCRIM_OK) {
      voice_pass_free(w->pass);
      return c->n_workers > 0 ? SCRIM_OK : status;
    }
    c->n_workers++;
  }
  return SCRIM_OK;
}

static void show_progress(const crew *c, size_t finished, const struct timespec *began) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const double seconds = (double)(now.tv_sec - began->tv_sec) + 1e-9 * (double)(now.tv_nsec - began->tv_nsec);
  const double rate = seconds > 0 ? (double)finished / seconds : 0;
  const scrim_progress progress = {.stage = "file",
                                   .step = finished,
                                   .steps = c->batch->files->n,
                                   .loss = NAN,
                                   .per_second = rate,
                                   .seconds_left = rate > 0 ? (double)(c->batch->files->n - finished) / rate : NAN};
  progress_line(&progress, NULL);
}

static void tell_in_order(crew *c, voice_batch_fn tell, void *context) {
  struct timespec began;
  clock_gettime(CLOCK_MONOTONIC, &began);
  for (size_t i = 0; i < c->batch->files->n;) {
    pthread_mutex_lock(&c->lock);
    const size_t before = c->finished;
    while (!c->done[i] && c->finished == before) pthread_cond_wait(&c->progress, &c->lock);
    const size_t finished = c->finished;
    const int is_done = c->done[i];
    pthread_mutex_unlock(&c->lock);
    if (is_done) {
      voice_result *r = &c->result[i];
      tell(i++, r, context);
      free(r->facts);
      free(r->message);
    }
    show_progress(c, finished, &began);
  }
  progress_line_clear();
}

scrim_status voice_batch_run(const voice_batch *batch, voice_batch_fn tell, void *context, scrim_error *error) {
  crew c = {.batch = batch};
  pthread_mutex_init(&c.lock, NULL);
  pthread_cond_init(&c.progress, NULL);
  scrim_status status = start(&c, error);
  if (status == SCRIM_OK) tell_in_order(&c, tell, context);
  for (unsigned i = 0; i < c.n_workers; i++) {
    pthread_join(c.workers[i].thread, NULL);
    voice_pass_free(c.workers[i].pass);
  }
  pthread_cond_destroy(&c.progress);
  pthread_mutex_destroy(&c.lock);
  free(c.workers);
  free(c.result);
  free(c.done);
  return status;
}
