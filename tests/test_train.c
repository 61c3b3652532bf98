/*
 * The training loop: same seed, same bits; killed or cancelled at any moment and resumed, still the same bits; broken
 * losses, early stopping, progress, and no allocation once warm.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "nn/nn.h"
#include <cmocka.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROWS = 70, IN = 6, HIDDEN = 16, BATCH = 16, BATCHES = 5, EPOCHS = 30 };

static char folder[] = "/tmp/scrim-test-train-XXXXXX";
static char checkpoint[sizeof folder + 16], result_file[sizeof folder + 16];

static int folder_make(void **state) {
  (void)state;
  if (!mkdtemp(folder)) return -1;
  snprintf(checkpoint, sizeof checkpoint, "%s/run.ckpt", folder);
  snprintf(result_file, sizeof result_file, "%s/result", folder);
  return 0;
}

static int folder_remove(void **state) {
  (void)state;
  char command[sizeof folder + 16];
  snprintf(command, sizeof command, "rm -r %s", folder);
  return system(command) == 0 ? 0 : -1;
}

/* ---- a network with everything that could break a resume: batch norm, dropout, sampling, moments ---- */

typedef struct network {
  nn_params *params;
  nn_linear first, mean, spread, last;
  nn_norm norm;
  tape *judge; /* for validation */
  float x[ROWS * IN], y[ROWS];
  float batch_x[ROWS * IN], batch_y[ROWS];
  int plain;                /* 1: without batch norm, which takes no batch of one row */
  size_t calls;             /* of the loss */
  size_t break_at;          /* call whose loss is NaN, counted from 1; 0: none */
  unsigned long warm;       /* memory requests after the first epoch */
  const double *figures;    /* scripted validation, or NULL: the loss without noise */
  uint32_t order[2 * ROWS]; /* rows of the first two epochs as they came */
  size_t n_order;
  unsigned char seen[ROWS]; /* times each row came up */
} network;

static void network_init(network *m) {
  *m = (network){.params = nn_params_create()};
  assert_true(
      nn_linear_add(&m->first, m->params, "first", IN, HIDDEN) &&
      nn_batch_norm_add(&m->norm, m->params, "norm", HIDDEN) && nn_linear_add(&m->mean, m->params, "mean", HIDDEN, 4) &&
      nn_linear_add(&m->spread, m->params, "spread", HIDDEN, 4) && nn_linear_add(&m->last, m->params, "last", 4, 1));
  random_source *r;
  assert_int_equal(random_source_from_seed(&r, 99, NULL), SCRIM_OK);
  nn_init_he(m->first.w, r);
  nn_init_xavier(m->mean.w, r);
  nn_init_xavier(m->spread.w, r);
  nn_init_xavier(m->last.w, r);
  for (size_t i = 0; i < ROWS; i++) {
    for (size_t j = 0; j < IN; j++) m->x[i * IN + j] = (float)random_normal(r);
    m->y[i] = m->x[i * IN] * m->x[i * IN + 1] + m->x[i * IN + 2];
  }
  random_source_free(r);
  assert_int_equal(tape_create(&m->judge, &cpu_backend, NULL), SCRIM_OK);
}

static void network_free(network *m) {
  nn_params_free(m->params);
  tape_free(m->judge);
}

static tensor *answer(tape *t, const network *m, tensor *x) {
  x = nn_linear_forward(t, &m->first, x);
  if (!m->plain) x = nn_batch_norm_forward(t, &m->norm, x);
  x = op_relu(t, x);
  x = op_dropout(t, x, 0.1f);
  x = op_gaussian(t, nn_linear_forward(t, &m->mean, x), nn_linear_forward(t, &m->spread, x));
  return nn_linear_forward(t, &m->last, x);
}

