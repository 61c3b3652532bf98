/* Levels in use: ranks, look-up, code words, files. */
#include "purifier/levels.h"

#include "core/memory.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { K = 3, EDGES = LEVELS_MAX - 1, STEPS = LEVELS_STEPS + 1 };

static float edge[STEPS * EDGES], confidence[STEPS * LEVELS_MAX * K];
static const float rest[K * K] = {0, 0.25f, 0.75f, 0.5f, 0, 0.5f, 1, 0, 0};
static const levels table = {K, edge, confidence, rest};

static int set_up(void **state) {
  (void)state;
  for (int i = 0; i < STEPS * EDGES; i++) edge[i] = (float)(i % EDGES) + (float)(i / EDGES) * 0.01f;
  for (int i = 0; i < STEPS * LEVELS_MAX * K; i++) confidence[i] = (float)i / (STEPS * LEVELS_MAX * K);
  return 0;
}

static void strengths_are_steps(void **state) {
  (void)state;
  assert_int_equal(levels_step(0), 0);
  assert_int_equal(levels_step(0.05), 1);
  assert_int_equal(levels_step(0.7), 14);
  assert_int_equal(levels_step(1), LEVELS_STEPS);
}

static void ranks_are_log_odds(void **state) {
  (void)state;
  const float even[2] = {0.5f, 0.5f}, odds[3] = {0.75f, 0.125f, 0.125f}, sure[3] = {1, 0, 0}, tail[3] = {1, 1e-5f, 0};
  const float shorter_tail[3] = {1, 1e-6f, 0};
  assert_float_equal(levels_rank(even, 2, 0), 0, 0);
  assert_float_equal(levels_rank(odds, 3, 0), log(3), 1e-6);
  assert_float_equal(levels_rank(odds, 3, 1), log(1. / 7), 1e-6);
  assert_float_equal(levels_rank(sure, 3, 0), 16, 0);
  assert_float_equal(levels_rank(sure, 3, 1), -16, 0);
  /* both round to 1 next to the label: the other scores still tell them apart */
  assert_float_equal(levels_rank(tail, 3, 0), log(1e5), 1e-5);
  assert_float_equal(levels_rank(shorter_tail, 3, 0), log(1e6), 1e-5);
}

static void an_edge_belongs_to_the_level_above(void **state) {
  (void)state;
  assert_int_equal(levels_find(&table, 0, -16), 0);
  assert_int_equal(levels_find(&table, 0, 0), 1);
  assert_int_equal(levels_find(&table, 0, nextafterf(3, 0)), 3);
  assert_int_equal(levels_find(&table, 0, 3), 4);
  assert_int_equal(levels_find(&table, 0, 16), LEVELS_MAX - 1);
  assert_int_equal(levels_find(&table, 7, 3), 3); /* its edges stand 0.07 higher */
}

static void a_word_is_its_class_and_the_rest(void **state) {
  (void)state;
  float row[K];
  levels_word(&table, 5, 9, 1, row);
  const float top = confidence[(5 * LEVELS_MAX + 9) * K + 1];
  assert_float_equal(row[1], top, 0);
  assert_float_equal(row[0], (1 - top) * 0.5f, 1e-7);
  assert_float_equal(row[2], (1 - top) * 0.5f, 1e-7);
  levels_word(&table, 20, 0, 0, row);
  assert_float_equal(row[2], 3 * row[1], 1e-6);
}

/* The tables as a file, with the tensor `other` in place of the one of that name, if not NULL. */
static tensorfile *file_of(const char *other, int rank, const int64_t *shape) {
  static const float nothing[STEPS * LEVELS_MAX * (K + 1)];
  tensorfile_writer *writer;
  tensorfile *file;
  unsigned char *bytes;
  size_t n_bytes;
  assert_int_equal(tensorfile_writer_create(&writer, NULL), SCRIM_OK);
  if (other == NULL) assert_int_equal(levels_put(&table, writer, NULL), SCRIM_OK);
  const struct {
    const char *name;
    int rank;
    int64_t shape[3];
    const float *data;
  } good[] = {{"levels.edge", 2, {STEPS, EDGES}, edge},
              {"levels.confidence", 3, {STEPS, LEVELS_MAX, K}, confidence},
              {"levels.rest", 2, {K, K}, rest}};
  for (int i = 0; other != NULL && i < 3; i++) {
    const int bad = strcmp(other, good[i].name) == 0;
    if (bad && shape == NULL) continue;
    assert_int_equal(tensorfile_put(writer, good[i].name, TENSORFILE_F32, bad ? rank : good[i].rank,
                                    bad ? shape : good[i].shape, bad ? nothing : good[i].data, NULL),
                     SCRIM_OK);
  }
  assert_int_equal(tensorfile_bytes(writer, &bytes, &n_bytes, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_parse(&file, bytes, n_bytes, NULL), SCRIM_OK);
  tensorfile_writer_free(writer);
  memory_free(bytes);
  return file;
}

static void tables_come_back_from_a_file(void **state) {
  (void)state;
  tensorfile *file = file_of(NULL, 0, NULL);
  levels back;
  assert_int_equal(levels_get(&back, file, K, NULL), SCRIM_OK);
  assert_int_equal(back.k, K);
  assert_memory_equal(back.edge, edge, sizeof edge);
  assert_memory_equal(back.confidence, confidence, sizeof confidence);
  assert_memory_equal(back.rest, rest, sizeof rest);
  tensorfile_close(file);
}

static void other_shapes_are_refused(void **state) {
  (void)state;
  const struct {
    const char *name;
    int rank;
    int64_t shape[3];
  } bad[] = {{"levels.edge", 2, {STEPS - 1, EDGES}},
             {"levels.edge", 2, {STEPS, EDGES + 1}},
             {"levels.edge", 1, {STEPS * EDGES}},
             {"levels.confidence", 3, {STEPS, LEVELS_MAX, K + 1}},
             {"levels.confidence", 3, {STEPS, LEVELS_MAX - 1, K}},
             {"levels.confidence", 2, {STEPS, LEVELS_MAX * K}},
             {"levels.rest", 2, {K, K - 1}},
             {"levels.rest", 2, {K - 1, K}}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    tensorfile *file = file_of(bad[i].name, bad[i].rank, bad[i].shape);
    levels back;
    scrim_error error;
    assert_int_equal(levels_get(&back, file, K, &error), SCRIM_E_FORMAT);
    assert_non_null(strstr(error.message, bad[i].name));
    tensorfile_close(file);
  }
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    tensorfile *file = file_of(bad[i].name, 0, NULL); /* left out */
    levels back;
    scrim_error error;
    assert_int_equal(levels_get(&back, file, K, &error), SCRIM_E_FORMAT);
    assert_non_null(strstr(error.message, bad[i].name));
    tensorfile_close(file);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(strengths_are_steps),
      cmocka_unit_test(ranks_are_log_odds),
      cmocka_unit_test(an_edge_belongs_to_the_level_above),
      cmocka_unit_test(a_word_is_its_class_and_the_rest),
      cmocka_unit_test(tables_come_back_from_a_file),
      cmocka_unit_test(other_shapes_are_refused),
  };
  return cmocka_run_group_tests(tests, set_up, NULL);
}
