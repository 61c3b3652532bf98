/* One clip through one system. */
#include "voice_deid/voice_system.h"
#include "core/error.h"
#include "core/memory.h"
#include "voice_deid/speech_corpus.h"
#include <math.h>
#include <string.h>
#include <time.h>

enum { RATE = 16000 };

scrim_status voice_attacker_key(scrim_key **out, uint64_t seed, scrim_error *error) {
  unsigned char bytes[RANDOM_BLOCK_BYTES];
  random_source *random = NULL;
  *out = NULL;
  scrim_status status = random_source_from_seed(&random, seed, error);
  if (status == SCRIM_OK) status = random_digest(random, "voice audit attacker", NULL, 0, bytes, error);
  if (status == SCRIM_OK) status = scrim_key_create(out, bytes, error);
  random_source_free(random);
  return status;
}

scrim_status voice_maker_open(voice_maker *m, const scrim_filter *filter, const scrim_config *config,
                              const scrim_key *owner, const scrim_key *attacker, uint64_t seed, scrim_error *error) {
  *m = (voice_maker){0};
  scrim_status status = random_source_from_seed(&m->random, seed, error);
  if (status == SCRIM_OK && filter) status = scrim_session_create(&m->session[0], filter, owner, config, error);
  if (status == SCRIM_OK && filter) status = scrim_session_create(&m->session[1], filter, attacker, config, error);
  return status;
}

void voice_maker_close(voice_maker *m) {
  scrim_session_free(m->session[0]);
  scrim_session_free(m->session[1]);
  random_source_free(m->random);
  *m = (voice_maker){0};
}

/* ---- the ways ---- */

static double processor_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static scrim_status by_filter(scrim_session *session, const char *pseudonym, const float *x, size_t n, float *y,
                              scrim_error *error) {
  const scrim_voice_item item = {.rate = RATE, .channels = 1, .pseudonym = pseudonym};
  const scrim_view in = {.kind = SCRIM_AUDIO, .data = (float *)x, .rows = n, .columns = 1, .rate = RATE};
  scrim_view out = {.kind = SCRIM_AUDIO, .data = y, .columns = 1, .capacity = n, .rate = RATE};
  scrim_status status = scrim_voice_begin(session, &item, error);
  if (status == SCRIM_OK) status = scrim_apply(session, &in, &out, error);
  if (status == SCRIM_OK && out.rows != n)
    status = fail(error, SCRIM_E_INTERNAL, "the filter made %zu frames of %zu", out.rows, n);
  return status;
}

/* Streams are named by system, hider and clip, so that nothing hangs on order or threads. */
static scrim_status by_baseline(voice_maker *m, const voice_system *system, voice_hider hider, size_t index,
                                const float *x, size_t n, float *y, scrim_error *error) {
  unsigned char item[80] = {0};
  for (size_t i = 0; i < 8; i++) item[i] = (unsigned char)((uint64_t)index >> (8 * i));
  item[8] = (unsigned char)hider;
  memcpy(item + 16, system->name, strlen(system->name));
  scrim_status status = random_begin(m->random, "voice audit", item, sizeof item, error);
  return status == SCRIM_OK ? system->baseline->apply(x, n, m->random, y, error) : status;
}

/* What others made may be a little longer or shorter: it is cut, or silence follows. */
static scrim_status by_others(const scrim_voice_other *other, voice_hider hider, size_t index, size_t n, float *y,
                              scrim_error *error) {
  const char *const *paths[VOICE_HIDERS] = {
      [VOICE_OWNER] = other->own, [VOICE_ATTACKER] = other->attacker, [VOICE_TRAINER] = other->train};
  float *read = NULL;
  size_t length = 0;
  const char *const *list = paths[hider] ? paths[hider] : other->own;
  scrim_status status = speech_read(&read, &length, list[index], error);
  if (status != SCRIM_OK) return status;
  memset(y, 0, n * sizeof *y);
  memcpy(y, read, (length < n ? length : n) * sizeof *y);
  memory_wipe_free(read, length * sizeof *read);
  return SCRIM_OK;
}

scrim_status voice_maker_make(voice_maker *m, const voice_system *system, voice_hider hider, size_t index,
                              const char *pseudonym, const float *x, size_t n, float *y, double *seconds,
                              scrim_error *error) {
  const double began = processor_seconds();
  scrim_status status = SCRIM_OK;
  if (system->is_filter)
    status = by_filter(m->session[hider != VOICE_OWNER], pseudonym, x, n, y, error);
  else if (system->baseline)
    status = by_baseline(m, system, hider, index, x, n, y, error);
  else if (system->other)
    status = by_others(system->other, hider, index, n, y, error);
  else
    memcpy(y, x, n * sizeof *y);
  *seconds = system->other ? NAN : processor_seconds() - began;
  return status;
}
