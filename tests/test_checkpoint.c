/* Checkpoints: what was saved comes back bit for bit; other settings and other files are refused in clear words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "nn/checkpoint.h"
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N = 6 };

static char folder[] = "/tmp/scrim-test-checkpoint-XXXXXX";
static char path[sizeof folder + 16];

static int folder_make(void **state) {
  (void)state;
  if (!mkdtemp(folder)) return -1;
  snprintf(path, sizeof path, "%s/run.ckpt", folder);
  return 0;
}

static int folder_remove(void **state) {
  (void)state;
  unlink(path);
  return rmdir(folder);
}

static tensor *no_loss(tape *t, const uint32_t *rows, size_t n, void *context) {
  (void)t, (void)rows, (void)n, (void)context;
  return NULL;
}

typedef struct fixture {
  nn_params *params, *best;
  nn_optimizer *optimizer;
  nn_training training;
} fixture;

static fixture fixture_make(float first) {
  fixture f = {.params = nn_params_create()};
  tensor *w = nn_params_add(f.params, "w", 1, &(int){N}, 1);
  assert_non_null(w);
  for (int i = 0; i < N; i++) w->data[i] = first + 0.1f * (float)i;
  f.best = nn_params_clone(f.params);
  for (int i = 0; i < N; i++) nn_params_at(f.best, 0, NULL, NULL)->data[i] -= 1;
  f.training = (nn_training){.params = f.params,
                             .rows = 100,
                             .batch = 10,
                             .epochs = 7,
                             .optimizer = {.kind = NN_AMSGRAD, .rate = 0.01},
                             .seed = 3,
                             .loss = no_loss,
                             .checkpoint = path,
                             .fingerprint = "letter",
                             .stage = "reformer"};
  f.optimizer = nn_optimizer_create(f.params, &f.training.optimizer);
  assert_true(f.best && f.optimizer);
  return f;
}

static void fixture_free(fixture *f) {
  nn_params_free(f->params);
  nn_params_free(f->best);
  nn_optimizer_free(f->optimizer);
}

static void step(fixture *f) {
  for (int i = 0; i < N; i++) nn_params_at(f->params, 0, NULL, NULL)->grad[i] = (float)(i - 2);
  nn_optimizer_step(f->optimizer, 1);
}

static void save(fixture *f, const checkpoint_place *place) {
  assert_int_equal(checkpoint_save(&f->training, place, f->best, f->optimizer, NULL), SCRIM_OK);
}

static void comes_back_bit_for_bit(void **state) {
  (void)state;
  const checkpoint_place place = {.epochs_done = 5, .best_epoch = 4, .best_figure = 1.0 / 3};
  fixture a = fixture_make(1), b = fixture_make(50);
  step(&a);
  save(&a, &place);
  assert_true(checkpoint_exists(&b.training));
  checkpoint_place found = {0};
  assert_int_equal(checkpoint_load(&b.training, &found, b.best, b.optimizer, NULL), SCRIM_OK);
  assert_int_equal(found.epochs_done, 5);
  assert_int_equal(found.best_epoch, 4);
  assert_true(found.best_figure == place.best_figure);
  step(&a);
  step(&b);
  assert_memory_equal(nn_params_at(a.params, 0, NULL, NULL)->data, nn_params_at(b.params, 0, NULL, NULL)->data,
                      N * sizeof(float));
  assert_memory_equal(nn_params_at(a.best, 0, NULL, NULL)->data, nn_params_at(b.best, 0, NULL, NULL)->data,
                      N * sizeof(float));
  checkpoint_remove(&a.training);
  assert_false(checkpoint_exists(&a.training));
  checkpoint_remove(&a.training); /* twice is fine */
  a.training.checkpoint = NULL;
  assert_false(checkpoint_exists(&a.training));
  checkpoint_remove(&a.training);
  fixture_free(&a);
  fixture_free(&b);
}

static void expect_refusal(const nn_training *changed, const char *words) {
  fixture f = fixture_make(9);
  nn_training training = *changed;
  training.params = f.params;
  scrim_error error = {0};
  checkpoint_place place;
  assert_int_equal(checkpoint_load(&training, &place, f.best, f.optimizer, &error), SCRIM_E_STATE);
  if (!strstr(error.message, words)) fail_msg("'%s' does not say '%s'", error.message, words);
  assert_true(nn_params_at(f.params, 0, NULL, NULL)->data[0] == 9); /* nothing was loaded */
  fixture_free(&f);
}

static scrim_status no_figure(double *figure, size_t epoch, void *context, scrim_error *error) {
  (void)figure, (void)epoch, (void)context, (void)error;
  return SCRIM_OK;
}

