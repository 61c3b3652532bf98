/* The score filter at work: what a released row looks like, and what it depends on. */
#include "core/filter_table.h"
#include "core/memory.h"
#include "purifier/score_filter.h"
#include "score_world.h"
#include "support/files.h"

#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { K = SCORE_K, FRESH = SCORE_FRESH, VALUES = FRESH * K };

static score_world *world;
static scrim_key *key, *other_key;
static scrim_filter *plain, *swapping; /* trained without members; with members and an index */

static scrim_filter *train(int with_members, const char *settings) {
  const scrim_scores_data data = score_data(world, with_members);
  const scrim_config config = score_quick(settings);
  scrim_filter *filter;
  assert_int_equal(scrim_scores_train(&filter, &data, &config, key, NULL, NULL), SCRIM_OK);
  return filter;
}

static int set_up(void **state) {
  world = score_world_make();
  key = score_key(1);
  other_key = score_key(2);
  plain = train(0, "epochs=60");
  swapping = train(1, "epochs=60 swap=1 swap_rate=0.3 swap_step=0.01");
  return files_setup(state);
}

static int tear_down(void **state) {
  scrim_filter_free(plain);
  scrim_filter_free(swapping);
  scrim_key_free(key);
  scrim_key_free(other_key);
  free(world);
  return files_teardown(state);
}

static scrim_session *session_of(const scrim_filter *filter, const scrim_key *with, const char *settings) {
  const scrim_config config = score_config(settings);
  scrim_session *session;
  assert_int_equal(scrim_session_create(&session, filter, with, &config, NULL), SCRIM_OK);
  return session;
}

static scrim_status run(scrim_session *session, const float *in, float *out, size_t n, scrim_error *error) {
  const scrim_view input = {.kind = SCRIM_SCORES, .data = (float *)in, .rows = n, .columns = K};
  scrim_view output = {.kind = SCRIM_SCORES, .data = out, .columns = K, .capacity = n};
  const scrim_status status = scrim_apply(session, &input, &output, error);
  assert_int_equal(output.rows, status == SCRIM_OK ? n : 0);
  return status;
}

static void apply(const scrim_filter *filter, const scrim_key *with, const char *settings, const float *in, float *out,
                  size_t n) {
  scrim_session *session = session_of(filter, with, settings);
  assert_int_equal(run(session, in, out, n, NULL), SCRIM_OK);
  scrim_session_free(session);
}

static int distinct_rows(const float *rows, size_t n) {
  int distinct = 0;
  for (size_t i = 0; i < n; i++) {
    size_t before = 0;
    while (before < i && memcmp(rows + before * K, rows + i * K, K * sizeof *rows) != 0) before++;
    distinct += before == i;
  }
  return distinct;
}

static size_t label_of(const float *rows, size_t i) {
  return score_argmax(rows + i * K, K);
}

static const char *const all_settings[] = {
    "strength=0",           "strength=0 mix=0.5", "strength=0 mix=1 decimals=1", "strength=0 noise=2 decimals=7",
    "strength=0.05",        "strength=0.5",       "strength=0.7 decimals=5",     "strength=0.95 decimals=2",
    "strength=1 decimals=1"};
enum { SETTINGS = sizeof all_settings / sizeof *all_settings };

static double number_of(const char *settings, const char *name) {
  const scrim_config config = score_config(settings);
  double value;
  assert_int_equal(scrim_config_get(&config, name, &value, NULL), SCRIM_OK);
  return value;
}

/* ---- the released row ---- */

static void expect_form(const float *in, const float *out, int units) {
  for (size_t i = 0; i < FRESH; i++) {
    const size_t label = label_of(in, i);
    double sum = 0, grid = 0;
    for (size_t j = 0; j < K; j++) {
      const double score = out[i * K + j];
      assert_true(score >= 0 && score <= 1);
      assert_true(fabs(score * units - round(score * units)) < 1e-6 * units);
      if (j != label) assert_true(score < out[i * K + label]);
      sum += score;
      grid += round(score * units);
    }
    assert_true(fabs(sum - 1) < 1e-6);
    assert_true(grid == units);
  }
}

