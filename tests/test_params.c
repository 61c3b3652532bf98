/* Parameters: kept as added, copied, saved and loaded; shapes that cannot be, files that do not fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "nn/nn.h"
#include <cmocka.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { MANY = 50 };

/* `n` parameters of growing shapes, every third a running statistic, values from `first` upwards. */
static nn_params *params_make(int n, float first) {
  nn_params *p = nn_params_create();
  assert_non_null(p);
  for (int i = 0; i < n; i++) {
    char name[24];
    snprintf(name, sizeof name, "layer%d", i);
    tensor *w = nn_params_add(p, name, 1 + i % 4, (int[]){i + 1, 2, 3, 1}, i % 3 != 2);
    assert_non_null(w);
    for (size_t k = 0; k < w->n; k++) w->data[k] = first++;
  }
  return p;
}

static tensorfile *file_of(const nn_params *p, const char *prefix) {
  tensorfile_writer *writer;
  tensorfile *file;
  unsigned char *bytes;
  size_t n;
  assert_int_equal(tensorfile_writer_create(&writer, NULL), SCRIM_OK);
  assert_int_equal(nn_params_put(p, prefix, writer, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_bytes(writer, &bytes, &n, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_parse(&file, bytes, n, NULL), SCRIM_OK);
  memory_free(bytes);
  tensorfile_writer_free(writer);
  return file;
}

static void assert_same_values(const nn_params *a, const nn_params *b) {
  assert_int_equal(nn_params_count(a), nn_params_count(b));
  for (size_t i = 0; i < nn_params_count(a); i++) {
    const tensor *x = nn_params_at(a, i, NULL, NULL), *y = nn_params_at(b, i, NULL, NULL);
    assert_int_equal(x->n, y->n);
    assert_memory_equal(x->data, y->data, x->n * sizeof(float));
  }
}

static void added_are_zero_and_stay_in_place(void **state) {
  (void)state;
  nn_params *p = nn_params_create();
  const int dim[] = {3, 4};
  tensor *first = nn_params_add(p, "first", 2, dim, 1), *still = nn_params_add(p, "still", 2, dim, 0);
  for (size_t i = 0; i < 12; i++) assert_true(first->data[i] == 0 && first->grad[i] == 0 && still->data[i] == 0);
  assert_null(still->grad);
  assert_null(first->node);
  for (int i = 0; i < MANY; i++) assert_non_null(nn_params_add(p, "more", 1, &(int){7}, 1));
  const char *name;
  int trainable;
  assert_ptr_equal(nn_params_at(p, 0, &name, &trainable), first);
  assert_string_equal(name, "first");
  assert_true(trainable);
  assert_ptr_equal(nn_params_at(p, 1, &name, &trainable), still);
  assert_false(trainable);
  assert_null(nn_params_at(p, MANY + 2, NULL, NULL));
  assert_int_equal(nn_params_count(p), MANY + 2);
  assert_int_equal(nn_params_values(p), 12 + 7 * MANY);
  first->grad[5] = 1;
  nn_params_zero_grad(p);
  assert_true(first->grad[5] == 0);
  nn_params_free(p);
  nn_params_free(NULL);
}

static void shapes_that_cannot_be_are_refused(void **state) {
  (void)state;
  nn_params *p = nn_params_create();
  assert_null(nn_params_add(p, "w", 0, (int[]){1}, 1));
  assert_null(nn_params_add(p, "w", 5, (int[]){1, 1, 1, 1, 1}, 1));
  assert_null(nn_params_add(p, "w", 2, (int[]){3, 0}, 1));
  assert_null(nn_params_add(p, "w", 2, (int[]){3, -1}, 1));
  assert_null(nn_params_add(p, "w", 4, (int[]){INT_MAX, INT_MAX, INT_MAX, INT_MAX}, 1));
  assert_null(nn_params_add(p, "w", 3, (int[]){1 << 30, 1 << 30, 4}, 1)); /* values fit in a size_t, bytes do not */
  assert_int_equal(nn_params_count(p), 0);
  nn_params_free(p);
}

static void file_gives_back_the_same_bits(void **state) {
  (void)state;
  nn_params *a = params_make(MANY, 0.1f), *b = params_make(MANY, -1000);
  tensorfile *file = file_of(a, "now.");
  assert_int_equal(nn_params_get(b, "now.", file, NULL), SCRIM_OK);
  assert_same_values(a, b);
  scrim_error error = {0};
  assert_int_equal(nn_params_get(b, "then.", file, &error), SCRIM_E_FORMAT);
  assert_non_null(strstr(error.message, "then.layer0"));
  tensorfile_close(file);
  nn_params_free(a);
  nn_params_free(b);
}

/* The last parameter has another shape: nothing at all is loaded. */
static void file_that_does_not_fit_changes_nothing(void **state) {
  (void)state;
  nn_params *a = params_make(4, 1), *b = params_make(4, 500), *before = params_make(4, 500);
  assert_non_null(nn_params_add(a, "last", 2, (int[]){2, 3}, 1));
  assert_non_null(nn_params_add(b, "last", 2, (int[]){3, 2}, 1));
  assert_non_null(nn_params_add(before, "last", 2, (int[]){3, 2}, 1));
  tensorfile *file = file_of(a, "");
  scrim_error error = {0};
  assert_int_equal(nn_params_get(b, "", file, &error), SCRIM_E_FORMAT);
  assert_non_null(strstr(error.message, "last"));
  assert_same_values(b, before);
  tensorfile_close(file);
  nn_params_free(a);
  nn_params_free(b);
  nn_params_free(before);
}

static void names_are_bounded(void **state) {
  (void)state;
  char name[400];
  memset(name, 'n', sizeof name - 1);
  name[sizeof name - 1] = 0;
  nn_params *p = nn_params_create();
  assert_non_null(nn_params_add(p, name, 1, &(int){1}, 1));
  tensorfile_writer *writer;
  scrim_error error = {0};
  assert_int_equal(tensorfile_writer_create(&writer, NULL), SCRIM_OK);
  assert_int_equal(nn_params_put(p, "now.", writer, &error), SCRIM_E_ARGUMENT);
  assert_non_null(strstr(error.message, "403 bytes"));
  tensorfile_writer_free(writer);
  nn_params_free(p);
}

static void copies_and_clones_are_apart(void **state) {
  (void)state;
  nn_params *a = params_make(5, 1), *b = params_make(5, 100), *clone = nn_params_clone(a);
  assert_same_values(a, clone);
  assert_int_equal(nn_params_values(clone), 0);
  nn_params_copy(b, a);
  assert_same_values(a, b);
  nn_params_at(a, 0, NULL, NULL)->data[0] = 77;
  assert_true(nn_params_at(clone, 0, NULL, NULL)->data[0] == 1 && nn_params_at(b, 0, NULL, NULL)->data[0] == 1);
  nn_params_free(a);
  nn_params_free(b);
  nn_params_free(clone);
}

static void what_is_frozen_takes_no_gradient(void **state) {
  (void)state;
  nn_params *p = params_make(5, 1), *same = params_make(5, 1);
  nn_params_freeze(p);
  assert_int_equal(nn_params_values(p), 0);
  assert_same_values(p, same);
  for (size_t i = 0; i < nn_params_count(p); i++) {
    int trainable = 1;
    assert_null(nn_params_at(p, i, NULL, &trainable)->grad);
    assert_int_equal(trainable, 0);
  }
  nn_params_zero_grad(p);
  nn_params_free(p);
  nn_params_free(same);
}

static void every_failed_request_is_survived(void **state) {
  (void)state;
  nn_params *a = params_make(20, 1);
  unsigned long n = 1;
  for (; n < 1000; n++) {
    memory_fail_at(n, 0);
    nn_params *clone = nn_params_clone(a);
    memory_fail_at(0, 0);
    if (!clone) continue;
    assert_same_values(a, clone);
    nn_params_free(clone);
    break;
  }
  assert_in_range(n, 20 * 3, 999); /* tensor, name and values each */
  nn_params_free(a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(added_are_zero_and_stay_in_place),
      cmocka_unit_test(shapes_that_cannot_be_are_refused),
      cmocka_unit_test(file_gives_back_the_same_bits),
      cmocka_unit_test(file_that_does_not_fit_changes_nothing),
      cmocka_unit_test(names_are_bounded),
      cmocka_unit_test(copies_and_clones_are_apart),
      cmocka_unit_test(what_is_frozen_takes_no_gradient),
      cmocka_unit_test(every_failed_request_is_survived),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
