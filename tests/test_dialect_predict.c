/* TensorFlow Serving and KServe v1, byte by byte, and what never leaves. */
#include "dialect_world.h"

enum { NAMELESS, NAMED, KSERVE, WORLDS }; /* one output; two; KServe v1 with one */
static dialect_world *worlds[WORLDS];

static int set_up(void **state) {
  (void)state;
  worlds[NAMELESS] = world_make(DIALECT_TFSERVING, 1);
  worlds[NAMED] = world_make(DIALECT_TFSERVING, 2);
  worlds[KSERVE] = world_make(DIALECT_KSERVE1, 1);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  for (int i = 0; i < WORLDS; i++) world_free(worlds[i]);
  return 0;
}

#define ROWS "{\"instances\":[[1,2],[3,4]]}"
#define COLUMNS "{\"inputs\":{\"x\":[[1,2],[3,4]],\"y\":[1]}}"

static void accepted(const dialect_world *w, const char *request, size_t rows, int is_column) {
  dialect_exchange exchange;
  scrim_error error = {.message = ""};
  const scrim_status status = world_ask(w, request, &exchange, &error);
  if (status != SCRIM_OK) print_error("%s\n  %s\n", request, error.message);
  assert_int_equal(status, SCRIM_OK);
  assert_int_equal(exchange.rows, rows);
  assert_int_equal(exchange.is_column, is_column);
}

static void takes_requests(void **state) {
  (void)state;
  accepted(worlds[NAMELESS], ROWS, 2, 0);
  accepted(worlds[NAMELESS], COLUMNS, 2, 1);
  accepted(worlds[NAMELESS], "{\"inputs\":[1,2,3]}", 3, 1);
  accepted(worlds[NAMELESS], "{\"inputs\":{\"x\":{\"b64\":\"AA==\"}}}", 1, 1);
  accepted(worlds[NAMELESS], "{\"inputs\":1}", 1, 1);
  accepted(worlds[NAMELESS], "{\"signature_name\":\"serving_default\",\"instances\":[{\"x\":[1],\"y\":{}}]}", 1, 0);
  accepted(worlds[KSERVE], ROWS, 2, 0);
  accepted(worlds[KSERVE], "{\"note\":1,\"instances\":[[1]]}", 1, 0); /* allowed by name */

  worlds[NAMELESS]->model.signature = "scores";
  accepted(worlds[NAMELESS], "{\"signature_name\":\"scores\",\"instances\":[1]}", 1, 0);
  world_refused(worlds[NAMELESS], ROWS, "signature 'serving_default' is not served");
  world_refused(worlds[NAMELESS], "{\"signature_name\":\"serving_default\",\"instances\":[1]}", "is not served");
  worlds[NAMELESS]->model.signature = NULL;
}

