/* The front end: against the transform as it is written, what undoes the level, the way back, what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "talkers_world.h"
#include "voice_deid/front_end.h"
#include <cmocka.h>
#include <stdlib.h>

enum { SAMPLES = 2000 };

static const front_end_settings mel = {.window = 400,
                                       .hop = 160,
                                       .n_fft = 512,
                                       .bands = 24,
                                       .scale = FRONT_END_MEL,
                                       .low_hz = 20,
                                       .high_hz = 7600,
                                       .mean_removal = 1};
static const front_end_settings cepstral = {.window = 320,
                                            .hop = 100,
                                            .n_fft = 400,
                                            .bands = 20,
                                            .cepstra = 12,
                                            .scale = FRONT_END_LINEAR,
                                            .low_hz = 0,
                                            .high_hz = 8000};
static tape *t;
static float speech[SAMPLES];

static int open_all(void **state) {
  (void)state;
  uint64_t noise = 5;
  talkers_speak(3, 1, speech, SAMPLES);
  for (size_t i = 0; i < SAMPLES; i++) speech[i] += (float)(0.05 * voice_noise(&noise)); /* no band is near the floor */
  return tape_create(&t, &cpu_backend, NULL) != SCRIM_OK;
}

static int close_all(void **state) {
  (void)state;
  tape_free(t);
  return 0;
}

static tensor *features_of(const front_end *f, const float *x, size_t n) {
  tape_reset(t);
  tensor *y = front_end_apply(t, f, tape_input(t, x, 2, (int[]){1, (int)n}));
  assert_int_equal(tape_status(t, NULL), SCRIM_OK);
  return y;
}

/* ---- the same in double, without any operation of the tape ---- */

static double to_scale(const front_end_settings *s, double hz) {
  return s->scale == FRONT_END_MEL ? 1127.010480 * log(1 + hz / 700) : hz;
}

/* The log energy of band `band` in frame `frame`. */
static double band_energy(const front_end_settings *s, const float *x, int frame, int band) {
  double energy = 0;
  const double low = to_scale(s, s->low_hz), step = (to_scale(s, s->high_hz) - low) / (s->bands + 1);
  for (int k = 0; k <= s->n_fft / 2; k++) {
    const double hz = 16000.0 * k / s->n_fft;
    double re = 0, im = 0, edge[3];
    for (int i = 0; i < 3; i++) {
      const double at = low + (band + i) * step;
      edge[i] = s->scale == FRONT_END_MEL ? 700 * (exp(at / 1127.010480) - 1) : at;
    }
    /* Straight in hertz between edges that are evenly spaced in the scale. */
    const double weight = hz <= edge[1] ? (hz - edge[0]) / (edge[1] - edge[0]) : (edge[2] - hz) / (edge[2] - edge[1]);
    if (weight <= 0) continue;
    for (int i = 0; i < s->window; i++) {
      const double hann = 0.5 - 0.5 * cos(voice_turn * i / s->window), y = hann * x[frame * s->hop + i];
      re += y * cos(voice_turn * k * i / s->n_fft);
      im -= y * sin(voice_turn * k * i / s->n_fft);
    }
    energy += weight * (re * re + im * im);
  }
  return log(fmax(energy, 1e-6));
}

/* The samples at the front end's level. */
static const float *levelled(void) {
  static float x[SAMPLES];
  double square = 0;
  for (size_t i = 0; i < SAMPLES; i++) square += (double)speech[i] * speech[i];
  for (size_t i = 0; i < SAMPLES; i++) x[i] = (float)(speech[i] * 0.05 / sqrt(square / SAMPLES));
  return x;
}

static void assert_as_written(const front_end_settings *s) {
  front_end *f;
  assert_int_equal(front_end_create(&f, s, NULL), SCRIM_OK);
  const tensor *y = features_of(f, speech, SAMPLES);
  const int frames = front_end_frames(f, SAMPLES), features = front_end_features(f);
  assert_int_equal(y->dim[1], features);
  assert_int_equal(y->dim[2], frames);
  double *want = calloc((size_t)features * (size_t)frames, sizeof *want), all = 0;
  for (int j = 0; j < frames; j++) {
    double band[64];
    for (int b = 0; b < s->bands; b++) band[b] = band_energy(s, levelled(), j, b);
    for (int i = 0; i < features; i++) {
      double value = s->cepstra ? 0 : band[i];
      for (int b = 0; s->cepstra && b < s->bands; b++)
        value += sqrt(2.0 / s->bands) * cos(voice_turn / 2 * (i + 1) * (b + 0.5) / s->bands) * band[b];
      want[i * frames + j] = value;
      all += value / (features * frames);
    }
  }
  for (int i = 0; i < features; i++) {
    double mean = s->mean_removal ? 0 : all;
    for (int j = 0; s->mean_removal && j < frames; j++) mean += want[i * frames + j] / frames;
    for (int j = 0; j < frames; j++) assert_true(fabs(y->data[i * frames + j] - (want[i * frames + j] - mean)) < 2e-3);
  }
  free(want);
  front_end_free(f);
}

