/* Lines of the audit log: written, read back, and refused when a byte differs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "serve/audit_line.h"
#include "support/files.h"
#include "support/pem_keys.h"
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static const unsigned char previous[HASH_BYTES] = {0xab, 1};

static scrim_signer *make_signer(const char *folder, const char *type) {
  scrim_signer *signer;
  pem_keys_make(type, files_path(folder, "private"), files_path(folder, "public"));
  assert_int_equal(scrim_signer_open(&signer, files_path(folder, "private"), NULL), SCRIM_OK);
  return signer;
}

/* From a block of exactly its length, without its newline. */
static audit_line_state parse(audit_line *out, const log_line *line) {
  char *exact = malloc(line->n - 1);
  assert_non_null(exact);
  memcpy(exact, line->bytes, line->n - 1);
  audit_line_state state = audit_line_parse(out, exact, line->n - 1);
  free(exact);
  return state;
}

static void a_known_line(void **state) {
  (void)state;
  log_line line;
  unsigned char hash[HASH_BYTES], zeros[HASH_BYTES] = {0};
  audit_line_begin(&line, 0, 1, AUDIT_LINE_OPEN, zeros);
  log_line_whole(&line, "unsigned", 0);
  assert_int_equal(audit_line_end(&line, hash, NULL), SCRIM_OK);
  /* The hash is what sha256sum says of the text before it. */
  static const char wanted[] =
      "{\"seq\":0,\"time\":\"1970-01-01T00:00:01.000Z\",\"kind\":\"open\",\"previous\":\""
      "0000000000000000000000000000000000000000000000000000000000000000\",\"unsigned\":0,\"hash\":\""
      "c5d42146c60bd61cad9a38ce2ae7da6965b2d3785c193e91505ecd745954b899\"}\n";
  assert_int_equal(line.n, sizeof wanted - 1);
  assert_memory_equal(line.bytes, wanted, sizeof wanted - 1);
}

static void what_is_written_is_read(void **state) {
  (void)state;
  log_line line;
  audit_line back;
  unsigned char hash[HASH_BYTES];
  for (int kind = 0; kind < AUDIT_LINE_KINDS; kind++) {
    audit_line_begin(&line, UINT64_MAX - 1, 5, (audit_line_kind)kind, previous);
    log_line_string(&line, "model", "a \"quoted\" name\n");
    assert_int_equal(audit_line_end(&line, hash, NULL), SCRIM_OK);
    assert_int_equal(parse(&back, &line), AUDIT_LINE_WHOLE);
    assert_int_equal(back.kind, kind);
    assert_true(back.seq == UINT64_MAX - 1);
    assert_memory_equal(back.previous, previous, HASH_BYTES);
    assert_memory_equal(back.hash, hash, HASH_BYTES);
    assert_false(back.is_after_torn);
  }
  audit_line_begin(&line, 3, 5, AUDIT_LINE_OPEN, previous);
  log_line_whole(&line, "torn_bytes", 12);
  audit_line_digest(&line, "torn_hash", previous);
  assert_int_equal(audit_line_end(&line, hash, NULL), SCRIM_OK);
  assert_int_equal(parse(&back, &line), AUDIT_LINE_WHOLE);
  assert_true(back.is_after_torn && back.torn_bytes == 12);
  assert_memory_equal(back.torn_hash, previous, HASH_BYTES);
}

static void no_byte_is_free(void **state) {
  (void)state;
  log_line line;
  audit_line back;
  unsigned char hash[HASH_BYTES];
  audit_line_begin(&line, 7, 5, AUDIT_LINE_ANSWER, previous);
  log_line_string(&line, "model", "m");
  assert_int_equal(audit_line_end(&line, hash, NULL), SCRIM_OK);
  static const char flips[] = {1, 0x20, (char)0x80};
  for (size_t i = 0; i < line.n - 1; i++) {
    for (size_t f = 0; f < sizeof flips; f++) {
      line.bytes[i] ^= flips[f];
      assert_int_not_equal(parse(&back, &line), AUDIT_LINE_WHOLE);
      line.bytes[i] ^= flips[f];
    }
  }
  for (size_t n = 0; n + 1 < line.n; n++) assert_int_equal(audit_line_parse(&back, line.bytes, n), AUDIT_LINE_BROKEN);
}

