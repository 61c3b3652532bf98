/* Tables of fields: each reader, in a struct that is made for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "serve/config_field.h"
#include <cmocka.h>
#include <string.h>

typedef struct inner {
  size_t size;
  double real;
} inner;

typedef struct outer {
  const char *text, *word, *file;
  int on, choice, has_inside;
  uint16_t port;
  inner inside;
  const inner *fresh, *list;
  const char *const *texts, *const *files;
  const int *numbers;
  size_t n_list, n_texts, n_files, n_numbers;
} outer;

static const char *const choices[] = {"red", "green", NULL};
static const inner inner_defaults = {.size = 5, .real = 0.5};
static const config_field inner_fields[] = {
    {"size", config_size, .at = offsetof(inner, size), .min = 1, .max = 9},
    {"real", config_real, .at = offsetof(inner, real), .min = -1, .max = 1},
};
static const config_shape inner_shape = {inner_fields, 2, sizeof(inner), &inner_defaults};

static const config_field fields[] = {
    {"text", config_text, .at = offsetof(outer, text)},
    {"word", config_word, .at = offsetof(outer, word)},
    {"file", config_file, .at = offsetof(outer, file)},
    {"on", config_switch, .at = offsetof(outer, on)},
    {"choice", config_choice, .at = offsetof(outer, choice), .choices = choices},
    {"port", config_port, .at = offsetof(outer, port), .max = 65535},
    {"inside", config_inside, .at = offsetof(outer, inside), .count_at = offsetof(outer, has_inside),
     .inside = &inner_shape},
    {"fresh", config_fresh, .at = offsetof(outer, fresh), .inside = &inner_shape},
    {"list", config_list, .at = offsetof(outer, list), .count_at = offsetof(outer, n_list), .max = 3,
     .inside = &inner_shape},
    {"texts", config_texts, .at = offsetof(outer, texts), .count_at = offsetof(outer, n_texts), .max = 2},
    {"files", config_files, .at = offsetof(outer, files), .count_at = offsetof(outer, n_files), .max = 2},
    {"numbers", config_numbers, .at = offsetof(outer, numbers), .count_at = offsetof(outer, n_numbers), .max = 4},
};
static const config_shape shape = {fields, sizeof fields / sizeof fields[0], sizeof(outer), NULL};

static scrim_status read_text(outer *out, const char *text, arena *memory, scrim_error *error) {
  const config_reader reader = {memory, "/folder/", error};
  const config_place root = {NULL, NULL, 0};
  cJSON *tree = cJSON_Parse(text);
  assert_non_null(tree);
  memset(out, 0, sizeof *out);
  scrim_status status = config_object(&reader, &shape, tree, (char *)out, &root);
  cJSON_Delete(tree);
  return status;
}

static int make_arena(void **state) {
  *state = arena_create(256);
  return *state == NULL;
}

static int free_arena(void **state) {
  arena_free(*state);
  return 0;
}

static void each_kind_of_value(void **state) {
  outer o;
  assert_int_equal(
      read_text(&o,
                "{\"text\": \"any \\u00e4\", \"word\": \"a-b.c_9\", \"file\": \"x/y\", \"on\": true,"
                "\"choice\": \"green\", \"port\": 65535, \"inside\": {\"size\": 7}, \"fresh\": {\"real\": -1},"
                "\"list\": [{}, {\"size\": 9}], \"texts\": [\"a\", \"b\"], \"files\": [\"/a\", \"-\"],"
                "\"numbers\": [2147483647, 0]}",
                *state, NULL),
      SCRIM_OK);
  assert_string_equal(o.text, "any \xc3\xa4");
  assert_string_equal(o.word, "a-b.c_9");
  assert_string_equal(o.file, "/folder/x/y");
  assert_true(o.on == 1 && o.choice == 1 && o.port == 65535 && o.has_inside == 1);
  assert_true(o.inside.size == 7 && o.inside.real == 0);  /* an object inside keeps what was there */
  assert_true(o.fresh->size == 5 && o.fresh->real == -1); /* a fresh one begins with its defaults */
  assert_true(o.n_list == 2 && o.list[0].size == 5 && o.list[1].size == 9 && o.list[1].real == 0.5);
  assert_true(o.n_texts == 2 && o.n_files == 2 && o.n_numbers == 2);
  assert_string_equal(o.texts[1], "b");
  assert_string_equal(o.files[0], "/a");
  assert_string_equal(o.files[1], "-");
  assert_true(o.numbers[0] == 2147483647 && o.numbers[1] == 0);
}

static void each_kind_of_fault(void **state) {
  static const char *const cases[][2] = {
      {"{\"text\": 1}", "$.text: must be a string"},
      {"{\"text\": \"\"}", "$.text: must not be empty"},
      {"{\"word\": \"a b\"}", "$.word: 'a b' must be letters, digits, '.', '_' and '-' only"},
      {"{\"word\": \"\"}", "$.word: '' must be letters, digits, '.', '_' and '-' only"},
      {"{\"word\": []}", "$.word: must be a string"},
      {"{\"file\": null}", "$.file: must be a string"},
      {"{\"on\": 0}", "$.on: must be true or false"},
      {"{\"choice\": \"blue\"}", "$.choice: 'blue' is none of 'red', 'green'"},
      {"{\"choice\": 1}", "$.choice: must be a string"},
      {"{\"port\": 65536}", "$.port: 65536 is not in 0..65535"},
      {"{\"port\": 0.5}", "$.port: must be a whole number"},
      {"{\"inside\": []}", "$.inside: must be an object"},
      {"{\"inside\": {\"size\": 10}}", "$.inside.size: 10 is not in 1..9"},
      {"{\"inside\": {\"real\": 1.5}}", "$.inside.real: 1.5 is not in -1..1"},
      {"{\"inside\": {\"real\": \"1\"}}", "$.inside.real: must be a number"},
      {"{\"list\": {}}", "$.list: must be a list"},
      {"{\"list\": [{}, {}, {}, {}]}", "$.list: has 4 elements, and must have 0..3"},
      {"{\"list\": [{}, {\"x\": 1}]}", "$.list[1].x: unknown field"},
      {"{\"texts\": [\"a\", \"a\"]}", "$.texts[1]: 'a' is there twice"},
      {"{\"numbers\": [1e10]}", "$.numbers[0]: 10000000000 is not in 0..2147483647"},
      {"{\"a\\nb\": 1}", "$.a?b: unknown field"}, /* a message is one line */
      {"7", "$: must be an object"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    outer o;
    scrim_error error = {.message = ""};
    assert_int_equal(read_text(&o, cases[i][0], *state, &error), SCRIM_E_PARAM);
    assert_string_equal(error.message, cases[i][1]);
  }
}

static void memory_runs_out(void **state) {
  (void)state;
  outer o;
  scrim_error error;
  arena *memory = arena_create(64);
  memory_fail_at(1, 1);
  scrim_status status = read_text(&o, "{\"texts\": [\"aaaaaaaaaaaaaaaaaaaaaaaa\", \"b\"]}", memory, &error);
  memory_fail_at(0, 0);
  assert_int_equal(status, SCRIM_E_MEMORY);
  arena_free(memory);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(each_kind_of_value, make_arena, free_arena),
      cmocka_unit_test_setup_teardown(each_kind_of_fault, make_arena, free_arena),
      cmocka_unit_test(memory_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
