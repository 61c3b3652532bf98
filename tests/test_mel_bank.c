/* Where the bands stand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "voice_deid/mel_bank.h"
#include <cmocka.h>
#include <math.h>

/* Between the first and the last centre each bin's weights sum to 1: triangles meet at each other's feet. */
static void bands_share_every_bin(void **state) {
  (void)state;
  mel_bank m;
  assert_int_equal(mel_bank_open(&m, 12, 100, 7000, 512, 16000, NULL), SCRIM_OK);
  const double step = 2595 * log10(1 + 7000.0 / 700) / 13 - 2595 * log10(1 + 100.0 / 700) / 13;
  const double low = 700 * (pow(10, (2595 * log10(1 + 100.0 / 700) + step) / 2595) - 1);
  const double high = 700 * (pow(10, (2595 * log10(1 + 7000.0 / 700) - step) / 2595) - 1);
  for (int k = 0; k < m.bins; k++) {
    const double f = k * 16000.0 / 512;
    double sum = 0;
    for (int b = 0; b < m.bands; b++) {
      const float w = m.weight[b * m.bins + k];
      assert_true(w == 0 || (k >= m.first[b] && k < m.last[b]));
      sum += w;
    }
    if (f >= low && f <= high) assert_float_equal(sum, 1, 1e-6);
    if (f <= 100 || f >= 7000) assert_float_equal(sum, 0, 0);
  }
  mel_bank_close(&m);
}

/* 1000 Hz is 1000 mel, as the scale is defined. */
static void the_scale_is_htk(void **state) {
  (void)state;
  mel_bank m;
  float power[257] = {0}, energy[1];
  power[32] = 3; /* 1000 Hz */
  assert_int_equal(mel_bank_open(&m, 1, 0, 700 * (pow(10, 1999.97 / 2595) - 1), 512, 16000, NULL), SCRIM_OK);
  mel_bank_apply(&m, power, energy);
  assert_float_equal(energy[0], 3, 1e-3); /* the top of the one triangle between 0 and 2000 mel */
  mel_bank_close(&m);
}

static void every_failed_request_is_reported(void **state) {
  (void)state;
  for (unsigned long n = 1; n <= 3; n++) {
    mel_bank m;
    memory_fail_at(n, 0);
    assert_int_equal(mel_bank_open(&m, 4, 0, 8000, 64, 16000, NULL), SCRIM_E_MEMORY);
    memory_fail_at(0, 0);
    mel_bank_close(&m);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bands_share_every_bin),
      cmocka_unit_test(the_scale_is_htk),
      cmocka_unit_test(every_failed_request_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
