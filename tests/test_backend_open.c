/* Looking for a GPU's backend: what is said of one that is missing, broken or not ours; one that is opened, works. */
#define _GNU_SOURCE /* dladdr */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "tensor/backend_open.h"
#include <cmocka.h>
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OBJECT "libscrim-cuda.so"

static char folder[] = "/tmp/scrim-open-XXXXXX";
static char object[sizeof folder + sizeof OBJECT];

static int make_folder(void **state) {
  (void)state;
  if (!mkdtemp(folder)) return -1;
  snprintf(object, sizeof object, "%s/" OBJECT, folder);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  unlink(object);
  return rmdir(folder);
}

static void assert_refused(const char *what) {
  const backend *b = &cpu_backend;
  scrim_error error = {0};
  assert_int_equal(backend_open_in(&b, 0, folder, &error), SCRIM_E_DEVICE);
  assert_null(b);
  if (!strstr(error.message, what)) fail_msg("'%s' says nothing of '%s'", error.message, what);
}

static void a_missing_object_is_named(void **state) {
  (void)state;
  assert_refused("/" OBJECT);
  assert_refused("No such file");
}

static void a_broken_object_is_refused(void **state) {
  (void)state;
  FILE *f = fopen(object, "w");
  assert_non_null(f);
  fputs("not an object", f);
  fclose(f);
  assert_refused("cannot open");
  unlink(object);
}

static void an_object_of_others_is_refused(void **state) {
  (void)state;
  Dl_info info;
  assert_true(dladdr((void *)(size_t)&_cmocka_run_group_tests, &info) != 0);
  assert_int_equal(symlink(info.dli_fname, object), 0);
  assert_refused("has no scrim_cuda_open: it is not of Scrim");
  unlink(object);
}

static void a_long_folder_is_refused(void **state) {
  (void)state;
  char name[PATH_MAX + 1];
  const backend *b;
  memset(name, 'x', PATH_MAX);
  name[PATH_MAX] = '\0';
  assert_int_equal(backend_open_in(&b, 0, name, NULL), SCRIM_E_ARGUMENT);
}

/* There is none beside a test. */
static void without_one_the_cpu_is_taken_or_an_error_told(void **state) {
  (void)state;
  const backend *b = NULL;
  scrim_error error = {0};
  char text[SCRIM_DEVICE_TEXT];
  scrim_device taken = SCRIM_DEVICE_CUDA;
  assert_int_equal(backend_open(&b, SCRIM_DEVICE_CUDA, &error), SCRIM_E_DEVICE);
  assert_non_null(strstr(error.message, "there is no " OBJECT " beside "));
  assert_int_equal(backend_open(&b, SCRIM_DEVICE_AUTO, NULL), SCRIM_OK);
  assert_ptr_equal(b, &cpu_backend);
  assert_int_equal(backend_open(&b, SCRIM_DEVICE_CPU, NULL), SCRIM_OK);
  assert_ptr_equal(b, &cpu_backend);
  assert_int_equal(scrim_device_open(SCRIM_DEVICE_AUTO, &taken, text, NULL), SCRIM_OK);
  assert_int_equal(taken, SCRIM_DEVICE_CPU);
  assert_string_equal(text, "the CPU");
  assert_int_equal(scrim_device_open(SCRIM_DEVICE_CUDA, NULL, text, NULL), SCRIM_E_DEVICE);
  assert_int_equal(scrim_device_open((scrim_device)7, NULL, text, &error), SCRIM_E_ARGUMENT);
  assert_string_equal(error.message, "7 is no device");
}

/* The backend on the emulation, as a shared object: two copies of what both sides are linked with, one tape. */
static void an_object_of_ours_works(void **state) {
  (void)state;
  char program[PATH_MAX], emulated[PATH_MAX + 16];
  const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
  assert_true(length > 0);
  program[length] = '\0';
  *strrchr(program, '/') = '\0';
  snprintf(emulated, sizeof emulated, "%s/../emulated", program);
  const backend *b = NULL;
  tape *t = NULL;
  assert_int_equal(backend_open_in(&b, 0, emulated, NULL), SCRIM_OK);
  assert_string_equal(b->name, "GPU");
  assert_int_equal(tape_create(&t, b, NULL), SCRIM_OK);
  const float x[] = {1, -2, 3}, minus[] = {-1, 0, 0};
  float value = 2, grad = 0;
  tensor w = {.rank = 1, .dim = {1}, .n = 1, .data = &value, .grad = &grad};
  tensor *y = op_relu(t, op_mul(t, tape_input(t, x, 1, (int[]){3}), &w));
  assert_int_equal(tape_backward(t, op_sum(t, y), NULL), SCRIM_OK);
  assert_true(tensor_values(y)[2] == 6 && *tensor_gradient(&w) == 4);
  scrim_error error = {0};
  assert_null(op_add(t, tape_input(t, x, 1, (int[]){3}), tape_input(t, minus, 1, (int[]){2})));
  assert_int_equal(tape_status(t, &error), SCRIM_E_ARGUMENT);
  tape_free(t);
  tensor_forget(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_missing_object_is_named),
      cmocka_unit_test(a_broken_object_is_refused),
      cmocka_unit_test(an_object_of_others_is_refused),
      cmocka_unit_test(a_long_folder_is_refused),
      cmocka_unit_test(without_one_the_cpu_is_taken_or_an_error_told),
      cmocka_unit_test(an_object_of_ours_works),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
