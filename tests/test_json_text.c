/* Walking JSON in place. */
#include "serve/json_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_value root(const char *text) {
  return json_root(text, strlen(text));
}

static void assert_text(json_value value, const char *due) {
  assert_int_equal(value.end - value.at, strlen(due));
  assert_memory_equal(value.at, due, strlen(due));
}

static void walks_arrays(void **state) {
  (void)state;
  static const char *const due[] = {"1", "-2.5e3", "\"],\\\"\"", "[ 3 , [ ] ]", "{\"a\":[1]}", "true", "null"};
  json_value inside = json_enter(root(" [1 ,-2.5e3, \"],\\\"\",[ 3 , [ ] ],{\"a\":[1]} ,true,null ] ")), value;
  for (size_t i = 0; i < sizeof due / sizeof *due; i++) {
    assert_true(json_next(&inside, NULL, &value));
    assert_text(value, due[i]);
  }
  assert_false(json_next(&inside, NULL, &value));
  assert_false(json_next(&inside, NULL, &value));
  assert_int_equal(json_count(root("[]")), 0);
  assert_int_equal(json_count(root("[ ]")), 0);
  assert_int_equal(json_count(root("[[]]")), 1);
  assert_int_equal(json_count(root("[1,[2,3],{\"a\":4}]")), 3);
}

/* Brackets, quotes and backslashes at every offset from the start of a container, which is looked through in steps. */
static void finds_ends_at_every_offset(void **state) {
  (void)state;
  static const char *const hard[] = {"[[],[[1]]]",
                                     "{\"]\":\"}\"}",
                                     "\"\\\\\"",
                                     "\"\\\"]\\\\\\\"[\"",
                                     "\"\\\\\\\\\"",
                                     "[\"_y]Y\x7f\",-1.5E+10,null]",
                                     "[\"\xff\xdb\xdd\xa2\"]"};
  for (size_t pad = 0; pad < 24; pad++)
    for (size_t i = 0; i < sizeof hard / sizeof *hard; i++) {
      char text[128] = "[[", due[96];
      for (size_t n = 0; n < pad; n++) strcat(text, n % 3 == 2 ? "," : "7");
      strcat(strcat(strcat(text, pad % 3 == 0 ? "" : ","), hard[i]), "],5]");
      snprintf(due, sizeof due, "%.*s", (int)strlen(text) - 4, text + 1);
      json_value inside = json_enter(root(text)), value;
      assert_true(json_next(&inside, NULL, &value));
      assert_text(value, due);
      assert_true(json_next(&inside, NULL, &value));
      assert_text(value, "5");
      assert_false(json_next(&inside, NULL, &value));
    }
}

static void walks_objects(void **state) {
  (void)state;
  static const char *const due[][2] = {
      {"\"a\"", "1"}, {"\"b:}\"", "{ \"c\" : \"}\" }"}, {"\"d\"", "[2,3]"}, {"\"\"", "\"\""}};
  json_value inside = json_enter(root("{ \"a\" :1,\"b:}\": { \"c\" : \"}\" } ,\"d\":[2,3],\"\":\"\"}")), name, value;
  for (size_t i = 0; i < sizeof due / sizeof *due; i++) {
    assert_true(json_next(&inside, &name, &value));
    assert_text(name, due[i][0]);
    assert_text(value, due[i][1]);
  }
  assert_false(json_next(&inside, &name, &value));
  assert_int_equal(json_count(root("{}")), 0);
  assert_int_equal(json_count(root("{\"a\":1,\"b\":[1,2,3]}")), 2);
}

static void finds_members(void **state) {
  (void)state;
  const json_value object = root("{\"x\":{\"a\":1},\"a\":2,\"\\u0062\":3}");
  assert_text(json_member(object, "a"), "2");
  assert_text(json_member(object, "b"), "3");
  assert_text(json_member(object, "x"), "{\"a\":1}");
  assert_null(json_member(object, "A").at);
  assert_null(json_member(object, "").at);
  assert_null(json_member(root("[\"a\"]"), "a").at);
  assert_null(json_member(root("\"a\""), "a").at);
}

static void tells_kinds(void **state) {
  (void)state;
  assert_int_equal(json_kind_of(root(" {}")), JSON_OBJECT);
  assert_int_equal(json_kind_of(root("[]")), JSON_ARRAY);
  assert_int_equal(json_kind_of(root("\"\"")), JSON_STRING);
  assert_int_equal(json_kind_of(root("-1")), JSON_NUMBER);
  assert_int_equal(json_kind_of(root("0")), JSON_NUMBER);
  assert_int_equal(json_kind_of(root("true")), JSON_WORD);
  assert_int_equal(json_kind_of(root("false")), JSON_WORD);
  assert_int_equal(json_kind_of(root("null")), JSON_WORD);
}

static void compares_strings_escapes_resolved(void **state) {
  (void)state;
  static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\n";
  static const char *const ways[] = {"\"a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\\n\"",
                                     "\"\\u0061\\u00e9\\u20AC\\ud83d\\ude00\\u000a\""};
  for (size_t i = 0; i < 2; i++) {
    assert_true(json_is(root(ways[i]), text));
    assert_false(json_is(root(ways[i]), "a"));
    assert_false(json_is(root(ways[i]), "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\nb"));
    assert_true(json_same(root(ways[i]), root(ways[1 - i])));
  }
  assert_true(json_is(root("\"\""), ""));
  assert_false(json_is(root("1"), "1"));
  assert_false(json_is(root("\"\xc3\xa9\""), "\xc3"));
  assert_true(json_same(root("\"\""), root("\"\"")));
  assert_false(json_same(root("\"a\""), root("\"ab\"")));
  assert_false(json_same(root("\"ab\""), root("\"a\"")));
  assert_false(json_same(root("1"), root("1")));
  static const char *const names[] = {"one", "two"};
  assert_int_equal(json_index(root("\"two\""), names, 2), 1);
  assert_int_equal(json_index(root("\"three\""), names, 2), 2);
  assert_int_equal(json_index(root("\"three\""), NULL, 0), 0);
}

static void reads_whole_numbers(void **state) {
  (void)state;
  uint64_t n = 7;
  assert_true(json_whole(root("0"), 0, &n));
  assert_int_equal(n, 0);
  assert_true(json_whole(root("255"), 255, &n));
  assert_int_equal(n, 255);
  assert_true(json_whole(root("18446744073709551615"), UINT64_MAX, &n));
  assert_true(n == UINT64_MAX);
  n = 7;
  static const char *const bad[] = {"256", "-1", "1.0", "1e1", "\"1\"", "true", "[1]", "99999999999999999999999"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(json_whole(root(bad[i]), 255, &n));
  assert_false(json_whole(root("18446744073709551616"), UINT64_MAX, &n));
  assert_int_equal(n, 7);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(walks_arrays),        cmocka_unit_test(finds_ends_at_every_offset),
      cmocka_unit_test(walks_objects),       cmocka_unit_test(finds_members),
      cmocka_unit_test(tells_kinds),         cmocka_unit_test(compares_strings_escapes_resolved),
      cmocka_unit_test(reads_whole_numbers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
