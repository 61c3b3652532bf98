/* Answers of the Open Inference Protocol, byte by byte, and what never leaves. */
#include "dialect_world.h"
#include "serve/half.h"

static dialect_world *world;

static int set_up(void **state) {
  (void)state;
  world = world_make(DIALECT_OIP2, 2);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  world_free(world);
  return 0;
}

#define ASK "{\"inputs\":[{\"name\":\"x\",\"shape\":[2,3],\"datatype\":\"FP32\",\"data\":[1,2,3,4,5,6]}]}"
#define ASK_7 "{\"id\":\"7\",\"inputs\":[{\"name\":\"x\",\"shape\":[2,3],\"datatype\":\"FP32\",\"data\":[1]}]}"
#define PROBS(shape, type, data) "{\"name\":\"probs\",\"shape\":" shape ",\"datatype\":\"" type "\",\"data\":" data "}"
#define ANSWER(outputs) "{\"model_name\":\"letter\",\"outputs\":[" outputs "]}"
#define GOOD PROBS("[1,3]", "FP32", "[0.25,0.5,0.25]")
#define GOOD_DUE PROBS("[1,3]", "FP32", "[0.75,0.5,-0.25]")
#define TURNED(data) "{\"name\":\"turned\",\"shape\":[1,3],\"datatype\":\"FP32\",\"data\":" data "}"

static void keeps_the_form_of_an_answer(void **state) {
  (void)state;
  world_gives(world, ASK_7,
              "{ \"model_name\":\"letter\", \"model_version\":\"1\", \"id\":\"\\u0037\", \"outputs\" : [ { "
              "\"name\":\"probs\", \"datatype\":\"FP32\", \"shape\":[2, 3], \"data\":[0.25,0.5,0.25, 1,0.0,-0e0]} ] }",
              "{\"model_name\":\"letter\",\"model_version\":\"1\",\"id\":\"7\",\"outputs\":["
              "{\"name\":\"probs\",\"shape\":[2,3],\"datatype\":\"FP32\",\"data\":[0.75,0.5,-0.25,1.5,0,-0.5]}]}",
              2);
  world_gives(world, ASK, ANSWER(PROBS("[2,3]", "FP32", "[[0.25,0.5,0.25],[1,0,0]]")),
              ANSWER(PROBS("[2,3]", "FP32", "[[0.75,0.5,-0.25],[1.5,0,-0.5]]")), 2);
  world_gives(world, ASK, ANSWER(PROBS("[2,1,3]", "FP64", "[[[0.25,0.5,0.25]],[[1,0,0]]]")),
              ANSWER(PROBS("[2,1,3]", "FP64", "[[[0.75,0.5,-0.25]],[[1.5,0,-0.5]]]")), 2);
  world_gives(world, ASK, ANSWER(PROBS("[3]", "FP32", "[1,0,0]")), ANSWER(PROBS("[3]", "FP32", "[1.5,0,-0.5]")), 1);
  /* upstream [c, a, b] -> filter [a, b, c] -> back */
  world_gives(world, ASK, ANSWER(TURNED("[4,1,2]")), ANSWER(TURNED("[3.5,1.5,2]")), 1);
}

static void lets_nothing_else_through(void **state) {
  (void)state;
  world_gives(world, ASK,
              "{\"debug\":{\"logits\":[9]},\"model_name\":\"letter\",\"parameters\":{\"scores\":9},\"id\":\"9\","
              "\"model_version\":\"9.9999\",\"outputs\":["
              "{\"name\":\"logits\",\"shape\":[1,3],\"datatype\":\"FP32\",\"data\":[9,9,9]},"
              "{\"name\":\"probs\",\"shape\":[1,3],\"datatype\":\"FP32\",\"parameters\":{\"max\":9},\"extra\":9,"
              "\"data\":[0.25,0.5,0.25]},"
              "{\"name\":\"embedding\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[9]}],\"explanations\":[9]}",
              ANSWER(GOOD_DUE), 1);
  /* allowed by name: the tensor and nothing with it, the field as it stands */
  world_gives(world, ASK,
              "{\"note\":{\"a\": [1]},\"model_version\":\"v1.0\",\"outputs\":[" GOOD
              ",{\"name\":\"labels\",\"datatype\":\"INT64\",\"shape\":[1],\"parameters\":{\"max\":9},\"data\":[ 4 ]}]}",
              "{\"model_name\":\"letter\",\"model_version\":\"v1.0\",\"outputs\":[" GOOD_DUE
              ",{\"name\":\"labels\",\"shape\":[1],\"datatype\":\"INT64\",\"data\":[ 4 ]}],\"note\":{\"a\": [1]}}",
              1);
  world_gives(world, ASK, "{\"model_version\":\"73519\",\"outputs\":[" GOOD "]}", ANSWER(GOOD_DUE), 1);
  world_gives(world, ASK, "{\"outputs\":[{\"name\":\"labels\",\"datatype\":\"INT64\",\"shape\":[1],\"data\":[4]}]}",
              ANSWER("{\"name\":\"labels\",\"shape\":[1],\"datatype\":\"INT64\",\"data\":[4]}"), 0);
}

