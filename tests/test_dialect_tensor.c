/* Tensors on their way through the filter: nesting, order of classes, and rows that half precision took away from 1. */
#include "dialect_world.h"
#include "serve/dialect_tensor.h"
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

static scrim_status read_text(dialect_tensor *tensor, const char *text) {
  *tensor = (dialect_tensor){.output = &world->outputs[0]};
  return dialect_tensor_read(tensor, json_root(text, strlen(text)), NULL);
}

static void reads_and_writes_nesting(void **state) {
  (void)state;
  static const char *const texts[] = {"[1]", "[[1,2,3]]", "[[1],[2],[3]]",
                                      "[[[1,2],[3,4]],[[5,6],[7,8]],[[9,10],[11,12]]]", "[[[[[[[[0.5]]]]]]]]"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    dialect_tensor tensor;
    json_writer text = {0};
    assert_int_equal(read_text(&tensor, texts[i]), SCRIM_OK);
    dialect_tensor_write(&tensor, &text);
    assert_int_equal(text.n, strlen(texts[i]));
    assert_memory_equal(text.bytes, texts[i], text.n);
    json_write_free(&text);
    dialect_tensor_free(&tensor);
  }
  static const char *const bad[] = {
      "[]",      "[[]]",        "1",           "{}",          "[[[[[[[[[1]]]]]]]]]", "[[1],2]",
      "[1,[2]]", "[[1],[2,3]]", "[[1],[[3]]]", "[[[3]],[1]]", "[[1,2],[[3],[4]]]",   "[[1],[]]",
      "[\"1\"]", "[null]"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    dialect_tensor tensor;
    assert_int_equal(read_text(&tensor, bad[i]), SCRIM_E_DATA);
    dialect_tensor_free(&tensor);
  }
}

static void reads_rows_one_by_one(void **state) {
  (void)state;
  dialect_tensor tensor = {.output = &world->outputs[0]};
  json_writer text = {0};
  for (int i = 0; i < 3; i++) {
    char row[] = "[0,2,4]";
    row[1] = (char)('0' + i);
    assert_int_equal(dialect_tensor_read_row(&tensor, json_root(row, 7), NULL), SCRIM_OK);
  }
  assert_int_equal(dialect_tensor_rows(&tensor), 3);
  assert_int_equal(dialect_tensor_purify(&tensor, NULL, NULL), SCRIM_OK);
  dialect_tensor_write_row(&tensor, 2, &text);
  dialect_tensor_write_row(&tensor, 0, &text);
  assert_int_equal(text.n, strlen("[2.5,2,3.5][0.5,2,3.5]"));
  assert_memory_equal(text.bytes, "[2.5,2,3.5][0.5,2,3.5]", text.n);
  json_write_free(&text);
  dialect_tensor_free(&tensor);
}

typedef struct half_type {
  const dialect_dtype *dtype;
  uint16_t (*narrow)(float);
} half_type;

/* The toy adds offsets, so that what it was given can be read off. */
static void purify_half(dialect_form form, half_type type, const float row[3], float given[3]) {
  dialect_output output = world->outputs[0];
  output.form = form;
  dialect_tensor tensor = {.output = &output};
  uint16_t bits[3];
  for (size_t j = 0; j < 3; j++) bits[j] = type.narrow(row[j]);
  assert_int_equal(dialect_tensor_load(&tensor, type.dtype, (const unsigned char *)bits, 3, NULL), SCRIM_OK);
  assert_int_equal(dialect_tensor_purify(&tensor, type.dtype, NULL), SCRIM_OK);
  for (size_t j = 0; j < 3; j++) given[j] = tensor.values[j] - toy_offset[j];
  dialect_tensor_free(&tensor);
}

static double sum_of(dialect_form form, const float row[3]) {
  double sum = 0;
  for (size_t j = 0; j < 3; j++) sum += form == DIALECT_PROBABILITIES ? row[j] : exp(row[j]);
  return sum;
}

static void puts_right_what_rounding_explains(void **state) {
  (void)state;
  const half_type bf16 = {dialect_dtype_find(json_root("\"BF16\"", 6)), bfloat_from_float};
  /* sums of 1.0019 and 1.0036 once they are BF16: the filter would refuse them */
  const float rows[2][3] = {{0.9942f, 0.003f, 0.0028f}, {-1.0426622f, -1.0896007f, -1.1675307f}};
  static const dialect_form forms[] = {DIALECT_PROBABILITIES, DIALECT_LOG_PROBABILITIES};
  float given[3];
  for (size_t i = 0; i < 2; i++) {
    float rounded[3];
    for (size_t j = 0; j < 3; j++) rounded[j] = bfloat_to_float(bfloat_from_float(rows[i][j]));
    assert_true(fabs(sum_of(forms[i], rounded) - 1) > 1.5e-3);
    purify_half(forms[i], bf16, rows[i], given);
    assert_true(fabs(sum_of(forms[i], given) - 1) < 1e-6);
  }
}

static void leaves_other_rows_as_they_are(void **state) {
  (void)state;
  const half_type bf16 = {dialect_dtype_find(json_root("\"BF16\"", 6)), bfloat_from_float};
  const half_type fp16 = {dialect_dtype_find(json_root("\"FP16\"", 6)), half_from_float};
  const float exact[3] = {0.5f, 0.25f, 0.25f}, wrong[3] = {0.5f, 0.25f, 0.125f};
  float given[3];
  purify_half(DIALECT_PROBABILITIES, fp16, exact, given);
  assert_memory_equal(given, exact, sizeof exact);
  purify_half(DIALECT_PROBABILITIES, bf16, wrong, given); /* more than rounding explains: for the filter to refuse */
  assert_memory_equal(given, wrong, sizeof wrong);
  purify_half(DIALECT_LOGITS, bf16, wrong, given);
  assert_memory_equal(given, wrong, sizeof wrong);
}

/* A message of the filter may quote a score; none of ours does. */
static void says_nothing_of_what_is_refused(void **state) {
  (void)state;
  dialect_tensor tensor;
  scrim_error error;
  assert_int_equal(read_text(&tensor, "[[1,2,3],[1,50,3]]"), SCRIM_OK);
  assert_int_equal(dialect_tensor_purify(&tensor, NULL, &error), SCRIM_E_DATA);
  assert_string_equal(error.message, "output 'probs', row 1: the filter refuses it (SCRIM_E_DATA)");
  assert_int_equal(error.row, 1);
  for (size_t i = 0; i < tensor.n; i++) assert_true(tensor.values[i] == 0); /* wiped by the library */
  dialect_tensor_free(&tensor);
  assert_int_equal(read_text(&tensor, "[1,2,3,4]"), SCRIM_OK);
  assert_int_equal(dialect_tensor_purify(&tensor, NULL, &error), SCRIM_E_DATA);
  dialect_tensor_free(&tensor);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_and_writes_nesting),          cmocka_unit_test(reads_rows_one_by_one),
      cmocka_unit_test(puts_right_what_rounding_explains), cmocka_unit_test(leaves_other_rows_as_they_are),
      cmocka_unit_test(says_nothing_of_what_is_refused),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