static void rows_lie_on_the_grid_sum_to_one_and_keep_their_label(void **state) {
  (void)state;
  static float out[VALUES];
  for (int i = 0; i < SETTINGS; i++) {
    apply(plain, key, all_settings[i], world->fresh, out, FRESH);
    expect_form(world->fresh, out, score_units((int)number_of(all_settings[i], "decimals"), K));
    assert_memory_not_equal(out, world->fresh, sizeof out);
  }
}

static void extreme_rows_keep_the_form(void **state) {
  (void)state;
  static float in[VALUES], out[VALUES];
  const float rows[][K] = {{1, 0, 0, 0},
                           {0, 0, 0, 1},
                           {0.25f, 0.25f, 0.25f, 0.25f},
                           {0.5f, 0.5f, 0, 0},
                           {0.2499f, 0.2501f, 0.25f, 0.25f},
                           {0.9991f, 0, 0, 0},
                           {1e-30f, 1, 1e-38f, 0}};
  for (size_t i = 0; i < FRESH; i++) memcpy(in + i * K, rows[i % (sizeof rows / sizeof *rows)], sizeof *rows);
  for (int i = 0; i < SETTINGS; i++) {
    apply(plain, key, all_settings[i], in, out, FRESH);
    expect_form(in, out, score_units((int)number_of(all_settings[i], "decimals"), K));
  }
}

static void strength_leaves_so_many_words(void **state) {
  (void)state;
  static float out[VALUES];
  apply(plain, key, "strength=1", world->fresh, out, FRESH);
  assert_true(distinct_rows(out, FRESH) <= K);
  for (int step = 1; step < LEVELS_STEPS; step++) {
    char text[32];
    snprintf(text, sizeof text, "strength=%.2f", (double)step / LEVELS_STEPS);
    apply(plain, key, text, world->fresh, out, FRESH);
    assert_in_range(distinct_rows(out, FRESH), K + 1, K * LEVELS_MAX);
    apply(swapping, key, text, world->fresh, out, FRESH);
    assert_in_range(distinct_rows(out, FRESH), 1, K * LEVELS_MAX);
  }
  apply(plain, key, "strength=0", world->fresh, out, FRESH);
  assert_true(distinct_rows(out, FRESH) > K * LEVELS_MAX);
}

static void all_of_the_raw_row_is_near_identity(void **state) {
  (void)state;
  static float out[VALUES];
  apply(plain, key, "strength=0 mix=1 decimals=5 input_step=0", world->fresh, out, FRESH);
  for (int i = 0; i < VALUES; i++) assert_true(fabsf(out[i] - world->fresh[i]) <= 3e-5f);
  apply(plain, key, "strength=0 mix=1", world->fresh, out, FRESH);
  for (int i = 0; i < VALUES; i++) assert_true(fabsf(out[i] - world->fresh[i]) <= 3e-3f);
  apply(plain, key, "strength=0 mix=0", world->fresh, out, FRESH);
  float most = 0;
  for (int i = 0; i < VALUES; i++) most = fmaxf(most, fabsf(out[i] - world->fresh[i]));
  assert_true(most > 0.05f);
}

static void what_the_input_grid_does_not_see_does_not_leave(void **state) {
  (void)state;
  const float rows[2 * K] = {0.61f, 0.19f, 0.12f, 0.08f, 0.61002f, 0.18998f, 0.12f, 0.08f};
  float out[2 * K];
  apply(plain, key, "strength=0 mix=1 decimals=6", rows, out, 2);
  assert_memory_equal(out, out + K, K * sizeof *out);
  apply(plain, key, "strength=0 mix=1 decimals=6 input_step=0", rows, out, 2);
  assert_memory_not_equal(out, out + K, K * sizeof *out);
}

