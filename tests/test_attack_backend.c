/* A planted leak that only one who learns can find, and nothing to find. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "core/random.h"
#include "voice_deid/attack_backend.h"
#include "voice_world.h"
#include <cmocka.h>

enum { DIM = 24, LEAK = 6, SPEAKERS = 40, EACH = 6, ROWS = SPEAKERS * EACH };
static float rows[2][ROWS * DIM], projected[ROWS * DIM];
static int32_t speaker[ROWS];

/*
 * Unit rows: in the first LEAK directions speakers differ by `between`, all the others vary wildly from utterance to
 * utterance, as a random target makes them.
 */
static verification_set draw(float *to, double between, uint64_t seed) {
  random_source *r;
  double centre[LEAK] = {0};
  assert_int_equal(random_source_from_seed(&r, seed, NULL), SCRIM_OK);
  for (int i = 0; i < ROWS; i++) {
    double square = 0, row[DIM];
    speaker[i] = i / EACH;
    for (int d = 0; d < LEAK && i % EACH == 0; d++) centre[d] = between * random_normal(r);
    for (int d = 0; d < DIM; d++) {
      row[d] = d < LEAK ? centre[d] + 0.05 * random_normal(r) : random_normal(r);
      square += row[d] * row[d];
    }
    for (int d = 0; d < DIM; d++) to[i * DIM + d] = (float)(row[d] / sqrt(square));
  }
  random_source_free(r);
  return (verification_set){to, speaker, ROWS, DIM, SPEAKERS};
}

static double eer_of(const verification_set *set, verification_score_fn score, const void *context) {
  verification_trials t;
  scrim_interval eer;
  double threshold;
  assert_int_equal(verification_all_pairs(&t, set, set, score, context, NULL), SCRIM_OK);
  assert_int_equal(verification_eer(&eer, &threshold, &t, 1, NULL), SCRIM_OK);
  verification_trials_free(&t);
  return eer.value;
}

/* EER of a back-end that was trained on the first rows and tries the second. */
static double attack(double between) {
  attack_backend *b;
  const verification_set train = draw(rows[0], between, 1), test = draw(rows[1], between, 2);
  assert_int_equal(attack_backend_train(&b, &train, NULL), SCRIM_OK);
  attack_backend_project(b, test.rows, test.n, projected);
  const verification_set hidden = {projected, test.speaker, test.n, test.dim, test.speakers};
  const double eer = eer_of(&hidden, attack_backend_score, b);
  attack_backend_free(b);
  return eer;
}

static void who_learns_finds_what_cosines_do_not(void **state) {
  (void)state;
  const double learnt = attack(0.5);
  const verification_set test = draw(rows[1], 0.5, 2);
  assert_true(eer_of(&test, verification_cosine, NULL) > 0.4);
  assert_true(learnt < 0.15);
}

static void nothing_is_found_where_nothing_is(void **state) {
  (void)state;
  const double eer = attack(0);
  assert_true(eer > 0.45 && eer < 0.55);
}

/* One dimension, W and B known: log N(x, y; one speaker) - log N(x) N(y). */
static void the_score_is_the_likelihood_ratio(void **state) {
  (void)state;
  const verification_set set = draw(rows[0], 0.5, 1);
  attack_backend *b;
  assert_int_equal(attack_backend_train(&b, &set, NULL), SCRIM_OK);
  float at[DIM] = {0}, same[DIM] = {0}, other[DIM] = {0};
  at[0] = same[0] = 2;
  other[0] = -2;
  const double alike = attack_backend_score(b, at, same, DIM), apart = attack_backend_score(b, at, other, DIM);
  assert_true(alike > apart + 1);
  assert_float_equal(attack_backend_score(b, other, at, DIM), apart, 1e-12);
  attack_backend_free(b);
}

static void too_little_to_learn_from(void **state) {
  (void)state;
  static const int32_t alone[] = {0, 1, 2}, one[] = {0, 0, 0};
  scrim_error error;
  attack_backend *b;
  draw(rows[0], 0.5, 1);
  assert_int_equal(attack_backend_train(&b, &(verification_set){rows[0], alone, 3, DIM, 3}, &error), SCRIM_E_DATA);
  assert_null(b);
  assert_int_equal(attack_backend_train(&b, &(verification_set){rows[0], one, 3, DIM, 1}, &error), SCRIM_E_DATA);
  attack_backend_free(NULL);
}

static void every_failed_request_is_reported(void **state) {
  (void)state;
  const verification_set set = draw(rows[0], 0.5, 1);
  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long n = 1; status != SCRIM_OK; n++) {
    attack_backend *b;
    memory_fail_at(n, 0);
    status = attack_backend_train(&b, &set, NULL);
    memory_fail_at(0, 0);
    attack_backend_free(b);
    assert_true(n < 50 && (status == SCRIM_OK || status == SCRIM_E_MEMORY));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(who_learns_finds_what_cosines_do_not), cmocka_unit_test(nothing_is_found_where_nothing_is),
      cmocka_unit_test(the_score_is_the_likelihood_ratio),    cmocka_unit_test(too_little_to_learn_from),
      cmocka_unit_test(every_failed_request_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
