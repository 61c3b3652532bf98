/* The optimiser: it gets where it is sent, stays within its bound, and stops where it may. */
#include "core/memory.h"
#include "deid_world.h"
#include "voice_deid/perturb.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { SAMPLES = 24000 };

static const perturb_settings usual = {.strength = 6,
                                       .peak = 15,
                                       .steps = 40,
                                       .rate = 0.5,
                                       .target_margin = 0,
                                       .source_margin = 2,
                                       .target_weight = 1,
                                       .plain_weight = 1,
                                       .moves = 1};
static float x[SAMPLES];
static speaker_encoder *encoder[DEID_ENCODERS];
static float target[DEID_ENCODERS][SPEAKER_MOST_DIMENSIONS];
static const float *const targets[] = {target[0], target[1]};
static random_source *random_numbers;

/* The targets are what the encoders make of another voice. */
static int open_all(void **state) {
  (void)state;
  tape *t;
  if (tape_create(&t, &cpu_backend, NULL) != SCRIM_OK) return 1;
  voice_speech(x, SAMPLES, 16000, 210);
  for (int i = 0; i < SAMPLES; i++) x[i] += i == 0 ? 0 : -0.9f * x[i - 1];
  for (int e = 0; e < DEID_ENCODERS; e++) {
    encoder[e] = deid_encoder(e);
    if (!encoder[e] || speaker_encoder_embed_samples(encoder[e], t, x, SAMPLES, target[e], NULL) != SCRIM_OK) return 1;
  }
  tape_free(t);
  voice_speech(x, SAMPLES, 16000, 120);
  return random_source_from_seed(&random_numbers, 3, NULL) != SCRIM_OK;
}

static int close_all(void **state) {
  (void)state;
  for (int e = 0; e < DEID_ENCODERS; e++) speaker_encoder_free(encoder[e]);
  random_source_free(random_numbers);
  return 0;
}

static perturb *make(const perturb_settings *settings) {
  perturb *p;
  assert_int_equal(perturb_create(&p, (const speaker_encoder *const *)encoder, DEID_ENCODERS, settings, NULL),
                   SCRIM_OK);
  return p;
}

static perturb_result run(perturb *p, int steps) {
  perturb_result r;
  scrim_error error;
  assert_int_equal(random_begin(random_numbers, "test", NULL, 0, NULL), SCRIM_OK);
  assert_int_equal(perturb_begin(p, x, SAMPLES, NULL), SCRIM_OK);
  if (perturb_run(p, x, targets, steps, random_numbers, &r, &error) != SCRIM_OK) fail_msg("%s", error.message);
  return r;
}

static perturb_result run_once(perturb_settings settings) {
  perturb *p = make(&settings);
  const perturb_result r = run(p, settings.steps);
  perturb_free(p);
  return r;
}

static double gain(const perturb_result *r) {
  double sum = 0;
  for (int e = 0; e < DEID_ENCODERS; e++) sum += r->target_cosine[e] - r->source_cosine[e];
  return sum;
}

static void steps_lead_to_the_target(void **state) {
  (void)state;
  perturb_settings few = usual;
  few.steps = 1;
  const perturb_result first = run_once(few), last = run_once(usual);
  assert_int_equal(last.steps, usual.steps);
  assert_true(gain(&last) > gain(&first));
  assert_true(gain(&last) >
              0); /* nearer to the target than to the talker: untrained encoders hear all voices as much alike */
}

static void gains_stay_within_the_bound(void **state) {
  (void)state;
  perturb_settings tight = usual;
  for (tight.strength = 0.5; tight.strength < 9; tight.strength *= 2) {
    const perturb_result r = run_once(tight);
    assert_true(r.distortion <= tight.strength * 1.0001);
    assert_true(r.distortion > 0.5 * tight.strength);
  }
  tight.strength = 0; /* nothing may change, and nothing does: every response is the direct path */
  perturb *p = make(&tight);
  const perturb_result r = run(p, 2);
  for (int j = 0; j < r.nodes; j++) {
    for (int k = 0; k < ENVELOPE_TAPS; k++) assert_true(r.responses[j * ENVELOPE_TAPS + k] == (k == 0));
  }
  perturb_free(p);
}

static speaker_encoder *encoder_without_means(void) {
  speaker_encoder_settings settings = *speaker_encoder_about(encoder[0]);
  speaker_encoder *e;
  settings.front.mean_removal = 1;
  assert_int_equal(random_begin(random_numbers, "without means", NULL, 0, NULL), SCRIM_OK);
  assert_int_equal(speaker_encoder_create(&e, &settings, random_numbers, NULL), SCRIM_OK);
  return e;
}

/* How far the encoder that keeps its means is led, and how far the one that removes them is. */
static void lead_both(const speaker_encoder *const *both, double plain_weight, double led[2]) {
  perturb_settings settings = usual;
  perturb *p;
  settings.plain_weight = plain_weight;
  assert_int_equal(perturb_create(&p, both, 2, &settings, NULL), SCRIM_OK);
  const perturb_result r = run(p, settings.steps);
  for (int e = 0; e < 2; e++) led[e] = r.target_cosine[e] - r.source_cosine[e];
  perturb_free(p);
}

