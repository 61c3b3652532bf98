/*
 * The judge against a plain computation in double, on weights drawn at random; how well it recognises people is for an
 * audit with the real weights to say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "core/random.h"
#include "voice_deid/judge.h"
#include "voice_world.h"
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

enum { LAYERS = 13, SEGMENT = 20720, STEP = 8000, BANDS = 80, FRAMES = 128 };

static const struct {
  const char *name;
  int out, in, taps, shift;
} layers[LAYERS] = {
    {"stem", 16, 1, 3, -2},  {"s1c1", 16, 16, 3, 3},  {"s1c2", 16, 16, 3, -2},   {"s2c1", 32, 16, 3, 1},
    {"s2c2", 32, 32, 3, -1}, {"s2sc", 32, 16, 1, 0},  {"s3c1", 64, 32, 3, 0},    {"s3c2", 64, 64, 3, 0},
    {"s3sc", 64, 32, 1, 0},  {"s4c1", 128, 64, 3, 0}, {"s4c2", 128, 128, 3, -2}, {"s4sc", 128, 64, 1, -1},
    {"fc", 64, 128, 1, 2},
};
static int8_t weight[LAYERS][128 * 128 * 9], bias[LAYERS][128];
static float speech[SEGMENT + STEP + 100];

/* ---- a file of weights ---- */

