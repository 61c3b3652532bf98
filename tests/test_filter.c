/* Filters: built, saved, opened again, and refused when they are not what they say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "support/files.h"
#include "toy_filter.h"
#include <cmocka.h>
#include <scrim/version.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

static scrim_filter *build(const scrim_config *config) {
  scrim_filter *filter;
  assert_int_equal(toy_build(&filter, &toy_filter, config, NULL), SCRIM_OK);
  return filter;
}

static const char *info_of(const scrim_filter *filter, const char *wanted) {
  const char *name, *value;
  for (size_t i = 0; scrim_filter_info(filter, i, &name, &value); i++)
    if (strcmp(name, wanted) == 0) return value;
  return NULL;
}

static void a_built_filter_answers_questions(void **state) {
  (void)state;
  scrim_config config, back;
  double value;
  assert_int_equal(scrim_config_init(&config, "toy", NULL), SCRIM_OK);
  assert_int_equal(scrim_config_set(&config, "scale", 2, NULL), SCRIM_OK);
  scrim_filter *filter = build(&config);
  assert_string_equal(scrim_filter_kind(filter), "toy");
  assert_int_equal(scrim_filter_columns(filter), TOY_K);
  assert_int_equal(scrim_filter_config(filter, &back, NULL), SCRIM_OK);
  assert_int_equal(scrim_config_get(&back, "scale", &value, NULL), SCRIM_OK);
  assert_true(value == 2);
  assert_string_equal(info_of(filter, "scrim.kind"), "toy");
  assert_string_equal(info_of(filter, "scrim.format"), "1");
  assert_string_equal(info_of(filter, "scrim.version"), SCRIM_VERSION);
  assert_string_equal(info_of(filter, "param.scale"), "2");
  assert_non_null(filter_model(filter, &toy_filter));
  assert_null(filter_model(filter, &delay_filter));
  assert_ptr_equal(filter_table_find("delay"), &delay_filter);
  assert_null(filter_table_find("scores"));
  scrim_filter_free(filter);
}

static void saving_and_opening_keeps_every_byte(void **state) {
  const char *first = files_path(*state, "a.scrim"), *second = files_path(*state, "b.scrim");
  scrim_filter *built = build(NULL), *opened, *copied;
  assert_int_equal(scrim_filter_save(built, first, NULL), SCRIM_OK);
  assert_int_equal(scrim_filter_open(&opened, first, NULL), SCRIM_OK);
  assert_int_equal(scrim_filter_save(opened, second, NULL), SCRIM_OK);
  size_t n_first, n_second;
  char *bytes_first = files_read(first, &n_first), *bytes_second = files_read(second, &n_second);
  assert_int_equal(n_first, n_second);
  assert_memory_equal(bytes_first, bytes_second, n_first);

  assert_int_equal(scrim_filter_open_memory(&copied, bytes_first, n_first, NULL), SCRIM_OK);
  memset(bytes_first, 0, n_first); /* the caller's bytes were copied */
  assert_string_equal(scrim_filter_kind(copied), "toy");
  assert_int_equal(scrim_filter_save(copied, first, NULL), SCRIM_OK);
  assert_int_equal(scrim_filter_save(opened, first, NULL), SCRIM_OK); /* onto the file that it reads from */
  scrim_filter_free(opened);
  assert_int_equal(scrim_filter_open(&opened, first, NULL), SCRIM_OK);
  assert_int_equal(files_count(*state), 2);
  free(bytes_first);
  free(bytes_second);
  scrim_filter_free(built);
  scrim_filter_free(opened);
  scrim_filter_free(copied);
  scrim_filter_free(NULL);
}

/* Opens a file with the tensor of a toy, if `offset`, and these pairs of metadata. */
static scrim_status open_with(int offset, const char *const meta[][2], const char *words) {
  tensorfile_writer *writer;
  unsigned char *bytes;
  size_t n;
  assert_int_equal(tensorfile_writer_create(&writer, NULL), SCRIM_OK);
  if (offset)
    assert_int_equal(tensorfile_put(writer, "offset", TENSORFILE_F32, 1, (int64_t[]){TOY_K}, toy_offset, NULL),
                     SCRIM_OK);
  for (int i = 0; meta[i][0] != NULL; i++)
    assert_int_equal(tensorfile_put_meta(writer, meta[i][0], meta[i][1], NULL), SCRIM_OK);
  assert_int_equal(tensorfile_bytes(writer, &bytes, &n, NULL), SCRIM_OK);
  scrim_filter *filter;
  scrim_error error = {.message = ""};
  scrim_status status = scrim_filter_open_memory(&filter, bytes, n, &error);
  assert_true((status == SCRIM_OK) == (filter != NULL));
  assert_non_null(strstr(error.message, words));
  scrim_filter_free(filter);
  memory_free(bytes);
  tensorfile_writer_free(writer);
  return status;
}

