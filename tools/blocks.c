#include "blocks.h"
#include "complain.h"
#include "wipe.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct slot {
  block block;
  int done;
} slot;

/*
 * A ring. Blocks released <= taken by workers <= submitted, counted from the start; block i lives in slot i % n_slots.
 * The lock guards the counters, `done` and `closing`; a block's contents belong to whoever has it.
 */
struct blocks {
  size_t columns, capacity;
  scrim_kind kind;
  slot *slots;
  size_t n_slots;
  size_t released, taken, submitted;
  int closing;
  pthread_mutex_t lock;
  pthread_cond_t work, result;
  unsigned n_workers;
  struct worker {
    blocks *home;
    scrim_session *session;
    pthread_t thread;
  } * workers;
};

static slot *slot_of(blocks *b, size_t index) {
  return &b->slots[index % b->n_slots];
}

static void filter_block(const blocks *b, scrim_session *session, block *item) {
  scrim_view in = {.kind = b->kind, .data = item->data, .rows = item->rows, .columns = b->columns};
  scrim_view out = in;
  out.capacity = b->capacity;
  item->status = scrim_apply(session, &in, &out, &item->error);
  item->rows = out.rows;
  if (item->status != SCRIM_OK) {
    complain_count_from(&item->error, item->first_row);
    wipe(item->data, b->capacity * b->columns * sizeof *item->data);
  }
}

static void *work(void *context) {
  struct worker *self = context;
  blocks *b = self->home;
  pthread_mutex_lock(&b->lock);
  for (;;) {
    while (b->taken == b->submitted && !b->closing) pthread_cond_wait(&b->work, &b->lock);
    if (b->closing) break;
    slot *mine = slot_of(b, b->taken++);
    pthread_mutex_unlock(&b->lock);
    filter_block(b, self->session, &mine->block);
    pthread_mutex_lock(&b->lock);
    mine->done = 1;
    pthread_cond_signal(&b->result);
  }
  pthread_mutex_unlock(&b->lock);
  return NULL;
}

/* ---- creating and freeing ---- */

static scrim_status make_slots(blocks *b, scrim_error *error) {
  b->slots = calloc(b->n_slots, sizeof *b->slots);
  if (!b->slots) return complain_later(error, SCRIM_E_MEMORY, -1, "out of memory");
  for (size_t i = 0; i < b->n_slots; i++) {
    b->slots[i].block.data = calloc(b->capacity * b->columns, sizeof(float));
    if (!b->slots[i].block.data) return complain_later(error, SCRIM_E_MEMORY, -1, "out of memory");
  }
  return SCRIM_OK;
}

/* n_workers counts those that run, so that blocks_free joins exactly them. */
static scrim_status start_workers(blocks *b, const scrim_filter *filter, const scrim_key *key,
                                  const scrim_config *config, unsigned jobs, scrim_error *error) {
  b->workers = calloc(jobs, sizeof *b->workers);
  if (!b->workers) return complain_later(error, SCRIM_E_MEMORY, -1, "out of memory");
  for (unsigned i = 0; i < jobs; i++) {
    struct worker *w = &b->workers[i];
    w->home = b;
    scrim_status status = scrim_session_create(&w->session, filter, key, config, error);
    if (status != SCRIM_OK) return status;
    int reason = pthread_create(&w->thread, NULL, work, w);
    if (reason) {
      scrim_session_free(w->session);
      return complain_later(error, SCRIM_E_MEMORY, -1, "cannot start thread %u: %s", i + 1, strerror(reason));
    }
    b->n_workers++;
  }
  return SCRIM_OK;
}

scrim_status blocks_create(blocks **out, const scrim_filter *filter, const scrim_key *key, const scrim_config *config,
                           unsigned jobs, size_t capacity, scrim_error *error) {
  blocks *b = calloc(1, sizeof *b);
  *out = NULL;
  if (!b) return complain_later(error, SCRIM_E_MEMORY, -1, "out of memory");
  b->kind = SCRIM_SCORES;
  b->columns = scrim_filter_columns(filter);
  b->capacity = capacity;
  b->n_slots = 2 * (size_t)jobs + 1;
  pthread_mutex_init(&b->lock, NULL);
  pthread_cond_init(&b->work, NULL);
  pthread_cond_init(&b->result, NULL);
  scrim_status status = make_slots(b, error);
  if (status == SCRIM_OK) status = start_workers(b, filter, key, config, jobs, error);
  if (status == SCRIM_OK)
    *out = b;
  else
    blocks_free(b);
  return status;
}

void blocks_free(blocks *b) {
  if (!b) return;
  pthread_mutex_lock(&b->lock);
  b->closing = 1;
  pthread_cond_broadcast(&b->work);
  pthread_mutex_unlock(&b->lock);
  for (unsigned i = 0; i < b->n_workers; i++) {
    pthread_join(b->workers[i].thread, NULL);
    scrim_session_free(b->workers[i].session);
  }
  for (size_t i = 0; b->slots && i < b->n_slots; i++) {
    float *data = b->slots[i].block.data;
    if (data) wipe(data, b->capacity * b->columns * sizeof *data);
    free(data);
  }
  pthread_cond_destroy(&b->result);
  pthread_cond_destroy(&b->work);
  pthread_mutex_destroy(&b->lock);
  free(b->slots);
  free(b->workers);
  free(b);
}

/* ---- the caller's side ---- */

block *blocks_unused(blocks *b) {
  return b->submitted - b->released < b->n_slots ? &slot_of(b, b->submitted)->block : NULL;
}

void blocks_submit(blocks *b) {
  pthread_mutex_lock(&b->lock);
  slot_of(b, b->submitted)->done = 0;
  b->submitted++;
  pthread_cond_signal(&b->work);
  pthread_mutex_unlock(&b->lock);
}

block *blocks_oldest(blocks *b) {
  if (b->released == b->submitted) return NULL;
  slot *oldest = slot_of(b, b->released);
  pthread_mutex_lock(&b->lock);
  while (!oldest->done) pthread_cond_wait(&b->result, &b->lock);
  pthread_mutex_unlock(&b->lock);
  return &oldest->block;
}

void blocks_release(blocks *b) {
  b->released++;
}
