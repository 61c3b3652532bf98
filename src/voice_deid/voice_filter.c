/* The voice filter's table: sessions and items. Sound is cut in voice_stream.c and changed in voice_piece.c. */
#include "voice_deid/voice_filter.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/seconds.h"
#include "tensor/backend_open.h"
#include "voice_deid/voice_piece.h"
#include "voice_deid/voice_stream.h"
#include "voice_deid/voice_target.h"
#include <math.h>
#include <scrim/voice.h>
#include <string.h>

static const double overlap_seconds = 0.25;

typedef struct voice_session {
  const voice_model *model;
  voice_settings settings;
  random_source *random; /* keyed */
  tape *tape;            /* of targets */
  voice_piece *piece;
  voice_stream stream;
  /* the item */
  double rate;
  size_t channels;
  char *pseudonym; /* NULL: none */
  int is_begun;    /* by scrim_voice_begin, or by its first view */
  int has_target;  /* which comes with the first piece that has sound, as does its digest */
  voice_target target;
  unsigned char digest[RANDOM_BLOCK_BYTES];
  const float *room; /* [VOICE_ROOM_TAPS]; NULL: none */
  /* the last item */
  scrim_voice_report report;
  double heard; /* pieces that have cosines */
  int has_report;
} voice_session;

/* ---- sessions ---- */

static void forget_item(voice_session *s) {
  voice_stream_end(&s->stream);
  memory_free(s->pseudonym);
  s->pseudonym = NULL;
  s->is_begun = s->has_target = 0;
  memory_wipe(&s->target, sizeof s->target);
}

static void voice_close(void *state) {
  voice_session *s = state;
  if (s == NULL) return;
  forget_item(s);
  random_source_free(s->random);
  tape_free(s->tape);
  voice_piece_free(s->piece);
  memory_wipe_free(s, sizeof *s);
}

static scrim_status change_piece(void *context, size_t index, const float *in, size_t frames, float *difference,
                                 scrim_error *error);