static tensor *loss(tape *t, const uint32_t *rows, size_t n, void *context) {
  network *m = context;
  if (m->calls == BATCHES) m->warm = memory_requests();
  m->calls++;
  for (size_t i = 0; i < n; i++) {
    memcpy(m->batch_x + i * IN, m->x + rows[i] * IN, IN * sizeof(float));
    m->batch_y[i] = m->y[rows[i]];
    m->seen[rows[i]]++;
    if (m->n_order < 2 * ROWS) m->order[m->n_order++] = rows[i];
  }
  if (m->calls == m->break_at) m->batch_y[n - 1] = NAN;
  tensor *x = tape_input(t, m->batch_x, 2, (int[]){(int)n, IN});
  return op_mse(t, answer(t, m, x), tape_input(t, m->batch_y, 2, (int[]){(int)n, 1}));
}

/* Squared error without dropout; the sampled code stays, from a stream of its own. */
static scrim_status judge(double *figure, size_t epoch, void *context, scrim_error *error) {
  network *m = context;
  if (m->figures) return *figure = m->figures[epoch], SCRIM_OK;
  random_source *r;
  scrim_status status = random_source_from_seed(&r, 1, error);
  if (status != SCRIM_OK) return status;
  tape_reset(m->judge);
  tape_random(m->judge, r);
  tensor *x = tape_input(m->judge, m->x, 2, (int[]){ROWS, IN});
  tensor *off = op_mse(m->judge, answer(m->judge, m, x), tape_input(m->judge, m->y, 2, (int[]){ROWS, 1}));
  random_source_free(r);
  status = tape_status(m->judge, error);
  if (status == SCRIM_OK) *figure = (double)off->data[0];
  return status;
}

static nn_training training_of(network *m) {
  return (nn_training){.params = m->params,
                       .rows = ROWS,
                       .batch = BATCH,
                       .epochs = EPOCHS,
                       .optimizer = {.kind = NN_AMSGRAD, .rate = 0.02, .clip_norm = 5},
                       .schedule = NN_COSINE,
                       .warmup_steps = 7,
                       .seed = 42,
                       .loss = loss,
                       .validate = judge,
                       .context = m};
}

enum { VALUES = IN * HIDDEN + HIDDEN + 4 * HIDDEN + 2 * (HIDDEN * 4 + 4) + 4 + 1 };

static void values_of(const network *m, float values[VALUES]) {
  size_t n = 0;
  for (size_t i = 0; i < nn_params_count(m->params); i++) {
    const tensor *w = nn_params_at(m->params, i, NULL, NULL);
    memcpy(values + n, w->data, w->n * sizeof(float));
    n += w->n;
  }
  assert_int_equal(n, VALUES);
}

/* Trains undisturbed; answers the result. */
static nn_result reference_run(float values[VALUES], uint64_t seed) {
  network m;
  nn_result result;
  network_init(&m);
  nn_training training = training_of(&m);
  training.seed = seed;
  assert_int_equal(nn_train(&result, &training, NULL), SCRIM_OK);
  values_of(&m, values);
  network_free(&m);
  return result;
}

static void same_seed_same_bits(void **state) {
  (void)state;
  float a[VALUES], b[VALUES];
  nn_result result = reference_run(a, 42);
  reference_run(b, 42);
  assert_memory_equal(a, b, sizeof a);
  reference_run(b, 43);
  assert_memory_not_equal(a, b, sizeof a);
  assert_int_equal(result.epochs_run, EPOCHS);
  assert_in_range(result.best_epoch, 2, EPOCHS);
  assert_true(result.best_figure < 0.9 && result.last_loss < 1.5); /* the variance of y is 2 */
}

/* ---- cancelled and resumed ---- */

typedef struct watch {
  size_t cancel_at; /* steps done */
  size_t calls;
  scrim_progress last;
  struct timespec pause; /* in each call */
} watch;

static int watch_progress(const scrim_progress *progress, void *context) {
  watch *w = context;
  w->calls++;
  w->last = *progress;
  nanosleep(&w->pause, NULL);
  return w->cancel_at && progress->step >= w->cancel_at;
}

