#include "purifier/swap_fit.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { N = 1000, MOST_K = 5 };

static scrim_key *key;
static const swapper_settings widest = {1, 4};

/* Rows of k scores, drawn from the stream `name`; all true labels are the predicted ones. */
static void draw(const char *name, size_t k, float *rows, int32_t *truth) {
  random_source *r;
  assert_int_equal(random_source_from_seed(&r, 3, NULL), SCRIM_OK);
  assert_int_equal(random_begin(r, name, NULL, 0, NULL), SCRIM_OK);
  for (size_t i = 0; i < N; i++) {
    double sum = 0;
    for (size_t j = 0; j < k; j++) sum += rows[i * k + j] = (float)exp(4 * random_normal(r));
    truth[i] = 0;
    for (size_t j = 0; j < k; j++) {
      rows[i * k + j] /= (float)sum;
      if (rows[i * k + j] > rows[i * k + (size_t)truth[i]]) truth[i] = (int32_t)j;
    }
  }
  random_source_free(r);
}

static float members[N * MOST_K], others[N * MOST_K], chance[N];
static int32_t truth[N], of_others[N];

static scrim_status fit(size_t k, swapper **s, swap_effect *effect, scrim_error *error) {
  const swap_rows m = {members, truth, N}, o = {others, NULL, N};
  return swap_fit(s, effect, &widest, &m, chance, &o, k, key, error);
}

static int set_up(void **state) {
  (void)state;
  const unsigned char secret[SCRIM_KEY_BYTES] = {1};
  for (int i = 0; i < N; i++) chance[i] = i % 5 == 0;
  return scrim_key_create(&key, secret, NULL) == SCRIM_OK ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  scrim_key_free(key);
  return 0;
}

/* With two classes a row is one number: cells as wide as with many would take everybody for a member. */
static void cells_are_as_fine_as_it_takes(void **state) {
  (void)state;
  for (size_t k = 2; k <= MOST_K; k++) {
    swapper *s, *wide;
    swap_effect effect;
    size_t by_wide = 0;
    draw("members", k, members, truth);
    draw("others", k, others, of_others);
    assert_int_equal(fit(k, &s, &effect, NULL), SCRIM_OK);
    assert_int_equal(swapper_marked(s), N / 5);
    assert_true(effect.others <= SWAP_MOST_OTHERS);
    /* A fifth of the members, all right before, and at most a few that look like them. */
    assert_true(effect.member_accuracy <= 0.8 && effect.member_accuracy > 0.79);
    assert_int_equal(swapper_build(&wide, &widest, members, chance, N, k, key, NULL), SCRIM_OK);
    for (size_t i = 0; i < N; i++) {
      int swap;
      assert_int_equal(swapper_decide(wide, others + i * k, &swap, NULL), SCRIM_OK);
      by_wide += (size_t)swap;
    }
    if (k == 2) assert_true(by_wide > N / 2);
    swapper_close(s);
    swapper_close(wide);
  }
}

static void rows_that_nothing_tells_apart_are_an_error(void **state) {
  (void)state;
  swapper *s = NULL;
  swap_effect effect;
  scrim_error error;
  draw("members", 3, members, truth);
  memcpy(others, members, sizeof others);
  assert_int_equal(fit(3, &s, &effect, &error), SCRIM_E_DATA);
  assert_null(s);
  assert_non_null(strstr(error.message, "200 of 1000"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cells_are_as_fine_as_it_takes),
      cmocka_unit_test(rows_that_nothing_tells_apart_are_an_error),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
