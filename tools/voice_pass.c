#include "voice_pass.h"
#include "complain.h"
#include "progress_line.h"
#include "wipe.h"
#include <stdlib.h>

enum { BLOCK_FRAMES = 8192 };

/* A view whose room grows; what it held is wiped. */
typedef struct room {
  float *data;
  size_t floats;
} room;

struct voice_pass {
  scrim_session *session;
  room in, out;
};

static void empty(room *r) {
  if (r->data) wipe(r->data, r->floats * sizeof *r->data);
  free(r->data);
  *r = (room){NULL, 0};
}

static scrim_status make_room(room *r, size_t frames, size_t channels, scrim_error *error) {
  const size_t floats = frames * channels;
  if (floats <= r->floats) return SCRIM_OK;
  empty(r);
  r->data = malloc(floats * sizeof *r->data);
  r->floats = r->data ? floats : 0;
  return r->data ? SCRIM_OK
                 : complain_later(error, SCRIM_E_MEMORY, -1, "out of memory for %zu frames of %zu channels", frames,
                                  channels);
}

scrim_status voice_pass_create(voice_pass **out, const scrim_filter *filter, const scrim_key *key,
                               const scrim_config *config, scrim_error *error) {
  *out = calloc(1, sizeof **out);
  if (!*out) return complain_later(error, SCRIM_E_MEMORY, -1, "out of memory for a session");
  scrim_status status = scrim_session_create(&(*out)->session, filter, key, config, error);
  if (status == SCRIM_OK) return SCRIM_OK;
  voice_pass_free(*out);
  *out = NULL;
  return status;
}

void voice_pass_free(voice_pass *pass) {
  if (!pass) return;
  scrim_session_free(pass->session);
  empty(&pass->in);
  empty(&pass->out);
  free(pass);
}

/* An empty output view with room for what `rows` frames can give. */
static scrim_status open_view(voice_pass *p, const scrim_audio_info *audio, size_t rows, scrim_view *out,
                              scrim_error *error) {
  const size_t bound = scrim_bound(p->session, rows);
  scrim_status status = make_room(&p->out, bound, audio->channels, error);
  *out = (scrim_view){
      .kind = SCRIM_AUDIO, .data = p->out.data, .columns = audio->channels, .capacity = bound, .rate = audio->rate};
  return status;
}

/* All frames from the reader to the writer; the session is left in the middle of the item. */
static scrim_status push_all(voice_pass *p, const scrim_audio_info *audio, scrim_audio_reader *reader,
                             scrim_audio_writer *writer, int64_t *frames_in, int64_t *frames_out, scrim_error *error) {
  scrim_status status = make_room(&p->in, BLOCK_FRAMES, audio->channels, error);
  while (status == SCRIM_OK) {
    scrim_view out, in = {.kind = SCRIM_AUDIO, .data = p->in.data, .columns = audio->channels, .rate = audio->rate};
    if (progress_stopped()) return complain_later(error, SCRIM_E_CANCELLED, -1, "interrupted");
    status = scrim_audio_reader_read(reader, in.data, BLOCK_FRAMES, &in.rows, error);
    if (status != SCRIM_OK || in.rows == 0) return status;
    status = open_view(p, audio, in.rows, &out, error);
    if (status == SCRIM_OK) status = scrim_push(p->session, &in, &out, error);
    if (status != SCRIM_OK) complain_count_from(error, *frames_in);
    if (status == SCRIM_OK) status = scrim_audio_writer_write(writer, out.data, out.rows, error);
    *frames_in += (int64_t)in.rows;
    *frames_out += (int64_t)out.rows;
  }
  return status;
}

/* Flushes whatever happened before: that readies the session for the next item. */
static scrim_status flush(voice_pass *p, const scrim_audio_info *audio, scrim_audio_writer *writer, scrim_status before,
                          int64_t *frames_out, scrim_error *error) {
  scrim_view out;
  scrim_error unused;
  scrim_error *why = before == SCRIM_OK ? error : &unused;
  scrim_status status = open_view(p, audio, 0, &out, why);
  if (status == SCRIM_OK) status = scrim_flush(p->session, &out, why);
  if (before != SCRIM_OK || status != SCRIM_OK) return before != SCRIM_OK ? before : status;
  *frames_out += (int64_t)out.rows;
  return out.rows > 0 ? scrim_audio_writer_write(writer, out.data, out.rows, error) : SCRIM_OK;
}

static scrim_status filter_frames(voice_pass *p, scrim_audio_reader *reader, scrim_audio_writer *writer,
                                  const char *pseudonym, voice_facts *facts, scrim_error *error) {
  const scrim_audio_info *audio = scrim_audio_reader_info(reader);
  const scrim_voice_item item = {.rate = audio->rate, .channels = audio->channels, .pseudonym = pseudonym};
  int64_t frames_in = 0, frames_out = 0;
  scrim_status status = scrim_voice_begin(p->session, &item, error);
  if (status != SCRIM_OK) return status;
  status = push_all(p, audio, reader, writer, &frames_in, &frames_out, error);
  status = flush(p, audio, writer, status, &frames_out, error);
  if (status == SCRIM_OK && frames_out != frames_in)
    status = complain_later(error, SCRIM_E_INTERNAL, -1, "%lld frames went in and %lld came out", (long long)frames_in,
                            (long long)frames_out);
  if (status == SCRIM_OK) status = scrim_voice_report_get(p->session, &facts->report, error);
  facts->audio = *audio;
  facts->audio.frames = frames_out;
  return status;
}

scrim_status voice_pass_run(voice_pass *pass, const char *in, const char *out, const char *pseudonym, int keep_tags,
                            voice_facts *facts, scrim_error *error) {
  scrim_audio_reader *reader;
  scrim_audio_writer *writer;
  scrim_status status = scrim_audio_reader_open(&reader, in, error);
  if (status != SCRIM_OK) return status;
  status = scrim_audio_writer_open(&writer, out, reader, keep_tags, error);
  if (status == SCRIM_OK) {
    status = filter_frames(pass, reader, writer, pseudonym, facts, error);
    scrim_error unused;
    const scrim_status closed =
        scrim_audio_writer_close(writer, status == SCRIM_OK, status == SCRIM_OK ? error : &unused);
    if (status == SCRIM_OK) status = closed;
  }
  scrim_audio_reader_close(reader);
  return status;
}
