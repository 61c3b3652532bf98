/* Schedules against PyTorch 1.13, and their edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "nn/nn.h"
#include <cmocka.h>

/*
 * Ten steps at base rate 1 of
 *   torch.optim.lr_scheduler.CosineAnnealingLR(o, T_max=10)
 *   torch.optim.lr_scheduler.OneCycleLR(o, max_lr=1.0, total_steps=10)
 */
static void follows_pytorch(void **state) {
  (void)state;
  static const double cosine[] = {1,   0.975528258148, 0.904508497187, 0.793892626146,  0.654508497187,
                                  0.5, 0.345491502813, 0.206107373854, 0.0954915028125, 0.0244717418524};
  static const double cycle[] = {
      0.04, 0.52, 1, 0.950484632013, 0.81174565395, 0.611262021936, 0.388741978064, 0.18825834605, 0.0495193679865,
      4e-06};
  for (size_t i = 0; i < 10; i++) {
    assert_float_equal(nn_schedule_factor(NN_COSINE, i, 10, 0), cosine[i], 1e-11);
    assert_float_equal(nn_schedule_factor(NN_ONE_CYCLE, i, 10, 0), cycle[i], 1e-11);
    assert_float_equal(nn_schedule_factor(NN_ONE_CYCLE, i, 10, 3), cycle[i], 1e-11);
    assert_true(nn_schedule_factor(NN_CONSTANT, i, 10, 0) == 1);
  }
}

static void steps_come_at_half_and_three_quarters(void **state) {
  (void)state;
  static const double factor[] = {1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01};
  for (size_t i = 0; i < 8; i++) assert_true(nn_schedule_factor(NN_STEP, i, 8, 0) == factor[i]);
}

static void warm_up_is_linear_and_comes_first(void **state) {
  (void)state;
  static const nn_schedule kinds[] = {NN_CONSTANT, NN_COSINE, NN_STEP};
  for (size_t k = 0; k < 3; k++) {
    for (size_t i = 0; i < 4; i++) {
      assert_float_equal(nn_schedule_factor(kinds[k], i, 12, 4), 0.25 * (double)(i + 1), 1e-15);
    }
    for (size_t i = 4; i < 12; i++) {
      assert_true(nn_schedule_factor(kinds[k], i, 12, 4) == nn_schedule_factor(kinds[k], i - 4, 8, 0));
    }
  }
}

/* Runs of no or one step, warm-ups as long as the run or longer, steps past the end: always a rate that can be used. */
static void edges_stay_in_range(void **state) {
  (void)state;
  for (int kind = NN_CONSTANT; kind <= NN_ONE_CYCLE; kind++) {
    for (size_t steps = 0; steps < 12; steps++) {
      for (size_t warmup = 0; warmup < 14; warmup++) {
        for (size_t step = 0; step < 14; step++) {
          double factor = nn_schedule_factor((nn_schedule)kind, step, steps, warmup);
          assert_true(factor > 0 && factor <= 1);
        }
      }
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(follows_pytorch),
      cmocka_unit_test(steps_come_at_half_and_three_quarters),
      cmocka_unit_test(warm_up_is_linear_and_comes_first),
      cmocka_unit_test(edges_stay_in_range),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