static void it_is_the_transform_as_written(void **state) {
  (void)state;
  assert_as_written(&mel);
  assert_as_written(&cepstral);
}

static void level_tells_nothing(void **state) {
  (void)state;
  front_end_settings each[] = {mel, mel, cepstral};
  each[1].mean_removal = 0;
  for (size_t k = 0; k < 3; k++) {
    front_end *f;
    float louder[SAMPLES], before[4000];
    assert_int_equal(front_end_create(&f, &each[k], NULL), SCRIM_OK);
    for (size_t i = 0; i < SAMPLES; i++) louder[i] = 0.03f * speech[i];
    const tensor *y = features_of(f, speech, SAMPLES);
    assert_true(y->n <= 4000);
    memcpy(before, y->data, y->n * sizeof *before);
    y = features_of(f, louder, SAMPLES);
    for (size_t i = 0; i < y->n; i++) assert_true(fabsf(y->data[i] - before[i]) < 2e-3f);
    front_end_free(f);
  }
}

/* d(sum of squares) along a direction, by the tape and by a small step either way. */
static void the_way_back_reaches_the_samples(void **state) {
  (void)state;
  front_end *f;
  assert_int_equal(front_end_create(&f, &cepstral, NULL), SCRIM_OK);
  tape_reset(t);
  tensor *x = tape_variable(t, speech, 2, (int[]){1, SAMPLES});
  tensor *loss = op_sum(t, op_square(t, front_end_apply(t, f, x)));
  assert_int_equal(tape_backward(t, loss, NULL), SCRIM_OK);
  double along = 0, value[2];
  float way[SAMPLES], moved[SAMPLES];
  uint64_t noise = 9;
  for (size_t i = 0; i < SAMPLES; i++) {
    way[i] = (float)voice_noise(&noise);
    along += (double)way[i] * x->grad[i];
  }
  for (int side = 0; side < 2; side++) {
    for (size_t i = 0; i < SAMPLES; i++) moved[i] = speech[i] + (side ? 1e-4f : -1e-4f) * way[i];
    const tensor *y = features_of(f, moved, SAMPLES);
    value[side] = 0;
    for (size_t i = 0; i < y->n; i++) value[side] += (double)y->data[i] * y->data[i];
  }
  assert_true(fabs((value[1] - value[0]) / 2e-4 - along) < 0.02 * fabs(along));
  front_end_free(f);
}

static void frames_lie_inside(void **state) {
  (void)state;
  front_end *f;
  assert_int_equal(front_end_create(&f, &mel, NULL), SCRIM_OK);
  assert_int_equal(front_end_frames(f, 0), 0);
  assert_int_equal(front_end_frames(f, 399), 0);
  assert_int_equal(front_end_frames(f, 400), 1);
  assert_int_equal(front_end_frames(f, 559), 1);
  assert_int_equal(front_end_frames(f, 560), 2);
  tape_reset(t);
  assert_null(front_end_apply(t, f, tape_input(t, speech, 2, (int[]){1, 399})));
  assert_int_equal(tape_status(t, NULL), SCRIM_E_ARGUMENT);
  front_end_free(f);
}

static void bad_settings_are_named(void **state) {
  (void)state;
  front_end *f = NULL;
  scrim_error error;
  front_end_settings s = mel;
  s.window = 600;
  assert_int_equal(front_end_create(&f, &s, &error), SCRIM_E_PARAM);
  assert_string_equal(error.message, "front end: window 600, must be 32 to 512");
  s = mel;
  s.n_fft = 513;
  assert_int_equal(front_end_create(&f, &s, &error), SCRIM_E_PARAM);
  s = mel;
  s.cepstra = 24;
  assert_int_equal(front_end_create(&f, &s, &error), SCRIM_E_PARAM);
  assert_string_equal(error.message, "front end: cepstra 24, must be 0 to 23");
  s = mel;
  s.low_hz = 7550;
  assert_int_equal(front_end_create(&f, &s, &error), SCRIM_E_PARAM);
  assert_null(f);
}

static void out_of_memory_is_said(void **state) {
  (void)state;
  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long at = 1; status != SCRIM_OK; at++) {
    front_end *f = NULL;
    memory_fail_at(at, 0);
    status = front_end_create(&f, &cepstral, NULL);
    memory_fail_at(0, 0);
    assert_true(status == SCRIM_OK ? f != NULL : status == SCRIM_E_MEMORY && f == NULL);
    front_end_free(f);
    assert_true(at < 10);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_is_the_transform_as_written),   cmocka_unit_test(level_tells_nothing),
      cmocka_unit_test(the_way_back_reaches_the_samples), cmocka_unit_test(frames_lie_inside),
      cmocka_unit_test(bad_settings_are_named),           cmocka_unit_test(out_of_memory_is_said),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