/* At strength 0 the last digit may round the other way where a logarithm lost its own last digit. */
static void expect_same_scores(const float *logs, const float *probabilities, double slack) {
  for (size_t i = 0; i < VALUES; i++) {
    const float expected = fmaxf(probabilities[i], SCORE_LOG_FLOOR);
    if (slack == 0) assert_true(logs[i] == logf(expected));
    assert_true(fabs(exp(logs[i]) - expected) <= slack + 1e-6);
  }
}

static void forms_agree(void **state) {
  (void)state;
  static float in[3][VALUES], out[3][VALUES];
  for (size_t i = 0; i < VALUES; i++) {
    in[SCORE_PROBABILITIES][i] = world->fresh[i];
    in[SCORE_LOGITS][i] = logf(world->fresh[i]) + (float)(i / K % 50) - 20; /* a softmax does not see the constant */
    in[SCORE_LOG_PROBABILITIES][i] = logf(world->fresh[i]);
  }
  for (int s = 0; s < SETTINGS; s++) {
    if (strstr(all_settings[s], "noise") != NULL) continue; /* named by digits that a logarithm loses */
    const int units = score_units((int)number_of(all_settings[s], "decimals"), K);
    const double slack = number_of(all_settings[s], "strength") > 0 ? 0 : 2.0 / units;
    for (int form = 0; form < 3; form++) {
      char text[80];
      snprintf(text, sizeof text, "%s form=%d", all_settings[s], form);
      apply(plain, key, text, in[form], out[form], FRESH);
    }
    expect_same_scores(out[SCORE_LOGITS], out[SCORE_PROBABILITIES], slack);
    expect_same_scores(out[SCORE_LOG_PROBABILITIES], out[SCORE_PROBABILITIES], slack);
  }
}

/* ---- what an answer does not depend on ---- */

static void batch_and_order_do_not_matter(void **state) {
  (void)state;
  static float whole[VALUES], out[VALUES];
  for (int s = 0; s < SETTINGS; s++) {
    apply(plain, key, all_settings[s], world->fresh, whole, FRESH);
    for (size_t batch = 1; batch < FRESH; batch = batch * 3 + 1) {
      scrim_session *session = session_of(plain, key, all_settings[s]);
      for (size_t end = FRESH; end > 0;) { /* from the last batch to the first */
        const size_t n = end < batch ? end : batch;
        end -= n;
        assert_int_equal(run(session, world->fresh + end * K, out + end * K, n, NULL), SCRIM_OK);
      }
      assert_memory_equal(out, whole, sizeof out);
      scrim_session_free(session);
    }
  }
}

typedef struct job {
  const char *settings;
  scrim_session *session;
  float out[VALUES];
  scrim_status status;
} job;

static void *work(void *context) {
  job *j = context;
  const scrim_view in = {.kind = SCRIM_SCORES, .data = world->fresh, .rows = FRESH, .columns = K};
  scrim_view out = {.kind = SCRIM_SCORES, .data = j->out, .columns = K, .capacity = FRESH};
  for (int round = 0; round < 20 && j->status == SCRIM_OK; round++)
    j->status = scrim_apply(j->session, &in, &out, NULL);
  return NULL;
}

static void threads_get_the_same_answers(void **state) {
  (void)state;
  enum { THREADS = 4 };
  static job jobs[THREADS];
  static float expected[VALUES];
  pthread_t thread[THREADS];
  for (int t = 0; t < THREADS; t++) {
    jobs[t] = (job){.settings = all_settings[t + 2]};
    jobs[t].session = session_of(plain, key, jobs[t].settings);
    assert_int_equal(pthread_create(&thread[t], NULL, work, &jobs[t]), 0);
  }
  for (int t = 0; t < THREADS; t++) {
    assert_int_equal(pthread_join(thread[t], NULL), 0);
    assert_int_equal(jobs[t].status, SCRIM_OK);
    apply(plain, key, jobs[t].settings, world->fresh, expected, FRESH);
    assert_memory_equal(jobs[t].out, expected, sizeof expected);
    scrim_session_free(jobs[t].session);
  }
}

