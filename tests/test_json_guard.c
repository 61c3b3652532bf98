/* The guard: what it lets through, a text for every rule, and a packaged parser that must read the same. */
#include "serve/json_guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cjson/cJSON.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const json_limits wide = {.bytes = 1 << 26, .depth = 64, .values = 1 << 25, .string_bytes = 1 << 26};

/* A copy of exactly n bytes, so that a read behind the end is seen. */
static scrim_status guard_bytes(const char *text, size_t n, const json_limits *limits, scrim_error *error) {
  char *exact = malloc(n + !n);
  assert_non_null(exact);
  memcpy(exact, text, n);
  const scrim_status status = json_guard(exact, n, limits, error);
  free(exact);
  return status;
}

static scrim_status guard(const char *text) {
  return guard_bytes(text, strlen(text), &wide, NULL);
}

static void takes_json(void **state) {
  (void)state;
  static const char *const good[] = {
      "0",
      "-0",
      "1",
      "-12.5e-03",
      "1E+9",
      "0.0",
      "10",
      "true",
      "false",
      "null",
      "\"\"",
      "[]",
      "{}",
      " [ ] ",
      "\t{\r\n}\n",
      "[1,2,3]",
      "[[],[[]],{}]",
      "{\"a\":1,\"b\":[{\"a\":2},{\"a\":3}],\"c\":{\"a\":4}}",
      "\"\\u00e9\\ud83d\\ude00\"",
      "\"\xf0\x9f\x98\x80\"",
      "{\"\":1}",
      "{ \"a\" : { } , \"b\" : [ ] }",
      "[{\"b\":{\"a\":0}},{\"a\":{\"b\":0}}]",
      "{\"a\":{\"b\":1},\"b\":{\"a\":1}}",
      "{\"A\":1,\"a\":2}",
  };
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    if (guard(good[i]) != SCRIM_OK) print_error("refused: %s\n", good[i]);
    assert_int_equal(guard(good[i]), SCRIM_OK);
  }
}