/* Lines whose hash is right, and that this program never writes. */
static void lines_of_another_make(void **state) {
  (void)state;
  static const char *const bodies[] = {
      "{\"seq\":1", /* fields missing */
      "{\"time\":\"t\",\"seq\":1,\"kind\":\"open\"",
      "{\"seq\":\"1\",\"time\":\"t\",\"kind\":\"open\",\"previous\":\"@\"",
      "{\"seq\":-1,\"time\":\"t\",\"kind\":\"open\",\"previous\":\"@\"",
      "{\"seq\":99999999999999999999,\"time\":\"t\",\"kind\":\"open\",\"previous\":\"@\"",
      "{\"seq\":1,\"time\":2,\"kind\":\"open\",\"previous\":\"@\"",
      "{\"seq\":1,\"time\":\"t\",\"kind\":\"close \",\"previous\":\"@\"",
      "{\"seq\":1,\"time\":\"t\",\"kind\":\"open\",\"previous\":\"short\"",
      "{\"seq\":1,\"time\":\"t\",\"kind\":\"open\",\"previous\":\"@\",\"torn_bytes\":3",
      "{\"seq\":1,\"time\":\"t\",\"kind\":\"open\",\"previous\":\"@\",\"torn_hash\":\"@\"",
      "{\"seq\":1,\"time\":\"t\",\"kind\":\"answer\",\"previous\":\"@\",\"torn_bytes\":3,\"torn_hash\":\"@\"",
      "{\"seq\":1,\"time\":\"t\",\"kind\":\"open\",\"previous\":\"@\" ", /* a space before the hash */
  };
  for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
    log_line line = {.n = 0};
    audit_line back;
    unsigned char hash[HASH_BYTES];
    for (const char *c = bodies[i]; *c != '\0'; c++) {
      char one[2] = {*c, '\0'};
      log_line_raw(&line, *c == '@' ? "00000000000000000000000000000000000000000000000000000000000000ff" : one);
    }
    int is_last = i + 1 == sizeof bodies / sizeof bodies[0];
    assert_int_equal(audit_line_end(&line, hash, NULL), SCRIM_OK);
    if (is_last)
      assert_int_equal(parse(&back, &line), AUDIT_LINE_WHOLE); /* spaces are covered by the hash, too */
    else
      assert_int_equal(parse(&back, &line), AUDIT_LINE_CHANGED);
  }
  static const char *const broken[] = {"", "{", "[]", "{}", "7", "{\"seq\":1}{", "\x00\x01"};
  for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
    audit_line back;
    assert_int_not_equal(audit_line_parse(&back, broken[i], strlen(broken[i])), AUDIT_LINE_WHOLE);
  }
}

static void signatures_cover_the_line(void **state) {
  static const char *const types[] = {"ED25519", "P-256"};
  for (int t = 0; t < 2; t++) {
    scrim_signer *signer = make_signer(*state, types[t]), *other = make_signer(*state, types[t]);
    log_line line;
    audit_line back;
    unsigned char hash[HASH_BYTES];
    scrim_error error;
    audit_line_begin(&line, 9, 5, AUDIT_LINE_CHECKPOINT, previous);
    assert_int_equal(audit_line_sign(&line, &signer->key, hash, NULL), SCRIM_OK);
    assert_int_equal(parse(&back, &line), AUDIT_LINE_WHOLE);
    assert_int_equal(audit_line_check(line.bytes, line.n - 1, &signer->key, NULL), SCRIM_OK);
    assert_int_equal(audit_line_check(line.bytes, line.n - 1, &other->key, &error), SCRIM_E_KEY);
    assert_non_null(strstr(error.message, "wrong key"));
    char *time = strstr(line.bytes, "1970");
    time[3] = '1';
    assert_int_equal(audit_line_check(line.bytes, line.n - 1, &signer->key, &error), SCRIM_E_KEY);
    assert_non_null(strstr(error.message, "was not made by"));
    time[3] = '0';
    char *scheme = strstr(line.bytes, "\"scheme\":\"") + 10;
    scheme[0]++;
    assert_int_equal(audit_line_check(line.bytes, line.n - 1, &signer->key, &error), SCRIM_E_KEY);
    assert_non_null(strstr(error.message, "wrong scheme"));
    audit_line_begin(&line, 9, 5, AUDIT_LINE_CLOSE, previous);
    assert_int_equal(audit_line_end(&line, hash, NULL), SCRIM_OK);
    assert_int_equal(audit_line_check(line.bytes, line.n - 1, &signer->key, &error), SCRIM_E_KEY);
    assert_non_null(strstr(error.message, "without a signature"));
    /* Each of the three fields is needed. */
    static const char *const names[] = {"key", "scheme", "signature"};
    for (size_t missing = 0; missing < 3; missing++) {
      audit_line_begin(&line, 9, 5, AUDIT_LINE_CLOSE, previous);
      for (size_t i = 0; i < 3; i++)
        if (i != missing) log_line_string(&line, names[i], "x");
      assert_int_equal(audit_line_end(&line, hash, NULL), SCRIM_OK);
      assert_int_equal(audit_line_check(line.bytes, line.n - 1, &signer->key, &error), SCRIM_E_KEY);
      assert_non_null(strstr(error.message, "without a signature"));
    }
    scrim_signer_free(signer);
    scrim_signer_free(other);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_known_line),
      cmocka_unit_test(what_is_written_is_read),
      cmocka_unit_test(no_byte_is_free),
      cmocka_unit_test(lines_of_another_make),
      cmocka_unit_test_setup_teardown(signatures_cover_the_line, files_setup, files_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
