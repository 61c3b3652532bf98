/* traceparent: the standard's own examples, and every byte of one changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "serve/traceparent.h"
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define IDS "-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-"

/* From a block of exactly its length, so that ASan sees a read behind the end. */
static int parse(traceparent *out, const char *text) {
  size_t n = strlen(text);
  char *exact = malloc(n + (n == 0));
  assert_non_null(exact);
  memcpy(exact, text, n);
  int answer = traceparent_parse(out, exact, n);
  free(exact);
  return answer;
}

static void good_ones_pass_as_version_00(void **state) {
  (void)state;
  static const char *const good[][2] = {
      {"00" IDS "01", "00" IDS "01"},
      {"00" IDS "00", "00" IDS "00"},
      {"00" IDS "ff", "00" IDS "ff"},
      {"cc" IDS "01", "00" IDS "01"},
      {"cc" IDS "01-what-the-future-brings", "00" IDS "01"},
      {"fe" IDS "01-", "00" IDS "01"},
  };
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    traceparent t;
    assert_true(parse(&t, good[i][0]));
    assert_string_equal(t.text, good[i][1]);
    assert_memory_equal(traceparent_trace_id(&t), "0af7651916cd43dd8448eb211c80319c", 32);
  }
}

static void bad_ones_do_not(void **state) {
  (void)state;
  static const char *const bad[] = {
      "ff" IDS "01", /* forbidden version */
      "0X" IDS "01",
      "00" IDS "01-more", /* version 00 has nothing more */
      "00" IDS "01 ",
      "cc" IDS "01.more",
      "00-00000000000000000000000000000000-b7ad6b7169203331-01", /* zero ids */
      "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
      "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", /* upper case */
      "00" IDS "0g",
      "00" IDS "0G",
      " 00" IDS "01",
  };
  traceparent t;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_false(parse(&t, bad[i]));
  static const char whole[] = "00" IDS "01";
  for (size_t n = 0; n < sizeof whole - 1; n++) {
    char changed[sizeof whole];
    memcpy(changed, whole, sizeof whole);
    changed[n] = 'x';
    assert_false(parse(&t, changed));
    changed[n] = '\0'; /* cut */
    assert_false(parse(&t, changed));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(good_ones_pass_as_version_00),
      cmocka_unit_test(bad_ones_do_not),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