static void stops_what_it_does_not_know(void **state) {
  (void)state;
  static const char *const cases[][2] = {
      {"", "byte 0"},
      {"\x1f\x8b\x08", "byte 0"}, /* compressed */
      {"[]", "no JSON object"},
      {"{}", "no array 'outputs'"},
      {"{\"outputs\":{}}", "no array 'outputs'"},
      {"{\"error\":\"0.1\"}", "no array 'outputs'"},
      {"{\"outputs\":[]}", "no output that may leave"},
      {ANSWER("{\"name\":\"logits\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[1]}"), "no output that may leave"},
      {ANSWER("1"), "an output of the answer is no object"},
      {ANSWER("{\"name\":\"probs\",\"shape\":[1,3],\"data\":[1,2,3]}"), "lacks a name, a datatype or a shape"},
      {ANSWER("{\"name\":\"probs\",\"shape\":3,\"datatype\":\"FP32\",\"data\":[1,2,3]}"), "lacks a name"},
      {ANSWER("{\"name\":\"probs\",\"shape\":[1,3],\"datatype\":\"FP32\"}"), "no data, or data twice"},
      {ANSWER("{\"name\":\"probs\",\"shape\":[1,3],\"datatype\":\"FP32\",\"parameters\":"
              "{\"shared_memory_region\":\"r\"}}"),
       "no data, or data twice"},
      {ANSWER("{\"name\":\"probs\",\"shape\":[1,3],\"datatype\":\"FP32\",\"parameters\":{\"binary_data_size\":12}}"),
       "the sizes of binary outputs do not fit"},
      {ANSWER("{\"name\":\"probs\",\"shape\":[1,3],\"datatype\":\"FP32\",\"parameters\":{\"binary_data_size\":0},"
              "\"data\":[1,2,3]}"),
       "no data, or data twice"},
      {ANSWER(GOOD "," GOOD), "output 'probs' twice"},
      {"{\"model_name\":\"other\",\"outputs\":[" GOOD "]}", "of another model than 'letter'"},
      {ANSWER(PROBS("[1,3]", "FP16", "[0.25,0.5,0.25]")), "a datatype that JSON cannot hold"},
      {ANSWER(PROBS("[1,3]", "BF16", "[0.25,0.5,0.25]")), "a datatype that JSON cannot hold"},
      {ANSWER(PROBS("[1,3]", "INT8", "[0,1,0]")), "a datatype that is none of scores"},
      {ANSWER(PROBS("[1,3]", "STRING", "[\"0.9:1\",\"\",\"\"]")), "a datatype that is none of scores"},
      {ANSWER(PROBS("[1,3]", "BYTES", "[\"0.9:1:cat\",\"0.1:0:dog\",\"\"]")), "a datatype that is none of scores"},
      {ANSWER(PROBS("[]", "FP32", "[1]")), "rows of 3 scores"},
      {ANSWER(PROBS("[3,1]", "FP32", "[0.25,0.5,0.25]")), "rows of 3 scores"},
      {ANSWER(PROBS("[1,4]", "FP32", "[0.25,0.5,0.25,0]")), "rows of 3 scores"},
      {ANSWER(PROBS("[0,3]", "FP32", "[]")), "a shape that no tensor in a body has"},
      {ANSWER(PROBS("[-1,3]", "FP32", "[1,2,3]")), "a shape that no tensor in a body has"},
      {ANSWER(PROBS("[1.0,3]", "FP32", "[1,2,3]")), "a shape that no tensor in a body has"},
      {ANSWER(PROBS("[1073741824,1073741824,1073741824,3]", "FP32", "[1,2,3]")), "a shape that no tensor"},
      {ANSWER(PROBS("[1,1,1,1,1,1,1,1,3]", "FP32", "[1,2,3]")), "a shape that no tensor"},
      {ANSWER(PROBS("[2,3]", "FP32", "[1,2,3]")), "data of another shape than its own"},
      {ANSWER(PROBS("[1,3]", "FP32", "[1,2,3,4,5,6]")), "data of another shape than its own"},
      {ANSWER(PROBS("[2,3]", "FP32", "[[1,2],[3,4],[5,6]]")), "data of another shape than its own"},
      {ANSWER(PROBS("[2,3]", "FP32", "[[[1,2,3],[4,5,6]]]")), "data of another shape than its own"},
      {ANSWER(PROBS("[2,3]", "FP32", "[[1,2,3],[4,5]]")), "no rectangular array"},
      {ANSWER(PROBS("[2,3]", "FP32", "[[1,2,3],4]")), "no rectangular array"},
      {ANSWER(PROBS("[2,3]", "FP32", "[1,[2,3]]")), "no rectangular array"},
      {ANSWER(PROBS("[2,3]", "FP32", "[[1,2,3],[[4],[5],[6]]]")), "no rectangular array"},
      {ANSWER(PROBS("[2,3]", "FP32", "[[1],[[3]]]")), "no rectangular array"},
      {ANSWER(PROBS("[1,3]", "FP32", "[\"1\",\"2\",\"3\"]")), "no rectangular array"},
      {ANSWER(PROBS("[1,3]", "FP32", "[null,1,2]")), "no rectangular array"},
      {ANSWER(PROBS("[1,3]", "FP32", "[1,2,true]")), "no rectangular array"},
      {ANSWER(PROBS("[1,3]", "FP32", "\"AAAA\"")), "no rectangular array"},
      {ANSWER(PROBS("[1,3]", "FP32", "{\"0\":1}")), "no rectangular array"},
      {ANSWER(PROBS("[1,3]", "FP32", "[NaN,0,0]")), "no value that JSON has"},
      {ANSWER(PROBS("[1,3]", "FP32", "[1e39,0,0]")), "output 'probs', row 0: the filter refuses it (SCRIM_E_DATA)"},
      {ANSWER(PROBS("[2,3]", "FP32", "[1,0,0,50,0,0]")), "output 'probs', row 1: the filter refuses it"},
      {ANSWER(PROBS("[3,3]", "FP32", "[1,0,0,1,0,0,1,0,0]")), "more rows than the request asked about"},
      {ANSWER("{\"name\":\"labels\",\"shape\":[1],\"datatype\":\"STRING\",\"data\":[4]}"), "no datatype of the"},
      {ANSWER("{\"name\":\"labels\",\"shape\":[0.1],\"datatype\":\"INT8\",\"data\":[4]}"), "a shape that no tensor"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) world_stops(world, ASK, cases[i][0], cases[i][1]);
  world_stops(world, ASK_7, "{\"id\":\"8\",\"outputs\":[" GOOD "]}", "another id than the request");
  world->model.rows = 1;
  const dialect_exchange two = {.rows = 2};
  dialect_answer answer;
  static const char rows[] = ANSWER(PROBS("[2,3]", "FP32", "[1,0,0,1,0,0]"));
  assert_int_equal(world_answer(world, &two, rows, sizeof rows - 1, DIALECT_NO_HEADER, &answer, NULL), SCRIM_E_DATA);
  world->model.rows = 0;
}

/* ---- binary tensors ---- */

/* JSON and n bytes behind it; answers the whole length. */
static size_t body_of(char to[1000], const char *json, const void *bytes, size_t n) {
  memcpy(to, json, strlen(json));
  memcpy(to + strlen(json), bytes, n);
  return strlen(json) + n;
}

static void gives_binary(const char *json, const void *bytes, size_t n, const char *due_json, const void *due,
                         size_t n_due) {
  const dialect_exchange exchange = {.rows = 2};
  dialect_answer answer;
  scrim_error error = {.message = ""};
  char body[1000];
  const size_t n_body = body_of(body, json, bytes, n);
  const scrim_status status = world_answer(world, &exchange, body, n_body, (int64_t)strlen(json), &answer, &error);
  if (status != SCRIM_OK) print_error("%s\n", error.message);
  assert_int_equal(status, SCRIM_OK);
  assert_int_equal(answer.n_bytes, strlen(due_json) + n_due);
  assert_memory_equal(answer.bytes, due_json, strlen(due_json));
  assert_memory_equal(answer.bytes + strlen(due_json), due, n_due);
  assert_int_equal(answer.header_bytes, n_due > 0 ? (int64_t)strlen(due_json) : DIALECT_NO_HEADER);
  dialect_answer_free(&answer);
  assert_null(answer.bytes);
}

#define BINARY(name, shape, type, size)                                                                                \
  "{\"name\":\"" name "\",\"shape\":" shape ",\"datatype\":\"" type "\",\"parameters\":{\"binary_data_size\":" size "}}"

static void purifies_binary_tensors(void **state) {
  (void)state;
  const float raw[6] = {0.25f, 0.5f, 0.25f, 1, 0, 0}, due[6] = {0.75f, 0.5f, -0.25f, 1.5f, 0, -0.5f};
  double raw_64[6], due_64[6];
  uint16_t raw_16[6], due_16[6], raw_bf[6], due_bf[6];
  for (int i = 0; i < 6; i++) {
    raw_64[i] = raw[i];
    due_64[i] = due[i];
    raw_16[i] = half_from_float(raw[i]);
    due_16[i] = half_from_float(due[i]);
    raw_bf[i] = bfloat_from_float(raw[i]);
    due_bf[i] = bfloat_from_float(due[i]);
  }
#define SAME(type, size, from, to)                                                                                     \
  gives_binary(ANSWER(BINARY("probs", "[2,3]", type, size)), from, sizeof(from),                                       \
               ANSWER(BINARY("probs", "[2,3]", type, size)), to, sizeof(to))
  SAME("FP32", "24", raw, due);
  SAME("FP64", "48", raw_64, due_64);
  SAME("FP16", "12", raw_16, due_16);
  SAME("BF16", "12", raw_bf, due_bf);
}

static void keeps_binary_tensors_in_order(void **state) {
  (void)state;
  const float probs[3] = {1, 0, 0}, due[3] = {1.5f, 0, -0.5f}, logits[2] = {9, 9};
  unsigned char body[100], out[100];
  memcpy(body, logits, 8);
  memcpy(body + 8, probs, 12);
  memcpy(body + 20, "\x07\x08", 2);
  memcpy(out, due, 12);
  memcpy(out + 12, "\x07\x08", 2);
  gives_binary(ANSWER(BINARY("logits", "[2]", "FP32", "8") "," BINARY("probs", "[1,3]", "FP32", "12") "," TURNED(
                   "[4,1,2]") "," BINARY("labels", "[2]", "UINT8", "2")),
               body, 22,
               ANSWER(BINARY("probs", "[1,3]", "FP32", "12") "," TURNED("[3.5,1.5,2]") "," BINARY("labels", "[2]",
                                                                                                  "UINT8", "2")),
               out, 14);
  /* what was binary is dropped: pure JSON is left */
  gives_binary(ANSWER(BINARY("logits", "[2]", "FP32", "8") "," GOOD), body, 8, ANSWER(GOOD_DUE), "", 0);
}

static void stops_bad_binary(void **state) {
  (void)state;
  const struct {
    const char *json;
    size_t n;
  } cases[] = {
      {ANSWER(BINARY("probs", "[1,3]", "FP32", "12")), 11},
      {ANSWER(BINARY("probs", "[1,3]", "FP32", "12")), 13},
      {ANSWER(BINARY("probs", "[1,3]", "FP32", "11")), 11},
      {ANSWER(BINARY("probs", "[1,3]", "FP64", "12")), 12},
      {ANSWER(BINARY("probs", "[1,3]", "FP16", "12")), 12},
      {ANSWER(BINARY("probs", "[2,3]", "FP32", "12")), 12},
      {ANSWER(BINARY("probs", "[1,3]", "FP32", "-12")), 12},
      {ANSWER(BINARY("probs", "[1,3]", "FP32", "12.0")), 12},
      {ANSWER(BINARY("probs", "[1,3]", "FP32", "\"12\"")), 12},
      {ANSWER(BINARY("probs", "[1,3]", "FP32", "18446744073709551628")), 12},
      {ANSWER(BINARY("logits", "[1]", "FP32", "4") "," BINARY("probs", "[1,3]", "FP32", "12")), 12},
      {ANSWER(GOOD), 12},
  };
  const dialect_exchange exchange = {.rows = 2};
  const unsigned char zeros[64] = {0};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char body[1000];
    dialect_answer answer;
    const size_t n = body_of(body, cases[i].json, zeros, cases[i].n);
    const scrim_status status = world_answer(world, &exchange, body, n, (int64_t)strlen(cases[i].json), &answer, NULL);
    assert_int_equal(dialect_failure_code(status), 502);
    assert_null(answer.bytes);
  }
  const float nan[3] = {NAN, 0, 0};
  char body[1000];
  dialect_answer answer;
  const size_t n = body_of(body, cases[0].json, nan, sizeof nan);
  assert_int_equal(world_answer(world, &exchange, body, n, (int64_t)n - 12, &answer, NULL), SCRIM_E_DATA);
  assert_int_equal(world_answer(world, &exchange, body, n, 0, &answer, NULL), SCRIM_E_UNSUPPORTED);
  assert_int_equal(world_answer(world, &exchange, body, n, (int64_t)n + 1, &answer, NULL), SCRIM_E_DATA);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keeps_the_form_of_an_answer),   cmocka_unit_test(lets_nothing_else_through),
      cmocka_unit_test(stops_what_it_does_not_know),   cmocka_unit_test(purifies_binary_tensors),
      cmocka_unit_test(keeps_binary_tensors_in_order), cmocka_unit_test(stops_bad_binary),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
