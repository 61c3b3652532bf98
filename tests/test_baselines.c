/* The baselines: what every one of them promises, and each one's own arithmetic on rows worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/memory.h"
#include "core/random.h"
#include "purifier/baseline_rules.h"
#include "purifier/score_form.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { K = 5, ROWS = 300 };

/* Members are confident (top score .9 and up), reference rows are not; classes in turn, so that all are predicted. */
static float reference[ROWS * K], members[ROWS * K];
static int32_t labels[ROWS];
static const defence_data data = {.classes = K,
                                  .reference = reference,
                                  .reference_labels = labels,
                                  .n_reference = ROWS,
                                  .members = members,
                                  .member_labels = labels,
                                  .n_members = ROWS};

static void fill(float *rows, random_source *random, double least, double width) {
  for (size_t i = 0; i < ROWS; i++) {
    double top = least + width * random_uniform(random), share[K], sum = 0;
    for (size_t j = 0; j < K; j++) sum += share[j] = j == i % K ? 0 : 0.1 + random_uniform(random);
    for (size_t j = 0; j < K; j++) rows[i * K + j] = (float)(j == i % K ? top : (1 - top) * share[j] / sum);
  }
}

static int make_data(void **state) {
  (void)state;
  random_source *random = NULL;
  if (random_source_from_seed(&random, 1, NULL) || random_begin(random, "test", NULL, 0, NULL)) return -1;
  fill(reference, random, 0.4, 0.5);
  fill(members, random, 0.9, 0.0999);
  for (size_t i = 0; i < ROWS; i++) labels[i] = (int32_t)(i % K);
  random_source_free(random);
  return 0;
}

static const defence *find(const defence *list, const char *name, double setting) {
  for (; list->name; list++)
    if (!strcmp(list->name, name) && (isnan(setting) || list->setting == setting)) return list;
  fail_msg("no baseline '%s' %g", name, setting);
  return NULL;
}

/* Fits a baseline on `from` and applies it to rows [n, K] in place. */
static void run(const char *name, double setting, const defence_data *from, float *rows, size_t n) {
  const defence *d = find(baselines, name, setting);
  void *state = NULL;
  scrim_error error = {0};
  if (d->fit(&state, d, from, 7, &error) != SCRIM_OK) fail_msg("%s", error.message);
  assert_int_equal(d->apply(state, rows, rows, n, &error), SCRIM_OK);
  d->release(state);
}

static int is_noise(const defence *d) {
  return !strcmp(d->name, "Gaussian noise");
}

/* Rows that try a rule: certain, uniform, two equal tops, many zeros, low tops. */
static const float hard[][K] = {{1, 0, 0, 0, 0},
                                {0, 0, 0, 0, 1},
                                {.2f, .2f, .2f, .2f, .2f},
                                {0, .5f, .5f, 0, 0},
                                {0, .49f, .51f, 0, 0},
                                {.3f, .3f, .4f, 1e-9f, 1e-12f},
                                {.21f, .2f, .2f, .2f, .19f},
                                {.05f, .24f, .23f, .24f, .24f}};
enum { HARD = sizeof hard / sizeof *hard };

static void check_promises(const defence *d) {
  float raw[(HARD + ROWS) * K], released[(HARD + ROWS) * K], again[(HARD + ROWS) * K];
  memcpy(raw, hard, sizeof hard);
  memcpy(raw + HARD * K, members, sizeof members);
  void *state = NULL;
  assert_int_equal(d->fit(&state, d, &data, 7, NULL), SCRIM_OK);
  assert_int_equal(d->apply(state, raw, released, HARD + ROWS, NULL), SCRIM_OK);
  for (size_t i = 0; i < HARD + ROWS; i++) {
    double sum = 0;
    for (size_t j = 0; j < K; j++) {
      float p = released[i * K + j];
      if (!isfinite(p) || p < 0 || p > 1.001f) fail_msg("%s %g: row %zu has %g", d->name, d->setting, i, (double)p);
      sum += p;
    }
    if (strcmp(d->name, "rounding") && fabs(sum - 1) > 1e-4) fail_msg("%s: row %zu sums to %g", d->name, i, sum);
    if (!is_noise(d) && score_argmax(released + i * K, K) != score_argmax(raw + i * K, K))
      fail_msg("%s %g: row %zu lost its label", d->name, d->setting, i);
  }
  memcpy(again, raw, sizeof raw);
  assert_int_equal(d->apply(state, again, again, HARD + ROWS, NULL), SCRIM_OK);
  if (is_noise(d))
    assert_memory_not_equal(again, released, sizeof released);
  else
    assert_memory_equal(again, released, sizeof released);
  d->release(state);
}

static void test_every_baseline_keeps_its_promises(void **state) {
  (void)state;
  for (const defence *d = baselines; d->name; d++) check_promises(d);
  for (const defence *d = baseline_sweep; d->name; d++) check_promises(d);
}

static void assert_row(const float *row, const double *expected) {
  for (size_t j = 0; j < K; j++) assert_float_equal(row[j], expected[j], 1e-6);
}

