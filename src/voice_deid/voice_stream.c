#include "voice_deid/voice_stream.h"
#include "core/error.h"
#include "core/memory.h"
#include <string.h>

void voice_stream_end(voice_stream *s) {
  memory_wipe_free(s->held, s->room * s->channels * sizeof *s->held);
  memory_wipe_free(s->difference, s->n_difference * s->channels * sizeof *s->difference);
  memory_wipe_free(s->tail, 2 * s->overlap * s->channels * sizeof *s->tail);
  s->held = s->difference = s->tail = NULL;
  s->n_held = s->room = s->n_difference = s->index = 0;
}

void voice_stream_begin(voice_stream *s, size_t segment, size_t overlap, size_t channels) {
  voice_stream_end(s);
  s->segment = segment;
  s->overlap = overlap;
  s->channels = channels;
}

size_t voice_stream_bound(const voice_stream *s, size_t rows) {
  return s->n_held + rows;
}

/* Room for `frames` frames, of which the first `kept` stay. */
static scrim_status make_room(const voice_stream *s, float **block, size_t *room, size_t kept, size_t frames,
                              scrim_error *error) {
  if (frames <= *room) return SCRIM_OK;
  float *larger = memory_zalloc(frames, s->channels * sizeof *larger);
  if (larger == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu frames of sound", frames);
  if (kept > 0) memcpy(larger, *block, kept * s->channels * sizeof *larger);
  memory_wipe_free(*block, *room * s->channels * sizeof **block);
  *block = larger;
  *room = frames;
  return SCRIM_OK;
}

/* Over the first frames of a piece the difference of the one before goes and its own comes. */
static void cross_fade(const voice_stream *s) {
  const size_t n = 2 * s->overlap;
  for (size_t i = 0; i < n; i++) {
    const float share = ((float)i + 0.5f) / (float)n;
    for (size_t c = i * s->channels; c < (i + 1) * s->channels; c++)
      s->difference[c] = (1 - share) * s->tail[c] + share * s->difference[c];
  }
}

/* Changes the first `frames` held and writes them but for the last `keep`, which the next piece begins with. */
static scrim_status change_piece(voice_stream *s, size_t frames, size_t keep, float *out, scrim_error *error) {
  scrim_status status = make_room(s, &s->difference, &s->n_difference, 0, frames, error);
  if (status == SCRIM_OK) status = s->change(s->context, s->index, s->held, frames, s->difference, error);
  if (status != SCRIM_OK) return status;
  if (s->index > 0) cross_fade(s);
  const size_t ready = (frames - keep) * s->channels, kept = keep * s->channels;
  for (size_t i = 0; i < ready; i++) out[i] = s->held[i] + s->difference[i];
  if (kept > 0) memcpy(s->tail, s->difference + ready, kept * sizeof *s->tail);
  memmove(s->held, s->held + ready, (s->n_held * s->channels - ready) * sizeof *s->held);
  s->n_held -= frames - keep;
  s->index++;
  return SCRIM_OK;
}

scrim_status voice_stream_push(voice_stream *s, const float *in, size_t rows, float *out, size_t *written,
                               scrim_error *error) {
  *written = 0;
  size_t in_tail = s->tail == NULL ? 0 : 2 * s->overlap;
  scrim_status status = make_room(s, &s->tail, &in_tail, 0, 2 * s->overlap, error);
  if (status == SCRIM_OK) status = make_room(s, &s->held, &s->room, s->n_held, s->n_held + rows, error);
  if (status != SCRIM_OK) return status;
  memcpy(s->held + s->n_held * s->channels, in, rows * s->channels * sizeof *in);
  s->n_held += rows;
  for (;;) {
    const size_t piece = s->segment + (s->index == 0 ? 1 : 2) * s->overlap;
    if (s->n_held < piece + s->segment / 2) return SCRIM_OK;
    status = change_piece(s, piece, 2 * s->overlap, out + *written * s->channels, error);
    if (status != SCRIM_OK) return status;
    *written += piece - 2 * s->overlap;
  }
}

scrim_status voice_stream_flush(voice_stream *s, float *out, size_t *written, scrim_error *error) {
  *written = 0;
  const size_t left = s->n_held;
  if (left == 0) return SCRIM_OK;
  scrim_status status = change_piece(s, left, 0, out, error);
  if (status == SCRIM_OK) *written = left;
  return status;
}
