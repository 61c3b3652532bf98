/* Requests of the Open Inference Protocol: what goes upstream, and every way around the filter that is refused. */
#include "dialect_world.h"

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

#define INPUT "{\"name\":\"x\",\"shape\":[2,3],\"datatype\":\"FP32\",\"data\":[1,2,3,4,5,6]}"
#define INPUTS "\"inputs\":[" INPUT "]"

static void accepted(const char *request, const char *id, size_t rows) {
  dialect_exchange exchange;
  scrim_error error = {.message = ""};
  const scrim_status status = world_ask(world, request, &exchange, &error);
  if (status != SCRIM_OK) print_error("%s\n  %s\n", request, error.message);
  assert_int_equal(status, SCRIM_OK);
  assert_string_equal(exchange.id, id);
  assert_int_equal(exchange.rows, rows);
}

static void takes_what_the_protocol_has(void **state) {
  (void)state;
  accepted("{" INPUTS "}", "", 2);
  accepted("{\"id\":\"a\\n\\u00e9\"," INPUTS "}", "\"a\\n\\u00e9\"", 2);
  accepted("{" INPUTS ",\"outputs\":[{\"name\":\"probs\"},{\"name\":\"tur\\u006eed\"},{\"name\":\"labels\"}]}", "", 2);
  accepted("{" INPUTS ",\"outputs\":[{\"name\":\"probs\",\"parameters\":{\"binary_data\":true}}],"
           "\"parameters\":{\"binary_data_output\":true,\"priority\":3,\"content_type\":\"np\"}}",
           "", 2);
  accepted("{\"inputs\":[{\"name\":\"a\",\"shape\":[],\"datatype\":\"FP32\",\"data\":[1]},"
           "{\"name\":\"b\",\"shape\":[7,1],\"datatype\":\"BYTES\",\"data\":[\"\"],\"parameters\":"
           "{\"content_type\":\"str\",\"binary_data_size\":0}}]}",
           "", 7);
  accepted("{" INPUTS ",\"parameters\":{\"note\":1}}", "", 2); /* allowed by name */
}

static void refuses_other_ways_to_scores(void **state) {
  (void)state;
  static const char class[] = "classification is not served", shared[] = "shared memory is not served";
  world_refused(world, "{" INPUTS ",\"outputs\":[{\"name\":\"probs\",\"parameters\":{\"classification\":3}}]}", class);
  world_refused(world, "{" INPUTS ",\"outputs\":[{\"name\":\"probs\",\"parameters\":{\"cl\\u0061ssification\":3}}]}",
                class);
  world_refused(world, "{" INPUTS ",\"parameters\":{\"classification\":3}}", class);
  world_refused(world,
                "{" INPUTS ",\"outputs\":[{\"name\":\"probs\",\"parameters\":{\"shared_memory_region\":\"r\","
                "\"shared_memory_byte_size\":12}}]}",
                shared);
  world_refused(world, "{" INPUTS ",\"outputs\":[{\"name\":\"probs\",\"parameters\":{\"shared_memory_offset\":0}}]}",
                shared);
  world_refused(world,
                "{\"inputs\":[{\"name\":\"x\",\"shape\":[2],\"datatype\":\"FP32\",\"parameters\":"
                "{\"shared_memory_region\":\"r\",\"shared_memory_byte_size\":8}}]}",
                shared);
  world_refused(world, "{" INPUTS ",\"outputs\":[{\"name\":\"probs\"},{\"name\":\"logits\"}]}",
                "output 'logits' is not served");
  world_refused(world, "{" INPUTS ",\"outputs\":[{\"name\":\"Probs\"}]}", "output 'Probs' is not served");
  world_refused(world, "{" INPUTS ",\"parameters\":{\"explain\":true}}", "parameter 'explain' is not served");
  world_refused(world, "{" INPUTS ",\"outputs\":[{\"name\":\"probs\",\"parameters\":{\"top\":1}}]}",
                "parameter 'top' is not served");
  world_refused(world, "{" INPUTS ",\"debug\":true}", "field 'debug' is not served");
  world_refused(world, "{" INPUTS ",\"outputs\":[{\"name\":\"probs\",\"raw\":1}]}", "field of an output 'raw'");
  world_refused(world,
                "{\"inputs\":[{\"name\":\"x\",\"shape\":[2],\"datatype\":\"FP32\",\"data\":[1,2],\"region\":\"r\"}]}",
                "field of an input 'region'");
}