static void cancelled_after_any_epoch_resumes_to_the_same_bits(void **state) {
  (void)state;
  float whole[VALUES], parts[VALUES];
  nn_result expected = reference_run(whole, 42), result;
  for (size_t epoch = 1; epoch < EPOCHS; epoch += 7) {
    network m;
    watch w = {.cancel_at = epoch * BATCHES};
    scrim_error error = {0};
    network_init(&m);
    nn_training training = training_of(&m);
    training.checkpoint = checkpoint;
    training.progress = watch_progress;
    training.progress_context = &w;
    assert_int_equal(nn_train(&result, &training, &error), SCRIM_E_CANCELLED);
    assert_int_equal(access(checkpoint, F_OK), 0);
    network_free(&m);

    network_init(&m);
    w.cancel_at = 0;
    training.params = m.params;
    training.resume = 1;
    assert_int_equal(nn_train(&result, &training, &error), SCRIM_OK);
    assert_int_equal(m.calls, (EPOCHS - epoch) * BATCHES); /* went on, did not start again */
    assert_int_equal(access(checkpoint, F_OK), -1);
    values_of(&m, parts);
    assert_memory_equal(parts, whole, sizeof whole);
    assert_memory_equal(&result, &expected, sizeof result);
    network_free(&m);
  }
}

/* ---- killed and resumed ---- */

/* In a child process: trains on from the checkpoint, if any, and writes the values. */
static void child_run(void) {
  network m;
  nn_result result;
  float values[VALUES];
  network_init(&m);
  watch w = {.pause = {.tv_nsec = 3000000}}; /* after each epoch, so that the run is long enough to be hit */
  nn_training training = training_of(&m);
  training.checkpoint = checkpoint;
  training.resume = 1;
  training.progress = watch_progress;
  training.progress_context = &w;
  if (nn_train(&result, &training, NULL) != SCRIM_OK) _exit(3);
  values_of(&m, values);
  FILE *file = fopen(result_file, "wb");
  if (!file || fwrite(values, sizeof values, 1, file) != 1 || fclose(file) != 0) _exit(4);
  _exit(0);
}

/* Lets a child train for so many microseconds, then kills it. 1: it had finished before. */
static int train_for(unsigned microseconds) {
  int status;
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) child_run();
  nanosleep(&(struct timespec){.tv_nsec = 1000L * (long)microseconds}, NULL);
  kill(child, SIGKILL);
  assert_int_equal(waitpid(child, &status, 0), child);
  if (WIFSIGNALED(status)) return 0;
  assert_int_equal(WEXITSTATUS(status), 0);
  return 1;
}

static void killed_at_any_moment_resumes_to_the_same_bits(void **state) {
  (void)state;
  float whole[VALUES], parts[VALUES];
  reference_run(whole, 42);
  random_source *r;
  assert_int_equal(random_source_from_seed(&r, 7, NULL), SCRIM_OK);
  for (int round = 0; round < 3; round++) {
    int kills = 0, done = 0;
    while (!done && kills < 20) {
      done = train_for((unsigned)(1000 + random_below(r, 60000)));
      kills += !done;
    }
    while (!done) done = train_for(999999);
    assert_true(kills >= 1);
    FILE *file = fopen(result_file, "rb");
    assert_non_null(file);
    assert_int_equal(fread(parts, sizeof parts, 1, file), 1);
    fclose(file);
    assert_memory_equal(parts, whole, sizeof whole);
    assert_int_equal(unlink(result_file), 0);
    assert_int_equal(access(checkpoint, F_OK), -1);
  }
  random_source_free(r);
}

/* ---- what can go wrong ---- */

