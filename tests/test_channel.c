/* What a channel does to sound: cuts, gain over frequency, noise, slopes. */
#include "core/memory.h"
#include "voice_deid/channel.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

enum { SAMPLES = 16000 };

static float x[SAMPLES];
static tape *t;
static random_source *random_numbers;
static channel *c;

static int open_all(void **state) {
  (void)state;
  for (int i = 0; i < SAMPLES; i++) x[i] = (float)(0.1 * sin(0.05 * i) + 0.05 * sin(1.3 * i + 0.001 * i * i));
  return tape_create(&t, &cpu_backend, NULL) != SCRIM_OK ||
         random_source_from_seed(&random_numbers, 3, NULL) != SCRIM_OK || channel_create(&c, NULL) != SCRIM_OK;
}

static int close_all(void **state) {
  (void)state;
  channel_free(c);
  random_source_free(random_numbers);
  tape_free(t);
  return 0;
}

static tensor *pass(channel_settings settings) {
  tape_reset(t);
  tape_random(t, random_numbers);
  tensor *y = channel_pass(c, t, 0, tape_variable(t, x, 2, (int[]){1, SAMPLES}), &settings, random_numbers);
  assert_int_equal(tape_status(t, NULL), SCRIM_OK);
  return y;
}

static double power(const real *values, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += (double)values[i] * (double)values[i];
  return sum / (double)n;
}

static void without_settings_sound_passes(void **state) {
  (void)state;
  const tensor *y = pass((channel_settings){0});
  assert_int_equal(y->n, SAMPLES);
  assert_memory_equal(y->data, x, sizeof x);
}

static void cuts_are_pieces_of_the_sound(void **state) {
  (void)state;
  int starts = 0;
  for (int i = 0; i < 10; i++) {
    const tensor *y = pass((channel_settings){.cut = 4000});
    assert_int_equal(y->n, 4000);
    int at = 0;
    while (at <= SAMPLES - 4000 && memcmp(x + at, y->data, 4000 * sizeof *x) != 0) at++;
    assert_true(at <= SAMPLES - 4000);
    starts += at > 0;
  }
  assert_true(starts > 5);
  assert_int_equal(pass((channel_settings){.cut = SAMPLES + 1})->n, SAMPLES);
}

static void noise_is_as_loud_as_said(void **state) {
  (void)state;
  double least = 1e9, most = 0;
  for (int i = 0; i < 20; i++) {
    const tensor *y = pass((channel_settings){.noise = 20});
    double sum = 0;
    for (size_t k = 0; k < y->n; k++) sum += pow((double)(y->data[k] - x[k]), 2);
    const double below = 10 * log10(power(x, SAMPLES) / (sum / (double)y->n));
    least = fmin(least, below);
    most = fmax(most, below);
  }
  assert_true(least > 19.5 && most < 40.5 && most - least > 5);
}

static void channels_differ_and_have_slopes(void **state) {
  (void)state;
  tensor *y = pass((channel_settings){.spread = 6});
  const double one = power(y->data, y->n);
  scrim_error error;
  assert_int_equal(tape_backward(t, op_sum(t, y), &error), SCRIM_OK);
  y = pass((channel_settings){.spread = 6});
  assert_true(fabs(10 * log10(power(y->data, y->n) / one)) > 0.01);
}

static void failed_requests_are_reported(void **state) {
  (void)state;
  channel *other;
  for (unsigned long n = 1;; n++) {
    memory_fail_at(n, 0);
    const scrim_status status = channel_create(&other, NULL);
    memory_fail_at(0, 0);
    if (status == SCRIM_OK) break;
    assert_int_equal(status, SCRIM_E_MEMORY);
  }
  channel_free(other);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_settings_sound_passes), cmocka_unit_test(cuts_are_pieces_of_the_sound),
      cmocka_unit_test(noise_is_as_loud_as_said),      cmocka_unit_test(channels_differ_and_have_slopes),
      cmocka_unit_test(failed_requests_are_reported),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
