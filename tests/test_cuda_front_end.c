/* The front end of speaker encoders on emulated kernels: the CPU's features, and the way back to the samples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "cuda/cuda.h"
#include "emulated_cuda.h"
#include "talkers_world.h"
#include "voice_deid/front_end.h"
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 1200, CLIPS = 2, KINDS = 4 };

static const front_end_settings kinds[KINDS] = {
    {.window = 400, .hop = 160, .n_fft = 512, .bands = 24, .high_hz = 7600, .low_hz = 20, .mean_removal = 1},
    {.window = 200, .hop = 80, .n_fft = 256, .bands = 40, .high_hz = 8000, .scale = FRONT_END_LINEAR},
    {.window = 320, .hop = 100, .n_fft = 400, .bands = 20, .cepstra = 12, .high_hz = 8000, .mean_removal = 1},
    /* Bands so narrow that some lie between two bins. */
    {.window = 64, .hop = 64, .n_fft = 64, .bands = 32, .high_hz = 1200, .mean_removal = 1},
};

static float speech[CLIPS * SAMPLES];

static int speak(void **state) {
  (void)state;
  uint64_t noise = 5;
  for (int i = 0; i < CLIPS; i++) talkers_speak(3, i, speech + i * SAMPLES, SAMPLES);
  for (size_t i = 0; i < CLIPS * SAMPLES; i++) speech[i] += (float)(0.05 * voice_noise(&noise));
  return 0;
}

/* Features of clips of n samples, and the gradient of the sum of their squares; what has them belongs to the caller. */
typedef struct heard {
  size_t n_features, n_samples;
  float *features, *gradient;
} heard;

static heard hear(const backend *b, const front_end *f, int clips, int n) {
  heard h = {0};
  const char *fallen;
  tape *t;
  assert_int_equal(tape_create(&t, b, NULL), SCRIM_OK);
  tensor *x = tape_variable(t, speech, 2, (int[]){clips, n}), *y = front_end_apply(t, f, x);
  assert_int_equal(tape_backward(t, op_sum(t, op_square(t, y)), NULL), SCRIM_OK);
  h.n_features = y->n;
  h.n_samples = x->n;
  h.features = malloc(y->n * sizeof *h.features);
  h.gradient = malloc(x->n * sizeof *h.gradient);
  assert_true(h.features && h.gradient);
  memcpy(h.features, tensor_values(y), y->n * sizeof *h.features);
  memcpy(h.gradient, tensor_gradient(x), x->n * sizeof *h.gradient);
  assert_int_equal(tape_fallbacks(t, &fallen), 0);
  tape_free(t);
  return h;
}

static void forget(heard *h) {
  free(h->features);
  free(h->gradient);
}

/* Norm of the difference over the norm of what was expected. */
static double distance(const float *a, const float *b, size_t n) {
  double off = 0, all = 1e-30;
  for (size_t i = 0; i < n; i++) {
    off += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
    all += (double)b[i] * b[i];
  }
  return sqrt(off / all);
}

static void compare(const front_end *f, int clips, int n) {
  heard here = hear(&cpu_backend, f, clips, n), there = hear(&cuda_backend, f, clips, n);
  assert_int_equal(here.n_features, there.n_features);
  assert_true(distance(there.features, here.features, here.n_features) < 1e-5);
  assert_true(distance(there.gradient, here.gradient, here.n_samples) < 1e-4);
  forget(&here);
  forget(&there);
}

static void features_are_those_of_the_cpu(void **state) {
  (void)state;
  for (int kind = 0; kind < KINDS; kind++) {
    front_end *f;
    assert_int_equal(front_end_create(&f, &kinds[kind], NULL), SCRIM_OK);
    compare(f, CLIPS, SAMPLES);
    compare(f, 1, kinds[kind].window + kinds[kind].hop); /* two frames */
    front_end_free(f);
  }
  assert_int_equal(emulated_cuda_allocated(), 0);
}

/* Everything at the floor: nothing has a slope, and nothing is no number. */
static void silence_has_features(void **state) {
  (void)state;
  front_end *f;
  memset(speech, 0, sizeof speech);
  assert_int_equal(front_end_create(&f, &kinds[0], NULL), SCRIM_OK);
  heard h = hear(&cuda_backend, f, 1, SAMPLES);
  for (size_t i = 0; i < h.n_features; i++) assert_true(h.features[i] == 0);
  for (size_t i = 0; i < h.n_samples; i++) assert_true(h.gradient[i] == 0);
  forget(&h);
  front_end_free(f);
}

/* One kernel after the spectrum, where there were four operations. */
static void bands_are_one_launch(void **state) {
  (void)state;
  front_end *f;
  tape *t;
  unsigned long launches[2];
  assert_int_equal(front_end_create(&f, &kinds[0], NULL), SCRIM_OK);
  assert_int_equal(tape_create(&t, &cuda_backend, NULL), SCRIM_OK);
  tensor *power = op_power_spectrum(t, tape_input(t, speech, 2, (int[]){1, SAMPLES}), 400, 160, 512);
  assert_non_null(tensor_values(power));
  launches[0] = emulated_cuda_launches();
  assert_non_null(tensor_values(front_end_apply(t, f, tape_input(t, speech, 2, (int[]){1, SAMPLES}))));
  launches[1] = emulated_cuda_launches();
  tape_reset(t);
  assert_non_null(tensor_values(op_power_spectrum(t, tape_input(t, speech, 2, (int[]){1, SAMPLES}), 400, 160, 512)));
  const unsigned long spectrum = emulated_cuda_launches() - launches[1];
  assert_int_equal(launches[1] - launches[0], 2 + spectrum + 1); /* normalize and affine, the spectrum, the bands */
  tape_free(t);
  front_end_free(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(features_are_those_of_the_cpu),
      cmocka_unit_test(bands_are_one_launch),
      cmocka_unit_test(silence_has_features),
  };
  return cmocka_run_group_tests(tests, speak, NULL);
}