static tensorfile *make_file(int n_layers, int32_t stem_shift) {
  tensorfile_writer *writer;
  static int32_t shift[LAYERS];
  unsigned char *bytes;
  size_t n_bytes;
  tensorfile *file;
  char name[16];
  assert_int_equal(tensorfile_writer_create(&writer, NULL), SCRIM_OK);
  for (int l = 0; l < n_layers; l++) {
    const int64_t shape[] = {layers[l].out, layers[l].in, layers[l].taps, layers[l].taps};
    shift[l] = l == 0 ? stem_shift : layers[l].shift;
    snprintf(name, sizeof name, "%s_w", layers[l].name);
    assert_int_equal(tensorfile_put(writer, name, TENSORFILE_I8, 4, shape, weight[l], NULL), SCRIM_OK);
    snprintf(name, sizeof name, "%s_b", layers[l].name);
    assert_int_equal(tensorfile_put(writer, name, TENSORFILE_I8, 1, shape, bias[l], NULL), SCRIM_OK);
    snprintf(name, sizeof name, "%s_shift", layers[l].name);
    assert_int_equal(tensorfile_put(writer, name, TENSORFILE_I32, 0, NULL, &shift[l], NULL), SCRIM_OK);
  }
  assert_int_equal(tensorfile_bytes(writer, &bytes, &n_bytes, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_parse(&file, bytes, n_bytes, NULL), SCRIM_OK);
  memory_free(bytes);
  tensorfile_writer_free(writer);
  return file;
}

static int draw_all(void **state) {
  (void)state;
  uint64_t random = 11;
  for (int l = 0; l < LAYERS; l++) {
    const int n = layers[l].out * layers[l].in * layers[l].taps * layers[l].taps;
    for (int i = 0; i < n; i++) weight[l][i] = (int8_t)(120 * voice_noise(&random));
    for (int i = 0; i < layers[l].out; i++) bias[l][i] = (int8_t)(30 * voice_noise(&random));
  }
  voice_speech(speech, SEGMENT + STEP + 100, 16000, 130);
  for (int i = 0; i < SEGMENT + STEP + 100; i++) speech[i] += 0.01f * (float)voice_noise(&random);
  return 0;
}

/* ---- the plain computation ---- */

static double clamp(double x) {
  return fmin(fmax(x, -128), 127);
}

/* x [in, h, w] -> y [out, h, w] */
static void plain_convolve(int l, const float *x, int h, int w, float *y) {
  const int taps = layers[l].taps, in = layers[l].in, reach = taps / 2;
  for (int o = 0; o < layers[l].out; o++)
    for (int r = 0; r < h; r++)
      for (int c = 0; c < w; c++) {
        float sum = 128.0f * bias[l][o];
        for (int i = 0; i < in; i++)
          for (int a = 0; a < taps; a++)
            for (int b = 0; b < taps; b++) {
              const int row = r + a - reach, column = c + b - reach;
              if (row < 0 || row >= h || column < 0 || column >= w) continue;
              sum += weight[l][((o * in + i) * taps + a) * taps + b] * x[(i * h + row) * w + column];
            }
        y[(o * h + r) * w + c] = (float)clamp(ldexp(sum, layers[l].shift) / 128);
      }
}

static void plain_relu(float *x, int n) {
  for (int i = 0; i < n; i++) x[i] = fmaxf(x[i], 0);
}

/* In place: [c, h, w] -> [c, h / 2, w / 2] */
static void plain_pool(float *x, int channels, int h, int w) {
  for (int c = 0, to = 0; c < channels; c++)
    for (int r = 0; r < h; r += 2)
      for (int k = 0; k < w; k += 2, to++) {
        const float *at = x + (c * h + r) * w + k;
        x[to] = fmaxf(fmaxf(at[0], at[1]), fmaxf(at[w], at[w + 1]));
      }
}

static float map[3][16 * BANDS * FRAMES];

/* x [in, h, w] in map[0] becomes the block's output. */
static void plain_block(int c1, int c2, int sc, int h, int w) {
  const int n = layers[c2].out * h * w;
  plain_convolve(c1, map[0], h, w, map[1]);
  plain_relu(map[1], layers[c1].out * h * w);
  plain_convolve(c2, map[1], h, w, map[2]);
  if (sc >= 0) {
    plain_convolve(sc, map[0], h, w, map[1]);
    memcpy(map[0], map[1], (size_t)n * sizeof(float));
  }
  for (int i = 0; i < n; i++) map[0][i] = (float)clamp(map[0][i] + map[2][i]);
  plain_relu(map[0], n);
}

static double mel_edge(int i) {
  const double low = 2595 * log10(1 + 20 / 700.0), high = 2595 * log10(1 + 7600 / 700.0);
  return 700 * (pow(10, (low + i * (high - low) / (BANDS + 1)) / 2595) - 1);
}

static void plain_features(const float *x, float *features) {
  static double cosine[512];
  static double power[FRAMES][257];
  for (int i = 0; i < 512; i++) cosine[i] = cos(voice_turn * i / 512);
  for (int f = 0; f < FRAMES; f++)
    for (int k = 0; k <= 256; k++) {
      double re = 0, im = 0;
      for (int i = 0; i < 400; i++) {
        const double v = x[f * 160 + i] * (0.5 - 0.5 * cos(voice_turn * i / 400));
        re += v * cosine[k * i % 512];
        im += v * cosine[(k * i + 128) % 512];
      }
      power[f][k] = re * re + im * im;
    }
  for (int b = 0; b < BANDS; b++) {
    double mean = 0;
    for (int f = 0; f < FRAMES; f++) {
      double sum = 0;
      for (int k = 0; k <= 256; k++) {
        const double hz = k * 31.25, up = (hz - mel_edge(b)) / (mel_edge(b + 1) - mel_edge(b));
        const double down = (mel_edge(b + 2) - hz) / (mel_edge(b + 2) - mel_edge(b + 1));
        sum += fmax(0, fmin(up, down)) * power[f][k];
      }
      features[b * FRAMES + f] = (float)log(fmax(sum, 1e-9));
      mean += features[b * FRAMES + f] / FRAMES;
    }
    for (int f = 0; f < FRAMES; f++)
      features[b * FRAMES + f] = (float)(127 / 6.8 * fmin(fmax(features[b * FRAMES + f] - mean, -6.8), 6.8));
  }
}

/* x [SEGMENT] -> out [64] */
static void plain_embed(const float *x, double *out) {
  plain_features(x, map[1]);
  plain_convolve(0, map[1], 80, 128, map[0]);
  plain_relu(map[0], 16 * 80 * 128);
  plain_pool(map[0], 16, 80, 128);
  plain_block(1, 2, -1, 40, 64);
  plain_pool(map[0], 16, 40, 64);
  plain_block(3, 4, 5, 20, 32);
  plain_pool(map[0], 32, 20, 32);
  plain_block(6, 7, 8, 10, 16);
  plain_block(9, 10, 11, 10, 16);
  float mean[128] = {0};
  for (int i = 0; i < 128 * 160; i++) mean[i / 160] += map[0][i] / 160;
  double square = 0;
  for (int o = 0; o < 64; o++) {
    double sum = 128.0 * bias[12][o];
    for (int i = 0; i < 128; i++) sum += weight[12][o * 128 + i] * mean[i];
    out[o] = clamp(ldexp(sum, layers[12].shift) / 128);
    square += out[o] * out[o];
  }
  for (int o = 0; o < 64; o++) out[o] /= sqrt(square);
}

/* ---- the tests ---- */

static void embed(const judge *j, const float *x, size_t n, float *out) {
  tape *t;
  assert_int_equal(tape_create(&t, &cpu_backend, NULL), SCRIM_OK);
  assert_int_equal(judge_embed(j, t, x, n, out, NULL), SCRIM_OK);
  tape_free(t);
}

static judge *open_judge(void) {
  tensorfile *file = make_file(LAYERS, -2);
  judge *j;
  assert_int_equal(judge_create(&j, file, NULL), SCRIM_OK);
  tensorfile_close(file);
  return j;
}

static void the_network_is_the_plain_one(void **state) {
  (void)state;
  judge *j = open_judge();
  float out[JUDGE_DIMENSIONS];
  double plain[JUDGE_DIMENSIONS];
  embed(j, speech, SEGMENT, out);
  plain_embed(speech, plain);
  for (int i = 0; i < JUDGE_DIMENSIONS; i++) assert_float_equal(out[i], plain[i], 2e-3);
  judge_free(j);
}

static void utterances_are_the_mean_of_their_segments(void **state) {
  (void)state;
  judge *j = open_judge();
  float first[JUDGE_DIMENSIONS], second[JUDGE_DIMENSIONS], both[JUDGE_DIMENSIONS];
  embed(j, speech, SEGMENT, first);
  embed(j, speech + STEP, SEGMENT, second);
  embed(j, speech, SEGMENT + STEP + 99, both);
  double square = 0;
  for (int i = 0; i < JUDGE_DIMENSIONS; i++) square += (first[i] + second[i]) * (first[i] + second[i]);
  for (int i = 0; i < JUDGE_DIMENSIONS; i++) assert_float_equal(both[i], (first[i] + second[i]) / sqrt(square), 1e-5);
  judge_free(j);
}

/* What counts is what is said, not how loud; and little is said again. */
static void level_and_length(void **state) {
  (void)state;
  judge *j = open_judge();
  static float louder[SEGMENT], repeated[SEGMENT];
  float a[JUDGE_DIMENSIONS], b[JUDGE_DIMENSIONS];
  for (int i = 0; i < SEGMENT; i++) {
    louder[i] = 8 * speech[i];
    repeated[i] = speech[i % 7000];
  }
  embed(j, speech, SEGMENT, a);
  embed(j, louder, SEGMENT, b);
  for (int i = 0; i < JUDGE_DIMENSIONS; i++) assert_float_equal(a[i], b[i], 1e-3);
  embed(j, repeated, SEGMENT, a);
  embed(j, speech, 7000, b);
  assert_memory_equal(a, b, sizeof a);
  judge_free(j);
}

static void broken_files_are_refused(void **state) {
  (void)state;
  scrim_error error;
  judge *j;
  tensorfile *file = make_file(LAYERS - 1, -2);
  assert_int_equal(judge_create(&j, file, &error), SCRIM_E_FORMAT);
  assert_null(j);
  assert_non_null(strstr(error.message, "fc_w"));
  tensorfile_close(file);
  file = make_file(LAYERS, 9);
  assert_int_equal(judge_create(&j, file, &error), SCRIM_E_FORMAT);
  tensorfile_close(file);
  assert_int_equal(judge_load(&j, "/nonexistent", &error), SCRIM_E_IO);
}

static void every_failed_request_is_reported(void **state) {
  (void)state;
  tensorfile *file = make_file(LAYERS, -2);
  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long n = 1; status != SCRIM_OK; n += n < 40 ? 1 : 13) {
    judge *j = NULL;
    tape *t = NULL;
    float out[JUDGE_DIMENSIONS];
    memory_fail_at(n, 0);
    status = judge_create(&j, file, NULL);
    if (status == SCRIM_OK) status = tape_create(&t, &cpu_backend, NULL);
    if (status == SCRIM_OK) status = judge_embed(j, t, speech, 5000, out, NULL);
    memory_fail_at(0, 0);
    tape_free(t);
    judge_free(j);
    assert_true(n < 3000 && (status == SCRIM_OK || status == SCRIM_E_MEMORY));
  }
  tensorfile_close(file);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_network_is_the_plain_one),
      cmocka_unit_test(utterances_are_the_mean_of_their_segments),
      cmocka_unit_test(level_and_length),
      cmocka_unit_test(broken_files_are_refused),
      cmocka_unit_test(every_failed_request_is_reported),
  };
  return cmocka_run_group_tests(tests, draw_all, NULL);
}