static void broken_loss_is_named_and_keeps_the_checkpoint(void **state) {
  (void)state;
  network m;
  nn_result result;
  scrim_error error = {0};
  network_init(&m);
  m.break_at = 2 * BATCHES + 4;
  nn_training training = training_of(&m);
  training.checkpoint = checkpoint;
  assert_int_equal(nn_train(&result, &training, &error), SCRIM_E_DATA);
  assert_non_null(strstr(error.message, "loss is nan in epoch 3, step 4"));
  network_free(&m);

  float whole[VALUES], parts[VALUES];
  reference_run(whole, 42);
  network_init(&m);
  training.params = m.params;
  training.resume = 1;
  assert_int_equal(nn_train(&result, &training, &error), SCRIM_OK);
  values_of(&m, parts);
  assert_memory_equal(parts, whole, sizeof whole);
  network_free(&m);
}

/* 1e25 * 1e25 * w: small weights make a finite loss, whose gradient is beyond float. */
static tensor *steep_loss(tape *t, const uint32_t *rows, size_t n, void *context) {
  (void)rows, (void)n;
  const network *m = context;
  return op_mean(t, op_affine(t, op_affine(t, m->first.w, 1e25f, 0), 1e25f, 0));
}

static void infinite_gradient_is_named(void **state) {
  (void)state;
  network m;
  nn_result result;
  scrim_error error = {0};
  network_init(&m);
  nn_init_fill(m.first.w, 1e-20f);
  nn_training training = training_of(&m);
  training.loss = steep_loss;
  assert_int_equal(nn_train(&result, &training, &error), SCRIM_E_DATA);
  assert_non_null(strstr(error.message, "gradient is inf in epoch 1, step 1: a lower learning rate"));
  assert_true(m.first.w->data[0] == 1e-20f);
  network_free(&m);
}

static void broken_figure_is_named(void **state) {
  (void)state;
  static const double figures[] = {1, NAN};
  network m;
  nn_result result;
  scrim_error error = {0};
  network_init(&m);
  m.figures = figures;
  nn_training training = training_of(&m);
  assert_int_equal(nn_train(&result, &training, &error), SCRIM_E_DATA);
  assert_non_null(strstr(error.message, "validation figure is nan in epoch 2"));
  network_free(&m);
}

static void nonsense_is_refused(void **state) {
  (void)state;
  network m;
  nn_result result;
  network_init(&m);
  nn_training broken[7];
  for (size_t i = 0; i < 7; i++) broken[i] = training_of(&m);
  broken[0].rows = 0;
  broken[1].batch = 0;
  broken[2].epochs = 0;
  broken[3].optimizer.rate = 0;
  broken[4].optimizer.rate = INFINITY;
  broken[5].loss = NULL;
  broken[6].params = NULL;
  for (size_t i = 0; i < 7; i++) assert_int_equal(nn_train(&result, &broken[i], NULL), SCRIM_E_ARGUMENT);
  network_free(&m);
}

static void resume_with_other_settings_is_refused(void **state) {
  (void)state;
  network m;
  nn_result result;
  scrim_error error = {0};
  watch w = {.cancel_at = BATCHES};
  network_init(&m);
  nn_training training = training_of(&m);
  training.checkpoint = checkpoint;
  training.progress = watch_progress;
  training.progress_context = &w;
  assert_int_equal(nn_train(&result, &training, NULL), SCRIM_E_CANCELLED);
  training.resume = 1;
  training.batch = 32;
  assert_int_equal(nn_train(&result, &training, &error), SCRIM_E_STATE);
  assert_non_null(strstr(error.message, "batch=16, this run has batch=32"));
  assert_int_equal(access(checkpoint, F_OK), 0);
  unlink(checkpoint);
  network_free(&m);
}

/* ---- which epoch is kept, which rows are seen ---- */

