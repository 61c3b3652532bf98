/* One piece of sound: transparent where nothing changes, and what its difference keeps to. */
#include "core/memory.h"
#include "deid_world.h"
#include "voice_deid/voice_piece.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { MOST = 100000 };

static float in_data[MOST], difference[MOST];
static speaker_encoder *encoder[DEID_ENCODERS];
static const float target[2][12] = {{1}, {1}};
static const float *const targets[] = {target[0], target[1]};
static random_source *random_numbers;

static int open_all(void **state) {
  (void)state;
  for (int e = 0; e < DEID_ENCODERS; e++) encoder[e] = deid_encoder(e);
  return !encoder[0] || !encoder[1] || random_source_from_seed(&random_numbers, 3, NULL) != SCRIM_OK;
}

static int close_all(void **state) {
  (void)state;
  for (int e = 0; e < DEID_ENCODERS; e++) speaker_encoder_free(encoder[e]);
  random_source_free(random_numbers);
  return 0;
}

static voice_piece *make(double strength) {
  const perturb_settings settings = {
      .strength = strength, .peak = 15, .steps = 2, .rate = 1, .target_weight = 1, .plain_weight = 1};
  voice_piece *p;
  assert_int_equal(voice_piece_create(&p, (const speaker_encoder *const *)encoder, 2, &settings, NULL), SCRIM_OK);
  return p;
}

/* Of in_data [frames, channels]; answers whether it is silent. */
static int change(voice_piece *p, size_t frames, size_t channels, double rate, const float *early, size_t n_early,
                  voice_piece_result *result) {
  int is_silent;
  scrim_error error;
  memset(result, 0, sizeof *result);
  assert_int_equal(voice_piece_listen(p, in_data, frames, channels, rate, 0, &is_silent, &error), SCRIM_OK);
  if (is_silent) return 1;
  assert_int_equal(random_begin(random_numbers, "test", NULL, 0, NULL), SCRIM_OK);
  if (voice_piece_change(p, early, n_early, targets, 2, random_numbers, difference, result, &error) != SCRIM_OK)
    fail_msg("%s", error.message);
  return 0;
}

static double power(const float *x, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
  return sum;
}

static void no_strength_and_no_room_is_no_change(void **state) {
  (void)state;
  voice_piece *p = make(0);
  voice_piece_result r;
  static const double rates[] = {8000, 16000, 44100};
  for (size_t i = 0; i < 3; i++) {
    voice_speech(in_data, 40000, rates[i], 140);
    assert_false(change(p, 40000, 1, rates[i], NULL, 0, &r));
    assert_true(power(difference, 40000) < 1e-10 * power(in_data, 40000));
  }
  voice_piece_free(p);
}

static void a_room_adds_its_reflections(void **state) {
  (void)state;
  voice_piece *p = make(0);
  voice_piece_result r;
  float early[100] = {0};
  early[79] = 0.5f; /* 80 samples after the direct path */
  voice_speech(in_data, 30000, 16000, 140);
  for (size_t i = 0; i < 30000; i++) in_data[i] += 0.01f * (float)sin(0.3 * (double)i); /* no pauses to fade at */
  assert_false(change(p, 30000, 1, 16000, early, 100, &r));
  double level = power(in_data, 80);
  for (size_t i = 80; i < 30000; i++) level += pow((double)in_data[i] + 0.5 * (double)in_data[i - 80], 2);
  const double gain = sqrt(power(in_data, 30000) / level); /* loudness stays */
  for (size_t i = 2000; i < 30000; i++) {
    const double sum = gain * ((double)in_data[i] + 0.5 * (double)in_data[i - 80]);
    assert_true(fabs((double)in_data[i] + (double)difference[i] - sum) < 1e-4);
  }
  voice_piece_free(p);
}

