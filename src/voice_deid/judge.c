/* The judge's weights, features and network. */
#include "voice_deid/judge.h"
#include "core/error.h"
#include "core/memory.h"
#include "voice_deid/mel_bank.h"
#include "voice_deid/stft.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { RATE = 16000, SEGMENT = 20720, STEP = 8000, WINDOW = 400, HOP = 160, N_FFT = 512, BANDS = 80, FRAMES = 128 };
enum { SEGMENTS_AT_ONCE = 8 };
static const double lowest = 20, highest = 7600;         /* Hz, of the mel bands */
static const float log_floor = 1e-9f, clip = 6.8f;       /* of features, before they become 8-bit numbers */
static const float weight_scale = 128, byte_scale = 127; /* 1.0 of weights and of activations */

/* ---- weights ---- */

/* Convolutions in the order of the network; block i is c1, c2 and, where channels change, the 1x1 shortcut sc. */
enum { STEM, S1C1, S1C2, S2C1, S2C2, S2SC, S3C1, S3C2, S3SC, S4C1, S4C2, S4SC, FC, LAYERS };
static const struct {
  const char *name;
  int out, in, taps;
} layers[LAYERS] = {
    [STEM] = {"stem", 16, 1, 3},   [S1C1] = {"s1c1", 16, 16, 3},   [S1C2] = {"s1c2", 16, 16, 3},
    [S2C1] = {"s2c1", 32, 16, 3},  [S2C2] = {"s2c2", 32, 32, 3},   [S2SC] = {"s2sc", 32, 16, 1},
    [S3C1] = {"s3c1", 64, 32, 3},  [S3C2] = {"s3c2", 64, 64, 3},   [S3SC] = {"s3sc", 64, 32, 1},
    [S4C1] = {"s4c1", 128, 64, 3}, [S4C2] = {"s4c2", 128, 128, 3}, [S4SC] = {"s4sc", 128, 64, 1},
    [FC] = {"fc", 64, 128, 1},
};

struct judge {
  float *w[LAYERS]; /* [out, in, taps, taps] */
  float *b[LAYERS]; /* [out] */
};

/* The network computes (sum w x + 128 b) 2^shift / 128 on whole numbers; here both factors go into w and b. */
static scrim_status load_layer(judge *j, int layer, const tensorfile *file, scrim_error *error) {
  const int out = layers[layer].out, in = layers[layer].in, taps = layers[layer].taps;
  const size_t n = (size_t)(out * in * taps * taps);
  const void *weights, *biases, *shift;
  char name[16];
  snprintf(name, sizeof name, "%s_w", layers[layer].name);
  scrim_status status = tensorfile_get(file, name, TENSORFILE_I8, 4, (int64_t[]){out, in, taps, taps}, &weights, error);
  snprintf(name, sizeof name, "%s_b", layers[layer].name);
  if (status == SCRIM_OK) status = tensorfile_get(file, name, TENSORFILE_I8, 1, (int64_t[]){out}, &biases, error);
  snprintf(name, sizeof name, "%s_shift", layers[layer].name);
  if (status == SCRIM_OK) status = tensorfile_get(file, name, TENSORFILE_I32, 0, NULL, &shift, error);
  if (status != SCRIM_OK) return status;
  const int32_t power = *(const int32_t *)shift;
  if (power < -8 || power > 8)
    return fail(error, SCRIM_E_FORMAT, "tensor '%s' is %ld, but must be in -8..8", name, (long)power);
  j->w[layer] = memory_alloc(n * sizeof *j->w[layer]);
  j->b[layer] = memory_alloc((size_t)out * sizeof *j->b[layer]);
  if (!j->w[layer] || !j->b[layer]) return fail(error, SCRIM_E_MEMORY, "out of memory for the judge's weights");
  const float scale = ldexpf(1, power);
  for (size_t i = 0; i < n; i++) j->w[layer][i] = scale / weight_scale * ((const int8_t *)weights)[i];
  for (int i = 0; i < out; i++) j->b[layer][i] = scale * ((const int8_t *)biases)[i];
  return SCRIM_OK;
}