static void best_epoch_is_kept_and_patience_ends_the_run(void **state) {
  (void)state;
  static const double figures[] = {5, 3, 4, 3, 6, 1, 1, 1};
  network m, two;
  nn_result result;
  float best[VALUES], second[VALUES];
  network_init(&m);
  m.figures = figures;
  nn_training training = training_of(&m);
  training.patience = 3;
  assert_int_equal(nn_train(&result, &training, NULL), SCRIM_OK);
  assert_int_equal(result.epochs_run, 5); /* 4, 3 and 6 are no better than 3 */
  assert_int_equal(result.best_epoch, 2);
  assert_true(result.best_figure == 3);
  values_of(&m, best);
  network_free(&m);

  network_init(&two); /* figures that never get better after the second epoch: cut there, the same values */
  two.figures = (const double[]){5, 3, 9};
  training = training_of(&two);
  training.patience = 1;
  assert_int_equal(nn_train(&result, &training, NULL), SCRIM_OK);
  values_of(&two, second);
  assert_memory_equal(best, second, sizeof best);
  network_free(&two);
}

static void without_validation_the_last_epoch_is_kept(void **state) {
  (void)state;
  network m;
  nn_result result;
  network_init(&m);
  nn_training training = training_of(&m);
  training.validate = NULL;
  training.patience = 1;
  assert_int_equal(nn_train(&result, &training, NULL), SCRIM_OK);
  assert_int_equal(result.epochs_run, EPOCHS);
  assert_int_equal(result.best_epoch, EPOCHS);
  assert_true(isnan(result.best_figure));
  assert_true(m.norm.mean->data[0] != 0); /* batch statistics were gathered: the tape was in training mode */
  network_free(&m);
}

/* Rows, batch and drop_last give so many calls of the loss and so many rows in an epoch. */
static void last_batch_follows_the_rule(void **state) {
  (void)state;
  static const struct {
    size_t rows, batch;
    int drop_last;
    size_t calls, seen;
  } cases[] = {
      {ROWS, 16, 0, 5, 70}, {ROWS, 16, 1, 4, 64}, {65, 16, 0, 4, 64}, {66, 16, 0, 5, 66},
      {64, 16, 1, 4, 64},   {10, 16, 1, 1, 10},   {5, 1, 0, 5, 5},    {2, 2, 0, 1, 2},
  };
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    network m;
    nn_result result;
    network_init(&m);
    m.plain = 1;
    nn_training training = training_of(&m);
    training.rows = cases[c].rows;
    training.batch = cases[c].batch;
    training.drop_last = cases[c].drop_last;
    training.epochs = 1;
    assert_int_equal(nn_train(&result, &training, NULL), SCRIM_OK);
    assert_int_equal(m.calls, cases[c].calls);
    size_t seen = 0;
    for (size_t i = 0; i < ROWS; i++) {
      assert_true(m.seen[i] <= 1);
      seen += m.seen[i];
    }
    assert_int_equal(seen, cases[c].seen);
    network_free(&m);
  }
}

static void each_epoch_has_an_order_of_its_own(void **state) {
  (void)state;
  network one, other;
  nn_result result;
  network_init(&one);
  network_init(&other);
  nn_training training = training_of(&one);
  training.epochs = 2;
  assert_int_equal(nn_train(&result, &training, NULL), SCRIM_OK);
  assert_memory_not_equal(one.order, one.order + ROWS, sizeof one.order / 2);
  training.context = &other;
  training.params = other.params;
  training.seed = 43;
  assert_int_equal(nn_train(&result, &training, NULL), SCRIM_OK);
  assert_memory_not_equal(one.order, other.order, sizeof one.order / 2);
  network_free(&one);
  network_free(&other);
}

typedef struct noise {
  tensor *w;
  float drawn[2 * BATCHES];
  size_t n;
} noise;

static tensor *noise_loss(tape *t, const uint32_t *rows, size_t n, void *context) {
  (void)rows, (void)n;
  noise *s = context;
  tensor *zero = tape_zeros(t, 1, &(int){1});
  const tensor *drawn = op_gaussian(t, zero, zero);
  if (drawn && s->n < 2 * BATCHES) s->drawn[s->n++] = drawn->data[0];
  return op_mean(t, op_square(t, s->w));
}