static void what_lies_above_8_khz_passes(void **state) {
  (void)state;
  voice_piece *p = make(8);
  voice_piece_result r;
  voice_speech(in_data, 60000, 48000, 140);
  assert_false(change(p, 60000, 1, 48000, NULL, 0, &r));
  assert_true(power(difference, 60000) > 1e-3 * power(in_data, 60000));
  double re = 0, im = 0; /* of the difference at 12 kHz, where a tone would lie */
  for (size_t i = 0; i < 60000; i++) in_data[i] += 0.05f * (float)cos(voice_turn * 0.25 * (double)i);
  assert_false(change(p, 60000, 1, 48000, NULL, 0, &r));
  for (size_t i = 10000; i < 50000; i++) {
    re += (double)difference[i] * cos(voice_turn * 0.25 * (double)i);
    im += (double)difference[i] * sin(voice_turn * 0.25 * (double)i);
  }
  assert_true(sqrt(re * re + im * im) / 40000 < 0.02 * 0.05 / 2);
  voice_piece_free(p);
}

static void short_and_silent_pieces_are_taken(void **state) {
  (void)state;
  voice_piece *p = make(4);
  voice_piece_result r;
  memset(in_data, 0, sizeof in_data);
  assert_true(change(p, 500, 2, 44100, NULL, 0, &r));
  in_data[0] = 0.5f;
  assert_false(change(p, 1, 1, 8000, NULL, 0, &r));
  assert_false(change(p, 3, 2, 96000, NULL, 0, &r));
  for (size_t i = 0; i < 6; i++) assert_true(isfinite(difference[i]));
  voice_piece_free(p);
}

static void frames_at_full_scale_stay_there(void **state) {
  (void)state;
  voice_piece *p = make(10);
  voice_piece_result r;
  voice_speech(in_data, 30000, 16000, 140);
  for (size_t i = 0; i < 30000; i++) in_data[i] = in_data[i] > 0 ? 1 : in_data[i] < 0 ? -1 : 0;
  assert_false(change(p, 30000, 1, 16000, NULL, 0, &r));
  for (size_t i = 0; i < 30000; i++) assert_true(fabsf(in_data[i] + difference[i]) <= 1);
  assert_true(r.limited > 0.1);
  voice_piece_free(p);
}

static void failed_requests_are_reported(void **state) {
  (void)state;
  static float undisturbed[MOST];
  voice_speech(in_data, 20000, 22050, 140);
  for (unsigned long n = 0;; n += 1 + n / 8) { /* 0: none fails */
    const perturb_settings settings = {
        .strength = 4, .peak = 15, .steps = 1, .rate = 1, .target_weight = 1, .plain_weight = 1};
    voice_piece *p = NULL;
    voice_piece_result r;
    int is_silent;
    assert_int_equal(random_begin(random_numbers, "test", NULL, 0, NULL), SCRIM_OK);
    memory_fail_at(n, 0);
    scrim_status status = voice_piece_create(&p, (const speaker_encoder *const *)encoder, 2, &settings, NULL);
    if (status == SCRIM_OK) status = voice_piece_listen(p, in_data, 20000, 1, 22050, 0, &is_silent, NULL);
    if (status == SCRIM_OK) status = voice_piece_change(p, NULL, 0, targets, 1, random_numbers, difference, &r, NULL);
    const unsigned long asked = memory_requests();
    memory_fail_at(0, 0);
    voice_piece_free(p);
    if (n == 0) memcpy(undisturbed, difference, sizeof difference);
    if (n > 0 && asked < n) break;
    if (status == SCRIM_OK) /* a tape keeps several blocks if it cannot have one */
      assert_memory_equal(undisturbed, difference, sizeof difference);
    else
      assert_int_equal(status, SCRIM_E_MEMORY);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_strength_and_no_room_is_no_change), cmocka_unit_test(a_room_adds_its_reflections),
      cmocka_unit_test(what_lies_above_8_khz_passes),         cmocka_unit_test(short_and_silent_pieces_are_taken),
      cmocka_unit_test(frames_at_full_scale_stay_there),      cmocka_unit_test(failed_requests_are_reported),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