static void a_reopened_filter_answers_the_same(void **state) {
  static float before[VALUES], after[VALUES];
  const char *path = files_path(*state, "filter.scrim");
  scrim_filter *reopened;
  assert_int_equal(scrim_filter_save(swapping, path, NULL), SCRIM_OK);
  assert_int_equal(scrim_filter_open(&reopened, path, NULL), SCRIM_OK);
  assert_int_equal(scrim_filter_columns(reopened), K);
  for (int s = 0; s < SETTINGS; s++) {
    apply(swapping, key, all_settings[s], world->fresh, before, FRESH);
    apply(reopened, key, all_settings[s], world->fresh, after, FRESH);
    assert_memory_equal(before, after, sizeof before);
  }
  scrim_filter_free(reopened);
}

static void in_place_is_the_same(void **state) {
  (void)state;
  static float expected[VALUES], rows[VALUES];
  for (int s = 0; s < SETTINGS; s++) {
    memcpy(rows, world->fresh, sizeof rows);
    apply(plain, key, all_settings[s], world->fresh, expected, FRESH);
    apply(plain, key, all_settings[s], rows, rows, FRESH);
    assert_memory_equal(rows, expected, sizeof rows);
  }
}

static void noise_is_the_keys_and_the_rows(void **state) {
  (void)state;
  static float in[VALUES], a[VALUES], again[VALUES], b[VALUES], quiet[VALUES];
  const char *noisy = "strength=0 noise=2 decimals=5", *still = "strength=0 decimals=5";
  memcpy(in, world->fresh, sizeof in);
  memcpy(in + (FRESH - 1) * K, in, K * sizeof *in); /* asked twice in one batch */
  apply(plain, key, noisy, in, a, FRESH);
  apply(plain, key, noisy, in, again, FRESH);
  assert_memory_equal(a, again, sizeof a);
  assert_memory_equal(a, a + (FRESH - 1) * K, K * sizeof *a);
  apply(plain, other_key, noisy, in, b, FRESH);
  apply(plain, key, still, in, quiet, FRESH);
  int other = 0, moved = 0;
  for (size_t i = 0; i < FRESH; i++) {
    other += memcmp(a + i * K, b + i * K, K * sizeof *a) != 0;
    moved += memcmp(a + i * K, quiet + i * K, K * sizeof *a) != 0;
  }
  assert_true(other > FRESH / 2 && moved > FRESH / 2);
  apply(plain, other_key, still, in, b, FRESH);
  assert_memory_equal(quiet, b, sizeof b);
}

static void near_copies_get_noise_of_their_own(void **state) {
  (void)state;
  static float in[VALUES], noisy[VALUES], quiet[VALUES];
  int apart = 0;
  memcpy(in, world->fresh, sizeof in);
  for (size_t i = 0; i < FRESH; i += 2) { /* two steps of the input grid off */
    const size_t label = label_of(in, i), other = label == 0 ? 1 : 0;
    float *copy = in + (i + 1) * K;
    memcpy(copy, in + i * K, K * sizeof *copy);
    copy[label] -= 2e-4f;
    copy[other] += 2e-4f;
  }
  apply(plain, key, "strength=0 noise=2 decimals=5", in, noisy, FRESH);
  apply(plain, key, "strength=0 decimals=5", in, quiet, FRESH);
  for (size_t i = 0; i < FRESH; i += 2) {
    const size_t at = i * K + label_of(in, i);
    apart += fabsf(noisy[at] - noisy[at + K]) > 5 * fabsf(quiet[at] - quiet[at + K]) + 0.005f;
  }
  assert_true(apart > FRESH / 2 / 4);
}

/* ---- bad rows ---- */