/* Two parsers that take different ones of two names could be played against each other. */
static void refuses_names_twice(void **state) {
  (void)state;
  static const char twice[] = "a name that its object has already";
  world_refused(world, "{" INPUTS ",\"outputs\":[{\"name\":\"probs\",\"name\":\"logits\"}]}", twice);
  world_refused(world, "{" INPUTS ",\"outputs\":[],\"outputs\":[{\"name\":\"logits\"}]}", twice);
  world_refused(world, "{" INPUTS ",\"outputs\":[],\"output\\u0073\":[{\"name\":\"logits\"}]}", twice);
}

static void refuses_what_is_no_request(void **state) {
  (void)state;
  world_refused(world, "", "byte 0");
  world_refused(world, "[]", "the body is no JSON object");
  world_refused(world, "{}", "no 'inputs'");
  world_refused(world, "{\"inputs\":{}}", "no array");
  world_refused(world, "{\"inputs\":[1]}", "an input is no object");
  world_refused(world, "{\"inputs\":[{\"name\":\"x\"}]}", "an input has no shape");
  world_refused(world, "{\"inputs\":[{\"shape\":3}]}", "the shape of an input is no array");
  world_refused(world, "{\"inputs\":[{\"shape\":[-1]}]}", "not of whole numbers up to 1073741824");
  world_refused(world, "{\"inputs\":[{\"shape\":[1e3]}]}", "not of whole numbers");
  world_refused(world, "{\"inputs\":[{\"shape\":[1],\"data\":[NaN]}]}", "no value that JSON has");
  world_refused(world, "{" INPUTS ",\"outputs\":{}}", "no array");
  world_refused(world, "{" INPUTS ",\"outputs\":[\"probs\"]}", "a requested output is no object");
  world_refused(world, "{" INPUTS ",\"outputs\":[{}]}", "a requested output has no name");
  world_refused(world, "{" INPUTS ",\"outputs\":[{\"name\":1}]}", "a requested output has no name");
  world_refused(world, "{" INPUTS ",\"parameters\":[]}", "'parameters' is no object");
  world_refused(world, "{" INPUTS ",\"id\":7}", "'id' is no string");
  char request[1000];
  snprintf(request, sizeof request, "{\"id\":\"%0*d\"," INPUTS "}", DIALECT_ID_BYTES - 1, 0);
  world_refused(world, request, "'id' is no string of at most 256 bytes");
  snprintf(request, sizeof request, "{" INPUTS ",\"%0200d\":1}", 0);
  world_refused(world, request, "000...' is not served");
}

static void takes_binary_inputs(void **state) {
  (void)state;
  static const char body[] = "{\"inputs\":[{\"name\":\"x\",\"shape\":[1,2],\"datatype\":\"FP32\",\"parameters\":"
                             "{\"binary_data_size\":8}}]}\x00\x00\x80\x3f\xff\xff\xff\xff";
  const size_t n = sizeof body - 1;
  dialect_exchange exchange;
  scrim_error error;
  assert_int_equal(dialect_request(&exchange, &world->model, body, n, (int64_t)n - 8, NULL), SCRIM_OK);
  assert_int_equal(exchange.rows, 1);
  assert_int_equal(dialect_request(&exchange, &world->model, body, n, 0, &error), SCRIM_E_UNSUPPORTED);
  assert_string_equal(error.message, "a raw binary body without JSON is not served");
  assert_int_equal(dialect_request(&exchange, &world->model, body, n, (int64_t)n + 1, NULL), SCRIM_E_DATA);
  assert_int_equal(dialect_request(&exchange, &world->model, body, n, -2, NULL), SCRIM_E_DATA);
  assert_int_equal(dialect_request(&exchange, &world->model, body, n, INT64_MAX, NULL), SCRIM_E_DATA);
  assert_int_equal(dialect_request(&exchange, &world->model, body, n, (int64_t)n - 9, NULL), SCRIM_E_FORMAT);
  assert_int_equal(dialect_request(&exchange, &world->model, body, n, (int64_t)n - 7, NULL), SCRIM_E_FORMAT);
  assert_int_equal(dialect_request(&exchange, &world->model, body, n, DIALECT_NO_HEADER, NULL), SCRIM_E_FORMAT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_what_the_protocol_has), cmocka_unit_test(refuses_other_ways_to_scores),
      cmocka_unit_test(refuses_names_twice),         cmocka_unit_test(refuses_what_is_no_request),
      cmocka_unit_test(takes_binary_inputs),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