static void encoders_count_by_their_weight(void **state) {
  (void)state;
  double heavy[2], light[2];
  speaker_encoder *without = encoder_without_means();
  const speaker_encoder *both[] = {encoder[0], without};
  lead_both(both, 100, heavy);
  lead_both(both, 0.01, light);
  assert_true(heavy[0] > light[0]);
  assert_true(heavy[1] < light[1]);
  speaker_encoder_free(without);
}

static void it_stops_at_the_margins(void **state) {
  (void)state;
  perturb_settings easy = usual;
  easy.target_margin = 2;
  easy.source_margin = 0;
  const perturb_result r = run_once(easy);
  assert_int_equal(r.reached, 1);
  assert_int_equal(r.steps, 3);
  assert_int_equal(run_once(usual).reached, 0);
}

static void a_segment_goes_on_from_the_one_before(void **state) {
  (void)state;
  perturb_settings few = usual;
  few.steps = 5;
  perturb *p = make(&few);
  const perturb_result first = run(p, 5), second = run(p, 5);
  assert_true(gain(&second) > gain(&first));
  perturb_forget(p);
  const perturb_result again = run(p, 5);
  assert_true(gain(&again) == gain(&first));
  perturb_free(p);
}

/* A map that is given is brought to the bound and stands as it is where no step may be taken. */
static void a_given_map_needs_no_steps(void **state) {
  (void)state;
  perturb *p = make(&usual);
  float map[ENVELOPE_BANDS * ENVELOPE_STATE];
  for (int i = 0; i < ENVELOPE_BANDS * ENVELOPE_STATE; i++) map[i] = 1e-3f * (float)(i % 7 - 3);
  perturb_start(p, map);
  const perturb_result first = run(p, 0);
  assert_int_equal(first.steps, 0);
  assert_int_equal(first.has_cosines, 1);
  assert_true(fabs(first.distortion - usual.strength) < 0.02);
  perturb_result later;
  assert_int_equal(perturb_begin_deaf(p, x, SAMPLES, NULL), SCRIM_OK);
  assert_int_equal(perturb_run(p, x, targets, 1, random_numbers, &later, NULL), SCRIM_E_STATE);
  assert_int_equal(perturb_begin_deaf(p, x, SAMPLES, NULL), SCRIM_OK);
  assert_int_equal(perturb_run(p, x, targets, 0, random_numbers, &later, NULL), SCRIM_OK);
  assert_int_equal(later.has_cosines, 0);
  assert_true(fabs(later.distortion - first.distortion) < 1e-3);
  perturb_free(p);
}

static void lengths_are_checked(void **state) {
  (void)state;
  perturb *p = make(&usual);
  assert_int_equal(perturb_begin(p, x, SPEAKER_LEAST_SAMPLES - 1, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(perturb_begin(p, x, PERTURB_MOST_SAMPLES + 1, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(perturb_begin(p, x, SPEAKER_LEAST_SAMPLES, NULL), SCRIM_OK);
  perturb_free(p);
}

static void failed_requests_are_reported(void **state) {
  (void)state;
  perturb_settings one = usual;
  one.steps = 1;
  one.channel = 3;
  one.noise = 20;
  one.cut = 0.6;
  double undisturbed = 0;
  for (unsigned long n = 0;; n += 1 + n / 8) { /* 0: none fails */
    perturb *p = NULL;
    perturb_result r;
    assert_int_equal(random_begin(random_numbers, "test", NULL, 0, NULL), SCRIM_OK);
    memory_fail_at(n, 0);
    scrim_status status = perturb_create(&p, (const speaker_encoder *const *)encoder, DEID_ENCODERS, &one, NULL);
    if (status == SCRIM_OK) status = perturb_begin(p, x, SAMPLES, NULL);
    if (status == SCRIM_OK) status = perturb_run(p, x, targets, 1, random_numbers, &r, NULL);
    const unsigned long asked = memory_requests();
    memory_fail_at(0, 0);
    perturb_free(p);
    if (n == 0) undisturbed = gain(&r);
    if (n > 0 && asked < n) break;
    if (status == SCRIM_OK)
      assert_true(gain(&r) == undisturbed); /* a tape keeps several blocks if it cannot have one */
    else
      assert_int_equal(status, SCRIM_E_MEMORY);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(steps_lead_to_the_target),
      cmocka_unit_test(gains_stay_within_the_bound),
      cmocka_unit_test(encoders_count_by_their_weight),
      cmocka_unit_test(it_stops_at_the_margins),
      cmocka_unit_test(a_segment_goes_on_from_the_one_before),
      cmocka_unit_test(a_given_map_needs_no_steps),
      cmocka_unit_test(lengths_are_checked),
      cmocka_unit_test(failed_requests_are_reported),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