static void bad_rows_are_named_and_nothing_is_written(void **state) {
  (void)state;
  const struct {
    int form;
    size_t column;
    float value;
    const char *words;
  } cases[] = {{0, 2, NAN, "nan"},       {0, 1, INFINITY, "inf"}, {0, 3, -0.25f, "-0.25"},
               {0, 0, 1.5f, "1.5"},      {0, 1, 0.75f, "sum"},    {1, 2, NAN, "nan"},
               {1, 2, -INFINITY, "inf"}, {2, 0, 0.5f, "0.5"},     {2, 1, -0.1f, "sum"}};
  enum { ROW = 130 }; /* in the second block: the first must not leave either */
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    static float in[VALUES], out[VALUES], zero[VALUES];
    char settings[16];
    scrim_error error;
    for (size_t i = 0; i < VALUES; i++) in[i] = cases[c].form == 0 ? 0.25f : logf(0.25f);
    for (size_t i = 0; i < VALUES; i++) out[i] = 7;
    in[ROW * K + cases[c].column] = cases[c].value;
    snprintf(settings, sizeof settings, "form=%d", cases[c].form);
    scrim_session *session = session_of(plain, key, settings);
    assert_int_equal(run(session, in, out, FRESH, &error), SCRIM_E_DATA);
    assert_int_equal(error.row, ROW);
    assert_non_null(strstr(error.message, "row 130"));
    if (strstr(error.message, cases[c].words) == NULL) fail_msg("'%s' lacks '%s'", error.message, cases[c].words);
    assert_memory_equal(out, zero, sizeof out);
    scrim_session_free(session);
  }
}

/* ---- the label swapper ---- */

static void marked_members_and_no_others_are_swapped(void **state) {
  (void)state;
  static float out[SCORE_MEMBERS * K], fresh[VALUES];
  const int marked = atoi(score_info(swapping, "swap.marked_members"));
  const char *const strengths[] = {"strength=0", "strength=0.5", "strength=1"};
  assert_in_range(marked, SCORE_MEMBERS / 10, SCORE_MEMBERS / 2);
  for (int s = 0; s < 3; s++) {
    int swapped = 0;
    apply(swapping, key, strengths[s], world->members, out, SCORE_MEMBERS);
    for (size_t i = 0; i < SCORE_MEMBERS; i++) {
      const size_t label = label_of(world->members, i);
      float others[K];
      if (label_of(out, i) == label) continue;
      memcpy(others, world->members + i * K, sizeof others);
      others[label] = -1;
      assert_int_equal(label_of(out, i), score_argmax(others, K)); /* the second class */
      assert_int_equal(label, world->member_labels[i]);            /* only who was right can be marked */
      swapped++;
    }
    assert_int_equal(swapped, marked);
    apply(swapping, key, strengths[s], world->fresh, fresh, FRESH);
    for (size_t i = 0; i < FRESH; i++) assert_int_equal(label_of(fresh, i), label_of(world->fresh, i));
  }
}

static void without_swap_no_label_changes(void **state) {
  (void)state;
  static float out[SCORE_MEMBERS * K];
  apply(swapping, key, "swap=0", world->members, out, SCORE_MEMBERS);
  for (size_t i = 0; i < SCORE_MEMBERS; i++) assert_int_equal(label_of(out, i), label_of(world->members, i));
  apply(swapping, other_key, "swap=0", world->members, out, SCORE_MEMBERS); /* nor is its key asked for */
}

static void a_swapper_needs_its_index_and_key(void **state) {
  (void)state;
  const scrim_config config = score_config("swap=1");
  scrim_session *session;
  scrim_error error;
  assert_int_equal(scrim_session_create(&session, plain, key, &config, &error), SCRIM_E_UNSUPPORTED);
  assert_non_null(strstr(error.message, "swap=1"));
  assert_int_equal(scrim_session_create(&session, swapping, other_key, NULL, &error), SCRIM_E_KEY);
  assert_int_equal(scrim_session_create(&session, swapping, NULL, NULL, &error), SCRIM_E_KEY);
  assert_null(session);
}