static void test_row_rules(void **state) {
  (void)state;
  const float raw[K] = {.02f, .66f, .22f, .06f, .04f};
  float row[K];
  memcpy(row, raw, sizeof raw);
  run("label only", NAN, &data, row, 1);
  assert_row(row, (double[]){0, 1, 0, 0, 0});
  memcpy(row, raw, sizeof raw);
  run("top-1", NAN, &data, row, 1);
  assert_row(row, (double[]){.085, .66, .085, .085, .085});
  memcpy(row, raw, sizeof raw);
  run("rounding", 1, &data, row, 1);
  assert_row(row, (double[]){0, .7, .2, .1, 0});
  memcpy(row, raw, sizeof raw);
  run("temperature", 2, &data, row, 1);
  double sum = 0;
  for (size_t j = 0; j < K; j++) sum += sqrt(raw[j]);
  assert_row(row, (double[]){sqrt(.02) / sum, sqrt(.66) / sum, sqrt(.22) / sum, sqrt(.06) / sum, sqrt(.04) / sum});
}

/* sigmoid(0.1 * logit(p)) = 1 / (1 + ((1 - p) / p) ^ 0.1) */
static void test_reverse_sigmoid(void **state) {
  (void)state;
  float row[K] = {.02f, .66f, .22f, .06f, .04f};
  double expected[K], sum = 0;
  for (size_t j = 0; j < K; j++) {
    double p = row[j];
    sum += expected[j] = p - (1 / (1 + pow((1 - p) / p, 0.1)) - 0.5);
  }
  for (size_t j = 0; j < K; j++) expected[j] /= sum;
  run("reverse sigmoid", NAN, &data, row, 1);
  assert_row(row, expected);
}

static void test_rounding_keeps_the_label_of_a_tie(void **state) {
  (void)state;
  float row[K] = {.32f, .33f, .34f, .005f, .005f};
  run("rounding", 1, &data, row, 1);
  assert_int_equal(score_argmax(row, K), 2);
  assert_float_equal(row[2], .3, 1e-6);
  float faint[K] = {.01f, .01f, .01f, .04f, .02f};
  run("rounding", 1, &data, faint, 1);
  assert_int_equal(score_argmax(faint, K), 3);
  assert_float_equal(faint[3], 0, 1e-30);
}

/* Clipping at 0 biases the mean, and nothing else does: a middling score comes back when asked often enough. */
static void test_noise_averages_out(void **state) {
  (void)state;
  enum { ASKED = 4000 };
  const defence *d = find(baselines, "Gaussian noise", NAN);
  void *noise = NULL;
  assert_int_equal(d->fit(&noise, d, &data, 7, NULL), SCRIM_OK);
  const float a[K] = {.6f, .1f, .1f, .1f, .1f}, b[K] = {.8f, .05f, .05f, .05f, .05f};
  double mean_a = 0, mean_b = 0, least = 1, most = 0;
  for (int i = 0; i < ASKED; i++) {
    float out[K];
    assert_int_equal(d->apply(noise, a, out, 1, NULL), SCRIM_OK);
    mean_a += out[0] / ASKED, least = fmin(least, out[0]), most = fmax(most, out[0]);
    assert_int_equal(d->apply(noise, b, out, 1, NULL), SCRIM_OK);
    mean_b += out[0] / ASKED;
  }
  assert_true(most - least > 0.5);    /* one answer says little, */
  assert_true(mean_b - mean_a > 0.1); /* the mean of many tells the rows apart */
  d->release(noise);
}

/* Nine reference rows of class 1 with top scores .50 ... .90, and nothing of any other class. */
static void make_ladder(float *rows, defence_data *ladder) {
  for (size_t i = 0; i < 9; i++) {
    float top = 0.5f + 0.05f * (float)i, rest = 1 - top;
    const float row[K] = {rest * .4f, top, rest * .3f, rest * .2f, rest * .1f};
    memcpy(rows + i * K, row, sizeof row);
  }
  *ladder = (defence_data){.classes = K, .reference = rows, .n_reference = 9};
}

static void test_saturation(void **state) {
  (void)state;
  float rows[9 * K];
  defence_data ladder;
  make_ladder(rows, &ladder);
  float above[K] = {.05f, .9f, .03f, .01f, .01f}, below[K] = {.2f, .6f, .1f, .06f, .04f};
  run("saturation", 0.5, &ladder, above, 1); /* the median of the ladder is .7 */
  assert_row(above, (double[]){.15, .7, .09, .03, .03});
  run("saturation", 0.5, &ladder, below, 1);
  assert_row(below, (double[]){.2, .6, .1, .06, .04});
  float other[K] = {.05f, .03f, .9f, .01f, .01f}, sure[K] = {0, 1, 0, 0, 0};
  run("saturation", 0.5, &ladder, other, 1); /* a class without reference rows: the median of all */
  assert_row(other, (double[]){.15, .09, .7, .03, .03});
  run("saturation", 0.5, &ladder, sure, 1);
  assert_row(sure, (double[]){.075, .7, .075, .075, .075});
}

