/* Each attempt removes what it is made to remove, and leaves clean speech nearly as it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "voice_deid/attack_removal.h"
#include "voice_deid/baseline_room.h"
#include "voice_world.h"
#include <cmocka.h>
#include <string.h>

enum { N = 32000 };
static float clean[N], hidden[N], found[N + 1];
static double level[REMOVAL_BINS];

static const attack_removal *attempt(const char *name) {
  for (const attack_removal *a = attack_removals; a->name; a++)
    if (strcmp(a->name, name) == 0) return a;
  fail_msg("no attempt '%s'", name);
  return NULL;
}

static void run(const char *name) {
  assert_int_equal(attempt(name)->apply(hidden, N, level, found, NULL), SCRIM_OK);
}

/* Noise and a voice: something in every bin, so that spectra can be compared. */
static int make_speech(void **state) {
  (void)state;
  uint64_t random = 2;
  voice_speech(clean, N, 16000, 120);
  for (int i = 0; i < N; i++) clean[i] += 0.0005f * (float)voice_noise(&random);
  return attack_removal_measure(clean, N, level, NULL) != SCRIM_OK;
}

/* Root mean square difference of the shapes of two mean spectra, dB. */
static double shape_distance(const float *x) {
  double other[REMOVAL_BINS], mean = 0, square = 0;
  assert_int_equal(attack_removal_measure(x, N, other, NULL), SCRIM_OK);
  for (int k = 0; k < REMOVAL_BINS; k++) mean += (other[k] - level[k]) / REMOVAL_BINS;
  for (int k = 0; k < REMOVAL_BINS; k++) square += (other[k] - level[k] - mean) * (other[k] - level[k] - mean);
  return 4.342944819 * sqrt(square / REMOVAL_BINS);
}

/* Share of the energy of x that is not the clean speech, at the level that fits best. */
static double residue(const float *x) {
  double xy = 0, xx = 0, yy = 0;
  for (int i = 0; i < N; i++) {
    xy += clean[i] * x[i];
    xx += clean[i] * clean[i];
    yy += x[i] * x[i];
  }
  return 1 - xy * xy / (xx * yy);
}

static void lengths_are_kept_and_silence_stays(void **state) {
  (void)state;
  static const size_t lengths[] = {1, 127, 513, N};
  for (const attack_removal *a = attack_removals; a->name; a++)
    for (size_t l = 0; l < 4; l++) {
      found[lengths[l]] = 77;
      assert_int_equal(a->apply(clean, lengths[l], level, found, NULL), SCRIM_OK);
      assert_float_equal(found[lengths[l]], 77, 0);
      for (size_t i = 0; i < lengths[l]; i++) assert_true(isfinite(found[i]));
    }
  memset(hidden, 0, sizeof hidden);
  for (const attack_removal *a = attack_removals; a->name; a++) {
    run(a->name);
    for (int i = 0; i < N; i++) assert_true(fabsf(found[i]) < 1e-3f); /* codecs make a little noise */
  }
}

static void clean_speech_stays_what_it_is(void **state) {
  (void)state;
  memcpy(hidden, clean, sizeof hidden);
  run("inverse filter");
  assert_true(residue(found) < 1e-6);
  run("8 kHz");
  assert_true(residue(found) < 1e-2);
  run("vorbis");
  assert_true(residue(found) < 0.05);
  run("mp3");
  assert_true(residue(found) < 0.2);
  run("denoise");
  assert_true(residue(found) < 0.05);
}

/* A static colouring is what an inverse filter is for. */
static void colour_is_taken_out(void **state) {
  (void)state;
  for (int i = 0; i < N; i++) hidden[i] = clean[i] + (i > 0 ? 0.9f * clean[i - 1] : 0);
  assert_true(shape_distance(hidden) > 3);
  run("inverse filter");
  assert_true(shape_distance(found) < 0.5);
  run("local inverse");
  assert_true(shape_distance(found) < 1.5);
}

static void reverberation_is_reduced(void **state) {
  (void)state;
  random_source *r;
  assert_int_equal(random_source_from_seed(&r, 1, NULL), SCRIM_OK);
  double before = 0, after = 0;
  memset(clean, 0, sizeof clean);
  for (int i = 0; i < N; i += 8000) clean[i + 100] = 1; /* clicks: what follows is reverberation */
  assert_int_equal(baseline_room(clean, N, 0.4, 0, r, hidden, NULL), SCRIM_OK);
  random_source_free(r);
  run("dereverberation");
  for (int i = 0; i < N; i++)
    if (i % 8000 > 100 + 1600) {
      before += hidden[i] * hidden[i];
      after += found[i] * found[i];
    }
  assert_true(after < 0.5 * before);
  make_speech(NULL);
}

static void noise_is_reduced(void **state) {
  (void)state;
  uint64_t random = 9;
  for (int i = 0; i < N; i++) hidden[i] = clean[i] + 0.2f * (float)voice_noise(&random);
  const double before = residue(hidden);
  run("denoise");
  assert_true(residue(found) < 0.9 * before);
}

static void every_failed_request_is_reported(void **state) {
  (void)state;
  for (const attack_removal *a = attack_removals; a->name; a++) {
    scrim_status status = SCRIM_E_MEMORY;
    for (unsigned long n = 1; status != SCRIM_OK; n++) {
      memory_fail_at(n, 1);
      status = a->apply(clean, 4000, level, found, NULL);
      memory_fail_at(0, 0);
      assert_true(n < 100);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lengths_are_kept_and_silence_stays),
      cmocka_unit_test(clean_speech_stays_what_it_is),
      cmocka_unit_test(colour_is_taken_out),
      cmocka_unit_test(reverberation_is_reduced),
      cmocka_unit_test(noise_is_reduced),
      cmocka_unit_test(every_failed_request_is_reported),
  };
  return cmocka_run_group_tests(tests, make_speech, NULL);
}