static void each_step_draws_noise_of_its_own(void **state) {
  (void)state;
  network m;
  nn_result result;
  network_init(&m);
  noise s = {.w = m.first.w};
  nn_training training = training_of(&m);
  training.loss = noise_loss;
  training.validate = NULL;
  training.context = &s;
  training.epochs = 2;
  assert_int_equal(nn_train(&result, &training, NULL), SCRIM_OK);
  assert_int_equal(s.n, 2 * BATCHES);
  for (size_t i = 0; i < s.n; i++) {
    for (size_t j = 0; j < i; j++) assert_true(s.drawn[i] != s.drawn[j]);
  }
  network_free(&m);
}

/* ---- progress and memory ---- */

static void progress_comes_with_each_epoch_and_seldom_between(void **state) {
  (void)state;
  network m;
  nn_result result;
  watch w = {0};
  network_init(&m);
  nn_training training = training_of(&m);
  training.progress = watch_progress;
  training.progress_context = &w;
  time_t began = time(NULL);
  assert_int_equal(nn_train(&result, &training, NULL), SCRIM_OK);
  assert_in_range(w.calls, EPOCHS, EPOCHS + 5 * (size_t)(time(NULL) - began + 1));
  assert_int_equal(w.last.step, EPOCHS * BATCHES);
  assert_int_equal(w.last.steps, EPOCHS * BATCHES);
  assert_string_equal(w.last.stage, "training");
  assert_true(isfinite(w.last.loss) && w.last.per_second > 0 && w.last.seconds_left == 0);
  network_free(&m);
}

static void a_warm_loop_allocates_nothing(void **state) {
  (void)state;
  network m;
  nn_result result;
  network_init(&m);
  nn_training training = training_of(&m);
  training.validate = NULL;     /* the one here makes a source each time */
  memory_fail_at(ULONG_MAX, 0); /* counts */
  assert_int_equal(nn_train(&result, &training, NULL), SCRIM_OK);
  assert_true(m.warm > 0);
  assert_int_equal(memory_requests(), m.warm);
  memory_fail_at(0, 0);
  network_free(&m);
}

static void every_failed_request_is_survived(void **state) {
  (void)state;
  network m;
  nn_result result;
  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long n = 1; status != SCRIM_OK && n < 2000; n++) {
    network_init(&m);
    nn_training training = training_of(&m);
    training.epochs = 2;
    training.checkpoint = checkpoint;
    scrim_error error = {0};
    memory_fail_at(n, 0);
    status = nn_train(&result, &training, &error);
    memory_fail_at(0, 0);
    if (status != SCRIM_OK) {
      assert_int_equal(status, SCRIM_E_MEMORY);
      assert_int_equal(error.status, SCRIM_E_MEMORY);
    }
    network_free(&m);
  }
  assert_int_equal(status, SCRIM_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(same_seed_same_bits),
      cmocka_unit_test(cancelled_after_any_epoch_resumes_to_the_same_bits),
      cmocka_unit_test(killed_at_any_moment_resumes_to_the_same_bits),
      cmocka_unit_test(broken_loss_is_named_and_keeps_the_checkpoint),
      cmocka_unit_test(infinite_gradient_is_named),
      cmocka_unit_test(broken_figure_is_named),
      cmocka_unit_test(nonsense_is_refused),
      cmocka_unit_test(resume_with_other_settings_is_refused),
      cmocka_unit_test(best_epoch_is_kept_and_patience_ends_the_run),
      cmocka_unit_test(without_validation_the_last_epoch_is_kept),
      cmocka_unit_test(last_batch_follows_the_rule),
      cmocka_unit_test(each_epoch_has_an_order_of_its_own),
      cmocka_unit_test(each_step_draws_noise_of_its_own),
      cmocka_unit_test(progress_comes_with_each_epoch_and_seldom_between),
      cmocka_unit_test(a_warm_loop_allocates_nothing),
      cmocka_unit_test(every_failed_request_is_survived),
  };
  return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