scrim_status judge_create(judge **out, const tensorfile *file, scrim_error *error) {
  judge *j = memory_zalloc(1, sizeof *j);
  scrim_status status = j ? SCRIM_OK : fail(error, SCRIM_E_MEMORY, "out of memory for the judge");
  for (int l = 0; l < LAYERS && status == SCRIM_OK; l++) status = load_layer(j, l, file, error);
  if (status != SCRIM_OK) {
    judge_free(j);
    j = NULL;
  }
  *out = j;
  return status;
}

scrim_status judge_load(judge **out, const char *path, scrim_error *error) {
  tensorfile *file;
  *out = NULL;
  scrim_status status = tensorfile_open(&file, path, error);
  if (status != SCRIM_OK) return status;
  status = judge_create(out, file, error);
  if (status == SCRIM_E_FORMAT) fail_in_file(error, path);
  tensorfile_close(file);
  return status;
}

void judge_free(judge *j) {
  if (!j) return;
  for (int l = 0; l < LAYERS; l++) {
    memory_free(j->w[l]);
    memory_free(j->b[l]);
  }
  memory_free(j);
}

/* ---- features ---- */

/* Row `band` [FRAMES] of features becomes what the first layer takes. */
static void level_band(float *row) {
  double mean = 0;
  for (int f = 0; f < FRAMES; f++) mean += row[f] / FRAMES;
  for (int f = 0; f < FRAMES; f++) {
    const float centred = row[f] - (float)mean;
    row[f] = byte_scale / clip * fminf(fmaxf(centred, -clip), clip);
  }
}

/* x [SEGMENT] -> features [BANDS, FRAMES] */
static void find_features(stft *s, const mel_bank *bank, const float *x, float *features) {
  float power[N_FFT / 2 + 1], energy[BANDS];
  for (int f = 0; f < FRAMES; f++) {
    stft_forward(s, x + f * HOP);
    stft_power(s, power);
    mel_bank_apply(bank, power, energy);
    for (int b = 0; b < BANDS; b++) features[b * FRAMES + f] = logf(fmaxf(energy[b], log_floor));
  }
  for (int b = 0; b < BANDS; b++) level_band(features + b * FRAMES);
}

/* features [segments, BANDS, FRAMES] of x [n], n at least SEGMENT */
static scrim_status find_all_features(const float *x, size_t segments, float *features, scrim_error *error) {
  stft s;
  mel_bank bank = {0};
  scrim_status status = stft_open(&s, WINDOW, N_FFT, error);
  if (status == SCRIM_OK) status = mel_bank_open(&bank, BANDS, lowest, highest, N_FFT, RATE, error);
  for (size_t i = 0; i < segments && status == SCRIM_OK; i++)
    find_features(&s, &bank, x + i * STEP, features + i * BANDS * FRAMES);
  stft_close(&s);
  mel_bank_close(&bank);
  return status;
}

/* ---- the network ---- */

/* What 8-bit activations can hold: min(max(x, -128), 127). The network was trained to saturate. */
static tensor *saturate(tape *t, tensor *x) {
  tensor *above = op_relu(t, op_affine(t, x, 1, byte_scale + 1));
  return op_affine(t, op_relu(t, op_affine(t, above, -1, 2 * byte_scale + 1)), -1, byte_scale);
}

static tensor *convolve(tape *t, const judge *j, int layer, tensor *x) {
  const int taps = layers[layer].taps, out = layers[layer].out;
  tensor *w = tape_input(t, j->w[layer], 4, (int[]){out, layers[layer].in, taps, taps});
  tensor *b = tape_input(t, j->b[layer], 1, (int[]){out});
  return saturate(t, op_conv2d(t, x, w, b, 1, taps / 2));
}

/* The largest of each 2x2: x [n, c, h, w], h and w even -> [n, c, h / 2, w / 2] */
static tensor *pool(tape *t, tensor *x) {
  if (!x) return NULL;
  const int n = x->dim[0], c = x->dim[1], h = x->dim[2], w = x->dim[3];
  tensor *rows = op_reduce_max(t, op_reshape(t, x, 3, (int[]){n * c * h / 2, 2, w}), 1);
  tensor *columns = op_reduce_max(t, op_reshape(t, rows, 3, (int[]){n * c * h / 2, w / 2, 2}), 2);
  return op_reshape(t, columns, 4, (int[]){n, c, h / 2, w / 2});
}