/* ---- the reformer's rank ---- */

/* The label's score of every row is that of the level where `ranked` puts the row. */
static void expect_levels(const scrim_filter *filter, const float *out, const float *ranked) {
  const score_model *m = filter_model(filter, &scores_filter);
  const int step = levels_step(0.7);
  for (size_t i = 0; i < FRESH; i++) {
    float word[K];
    const size_t label = label_of(world->fresh, i);
    const int level = levels_find(&m->levels, step, levels_rank(ranked + i * K, K, label));
    levels_word(&m->levels, step, level, label, word);
    const double lowest = 1.0 / K + 2e-7; /* of a row whose arg max it is */
    assert_true(fabs(out[i * K + label] - fmax(word[label], lowest)) < 1e-6);
  }
}

static void words_are_those_of_the_rows_levels(void **state) {
  (void)state;
  static float out[VALUES];
  apply(plain, key, "strength=0.7 decimals=7", world->fresh, out, FRESH);
  expect_levels(plain, out, world->fresh);
}

static void levels_may_follow_the_reformers_confidence(void **state) {
  (void)state;
  static float out[VALUES], reformed[VALUES];
  scrim_filter *filter = train(0, "epochs=60 rank=1 holdout=0.5");
  apply(filter, key, "strength=0.7 decimals=7", world->fresh, out, FRESH);
  apply(filter, key, "strength=0 decimals=7", world->fresh, reformed, FRESH);
  expect_levels(filter, out, reformed);
  assert_in_range(distinct_rows(out, FRESH), K + 1, K * LEVELS_MAX);
  scrim_filter_free(filter);
}

/* ---- memory ---- */

static void a_warm_session_allocates_nothing(void **state) {
  (void)state;
  static float out[VALUES];
  for (int s = 0; s <= SETTINGS; s++) {
    scrim_session *session =
        session_of(s < SETTINGS ? plain : swapping, key, s < SETTINGS ? all_settings[s] : "swap=1");
    assert_int_equal(run(session, world->fresh, out, 1, NULL), SCRIM_OK);
    memory_fail_at(1, 1);
    const scrim_status status = run(session, world->fresh, out, FRESH, NULL);
    const unsigned long requests = memory_requests();
    memory_fail_at(0, 0);
    assert_int_equal(status, SCRIM_OK);
    assert_int_equal(requests, 0);
    scrim_session_free(session);
  }
}

static void running_out_of_memory_is_an_error(void **state) {
  const char *path = files_path(*state, "sweep.scrim");
  scrim_status status;
  unsigned long n = 1;
  assert_int_equal(scrim_filter_save(swapping, path, NULL), SCRIM_OK);
  do {
    scrim_filter *filter = NULL;
    scrim_session *session = NULL;
    memory_fail_at(n++, 0);
    status = scrim_filter_open(&filter, path, NULL);
    if (status == SCRIM_OK) status = scrim_session_create(&session, filter, key, NULL, NULL);
    memory_fail_at(0, 0);
    if (status != SCRIM_OK) {
      assert_int_equal(status, SCRIM_E_MEMORY);
      assert_null(session);
    }
    scrim_session_free(session);
    scrim_filter_free(filter);
  } while (status != SCRIM_OK && n < 2000);
  assert_int_equal(status, SCRIM_OK);
  assert_true(n > 50);
}

/* ---- files that ask for more than they hold ---- */

