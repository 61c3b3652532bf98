/*
 * Sound in pieces: cuts a stream of any length into pieces that overlap, has each changed, and cross-fades the changes.
 * Where pieces are cut hangs on their place in the item alone, so the caller's blocks make no difference.
 *
 * Piece k is about segment k, from k * segment to (k + 1) * segment, and reaches `overlap` frames beyond it on either
 * side. The last one is between half and one and a half segments long, or all there is.
 */
#ifndef VOICE_DEID_VOICE_STREAM_H
#define VOICE_DEID_VOICE_STREAM_H

#include <scrim/status.h>
#include <stddef.h>

/* Fills difference [frames, channels]: what is to be added to in [frames, channels], piece `index` of its item. */
typedef scrim_status (*voice_stream_change)(void *context, size_t index, const float *in, size_t frames,
                                            float *difference, scrim_error *error);

typedef struct voice_stream {
  voice_stream_change change;
  void *context;
  size_t segment, overlap, channels; /* frames */
  size_t index;                      /* of the next piece */
  float *held;                       /* [n_held, channels] what is not out yet; begins where the next piece does */
  size_t n_held, room;               /* frames, and those that held has room for */
  float *difference;                 /* [of as many frames as the largest piece, channels] */
  size_t n_difference;
  float *tail; /* [2 * overlap, channels] the last piece's difference, where the next one begins */
} voice_stream;

/* segment at least 4 * overlap. Forgets the item before. */
void voice_stream_begin(voice_stream *s, size_t segment, size_t overlap, size_t channels);
void voice_stream_end(voice_stream *s); /* wipes and frees; begin may follow */

/* Both write what is ready to out; at most voice_stream_bound(s, rows) frames. `in` and `out` may be the same. */
scrim_status voice_stream_push(voice_stream *s, const float *in, size_t rows, float *out, size_t *written,
                               scrim_error *error);
/* The item is over: the rest. */
scrim_status voice_stream_flush(voice_stream *s, float *out, size_t *written, scrim_error *error);
size_t voice_stream_bound(const voice_stream *s, size_t rows);

#endif