static void refuses_what_is_no_json(void **state) {
  (void)state;
  static const struct {
    const char *text, *words;
  } bad[] = {
      {"", "byte 0: the text ends where a value is due"},
      {"  ", "byte 2: the text ends"},
      {"\xef\xbb\xbf{}", "byte 0: no value"},
      {"NaN", "byte 0: no value"},
      {"[NaN]", "byte 1: no value"},
      {"[Infinity]", "byte 1: no value"},
      {"[-Infinity]", "byte 1: a number"},
      {"[nan]", "byte 1: no value"},
      {"[1,]", "byte 3: no value"},
      {"[,1]", "byte 1: no value"},
      {"[1 2]", "byte 3: neither a comma"},
      {"[1}", "byte 2: neither a comma"},
      {"{\"a\":1]", "byte 6: neither a comma"},
      {"[1", "byte 2: neither a comma"},
      {"[1]]", "byte 3: something behind"},
      {"1 1", "byte 2: something behind"},
      {"{\"a\"}", "byte 4: no colon"},
      {"{\"a\" 1}", "byte 5: no colon"},
      {"{a:1}", "byte 1: no name"},
      {"{1:1}", "byte 1: no name"},
      {"{\"a\":1,}", "byte 7: no name"},
      {"{,}", "byte 1: no name"},
      {"{\"a\":}", "byte 5: no value"},
      {"'a'", "byte 0: no value"},
      {"\"a", "byte 2: the text ends inside"},
      {"\"\t\"", "byte 1: no character"},
      {"\"\\x\"", "byte 1: no character"},
      {"\"\\u0000\"", "byte 1: no character"},
      {"\"ab\xc0\x80\"", "byte 3: no character"},
      {"{\"\\ud800\":1}", "byte 2: no character"},
      {"\"\\\"", "byte 3: the text ends inside"},
      {"01", "a number"},
      {"-", "a number"},
      {"+1", "no value"},
      {".5", "no value"},
      {"1.", "a number"},
      {"1e", "a number"},
      {"1e+", "a number"},
      {"-01", "a number"},
      {"0x1", "byte 1: something behind"},
      {"1.e3", "a number"},
      {"tru", "no value"},
      {"nulls", "something behind"},
      {"// c\n1", "no value"},
      {"{\"a\":1,\"a\":1}", "byte 10: a name that its object has already"},
      {"{\"a\":1,\"b\":{\"a\":1},\"\\u0061\":1}", "a name that its object has already"},
      {"{\"\xc3\xa9\":1,\"\\u00E9\":1}", "a name that its object has already"},
      {"{\"\":1,\"\":1}", "a name that its object has already"},
      {"[{\"x\":{\"y\":1,\"z\":2,\"y\":3}}]", "a name that its object has already"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    scrim_error error = {.message = ""};
    assert_int_equal(guard_bytes(bad[i].text, strlen(bad[i].text), &wide, &error), SCRIM_E_FORMAT);
    if (strstr(error.message, bad[i].words) == NULL)
      print_error("'%s': '%s' lacks '%s'\n", bad[i].text, error.message, bad[i].words);
    assert_non_null(strstr(error.message, bad[i].words));
  }
  assert_int_equal(guard_bytes("[\0]", 3, &wide, NULL), SCRIM_E_FORMAT);
  assert_int_equal(guard_bytes("1\0", 2, &wide, NULL), SCRIM_E_FORMAT);
}

/* `open` n times, `core`, `shut` n times. */
static char *nest(const char *open, const char *core, const char *shut, size_t n) {
  const size_t a = strlen(open), b = strlen(core), c = strlen(shut);
  char *text = malloc(n * (a + c) + b + 1);
  assert_non_null(text);
  for (size_t i = 0; i < n; i++) memcpy(text + i * a, open, a);
  memcpy(text + n * a, core, b);
  for (size_t i = 0; i < n; i++) memcpy(text + n * a + b + i * c, shut, c);
  text[n * (a + c) + b] = '\0';
  return text;
}

static void expect(char *text, const json_limits *limits, scrim_status due, const char *words) {
  scrim_error error = {.message = ""};
  assert_int_equal(guard_bytes(text, strlen(text), limits, &error), due);
  if (due != SCRIM_OK) assert_non_null(strstr(error.message, words));
  free(text);
}

static void keeps_to_its_limits(void **state) {
  (void)state;
  const json_limits tight = {.bytes = 1000, .depth = 5, .values = 20, .string_bytes = 10};
  static const char deep[] = "nested deeper", many[] = "more values", longer[] = "a string longer";
  expect(nest("[", "", "]", 5), &tight, SCRIM_OK, "");
  expect(nest("[", "", "]", 6), &tight, SCRIM_E_DATA, deep);
  expect(nest("{\"a\":", "1", "}", 5), &tight, SCRIM_OK, "");
  expect(nest("{\"a\":", "1", "}", 6), &tight, SCRIM_E_DATA, deep);
  expect(nest("[", "", "]", JSON_MAX_DEPTH), &wide, SCRIM_OK, "");
  const json_limits deeper = {.bytes = 1000, .depth = 1000, .values = 1000, .string_bytes = 1};
  expect(nest("[", "", "]", JSON_MAX_DEPTH + 1), &wide, SCRIM_E_DATA, deep);
  expect(nest("[", "", "]", JSON_MAX_DEPTH + 1), &deeper, SCRIM_E_DATA, deep);
  expect(nest("[", "", "", 1000000), &wide, SCRIM_E_DATA, deep);
  expect(nest("[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]", "", "", 1), &tight, SCRIM_OK, "");
  expect(nest("[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]", "", "", 1), &tight, SCRIM_E_DATA, many);
  expect(nest("\"0123456789\"", "", "", 1), &tight, SCRIM_OK, "");
  expect(nest("\"0123456789a\"", "", "", 1), &tight, SCRIM_E_DATA, longer);
  expect(nest("{\"0123456789a\":1}", "", "", 1), &tight, SCRIM_E_DATA, longer);
  expect(nest(" ", "1", " ", 499), &tight, SCRIM_OK, "");
  expect(nest(" ", "1", " ", 500), &tight, SCRIM_E_DATA, "JSON of 1001 bytes; 1000 are allowed");
  expect(nest("1", "", "", JSON_NUMBER_CHARS), &wide, SCRIM_OK, "");
  expect(nest("1", "", "", JSON_NUMBER_CHARS + 1), &wide, SCRIM_E_DATA, "a number with more characters");
}

/* {"0":0,"1":0,...} with n names. */
static char *names(size_t n) {
  char *text = malloc(16 * n + 16);
  assert_non_null(text);
  size_t at = (size_t)sprintf(text, "{");
  for (size_t i = 0; i < n; i++) at += (size_t)sprintf(text + at, "%s\"%zu\":0", i ? "," : "", i);
  sprintf(text + at, "}");
  return text;
}

static void counts_the_names_of_open_objects(void **state) {
  (void)state;
  expect(names(JSON_OPEN_NAMES), &wide, SCRIM_OK, "");
  expect(names(JSON_OPEN_NAMES + 1), &wide, SCRIM_E_DATA, "more names");
  /* Closed objects give their names back, and the twin is still seen at the end. */
  char *text = malloc(5000 * 32), *one = names(3);
  assert_non_null(text);
  size_t at = (size_t)sprintf(text, "{\"z\":[");
  for (int i = 0; i < 5000; i++) at += (size_t)sprintf(text + at, "%s%s", i ? "," : "", one);
  sprintf(text + at, "]}");
  assert_int_equal(guard(text), SCRIM_OK);
  sprintf(text + at, "],\"z\":0}");
  assert_int_equal(guard(text), SCRIM_E_FORMAT);
  free(text);
  free(one);
}

/* A fixed sequence of pseudo-random numbers. */
static unsigned next(unsigned long long *seed) {
  *seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
  return (unsigned)(*seed >> 33);
}

/* What passes is JSON to another parser too, with the same values in the same places. */
static void agrees_with_a_packaged_parser(void **state) {
  (void)state;
  static const char seedling[] =
      "{\"a\":[1.5,-2e3,\"x\\u00e9\",{\"b\":null,\"c\":[true,false]}],\"d\":\"\\\\\",\"e\":{}}";
  static const char letters[] = "{}[],:\"\\ue019-+.truefalsnabcd \n";
  unsigned long long seed = 1;
  size_t passed = 0;
  for (int i = 0; i < 200000; i++) {
    char text[sizeof seedling];
    memcpy(text, seedling, sizeof text);
    for (unsigned n = 1 + next(&seed) % 3; n > 0; n--)
      text[next(&seed) % (sizeof text - 1)] = letters[next(&seed) % (sizeof letters - 1)];
    if (guard(text) != SCRIM_OK) continue;
    const char *end;
    cJSON *tree = cJSON_ParseWithOpts(text, &end, 1);
    if (tree == NULL) print_error("only the guard takes %s\n", text);
    assert_non_null(tree);
    cJSON_Delete(tree);
    passed++;
  }
  assert_true(passed > 1000);
}

/* A megabyte or more of what is dear to each rule: time grows with the length alone. */
static void is_linear(void **state) {
  (void)state;
  char *parts[] = {nest("{\"a\":0,\"b\":0},", "", "", 1000000), nest("0,", "", "", 4000000),
                   nest("\"\\u0061\",", "", "", 1000000)};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    char *text = nest("[", parts[i], "0]", 1);
    const clock_t start = clock();
    assert_int_equal(guard(text), SCRIM_OK);
    assert_true(clock() - start < 5 * CLOCKS_PER_SEC);
    free(text);
    free(parts[i]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_json),
      cmocka_unit_test(refuses_what_is_no_json),
      cmocka_unit_test(keeps_to_its_limits),
      cmocka_unit_test(counts_the_names_of_open_objects),
      cmocka_unit_test(agrees_with_a_packaged_parser),
      cmocka_unit_test(is_linear),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