/* A filter whose biases claim these widths and which has levels for `k` classes, but no weights. */
static unsigned char *claim(const int64_t widths[5], int64_t k, size_t *n_bytes) {
  static const char *const names[] = {"reformer.encoder.0.bias", "reformer.encoder.1.bias", "reformer.encoder.2.bias",
                                      "reformer.mean.bias", "reformer.decoder.3.bias"};
  static float zeros[16384];
  const levels v = {(size_t)k, zeros, zeros, zeros};
  tensorfile_writer *writer;
  unsigned char *bytes;
  assert_int_equal(tensorfile_writer_create(&writer, NULL), SCRIM_OK);
  for (int i = 0; i < 5; i++)
    assert_int_equal(tensorfile_put(writer, names[i], TENSORFILE_F32, 1, &widths[i], zeros, NULL), SCRIM_OK);
  assert_int_equal(levels_put(&v, writer, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_put_meta(writer, "scrim.format", "1", NULL), SCRIM_OK);
  assert_int_equal(tensorfile_put_meta(writer, "scrim.kind", "scores", NULL), SCRIM_OK);
  assert_int_equal(tensorfile_bytes(writer, &bytes, n_bytes, NULL), SCRIM_OK);
  tensorfile_writer_free(writer);
  return bytes;
}

static void small_files_ask_for_no_large_network(void **state) {
  (void)state;
  const struct {
    int64_t widths[5], k;
    const char *words;
  } cases[] = {{{8192, 8192, 8192, 1024, 4}, 4, "encoder.0.weight"},
               {{8193, 8, 8, 2, 4}, 4, "encoder.0.bias has 8193 values (1 to 8192)"},
               {{8, 0, 8, 2, 4}, 4, "encoder.1.bias has 0 values"},
               {{8, 8, 8, 1025, 4}, 4, "mean.bias has 1025 values (1 to 1024)"},
               {{8, 8, 8, 2, 1}, 1, "at least 2"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    size_t n_bytes;
    unsigned char *bytes = claim(cases[i].widths, cases[i].k, &n_bytes);
    scrim_filter *filter;
    scrim_error error;
    tensorfile *file;
    memory_fail_at(ULONG_MAX, 0); /* only counts */
    assert_int_equal(tensorfile_parse(&file, bytes, n_bytes, NULL), SCRIM_OK);
    const unsigned long to_read = memory_requests();
    memory_fail_at(to_read + 2, 1); /* and the filter itself: a network is not tried */
    const scrim_status status = scrim_filter_open_memory(&filter, bytes, n_bytes, &error);
    memory_fail_at(0, 0);
    assert_int_equal(status, SCRIM_E_FORMAT);
    if (strstr(error.message, cases[i].words) == NULL) fail_msg("'%s' lacks '%s'", error.message, cases[i].words);
    tensorfile_close(file);
    memory_free(bytes);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_lie_on_the_grid_sum_to_one_and_keep_their_label),
      cmocka_unit_test(extreme_rows_keep_the_form),
      cmocka_unit_test(strength_leaves_so_many_words),
      cmocka_unit_test(all_of_the_raw_row_is_near_identity),
      cmocka_unit_test(what_the_input_grid_does_not_see_does_not_leave),
      cmocka_unit_test(forms_agree),
      cmocka_unit_test(batch_and_order_do_not_matter),
      cmocka_unit_test(threads_get_the_same_answers),
      cmocka_unit_test(a_reopened_filter_answers_the_same),
      cmocka_unit_test(in_place_is_the_same),
      cmocka_unit_test(noise_is_the_keys_and_the_rows),
      cmocka_unit_test(near_copies_get_noise_of_their_own),
      cmocka_unit_test(bad_rows_are_named_and_nothing_is_written),
      cmocka_unit_test(marked_members_and_no_others_are_swapped),
      cmocka_unit_test(without_swap_no_label_changes),
      cmocka_unit_test(a_swapper_needs_its_index_and_key),
      cmocka_unit_test(words_are_those_of_the_rows_levels),
      cmocka_unit_test(levels_may_follow_the_reformers_confidence),
      cmocka_unit_test(a_warm_session_allocates_nothing),
      cmocka_unit_test(running_out_of_memory_is_an_error),
      cmocka_unit_test(small_files_ask_for_no_large_network),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