static scrim_status voice_open(void **state, const void *model, const scrim_key *key, const scrim_config *config,
                               scrim_error *error) {
  voice_session *s = memory_zalloc(1, sizeof *s);
  if (s == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a session");
  s->model = model;
  s->stream.change = change_piece;
  s->stream.context = s;
  scrim_status status = voice_settings_read(&s->settings, config, error);
  if (status == SCRIM_OK && s->settings.mode == VOICE_FAST && s->model->generator == NULL)
    status = fail(error, SCRIM_E_UNSUPPORTED, "mode 1 needs a generator, and this filter has none");
  if (s->settings.mode == VOICE_FAST) s->settings.perturb.strength *= s->settings.fast_ratio;
  if (status == SCRIM_OK) status = random_source_create(&s->random, key, error);
  if (status == SCRIM_OK) status = backend_open(&s->settings.perturb.backend, config->device, error);
  if (status == SCRIM_OK) status = tape_create(&s->tape, s->settings.perturb.backend, error);
  if (status == SCRIM_OK)
    status = voice_piece_create(&s->piece, (const speaker_encoder *const *)s->model->encoder, s->model->n_encoders,
                                &s->settings.perturb, error);
  if (status == SCRIM_OK)
    *state = s;
  else
    voice_close(s);
  return status;
}

static size_t voice_columns(const void *model) {
  (void)model;
  return 0;
}

/* ---- items ---- */

static scrim_status begin_item(voice_session *s, double rate, size_t channels, const char *pseudonym,
                               scrim_error *error) {
  if (!(rate >= 4000 && rate <= 768000))
    return fail(error, SCRIM_E_ARGUMENT, "a rate of %g Hz is not in 4000..768000", rate);
  if (channels < 1 || channels > 256) return fail(error, SCRIM_E_ARGUMENT, "%zu channels are not in 1..256", channels);
  forget_item(s);
  if (pseudonym != NULL && (s->pseudonym = memory_strdup(pseudonym)) == NULL)
    return fail(error, SCRIM_E_MEMORY, "out of memory for a pseudonym");
  s->rate = rate;
  s->channels = channels;
  s->is_begun = 1;
  s->has_report = 0;
  s->heard = 0;
  memset(&s->report, 0, sizeof s->report);
  s->report.encoders = (size_t)s->model->n_encoders;
  voice_stream_begin(&s->stream, (size_t)llround(s->settings.segment * rate), (size_t)llround(overlap_seconds * rate),
                     channels);
  perturb_forget(voice_piece_perturb(s->piece));
  return SCRIM_OK;
}

scrim_status scrim_voice_begin(scrim_session *session, const scrim_voice_item *item, scrim_error *error) {
  /* The state is const to those who only look at it; this call is the session's own. */
  voice_session *s = (voice_session *)session_state(session, &voice_filter);
  if (s == NULL || item == NULL)
    return fail(error, SCRIM_E_ARGUMENT, "scrim_voice_begin: %s", item == NULL ? "item is NULL" : "no voice session");
  if (s->stream.n_held > 0)
    return fail(error, SCRIM_E_STATE, "scrim_voice_begin in the middle of a stream: scrim_flush ends it");
  return begin_item(s, item->rate, item->channels, item->pseudonym, error);
}

static scrim_status voice_check(const void *state, const scrim_view *in, scrim_error *error) {
  const voice_session *s = state;
  if (!s->is_begun) return SCRIM_OK;
  if (in->rate != s->rate)
    return fail(error, SCRIM_E_DATA, "input has a rate of %g Hz, its item one of %g", in->rate, s->rate);
  if (in->columns != s->channels)
    return fail(error, SCRIM_E_DATA, "input has %zu channels, its item %zu", in->columns, s->channels);
  return SCRIM_OK;
}

/* ---- pieces ---- */

/* The first piece with sound says which item this is: all that is drawn for it hangs on the key and on that piece. */
static scrim_status choose_target(voice_session *s, const float *in, size_t frames, scrim_error *error) {
  const float *source[TARGET_PARTS];
  for (int e = 0; e < s->model->n_encoders; e++) source[e] = perturb_source(voice_piece_perturb(s->piece), e);
  size_t n;
  double hz;
  const float *speech = voice_piece_speech(s->piece, &n);
  scrim_status status = random_digest(s->random, "voice.item", in, frames * s->channels * sizeof *in, s->digest, error);
  if (status == SCRIM_OK) status = pitch_median(speech, n, &hz, error);
  if (status == SCRIM_OK && s->pseudonym != NULL) {
    status = random_begin(s->random, "voice.pseudonym", s->pseudonym, strlen(s->pseudonym), error);
    if (status == SCRIM_OK) status = voice_target_draw_any(&s->target, s->model, s->tape, s->random, error);
  } else if (status == SCRIM_OK) {
    status = random_begin(s->random, "voice.target", s->digest, sizeof s->digest, error);
    if (status == SCRIM_OK)
      status = voice_target_draw(&s->target, s->model, s->tape, pitch_class(hz), source, s->settings.unlike, s->random,
                                 error);
  }
  if (status != SCRIM_OK) return status;
  s->room = NULL;
  if (s->model->n_rooms > 0 && s->settings.room > 0)
    s->room = s->model->rooms + random_below(s->random, (uint64_t)s->model->n_rooms) * VOICE_ROOM_TAPS;
  s->report.target = (size_t)(s->target.class * TARGET_BANK + s->target.number);
  s->has_target = 1;
  return random_status(s->random, error);
}

/* Where there is a generator, all that is done to an item starts from its answer. */
static scrim_status start_from_generator(voice_session *s, scrim_error *error) {
  const voice_model *m = s->model;
  const float *source[TARGET_PARTS];
  float map[GENERATOR_MAP];
  if (m->generator == NULL) return SCRIM_OK;
  for (int e = 0; e < m->n_encoders; e++) source[e] = perturb_source(voice_piece_perturb(s->piece), e);
  scrim_status status =
      generator_make(m->generator, s->tape, source, s->target.part, m->dim, m->n_encoders, map, error);
  if (status == SCRIM_OK) perturb_start(voice_piece_perturb(s->piece), map);
  memory_wipe(map, sizeof map);
  return status;
}

static scrim_status begin_piece_stream(voice_session *s, size_t index, scrim_error *error) {
  unsigned char name[RANDOM_BLOCK_BYTES + 8];
  memcpy(name, s->digest, RANDOM_BLOCK_BYTES);
  for (int i = 0; i < 8; i++) name[RANDOM_BLOCK_BYTES + i] = (unsigned char)((uint64_t)index >> 8 * i);
  return random_begin(s->random, "voice.segment", name, sizeof name, error);
}

/* Means over the pieces with sound, of which this is one more. */
static void report_piece(voice_session *s, const voice_piece_result *found) {
  scrim_voice_report *r = &s->report;
  const double n = (double)(r->segments - r->silent);
  r->steps += (found->perturb.steps - r->steps) / n;
  r->distortion += (found->perturb.distortion - r->distortion) / n;
  r->limited += (found->limited - r->limited) / n;
  r->reached += (size_t)found->perturb.reached;
  if (!found->perturb.has_cosines) return;
  s->heard++;
  for (size_t e = 0; e < r->encoders; e++) {
    r->source_cosine[e] += (found->perturb.source_cosine[e] - r->source_cosine[e]) / s->heard;
    r->target_cosine[e] += (found->perturb.target_cosine[e] - r->target_cosine[e]) / s->heard;
  }
}

static scrim_status change_piece(void *context, size_t index, const float *in, size_t frames, float *difference,
                                 scrim_error *error) {
  voice_session *s = context;
  int is_silent;
  const int is_fast = s->settings.mode == VOICE_FAST, deaf = is_fast && s->has_target;
  scrim_status status = voice_piece_listen(s->piece, in, frames, s->channels, s->rate, deaf, &is_silent, error);
  if (status != SCRIM_OK) return status;
  s->report.segments++;
  s->report.silent += (size_t)is_silent;
  if (is_silent) {
    memset(difference, 0, frames * s->channels * sizeof *difference);
    return SCRIM_OK;
  }
  if (!s->has_target) {
    status = choose_target(s, in, frames, error);
    if (status == SCRIM_OK) status = start_from_generator(s, error);
  }
  if (status == SCRIM_OK) status = begin_piece_stream(s, index, error);
  if (status != SCRIM_OK) return status;
  float early[VOICE_ROOM_TAPS - 1];
  for (int k = 1; k < VOICE_ROOM_TAPS && s->room != NULL; k++) early[k - 1] = (float)s->settings.room * s->room[k];
  voice_piece_result found;
  status = voice_piece_change(s->piece, early, s->room == NULL ? 0 : VOICE_ROOM_TAPS - 1, s->target.part,
                              is_fast ? 0 : s->settings.perturb.steps, s->random, difference, &found, error);
  if (status == SCRIM_OK) report_piece(s, &found);
  return status;
}

/* ---- the way through ---- */

static scrim_status voice_push(void *state, const scrim_view *in, scrim_view *out, scrim_error *error) {
  voice_session *s = state;
  const double start = seconds_now();
  scrim_status status = s->is_begun ? SCRIM_OK : begin_item(s, in->rate, in->columns, NULL, error);
  if (status == SCRIM_OK) status = voice_stream_push(&s->stream, in->data, in->rows, out->data, &out->rows, error);
  if (status != SCRIM_OK) {
    s->has_report = 0;
    forget_item(s);
    return status;
  }
  s->report.seconds += (double)in->rows / s->rate;
  s->report.milliseconds += 1e3 * (seconds_now() - start);
  s->has_report = 1;
  return SCRIM_OK;
}

static scrim_status voice_flush(void *state, scrim_view *out, scrim_error *error) {
  voice_session *s = state;
  const double start = seconds_now();
  scrim_status status = SCRIM_OK;
  if (s->stream.n_held > 0 && out->columns != s->channels)
    status = fail(error, SCRIM_E_ARGUMENT, "output has %zu channels, its item %zu", out->columns, s->channels);
  if (status == SCRIM_OK) status = voice_stream_flush(&s->stream, out->data, &out->rows, error);
  if (status == SCRIM_OK) out->rate = s->rate;
  s->report.milliseconds += 1e3 * (seconds_now() - start);
  s->has_report = s->has_report && status == SCRIM_OK;
  forget_item(s);
  return status;
}

static scrim_status voice_apply(void *state, const scrim_view *in, scrim_view *out, scrim_error *error) {
  voice_session *s = state;
  scrim_status status = voice_push(s, in, out, error);
  if (status != SCRIM_OK) return status;
  scrim_view rest = *out;
  rest.data = out->data + out->rows * out->columns;
  status = voice_flush(s, &rest, error);
  if (status == SCRIM_OK) out->rows += rest.rows;
  return status;
}

static size_t voice_bound(const void *state, size_t rows) {
  return voice_stream_bound(&((const voice_session *)state)->stream, rows);
}

static size_t voice_latency(const void *state) {
  const voice_stream *s = &((const voice_session *)state)->stream;
  return s->segment + s->segment / 2 + 2 * s->overlap;
}

scrim_status scrim_voice_report_get(const scrim_session *session, scrim_voice_report *report, scrim_error *error) {
  const voice_session *s = session_state(session, &voice_filter);
  if (s == NULL || report == NULL)
    return fail(error, SCRIM_E_ARGUMENT, "scrim_voice_report_get: %s",
                s == NULL ? "no voice session" : "report is NULL");
  if (!s->has_report) return fail(error, SCRIM_E_STATE, "scrim_voice_report_get: there was no item, or it failed");
  *report = s->report;
  return SCRIM_OK;
}

const filter_table voice_filter = {
    .kind = "voice",
    .view_kind = SCRIM_AUDIO,
    .params = voice_params,
    .n_params = VOICE_PARAMS,
    .load = voice_model_load,
    .unload = voice_model_unload,
    .columns = voice_columns,
    .open = voice_open,
    .close = voice_close,
    .check = voice_check,
    .apply = voice_apply,
    .push = voice_push,
    .flush = voice_flush,
    .bound = voice_bound,
    .latency = voice_latency,
};