static void other_settings_are_named(void **state) {
  (void)state;
  fixture f = fixture_make(1);
  save(&f, &(checkpoint_place){.epochs_done = 1});
  nn_training t = f.training;
  expect_refusal((t.batch = 25, &t), "made with batch=10, this run has batch=25");
  t = f.training;
  expect_refusal((t.seed = 4, &t), "seed=3, this run has seed=4");
  t = f.training;
  expect_refusal((t.epochs = 8, &t), "epochs=7, this run has epochs=8");
  t = f.training;
  expect_refusal((t.optimizer.rate = 0.011, &t), "rate=0.01");
  t = f.training;
  expect_refusal((t.optimizer.kind = NN_ADAM, &t), "optimizer=");
  t = f.training;
  expect_refusal((t.schedule = NN_COSINE, &t), "schedule=0, this run has schedule=1");
  t = f.training;
  expect_refusal((t.stage = "shadow", &t), "stage=reformer, this run has stage=shadow");
  t = f.training;
  expect_refusal((t.fingerprint = NULL, &t), "data=letter, this run has data=");
  t = f.training;
  expect_refusal((t.validate = no_figure, &t), "validate=0, this run has validate=1");
  t = f.training;
  expect_refusal((t.rows = 101, &t), "rows=100, this run has rows=101");
  fixture_free(&f);
}

/* A checkpoint under the name of which something else stands. */
static void put_file(const char *meta, uint64_t epochs_done, uint64_t best_epoch) {
  const int64_t one = 1;
  const double figure = 0;
  tensorfile_writer *w;
  assert_int_equal(tensorfile_writer_create(&w, NULL), SCRIM_OK);
  if (meta) assert_int_equal(tensorfile_put_meta(w, "nn.settings", meta, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_put(w, "run.epochs_done", TENSORFILE_U64, 1, &one, &epochs_done, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_put(w, "run.best_epoch", TENSORFILE_U64, 1, &one, &best_epoch, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_put(w, "run.best_figure", TENSORFILE_F64, 1, &one, &figure, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_save(w, path, NULL), SCRIM_OK);
  tensorfile_writer_free(w);
}

static void expect_format_error(fixture *f, const char *words) {
  scrim_error error = {0};
  checkpoint_place place;
  assert_int_equal(checkpoint_load(&f->training, &place, f->best, f->optimizer, &error), SCRIM_E_FORMAT);
  if (!strstr(error.message, words)) fail_msg("'%s' does not say '%s'", error.message, words);
}

static void files_that_are_no_checkpoints_are_refused(void **state) {
  (void)state;
  fixture f = fixture_make(1);
  char settings[1024];
  save(&f, &(checkpoint_place){.epochs_done = 1});
  tensorfile *file;
  assert_int_equal(tensorfile_open(&file, path, NULL), SCRIM_OK);
  snprintf(settings, sizeof settings, "%s", tensorfile_meta(file, "nn.settings"));
  tensorfile_close(file);

  put_file(NULL, 1, 1);
  expect_format_error(&f, "not a checkpoint");
  put_file("stage=reformer;", 1, 1);
  expect_format_error(&f, "cut short");
  put_file(settings, 8, 1);
  expect_format_error(&f, "epoch 8 (best 1) in a run of 7 epochs");
  put_file(settings, 2, 3);
  expect_format_error(&f, "epoch 2 (best 3)");
  put_file(settings, 2, 1);
  expect_format_error(&f, "now.w");
  FILE *junk = fopen(path, "w");
  fputs("{}", junk);
  fclose(junk);
  checkpoint_place place;
  assert_int_equal(checkpoint_load(&f.training, &place, f.best, f.optimizer, NULL), SCRIM_E_FORMAT);
  f.training.checkpoint = "/nonexistent/run.ckpt";
  assert_int_equal(checkpoint_load(&f.training, &place, f.best, f.optimizer, NULL), SCRIM_E_IO);
  assert_int_equal(checkpoint_save(&f.training, &(checkpoint_place){0}, f.best, f.optimizer, NULL), SCRIM_E_IO);
  fixture_free(&f);
}

static void fingerprints_are_bounded(void **state) {
  (void)state;
  fixture f = fixture_make(1);
  char text[2000];
  memset(text, 'x', sizeof text - 1);
  text[sizeof text - 1] = 0;
  f.training.fingerprint = text;
  scrim_error error = {0};
  assert_int_equal(checkpoint_save(&f.training, &(checkpoint_place){0}, f.best, f.optimizer, &error), SCRIM_E_ARGUMENT);
  assert_non_null(strstr(error.message, "fingerprint too long"));
  fixture_free(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(comes_back_bit_for_bit),
      cmocka_unit_test(other_settings_are_named),
      cmocka_unit_test(files_that_are_no_checkpoints_are_refused),
      cmocka_unit_test(fingerprints_are_bounded),
  };
  return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
