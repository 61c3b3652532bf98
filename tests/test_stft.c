/* Windows of a signal, there and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "voice_deid/stft.h"
#include <cmocka.h>
#include <math.h>

/* Squares of Hann windows a quarter apart sum to 1.5. */
static void windows_add_up_to_the_signal(void **state) {
  (void)state;
  enum { N = 256, HOP = 16 };
  float x[N], y[N] = {0};
  stft s;
  assert_int_equal(stft_open(&s, 64, 128, NULL), SCRIM_OK);
  for (int i = 0; i < N; i++) x[i] = (float)sin(0.3 * i + 0.01 * i * i);
  for (size_t f = 0; f < stft_frames(&s, N, HOP); f++) {
    stft_forward(&s, x + f * HOP);
    stft_add_inverse(&s, y + f * HOP);
  }
  for (int i = 48; i < N - 48; i++) assert_float_equal(y[i] / 1.5, x[i], 1e-5);
  stft_close(&s);
}

static void power_of_a_tone(void **state) {
  (void)state;
  float x[64], power[33];
  stft s;
  assert_int_equal(stft_open(&s, 64, 64, NULL), SCRIM_OK);
  for (int i = 0; i < 64; i++) x[i] = (float)cos(6.283185307179586 * 8 * i / 64);
  stft_forward(&s, x);
  stft_power(&s, power);
  assert_float_equal(power[8], 16 * 16, 1e-3); /* half the sum of the window, squared */
  assert_float_equal(power[7], 8 * 8, 1e-3);
  assert_float_equal(power[20], 0, 1e-6);
  stft_close(&s);
}

static void frames_lie_inside(void **state) {
  (void)state;
  stft s;
  assert_int_equal(stft_open(&s, 400, 512, NULL), SCRIM_OK);
  assert_int_equal(stft_frames(&s, 399, 160), 0);
  assert_int_equal(stft_frames(&s, 400, 160), 1);
  assert_int_equal(stft_frames(&s, 20720, 160), 128);
  stft_close(&s);
}

static void every_failed_request_is_reported(void **state) {
  (void)state;
  for (unsigned long n = 1; n <= 6; n++) {
    stft s;
    memory_fail_at(n, 0);
    assert_int_equal(stft_open(&s, 64, 64, NULL), SCRIM_E_MEMORY);
    memory_fail_at(0, 0);
    stft_close(&s);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(windows_add_up_to_the_signal),
      cmocka_unit_test(power_of_a_tone),
      cmocka_unit_test(frames_lie_inside),
      cmocka_unit_test(every_failed_request_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