/* A ceiling of .3 would lift the second score, .49, to .69: it stops at .3, and what is cut goes to the rest. */
static void test_saturation_keeps_the_label_under_a_low_ceiling(void **state) {
  (void)state;
  float rows[K] = {.3f, .2f, .2f, .2f, .1f};
  const defence_data low = {.classes = K, .reference = rows, .n_reference = 1};
  float row[K] = {.51f, .45f, .02f, .01f, .01f};
  run("saturation", 0.5, &low, row, 1);
  assert_row(row, (double[]){.3, .3, .2, .1, .1});
  assert_int_equal(score_argmax(row, K), 0);
}

static void test_prototypes(void **state) {
  (void)state;
  float rows[9 * K];
  defence_data ladder;
  make_ladder(rows, &ladder);
  float row[K] = {.05f, .9f, .03f, .01f, .01f}, same[K];
  memcpy(same, row, sizeof row);
  run("prototype table", NAN, &ladder, row, 1);
  assert_row(row, (double[]){.12, .7, .09, .06, .03});
  memcpy(row, same, sizeof row);
  run("saturation+prototype", 0.5, &ladder, row, 1);
  assert_row(row, (double[]){.12, .7, .09, .06, .03});
  float doubtful[K] = {.01f, .6f, .01f, .01f, .37f};
  run("saturation+prototype", 0.5, &ladder, doubtful, 1);
  assert_row(doubtful, (double[]){.16, .6, .12, .08, .04});
  memcpy(row, same, sizeof row);
  run("prototype above quantile", 0.5, &ladder, row, 1); /* the mean of .70 ... .90 */
  assert_row(row, (double[]){.08, .8, .06, .04, .02});
  float raw[K] = {.01f, .6f, .01f, .01f, .37f};
  run("prototype above quantile", 0.5, &ladder, raw, 1);
  assert_row(raw, (double[]){.01, .6, .01, .01, .37});
}

static double mean_top(const float *rows) {
  double sum = 0;
  for (size_t i = 0; i < ROWS; i++) sum += rows[i * K + score_argmax(rows + i * K, K)] / ROWS;
  return sum;
}

/*
 * Members' top scores lie above .9 and the others' below: pushed to the fence, both must end near it from their own
 * side.
 */
static void test_memguard_brings_both_sides_together(void **state) {
  (void)state;
  const defence *d = find(baselines, "MemGuard", NAN);
  void *guard = NULL;
  assert_int_equal(d->fit(&guard, d, &data, 7, NULL), SCRIM_OK);
  float in[ROWS * K], out[ROWS * K];
  assert_int_equal(d->apply(guard, members, in, ROWS, NULL), SCRIM_OK);
  assert_int_equal(d->apply(guard, reference, out, ROWS, NULL), SCRIM_OK);
  d->release(guard);
  double before = mean_top(members) - mean_top(reference), after = mean_top(in) - mean_top(out);
  assert_true(before > 0.25);
  if (fabs(after) > before / 4) fail_msg("gap of top scores %g before, %g after", before, after);
}

static void test_memguard_needs_members(void **state) {
  (void)state;
  const defence *d = find(baselines, "MemGuard", NAN);
  defence_data without = data;
  without.members = NULL;
  without.n_members = 0;
  void *guard = NULL;
  scrim_error error = {0};
  assert_int_equal(d->fit(&guard, d, &without, 7, &error), SCRIM_E_UNSUPPORTED);
  assert_non_null(strstr(error.message, "members"));
  assert_null(guard);
}

/* Each of the first requests for memory fails once; nothing leaks and nothing half-made comes back. */
static void test_memory_failures(void **state) {
  (void)state;
  static const char *const names[] = {"label only", "saturation", "prototype table", "MemGuard"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const defence *d = find(baselines, names[i], NAN);
    scrim_status status = SCRIM_E_MEMORY;
    unsigned long at = 1;
    for (; status == SCRIM_E_MEMORY && at < 60; at++) {
      void *made = NULL;
      memory_fail_at(at, 0);
      status = d->fit(&made, d, &data, 7, NULL);
      memory_fail_at(0, 0);
      if (status == SCRIM_OK)
        d->release(made);
      else
        assert_null(made);
    }
    if (at < 60) assert_int_equal(status, SCRIM_OK);
    assert_true(at > 2);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_baseline_keeps_its_promises),
      cmocka_unit_test(test_row_rules),
      cmocka_unit_test(test_reverse_sigmoid),
      cmocka_unit_test(test_rounding_keeps_the_label_of_a_tie),
      cmocka_unit_test(test_noise_averages_out),
      cmocka_unit_test(test_saturation),
      cmocka_unit_test(test_saturation_keeps_the_label_under_a_low_ceiling),
      cmocka_unit_test(test_prototypes),
      cmocka_unit_test(test_memguard_brings_both_sides_together),
      cmocka_unit_test(test_memguard_needs_members),
      cmocka_unit_test(test_memory_failures),
  };
  return cmocka_run_group_tests(tests, make_data, NULL);
}
