/* What each baseline does to a voice, and what it leaves alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "voice_deid/baseline_mcadams.h"
#include "voice_deid/baseline_room.h"
#include "voice_deid/linear_prediction.h"
#include "voice_deid/polynomial.h"
#include "voice_deid/voice_baseline.h"
#include "voice_world.h"
#include <cmocka.h>
#include <string.h>

enum { N = 16000 };
static float x[N], y[N], z[N];

static random_source *source(uint64_t seed) {
  random_source *r;
  assert_int_equal(random_source_from_seed(&r, seed, NULL), SCRIM_OK);
  return r;
}

static void a_coefficient_of_1_changes_nothing(void **state) {
  (void)state;
  voice_speech(x, N, 16000, 120);
  assert_int_equal(baseline_mcadams(x, N, 1, y, NULL), SCRIM_OK);
  for (int i = 0; i < N; i++) assert_float_equal(y[i], x[i], 1e-4);
}

/* A resonance at angle phi of white noise comes out at phi^0.8. */
static void resonances_move(void **state) {
  (void)state;
  const double phi = 0.6, moved = pow(phi, 0.8);
  const double filter[] = {1, -2 * 0.995 * cos(phi), 0.995 * 0.995};
  static double noise[N], made[N], out[N];
  double a[3];
  double complex pole[2];
  uint64_t random = 8;
  for (int i = 0; i < N; i++) noise[i] = 0.01 * voice_noise(&random);
  prediction_synthesise(noise, N, filter, 2, made);
  for (int i = 0; i < N; i++) x[i] = (float)made[i];
  assert_int_equal(baseline_mcadams(x, N, 0.8, y, NULL), SCRIM_OK);
  for (int i = 0; i < N; i++) out[i] = y[i];
  assert_true(prediction_find(out, N, 2, a));
  polynomial_roots(a, 2, pole);
  assert_float_equal(fabs(carg(pole[0])), moved, 0.03);
  assert_true(fabs(moved - phi) > 0.06);
}

static void a_room_is_what_was_asked_for(void **state) {
  (void)state;
  double late = 0, early = 0, later = 0;
  random_source *r = source(3);
  memset(x, 0, sizeof x);
  x[0] = 1;
  assert_int_equal(baseline_room(x, N, 0.4, 6, r, y, NULL), SCRIM_OK);
  random_source_free(r);
  for (int i = 40; i < N; i++) late += (double)y[i] * y[i];
  for (int i = 40; i < 840; i++) early += (double)y[i] * y[i];
  for (int i = 1640; i < 2440; i++) later += (double)y[i] * y[i];
  assert_float_equal(10 * log10(y[0] * y[0] / late), 6, 0.01);
  assert_float_equal(10 * log10(early / later), 60 * 0.1 / 0.4, 1.5); /* 0.1 s later */
  for (int i = 1; i < 40; i++) assert_float_equal(y[i], 0, 1e-6);
}

/* Drawn from the stream and from nothing else; lengths are kept; silence stays. */
static void baselines_are_repeatable(void **state) {
  (void)state;
  static const size_t lengths[] = {1, 159, 160, 4001};
  int n = 0;
  for (const voice_baseline *b = voice_baselines; b->name; b++, n++) {
    random_source *r = source(5), *same = source(5), *other = source(6);
    for (size_t l = 0; l < 4; l++) {
      const float end = y[lengths[l]] = 77;
      voice_speech(x, lengths[l], 16000, 120);
      assert_int_equal(b->apply(x, lengths[l], r, y, NULL), SCRIM_OK);
      assert_float_equal(y[lengths[l]], end, 0);
      assert_int_equal(b->apply(x, lengths[l], same, z, NULL), SCRIM_OK);
      assert_memory_equal(y, z, lengths[l] * sizeof *y);
    }
    assert_int_equal(b->apply(x, 4001, other, z, NULL), SCRIM_OK);
    assert_int_equal(memcmp(y, z, 4001 * sizeof *y) == 0, b == voice_baselines); /* the first draws nothing */
    memset(x, 0, sizeof x);
    assert_int_equal(b->apply(x, 4001, r, y, NULL), SCRIM_OK);
    for (int i = 0; i < 4001; i++) assert_float_equal(y[i], 0, 0);
    random_source_free(r);
    random_source_free(same);
    random_source_free(other);
  }
  assert_int_equal(n, 3);
}

static void every_failed_request_is_reported(void **state) {
  (void)state;
  voice_speech(x, 500, 16000, 120);
  scrim_status status = SCRIM_E_MEMORY;
  random_source *r = source(5);
  for (unsigned long n = 1; status != SCRIM_OK; n++) {
    memory_fail_at(n, 0);
    status = baseline_room(x, 500, 0.1, 3, r, y, NULL);
    memory_fail_at(0, 0);
    assert_true(n < 20 && (status == SCRIM_OK || status == SCRIM_E_MEMORY));
  }
  random_source_free(r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_coefficient_of_1_changes_nothing), cmocka_unit_test(resonances_move),
      cmocka_unit_test(a_room_is_what_was_asked_for),       cmocka_unit_test(baselines_are_repeatable),
      cmocka_unit_test(every_failed_request_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
