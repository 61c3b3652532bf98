/* Resampling: exact lengths, no delay, the same bits however a stream is cut, and tones that stay what they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/memory.h"
#include "formats/resample.h"
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double rates[] = {8000, 11025, 16000, 22050, 44100, 48000, 96000};
enum { N_RATES = sizeof rates / sizeof *rates };
static const double turn = 6.283185307179586;

/* A tone of 440 Hz in channel 0, of 880 in channel 1 and so on: [n, channels], freed with free(). */
static float *tones(size_t n, size_t channels, double rate) {
  float *x = calloc(n * channels + 1, sizeof *x);
  assert_non_null(x);
  for (size_t i = 0; i < n; i++)
    for (size_t c = 0; c < channels; c++)
      x[i * channels + c] = (float)(0.5 * sin(turn * 440 * (double)(c + 1) * (double)i / rate));
  return x;
}

/* Pushes in pieces of `piece` frames. */
static size_t in_pieces(resampler *r, const float *x, size_t n, size_t channels, size_t piece, float *y, size_t room) {
  size_t total = 0, some;
  for (size_t at = 0; at < n; at += piece) {
    const size_t now = n - at < piece ? n - at : piece;
    assert_true(resample_bound(r, now) <= room - total);
    assert_int_equal(resample_push(r, x + at * channels, now, y + total * channels, room - total, &some, NULL),
                     SCRIM_OK);
    total += some;
  }
  assert_int_equal(resample_flush(r, y + total * channels, room - total, &some, NULL), SCRIM_OK);
  return total + some;
}

static void lengths_are_exact(void **state) {
  (void)state;
  static const size_t lengths[] = {0, 1, 2, 3, 159, 1000, 4801};
  for (size_t a = 0; a < N_RATES; a++)
    for (size_t b = 0; b < N_RATES; b++)
      for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        const size_t n = lengths[i], expected = (size_t)ceil((double)n * rates[b] / rates[a]);
        assert_int_equal(resample_length(n, rates[a], rates[b]), expected);
        assert_true(resample_length(expected, rates[b], rates[a]) >= n); /* there and back loses nothing */
        float *x = tones(n, 1, rates[a]), *y = calloc(expected + 1, sizeof *y);
        resampler *r;
        y[expected] = 7;
        assert_int_equal(resample_open(&r, rates[a], rates[b], 1, NULL), SCRIM_OK);
        assert_int_equal(in_pieces(r, x, n, 1, 777, y, expected), expected);
        assert_true(y[expected] == 7);
        resample_close(r);
        free(x);
        free(y);
      }
}

static void how_a_stream_is_cut_changes_no_bit(void **state) {
  (void)state;
  static const size_t pieces[] = {1, 7, 160, 1024, 20000};
  enum { N = 20000, CHANNELS = 3 };
  for (size_t b = 0; b < N_RATES; b++) {
    const size_t room = resample_length(N, 16000, rates[b]);
    float *x = tones(N, CHANNELS, 16000), *y[2] = {calloc(room * CHANNELS, 4), calloc(room * CHANNELS, 4)};
    resampler *r;
    assert_int_equal(resample_open(&r, 16000, rates[b], CHANNELS, NULL), SCRIM_OK);
    assert_int_equal(in_pieces(r, x, N, CHANNELS, N, y[0], room), room);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
      assert_int_equal(in_pieces(r, x, N, CHANNELS, pieces[i], y[1], room), room);
      assert_memory_equal(y[0], y[1], room * CHANNELS * sizeof **y);
    }
    resample_close(r);
    free(x);
    free(y[0]);
    free(y[1]);
  }
}

static void tones_stay_where_they_are(void **state) {
  (void)state;
  enum { CHANNELS = 2 };
  for (size_t a = 0; a < N_RATES; a++)
    for (size_t b = 0; b < N_RATES; b++) {
      const size_t n = (size_t)rates[a] / 4, room = resample_length(n, rates[a], rates[b]);
      float *x = tones(n, CHANNELS, rates[a]), *y = calloc(room * CHANNELS, 4);
      float *expected = tones(room, CHANNELS, rates[b]);
      assert_int_equal(resample_all(x, n, CHANNELS, rates[a], rates[b], y, room, NULL), SCRIM_OK);
      /* Away from the ends, where the tone was cut. */
      for (size_t i = room / 5 * CHANNELS; i < room * 4 / 5 * CHANNELS; i++)
        assert_true(fabsf(y[i] - expected[i]) < 1e-4f);
      free(x);
      free(y);
      free(expected);
    }
}

static void equal_rates_copy(void **state) {
  (void)state;
  enum { N = 1001 };
  float *x = tones(N, 2, 44100), y[N * 2];
  assert_int_equal(resample_all(x, N, 2, 44100, 44100, y, N, NULL), SCRIM_OK);
  assert_memory_equal(x, y, sizeof y);
  free(x);
}

static void the_wanted_number_of_frames_comes(void **state) {
  (void)state;
  enum { N = 500 };
  float *x = tones(N, 1, 8000), whole[1000], y[1200];
  assert_int_equal(resample_all(x, N, 1, 8000, 16000, whole, 1000, NULL), SCRIM_OK);
  assert_int_equal(resample_all(x, N, 1, 8000, 16000, y, 999, NULL), SCRIM_OK);
  assert_memory_equal(y, whole, 999 * sizeof *y);
  assert_int_equal(resample_all(x, N, 1, 8000, 16000, y, 1200, NULL), SCRIM_OK);
  assert_memory_equal(y, whole, sizeof whole);
  for (size_t i = 1000; i < 1200; i++) assert_true(y[i] == 0);
  free(x);
}

static void nonsense_is_refused(void **state) {
  (void)state;
  static const double bad[] = {0, -1, NAN, INFINITY, 1e7};
  resampler *r;
  scrim_error error;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_int_equal(resample_open(&r, bad[i], 16000, 1, NULL), SCRIM_E_ARGUMENT);
    assert_int_equal(resample_open(&r, 16000, bad[i], 1, &error), SCRIM_E_ARGUMENT);
    assert_null(r);
  }
  assert_int_equal(resample_open(&r, 8000, 16000, 0, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(resample_open(&r, 8000, 16000, 1025, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(resample_open(&r, 8000, 16000, 1, NULL), SCRIM_OK);
  float x[10] = {0}, y[20];
  size_t n;
  assert_int_equal(resample_push(r, x, 10, y, 19, &n, &error), SCRIM_E_ARGUMENT);
  assert_non_null(strstr(error.message, "room for 19 frames"));
  resample_close(r);
  resample_close(NULL);
}

static void failing_memory_is_an_error(void **state) {
  (void)state;
  float *x = tones(800, 1, 8000), y[1600];
  int failures = 0;
  for (unsigned long at = 1;; at++) {
    memory_fail_at(at, 0);
    const scrim_status status = resample_all(x, 800, 1, 8000, 16000, y, 1599, NULL);
    memory_fail_at(0, 0);
    if (status == SCRIM_OK) break;
    assert_int_equal(status, SCRIM_E_MEMORY);
    failures++;
  }
  assert_int_equal(failures, 3);
  free(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lengths_are_exact),
      cmocka_unit_test(how_a_stream_is_cut_changes_no_bit),
      cmocka_unit_test(tones_stay_where_they_are),
      cmocka_unit_test(equal_rates_copy),
      cmocka_unit_test(the_wanted_number_of_frames_comes),
      cmocka_unit_test(nonsense_is_refused),
      cmocka_unit_test(failing_memory_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