static void refuses_requests(void **state) {
  (void)state;
  static const struct {
    int world;
    const char *request, *words;
  } cases[] = {
      {NAMELESS, "{\"signature_name\":\"raw_logits\",\"instances\":[1]}", "signature 'raw_logits' is not served"},
      {NAMELESS, "{\"signature_name\":1,\"instances\":[1]}", "'signature_name' is no string"},
      {NAMELESS, "{\"instances\":[1],\"inputs\":[1]}", "both 'instances' and 'inputs'"},
      {NAMELESS, "{\"instances\":{\"x\":1}}", "'instances' is no array"},
      {NAMELESS, "{\"instances\":[]}", "no rows"},
      {NAMELESS, "{\"inputs\":[]}", "no rows"},
      {NAMELESS, "{\"instances\":[NaN]}", "no value that JSON has"},
      {NAMELESS, "{}", "no 'instances'"},
      {NAMELESS, "{\"instances\":[1],\"output_filter\":[\"logits\"]}", "field 'output_filter' is not served"},
      {NAMELESS, "{\"instances\":[1],\"signature_name\":\"serving_default\",\"signature_name\":\"raw\"}", "already"},
      {KSERVE, "{\"inputs\":[1]}", "field 'inputs' is not served"},
      {KSERVE, "{\"instances\":[1],\"signature_name\":\"serving_default\"}", "field 'signature_name' is not served"},
      {KSERVE, "{\"instances\":1}", "'instances' is no array"},
      {KSERVE, "{}", "no 'instances'"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    world_refused(worlds[cases[i].world], cases[i].request, cases[i].words);
  dialect_exchange exchange;
  assert_int_equal(dialect_request(&exchange, &worlds[KSERVE]->model, ROWS, strlen(ROWS), 5, NULL),
                   SCRIM_E_UNSUPPORTED);
}

static void keeps_the_form_of_nameless_answers(void **state) {
  (void)state;
  static const char rows[] = "{ \"predictions\" : [ [0.25, 0.5,0.25],[1,0,0]\n] }";
  static const char due[] = "{\"predictions\":[[0.75,0.5,-0.25],[1.5,0,-0.5]]}";
  world_gives(worlds[NAMELESS], ROWS, rows, due, 2);
  world_gives(worlds[KSERVE], ROWS, rows, due, 2);
  world_gives(worlds[NAMELESS], COLUMNS, "{\"outputs\":[[0.25,0.5,0.25],[1,0,0]]}",
              "{\"outputs\":[[0.75,0.5,-0.25],[1.5,0,-0.5]]}", 2);
  world_gives(worlds[NAMELESS], ROWS, "{\"predictions\":[[[1,0,0]],[[0,0,0]]]}",
              "{\"predictions\":[[[1.5,0,-0.5]],[[0.5,0,-0.5]]]}", 2);
  world_gives(worlds[KSERVE], ROWS,
              "{\"logits\":[9],\"predictions\":[[1,0,0]],\"note\":[ 1 ],\"deployedModelId\":\"9\"}",
              "{\"predictions\":[[1.5,0,-0.5]],\"note\":[ 1 ]}", 1);
}

static void keeps_the_form_of_named_answers(void **state) {
  (void)state;
  world_gives(worlds[NAMED], ROWS,
              "{\"predictions\":[{\"probs\":[1,0,0],\"raw\":[9,9],\"turned\":[4,1,2]},"
              "{\"turned\":[0,0,0],\"labels\":\"a\",\"probs\":[0.25,0.5,0.25],\"debug\":{\"x\":9}}]}",
              "{\"predictions\":[{\"probs\":[1.5,0,-0.5],\"turned\":[3.5,1.5,2]},"
              "{\"turned\":[-0.5,0.5,0],\"labels\":\"a\",\"probs\":[0.75,0.5,-0.25]}]}",
              4);
  world_gives(worlds[NAMED], COLUMNS,
              "{\"outputs\":{\"raw\":[[9]],\"probs\":[[1,0,0],[0,0,0]],\"labels\":[7],\"turned\":[[4,1,2]]}}",
              "{\"outputs\":{\"probs\":[[1.5,0,-0.5],[0.5,0,-0.5]],\"labels\":[7],\"turned\":[[3.5,1.5,2]]}}", 3);
  world_gives(worlds[KSERVE], ROWS, "{\"predictions\":[{\"probs\":[1,0,0],\"p\":9},{\"probs\":[0,0,0]}]}",
              "{\"predictions\":[{\"probs\":[1.5,0,-0.5]},{\"probs\":[0.5,0,-0.5]}]}", 2);
  world_gives(worlds[KSERVE], ROWS, "{\"predictions\":[{\"labels\":3},{\"labels\":4,\"probs_\":[1,0,0]}]}",
              "{\"predictions\":[{\"labels\":3},{\"labels\":4}]}", 0);
}

static void stops_what_it_does_not_know(void **state) {
  (void)state;
  static const struct {
    int world;
    const char *request, *raw, *words;
  } cases[] = {
      {NAMELESS, ROWS, "{\"outputs\":[[1,0,0]]}", "no 'predictions'"},
      {NAMELESS, COLUMNS, "{\"predictions\":[[1,0,0]]}", "no 'outputs'"},
      {NAMELESS, ROWS, "{\"error\":\"0.1\"}", "no 'predictions'"},
      {NAMELESS, ROWS, "{\"result\":[[[\"cat\",0.9]]]}", "no 'predictions'"},
      {NAMELESS, ROWS, "{\"predictions\":[]}", "no rectangular array"},
      {NAMELESS, ROWS, "{\"predictions\":{}}", "no rectangular array"},
      {NAMELESS, ROWS, "{\"predictions\":{\"probs\":[[1,0,0]]}}", "no rectangular array"},
      {NAMELESS, ROWS, "{\"predictions\":3}", "no rectangular array"},
      {NAMELESS, ROWS, "{\"predictions\":[1,0,0]}", "rows of 3 scores"},
      {NAMELESS, ROWS, "{\"predictions\":[[1,0]]}", "rows of 3 scores"},
      {NAMELESS, ROWS, "{\"predictions\":[[1,0,0,0]]}", "rows of 3 scores"},
      {NAMELESS, ROWS, "{\"predictions\":[[1,0,0],[1,0]]}", "no rectangular array"},
      {NAMELESS, ROWS, "{\"predictions\":[[1,0,0],{\"probs\":[1,0,0]}]}", "no rectangular array"},
      {NAMELESS, ROWS, "{\"predictions\":[[1,0,0],[]]}", "no rectangular array"},
      {NAMELESS, ROWS, "{\"predictions\":[[1,0,0],[1,0,NaN]]}", "no value that JSON has"},
      {NAMELESS, ROWS, "{\"predictions\":[[1,0,0],[50,0,0]]}", "row 1: the filter refuses it (SCRIM_E_DATA)"},
      {NAMELESS, ROWS, "{\"predictions\":[[1,0,0],[1,0,0],[1,0,0]]}", "more rows than the request"},
      {NAMELESS, COLUMNS, "{\"outputs\":[[1,0,0],[1,0,0],[1,0,0]]}", "more rows than the request"},
      {NAMELESS, COLUMNS, "{\"outputs\":{\"logits\":[[1,0,0]]}}", "no output that may leave"},
      {NAMELESS, COLUMNS, "{\"outputs\":{\"probs\":{\"probs\":[1,0,0]}}}", "no rectangular array"},
      {NAMELESS, COLUMNS, "{\"outputs\":{}}", "no output that may leave"},
      {NAMELESS, COLUMNS, "{\"outputs\":\"0.9\"}", "no rectangular array"},
      {NAMED, ROWS, "{\"predictions\":[[1,0,0]]}", "does not name its output, and 2 are configured"},
      {NAMED, COLUMNS, "{\"outputs\":[[1,0,0]]}", "does not name its output"},
      {NAMED, ROWS, "{\"predictions\":[{\"probs\":[1,0,0]},{\"turned\":[1,0,0]}]}",
       "output 'probs' is not in every row"},
      {NAMED, ROWS, "{\"predictions\":[{\"probs\":[1,0,0]},[1,0,0]]}", "row 1 of the answer is no object"},
      {NAMED, ROWS, "{\"predictions\":[{\"probs\":[1,0,0]},{\"probs\":[1,0]}]}", "no rectangular array"},
      {NAMED, ROWS, "{\"predictions\":[{\"probs\":[1,0,0]},{\"probs\":[[1,0,0]]}]}", "no rectangular array"},
      {NAMED, ROWS, "{\"predictions\":[{\"probs\":[1,0]},{\"probs\":[1,0]}]}", "rows of 3 scores"},
      {NAMED, ROWS, "{\"predictions\":[{\"probs\":0.5}]}", "no rectangular array"},
      {NAMED, ROWS, "{\"predictions\":[{\"raw\":[1,0,0]}]}", "no output that may leave"},
      {NAMED, ROWS, "{\"predictions\":[{\"labels\":1},{}]}", "no output that may leave"},
      {NAMED, ROWS, "{\"predictions\":[{\"labels\":1},{\"labels\":1},{\"labels\":1}]}", "more rows than the request"},
      {NAMED, ROWS, "{\"predictions\":[{\"probs\":[1,0,0],\"probs\":[1,0,0]}]}", "already"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    world_stops(worlds[cases[i].world], cases[i].request, cases[i].raw, cases[i].words);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_requests),
      cmocka_unit_test(refuses_requests),
      cmocka_unit_test(keeps_the_form_of_nameless_answers),
      cmocka_unit_test(keeps_the_form_of_named_answers),
      cmocka_unit_test(stops_what_it_does_not_know),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