static void impostors_are_refused(void **state) {
  (void)state;
  static const char *const good[][2] = {{"scrim.format", "1"}, {"scrim.kind", "toy"}, {NULL, NULL}};
  static const char *const bare[][2] = {{NULL, NULL}};
  static const char *const no_format[][2] = {{"scrim.kind", "toy"}, {NULL, NULL}};
  static const char *const no_kind[][2] = {{"scrim.format", "1"}, {NULL, NULL}};
  static const char *const later[][2] = {{"scrim.format", "2"}, {"scrim.kind", "toy"}, {NULL, NULL}};
  static const char *const stranger[][2] = {{"scrim.format", "1"}, {"scrim.kind", "smell"}, {NULL, NULL}};
  static const char *const unknown[][2] = {
      {"scrim.format", "1"}, {"scrim.kind", "toy"}, {"param.speed", "1"}, {NULL, NULL}};
  assert_int_equal(open_with(1, good, ""), SCRIM_OK);
  assert_int_equal(open_with(1, bare, "'scrim.format' is missing"), SCRIM_E_FORMAT);
  assert_int_equal(open_with(1, no_format, "'scrim.format' is missing"), SCRIM_E_FORMAT);
  assert_int_equal(open_with(1, no_kind, "'scrim.kind' is missing"), SCRIM_E_FORMAT);
  assert_int_equal(open_with(1, later, "filter format '2'"), SCRIM_E_UNSUPPORTED);
  assert_int_equal(open_with(1, stranger, "unknown kind 'smell'"), SCRIM_E_UNSUPPORTED);
  assert_int_equal(open_with(1, unknown, "'speed'"), SCRIM_E_FORMAT);
  assert_int_equal(open_with(0, good, "tensor 'offset' is missing"), SCRIM_E_FORMAT);
}

static void errors_name_the_file(void **state) {
  const char *path = files_path(*state, "x.scrim");
  scrim_filter *filter;
  scrim_error error;
  assert_int_equal(scrim_filter_open(&filter, path, &error), SCRIM_E_IO);
  assert_non_null(strstr(error.message, path));
  static const unsigned char empty_header[] = {2, 0, 0, 0, 0, 0, 0, 0, '{', '}'};
  files_write(path, empty_header, sizeof empty_header);
  assert_int_equal(scrim_filter_open(&filter, path, &error), SCRIM_E_FORMAT);
  assert_null(filter);
  assert_non_null(strstr(error.message, path));
  assert_non_null(strstr(error.message, "no filter"));
}

static void a_full_disk_leaves_no_file(void **state) {
  const char *path = files_path(*state, "x.scrim");
  scrim_filter *filter = build(NULL);
  struct rlimit before, limit;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
  for (rlim_t room = 0; room < 200; room += 99) {
    limit = (struct rlimit){.rlim_cur = room, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    scrim_status status = scrim_filter_save(filter, path, NULL);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(status, SCRIM_E_IO);
    assert_int_equal(files_count(*state), 0);
  }
  signal(SIGXFSZ, handler);
  scrim_filter_free(filter);
}

static void misuse_is_an_error(void **state) {
  (void)state;
  scrim_filter *filter = build(NULL), *other;
  scrim_config config, foreign;
  const char *name, *value;
  assert_int_equal(scrim_filter_open(NULL, "x", NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_filter_open(&other, NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_filter_open_memory(NULL, "x", 1, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_filter_open_memory(&other, NULL, 1, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_filter_open_memory(&other, "x", 1, NULL), SCRIM_E_FORMAT);
  assert_int_equal(scrim_filter_save(NULL, "x", NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_filter_save(filter, NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_filter_config(NULL, &config, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_filter_config(filter, NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_filter_info(NULL, 0, &name, &value), 0);
  assert_null(scrim_filter_kind(NULL));
  assert_int_equal(scrim_filter_columns(NULL), 0);
  assert_int_equal(scrim_config_init(&foreign, "delay", NULL), SCRIM_OK);
  assert_int_equal(toy_build(&other, &toy_filter, &foreign, NULL), SCRIM_E_ARGUMENT);
  assert_null(other);
  scrim_filter_free(filter);
}

/* Build, save and open, with the n-th request failing, for every n. */
static void every_failed_request_is_reported(void **state) {
  const char *path = files_path(*state, "x.scrim");
  for (int lasting = 0; lasting < 2; lasting++) {
    scrim_status status = SCRIM_E_MEMORY;
    unsigned long n = 1;
    for (; status != SCRIM_OK; n++) {
      scrim_filter *built = NULL, *opened = NULL;
      memory_fail_at(n, lasting);
      status = toy_build(&built, &toy_filter, NULL, NULL);
      if (status == SCRIM_OK) status = scrim_filter_save(built, path, NULL);
      if (status == SCRIM_OK) status = scrim_filter_open(&opened, path, NULL);
      memory_fail_at(0, 0);
      assert_true(status == SCRIM_OK || status == SCRIM_E_MEMORY);
      assert_true((status == SCRIM_OK) == (opened != NULL));
      scrim_filter_free(built);
      scrim_filter_free(opened);
      assert_true(files_count(*state) <= 1); /* no temporary file is left */
    }
    assert_true(n > 20);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_built_filter_answers_questions),
      cmocka_unit_test_setup_teardown(saving_and_opening_keeps_every_byte, files_setup, files_teardown),
      cmocka_unit_test(impostors_are_refused),
      cmocka_unit_test_setup_teardown(errors_name_the_file, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(a_full_disk_leaves_no_file, files_setup, files_teardown),
      cmocka_unit_test(misuse_is_an_error),
      cmocka_unit_test_setup_teardown(every_failed_request_is_reported, files_setup, files_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
