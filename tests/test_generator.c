/* The generator's network and files, and that it learns to do what the optimiser's loss asks. */
#include "core/memory.h"
#include "deid_world.h"
#include "voice_deid/generator_train.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { WIDTH = 20, EXAMPLES = 4, SAMPLES = 12000 };

static tape *t;
static voice_model model = {.n_encoders = DEID_ENCODERS, .dim = {8, 12}};
static generator_example examples[EXAMPLES];
static const perturb_settings settings = {
    .strength = 6, .peak = 15, .target_margin = 0, .source_margin = 2, .target_weight = 1, .plain_weight = 1};

static int open_all(void **state) {
  (void)state;
  static float x[SAMPLES];
  envelope *e;
  for (int i = 0; i < DEID_ENCODERS; i++) model.encoder[i] = deid_encoder(i);
  model.targets = deid_sampler();
  if (tape_create(&t, &cpu_backend, NULL) != SCRIM_OK || envelope_create(&e, NULL) != SCRIM_OK) return 1;
  for (int i = 0; i < EXAMPLES; i++) {
    voice_speech(x, SAMPLES, 16000, 110 + 40 * i);
    if (generator_example_make(&examples[i], &model, e, t, x, SAMPLES, NULL) != SCRIM_OK) return 1;
  }
  envelope_free(e);
  return 0;
}

static int close_all(void **state) {
  (void)state;
  for (int i = 0; i < EXAMPLES; i++) generator_example_free(&examples[i]);
  for (int i = 0; i < DEID_ENCODERS; i++) speaker_encoder_free(model.encoder[i]);
  target_sampler_free(model.targets);
  tape_free(t);
  return 0;
}

static generator *fresh(void) {
  generator *g;
  random_source *r;
  assert_int_equal(random_source_from_seed(&r, 1, NULL), SCRIM_OK);
  assert_int_equal(generator_create(&g, WIDTH, 16, r, NULL), SCRIM_OK);
  random_source_free(r);
  return g;
}

static void make_map(const generator *g, float seed, float *map) {
  float source[2][12] = {{0}}, target[2][12] = {{0}};
  const float *const sources[] = {source[0], source[1]}, *const targets[] = {target[0], target[1]};
  source[0][3] = 1;
  target[1][11] = seed;
  assert_int_equal(generator_make(g, t, sources, targets, model.dim, 2, map, NULL), SCRIM_OK);
}

static void the_map_hangs_on_source_and_target(void **state) {
  (void)state;
  generator *g = fresh();
  float a[GENERATOR_MAP], b[GENERATOR_MAP];
  make_map(g, 1, a);
  make_map(g, 1, b);
  assert_memory_equal(a, b, sizeof a);
  make_map(g, -1, b);
  assert_memory_not_equal(a, b, sizeof a);
  generator_free(g);
}

/* What a file with g (or none) and that width of hidden layers is read as. */
static scrim_status reread(generator **out, const generator *g, const char *hidden, int width) {
  tensorfile_writer *writer;
  unsigned char *bytes;
  size_t n_bytes;
  tensorfile *file;
  assert_int_equal(tensorfile_writer_create(&writer, NULL), SCRIM_OK);
  if (g != NULL) assert_int_equal(generator_put(g, writer, NULL), SCRIM_OK);
  if (hidden != NULL) assert_int_equal(tensorfile_put_meta(writer, "generator.hidden", hidden, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_bytes(writer, &bytes, &n_bytes, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_parse(&file, bytes, n_bytes, NULL), SCRIM_OK);
  const scrim_status status = generator_get(out, width, file, NULL);
  tensorfile_close(file);
  memory_free(bytes);
  tensorfile_writer_free(writer);
  return status;
}

static void files_keep_it(void **state) {
  (void)state;
  generator *g = fresh(), *again;
  float a[GENERATOR_MAP], b[GENERATOR_MAP];
  assert_int_equal(reread(&again, g, NULL, WIDTH), SCRIM_OK);
  make_map(g, 1, a);
  make_map(again, 1, b);
  assert_memory_equal(a, b, sizeof a);
  generator_free(again);
  static const char *const wrong[] = {"0", "-1", "4097", "17", "x", "16x", ""};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    assert_int_equal(reread(&again, g, wrong[i], WIDTH), SCRIM_E_FORMAT);
    assert_null(again);
  }
  assert_int_equal(reread(&again, g, NULL, WIDTH + 1), SCRIM_E_FORMAT);
  assert_int_equal(reread(&again, NULL, NULL, WIDTH), SCRIM_OK);
  assert_null(again); /* a file may have none */
  generator_free(g);
}

/* ---- training ---- */

static double train(size_t epochs, float *map) {
  generator *g = fresh();
  const generator_training training = {
      .model = &model, .perturb = &settings, .epochs = epochs, .batch = 2, .rate = 0.01, .seed = 1};
  double loss;
  scrim_error error;
  if (generator_train(g, examples, EXAMPLES, &training, &loss, &error) != SCRIM_OK) fail_msg("%s", error.message);
  make_map(g, 1, map);
  generator_free(g);
  return loss;
}

static void it_learns_and_the_seed_tells_what(void **state) {
  (void)state;
  float a[GENERATOR_MAP], b[GENERATOR_MAP];
  const double first = train(1, a), last = train(20, b);
  assert_true(last < first - 0.01);
  train(1, b);
  assert_memory_equal(a, b, sizeof a);
}

static void encoders_and_data_stay_as_they_are(void **state) {
  (void)state;
  const nn_params *p = speaker_encoder_params(model.encoder[0]);
  const tensor *w = nn_params_at(p, nn_params_count(p) - 1, NULL, NULL);
  float before[12], map[GENERATOR_MAP];
  memcpy(before, w->data, (w->n < 12 ? w->n : 12) * sizeof *before);
  train(1, map);
  assert_memory_equal(before, w->data, (w->n < 12 ? w->n : 12) * sizeof *before);
}

static void too_large_a_batch_is_refused(void **state) {
  (void)state;
  generator *g = fresh();
  double loss;
  const generator_training training = {.model = &model, .perturb = &settings, .epochs = 1, .batch = 65, .rate = 0.01};
  assert_int_equal(generator_train(g, examples, EXAMPLES, &training, &loss, NULL), SCRIM_E_PARAM);
  generator_free(g);
}

/* A tape keeps several blocks if it cannot have one: such a request may fail without harm. */
static void failed_requests_are_reported(void **state) {
  (void)state;
  for (unsigned long n = 1;; n += 1 + n / 6) {
    generator *g = fresh();
    double loss;
    const generator_training training = {.model = &model, .perturb = &settings, .epochs = 1, .batch = 4, .rate = 0.01};
    memory_fail_at(n, 0);
    const scrim_status status = generator_train(g, examples, EXAMPLES, &training, &loss, NULL);
    const unsigned long asked = memory_requests();
    memory_fail_at(0, 0);
    generator_free(g);
    if (asked < n) break;
    assert_true(status == SCRIM_E_MEMORY || status == SCRIM_OK);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_map_hangs_on_source_and_target), cmocka_unit_test(files_keep_it),
      cmocka_unit_test(it_learns_and_the_seed_tells_what),  cmocka_unit_test(encoders_and_data_stay_as_they_are),
      cmocka_unit_test(too_large_a_batch_is_refused),       cmocka_unit_test(failed_requests_are_reported),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