/* `shortcut` -1: the input itself */
static tensor *block(tape *t, const judge *j, int c1, int c2, int shortcut, tensor *x) {
  tensor *y = convolve(t, j, c2, op_relu(t, convolve(t, j, c1, x)));
  return op_relu(t, saturate(t, op_add(t, y, shortcut < 0 ? x : convolve(t, j, shortcut, x))));
}

/* features [n, 1, BANDS, FRAMES] -> [n, JUDGE_DIMENSIONS] of unit length */
static tensor *network(tape *t, const judge *j, tensor *x) {
  x = pool(t, op_relu(t, convolve(t, j, STEM, x)));
  x = pool(t, block(t, j, S1C1, S1C2, -1, x));
  x = pool(t, block(t, j, S2C1, S2C2, S2SC, x));
  x = block(t, j, S3C1, S3C2, S3SC, x);
  x = block(t, j, S4C1, S4C2, S4SC, x);
  x = op_reduce_mean(t, op_reduce_mean(t, x, 3), 2);
  tensor *w = tape_input(t, j->w[FC], 2, (int[]){JUDGE_DIMENSIONS, layers[FC].in});
  tensor *b = tape_input(t, j->b[FC], 1, (int[]){JUDGE_DIMENSIONS});
  return op_normalize(t, saturate(t, op_linear(t, x, w, b)), 1e-12f);
}

/* ---- utterances ---- */

/* Adds the embeddings of features [n, BANDS, FRAMES] to sum. */
static scrim_status add_segments(const judge *j, tape *t, const float *features, int n, double *sum,
                                 scrim_error *error) {
  tape_reset(t);
  const float *rows = tensor_values(network(t, j, tape_input(t, features, 4, (int[]){n, 1, BANDS, FRAMES})));
  scrim_status status = tape_status(t, error);
  if (status != SCRIM_OK) return status;
  for (size_t i = 0; i < (size_t)n * JUDGE_DIMENSIONS; i++) sum[i % JUDGE_DIMENSIONS] += rows[i];
  return SCRIM_OK;
}

/* x [n], n at least SEGMENT */
static scrim_status embed_long(const judge *j, tape *t, const float *x, size_t n, float *out, scrim_error *error) {
  const size_t segments = 1 + (n - SEGMENT) / STEP, size = BANDS * FRAMES;
  double sum[JUDGE_DIMENSIONS] = {0}, square = 0;
  float *features = memory_alloc(segments * size * sizeof *features);
  if (!features) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu segments of speech", segments);
  scrim_status status = find_all_features(x, segments, features, error);
  for (size_t i = 0; i < segments && status == SCRIM_OK; i += SEGMENTS_AT_ONCE) {
    const size_t left = segments - i;
    status =
        add_segments(j, t, features + i * size, (int)(left < SEGMENTS_AT_ONCE ? left : SEGMENTS_AT_ONCE), sum, error);
  }
  memory_wipe_free(features, segments * size * sizeof *features);
  for (int i = 0; i < JUDGE_DIMENSIONS; i++) square += sum[i] * sum[i];
  for (int i = 0; i < JUDGE_DIMENSIONS; i++) out[i] = (float)(square > 0 ? sum[i] / sqrt(square) : 0);
  return status;
}

scrim_status judge_embed(const judge *j, tape *t, const float *x, size_t n, float *out, scrim_error *error) {
  if (n >= SEGMENT) return embed_long(j, t, x, n, out, error);
  float *repeated = memory_alloc(SEGMENT * sizeof *repeated);
  if (!repeated) return fail(error, SCRIM_E_MEMORY, "out of memory for a segment of speech");
  for (size_t i = 0; i < SEGMENT; i++) repeated[i] = x[i % n];
  scrim_status status = embed_long(j, t, repeated, SEGMENT, out, error);
  memory_wipe_free(repeated, SEGMENT * sizeof *repeated);
  return status;
}
