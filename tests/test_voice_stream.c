/* Pieces and cross-fades, with changes that tell where they came from. */
#include "core/memory.h"
#include "voice_deid/voice_stream.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

enum { SEGMENT = 100, OVERLAP = 10, MOST = 2000 };

typedef struct witness {
  size_t pieces, frames[40];
  float first[40]; /* the first value of each piece */
  int fails_at;    /* piece that fails; -1: none */
} witness;

/* Adds the number of the piece, counted from 1. */
static scrim_status change(void *context, size_t index, const float *in, size_t frames, float *difference,
                           scrim_error *error) {
  (void)error;
  witness *w = context;
  if ((int)index == w->fails_at) return SCRIM_E_INTERNAL;
  assert_int_equal(index, w->pieces);
  w->frames[index] = frames;
  w->first[index] = in[0];
  w->pieces++;
  for (size_t i = 0; i < frames; i++) difference[i] = (float)(index + 1);
  return SCRIM_OK;
}

static float in_data[MOST], out_data[MOST];

static size_t run(witness *w, size_t rows, size_t block) {
  voice_stream s = {.change = change, .context = w};
  size_t total = 0, written;
  *w = (witness){.fails_at = -1};
  voice_stream_begin(&s, SEGMENT, OVERLAP, 1);
  for (size_t at = 0; at < rows; at += block) {
    const size_t n = rows - at < block ? rows - at : block, bound = voice_stream_bound(&s, n);
    assert_int_equal(voice_stream_push(&s, in_data + at, n, out_data + total, &written, NULL), SCRIM_OK);
    assert_true(written <= bound);
    total += written;
  }
  assert_int_equal(voice_stream_flush(&s, out_data + total, &written, NULL), SCRIM_OK);
  voice_stream_end(&s);
  return total + written;
}

/* What must have been added to frame i of an item of several pieces. */
static double expected(size_t i, size_t pieces) {
  double piece = 1;
  for (size_t k = 1; k < pieces; k++) {
    const double into = (double)i + 0.5 - (double)(k * SEGMENT - OVERLAP);
    piece += fmin(1, fmax(0, into / (2 * OVERLAP)));
  }
  return piece;
}

static void changes_cross_fade_whatever_the_blocks(void **state) {
  (void)state;
  for (size_t i = 0; i < MOST; i++) in_data[i] = (float)i;
  static const size_t blocks[] = {MOST, 333, 64, 1}, lengths[] = {1, 159, 160, 161, 260, 1000, 1999};
  for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
    for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++) {
      witness w;
      assert_int_equal(run(&w, lengths[l], blocks[b]), lengths[l]);
      for (size_t i = 0; i < lengths[l]; i++)
        assert_true(fabs((double)(out_data[i] - in_data[i]) - expected(i, w.pieces)) < 1e-3);
      size_t frames = 0;
      for (size_t p = 0; p < w.pieces; p++) {
        assert_true(w.frames[p] <= SEGMENT + SEGMENT / 2 + 2 * OVERLAP);
        assert_true(p == 0 ? w.first[p] == 0 : w.first[p] == (float)(p * SEGMENT - OVERLAP));
        frames += w.frames[p] - (p > 0 ? 2 * OVERLAP : 0);
      }
      assert_int_equal(frames, lengths[l]);
    }
  }
}

static void nothing_in_nothing_out(void **state) {
  (void)state;
  witness w;
  assert_int_equal(run(&w, 0, 1), 0);
  assert_int_equal(w.pieces, 0);
}

static void channels_go_together(void **state) {
  (void)state;
  witness w = {.fails_at = -1};
  voice_stream s = {.change = change, .context = &w};
  size_t written;
  voice_stream_begin(&s, 40, 4, 2);
  memset(in_data, 0, sizeof in_data);
  assert_int_equal(voice_stream_push(&s, in_data, 100, out_data, &written, NULL), SCRIM_OK);
  assert_int_equal(written, 36);
  assert_int_equal(voice_stream_bound(&s, 5), 69);
  voice_stream_end(&s);
}

static void a_failed_piece_fails_the_push(void **state) {
  (void)state;
  witness w = {.fails_at = 1};
  voice_stream s = {.change = change, .context = &w};
  size_t written;
  voice_stream_begin(&s, SEGMENT, OVERLAP, 1);
  assert_int_equal(voice_stream_push(&s, in_data, 1000, out_data, &written, NULL), SCRIM_E_INTERNAL);
  voice_stream_end(&s);
}

static void failed_requests_are_reported(void **state) {
  (void)state;
  witness w = {.fails_at = -1};
  voice_stream s = {.change = change, .context = &w};
  size_t written;
  for (unsigned long n = 1;; n++) {
    w = (witness){.fails_at = -1};
    voice_stream_begin(&s, SEGMENT, OVERLAP, 1);
    memory_fail_at(n, 0);
    const scrim_status status = voice_stream_push(&s, in_data, 500, out_data, &written, NULL);
    memory_fail_at(0, 0);
    voice_stream_end(&s);
    if (status == SCRIM_OK) break;
    assert_int_equal(status, SCRIM_E_MEMORY);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(changes_cross_fade_whatever_the_blocks),
      cmocka_unit_test(nothing_in_nothing_out),
      cmocka_unit_test(channels_go_together),
      cmocka_unit_test(a_failed_piece_fails_the_push),
      cmocka_unit_test(failed_requests_are_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
