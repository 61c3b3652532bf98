/* Element types: bytes to floats and back, and the predicted class that rounding must not move. */
#include "serve/dialect_dtype.h"

#include "serve/half.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

static const dialect_dtype *find(const char *quoted) {
  return dialect_dtype_find(json_root(quoted, strlen(quoted)));
}

static void knows_the_types_of_scores(void **state) {
  (void)state;
  static const char *const names[] = {"\"FP32\"", "\"FP64\"", "\"FP16\"", "\"BF16\""};
  static const size_t bytes[] = {4, 8, 2, 2};
  for (size_t i = 0; i < 4; i++) {
    assert_int_equal(find(names[i])->bytes, bytes[i]);
    assert_int_equal(find(names[i])->has_json, bytes[i] != 2);
    assert_true(dialect_dtype_is_known(json_root(names[i], 6)));
  }
  static const char *const others[] = {"\"INT8\"", "\"BYTES\"", "\"fp32\"", "\"FP3\"", "\"\"", "32"};
  for (size_t i = 0; i < 6; i++) {
    assert_null(find(others[i]));
    assert_int_equal(dialect_dtype_is_known(json_root(others[i], strlen(others[i]))), i < 2);
  }
}

static void goes_there_and_back(void **state) {
  (void)state;
  static const char *const names[] = {"\"FP32\"", "\"FP64\"", "\"FP16\"", "\"BF16\""};
  const float rows[6] = {0.5f, 0.25f, -1.5f, 0, 96, 0.125f};
  for (size_t i = 0; i < 4; i++) {
    unsigned char bytes[49];
    float back[6];
    find(names[i])->store(rows, bytes + 1, 2, 3); /* in no alignment */
    find(names[i])->load(bytes + 1, back, 6);
    assert_memory_equal(back, rows, sizeof rows);
  }
  float wide;
  find("\"FP64\"")->load((const unsigned char *)&(double){1e300}, &wide, 1);
  assert_true(isinf(wide));
}

/* The largest score of each row stays the only largest, and no other moves by more than one unit. */
static void keeps_the_predicted_class(void **state) {
  (void)state;
  const float rows[][3] = {
      {0.499f, 0.501f, 0}, {0.3335f, 0.3330f, 0.3335f}, {-0.6931f, -0.6932f, -20}, {0, -1e-9f, -9}};
  static const struct {
    const char *name;
    float (*widen)(uint16_t);
  } types[] = {{"\"FP16\"", half_to_float}, {"\"BF16\"", bfloat_to_float}};
  for (size_t t = 0; t < 2; t++) {
    const double unit = find(types[t].name)->unit;
    uint16_t out[4][3];
    find(types[t].name)->store(rows[0], (unsigned char *)out, 4, 3);
    for (size_t i = 0; i < 4; i++) {
      const float top = fmaxf(rows[i][0], fmaxf(rows[i][1], rows[i][2]));
      for (size_t j = 0; j < 3; j++) {
        const float value = types[t].widen(out[i][j]);
        assert_true(fabs(value - rows[i][j]) <= 4 * unit * fabs(rows[i][j]) + 0x1p-23);
        for (size_t other = 0; other < 3; other++)
          if (rows[i][j] < top && rows[i][other] == top) assert_true(value < types[t].widen(out[i][other]));
      }
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(knows_the_types_of_scores),
      cmocka_unit_test(goes_there_and_back),
      cmocka_unit_test(keeps_the_predicted_class),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
