/* The sampler's bank and files. */
#include "core/memory.h"
#include "deid_world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>

static tape *t;
static const int dim[] = {8, 12};

static int open_all(void **state) {
  (void)state;
  return tape_create(&t, &cpu_backend, NULL) != SCRIM_OK;
}

static int close_all(void **state) {
  (void)state;
  tape_free(t);
  return 0;
}

static void targets_are_unit_vectors_that_their_number_tells(void **state) {
  (void)state;
  target_sampler *s = deid_sampler();
  float a[20], b[20];
  assert_int_equal(target_sampler_width(s), 20);
  for (int number = 0; number < 5; number++) {
    double one = 0, two = 0;
    assert_int_equal(target_sampler_make(s, t, 1, number, a, NULL), SCRIM_OK);
    for (int i = 0; i < 8; i++) one += (double)a[i] * (double)a[i];
    for (int i = 8; i < 20; i++) two += (double)a[i] * (double)a[i];
    assert_true(fabs(one - 1) < 1e-5 && fabs(two - 1) < 1e-5);
    assert_int_equal(target_sampler_make(s, t, 1, number, b, NULL), SCRIM_OK);
    assert_memory_equal(a, b, sizeof a);
    assert_int_equal(target_sampler_make(s, t, 1, number + 1, b, NULL), SCRIM_OK);
    assert_memory_not_equal(a, b, sizeof a);
    assert_int_equal(target_sampler_make(s, t, 2, number, b, NULL), SCRIM_OK);
    assert_memory_not_equal(a, b, sizeof a);
  }
  target_sampler_free(s);
}

static void only_what_is_allowed_is_counted(void **state) {
  (void)state;
  target_sampler *s = deid_sampler();
  unsigned char *allowed = target_sampler_allowed(s);
  assert_int_equal(target_sampler_count(s, 0), TARGET_BANK);
  memset(allowed, 0, TARGET_BANK);
  allowed[3] = allowed[70] = allowed[TARGET_BANK - 1] = 1;
  assert_int_equal(target_sampler_count(s, 0), 3);
  assert_int_equal(target_sampler_number(s, 0, 0), 3);
  assert_int_equal(target_sampler_number(s, 0, 1), 70);
  assert_int_equal(target_sampler_number(s, 0, 2), TARGET_BANK - 1);
  assert_int_equal(target_sampler_number(s, 1, 9), 9);
  target_sampler_free(s);
}

/* ---- files ---- */

/* What the writer holds, read again as a sampler of two encoders. */
static scrim_status reread(target_sampler **out, const tensorfile_writer *writer) {
  unsigned char *bytes;
  size_t n_bytes;
  tensorfile *file;
  assert_int_equal(tensorfile_bytes(writer, &bytes, &n_bytes, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_parse(&file, bytes, n_bytes, NULL), SCRIM_OK);
  const scrim_status status = target_sampler_get(out, 2, dim, file, NULL);
  tensorfile_close(file);
  memory_free(bytes);
  return status;
}

static void files_keep_targets(void **state) {
  (void)state;
  target_sampler *s = deid_sampler(), *again;
  tensorfile_writer *writer;
  float a[20], b[20];
  target_sampler_allowed(s)[5] = 0;
  assert_int_equal(tensorfile_writer_create(&writer, NULL), SCRIM_OK);
  assert_int_equal(target_sampler_put(s, writer, NULL), SCRIM_OK);
  assert_int_equal(reread(&again, writer), SCRIM_OK);
  assert_int_equal(target_sampler_count(again, 0), TARGET_BANK - 1);
  assert_int_equal(target_sampler_make(s, t, 0, 9, a, NULL), SCRIM_OK);
  assert_int_equal(target_sampler_make(again, t, 0, 9, b, NULL), SCRIM_OK);
  assert_memory_equal(a, b, sizeof a);
  tensorfile_writer_free(writer);
  target_sampler_free(s);
  target_sampler_free(again);
}

static void bad_files_are_refused(void **state) {
  (void)state;
  target_sampler *s = deid_sampler(), *again;
  tensorfile_writer *writer;
  assert_int_equal(tensorfile_writer_create(&writer, NULL), SCRIM_OK);
  assert_int_equal(reread(&again, writer), SCRIM_E_FORMAT); /* nothing there */
  assert_int_equal(target_sampler_put(s, writer, NULL), SCRIM_OK);
  static const char *const sizes[] = {"0", "-4", "1025", "4x", "", "5"};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    assert_int_equal(tensorfile_put_meta(writer, "targets.latent", sizes[i], NULL), SCRIM_OK);
    assert_int_equal(reread(&again, writer), SCRIM_E_FORMAT);
    assert_null(again);
  }
  assert_int_equal(tensorfile_put_meta(writer, "targets.latent", "4", NULL), SCRIM_OK);
  target_sampler_allowed(s)[7] = 2;
  assert_int_equal(reread(&again, writer), SCRIM_E_FORMAT);
  memset(target_sampler_allowed(s), 0, TARGET_BANK);
  assert_int_equal(reread(&again, writer), SCRIM_E_FORMAT); /* a class without targets */
  target_sampler_allowed(s)[0] = 1;
  assert_int_equal(reread(&again, writer), SCRIM_OK);
  target_sampler_free(again);
  tensorfile_writer_free(writer);
  target_sampler_free(s);
}

static void failed_requests_are_reported(void **state) {
  (void)state;
  target_sampler *s = deid_sampler();
  float a[20];
  for (unsigned long n = 1;; n++) {
    memory_fail_at(n, 0);
    const scrim_status status = target_sampler_make(s, t, 0, 0, a, NULL);
    memory_fail_at(0, 0);
    if (status == SCRIM_OK) break;
    assert_int_equal(status, SCRIM_E_MEMORY);
  }
  target_sampler_free(s);
  for (unsigned long n = 1; n < 40; n++) {
    memory_fail_at(n, 0);
    s = deid_sampler();
    memory_fail_at(0, 0);
    target_sampler_free(s);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(targets_are_unit_vectors_that_their_number_tells),
      cmocka_unit_test(only_what_is_allowed_is_counted),
      cmocka_unit_test(files_keep_targets),
      cmocka_unit_test(bad_files_are_refused),
      cmocka_unit_test(failed_requests_are_reported),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
