/* Following a chain: in order, from a checkpoint, over cut lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "serve/audit_chain.h"
#include "support/files.h"
#include "support/pem_keys.h"
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

/* A text of lines in the making. */
typedef struct text {
  char *bytes;
  size_t n;
  uint64_t seq;
  unsigned char head[HASH_BYTES];
  scrim_signer *signer;
} text;

static text begin(const char *folder) {
  text t = {.bytes = malloc(1 << 16)};
  assert_non_null(t.bytes);
  pem_keys_make("ED25519", files_path(folder, "private"), files_path(folder, "public"));
  assert_int_equal(scrim_signer_open(&t.signer, files_path(folder, "private"), NULL), SCRIM_OK);
  return t;
}

static void end(text *t) {
  free(t->bytes);
  scrim_signer_free(t->signer);
}

static void raw(text *t, const char *bytes, size_t n) {
  memcpy(t->bytes + t->n, bytes, n);
  t->n += n;
}

/* torn: what the line tells of; NULL: nothing. */
static void add(text *t, audit_line_kind kind, const char *torn, size_t n_torn) {
  log_line line;
  audit_line_begin(&line, t->seq++, 0, kind, t->head);
  if (torn != NULL) {
    unsigned char hash[HASH_BYTES];
    assert_int_equal(hash_bytes(torn, n_torn, hash, NULL), SCRIM_OK);
    log_line_whole(&line, "torn_bytes", n_torn);
    audit_line_digest(&line, "torn_hash", hash);
  }
  int is_signed = kind == AUDIT_LINE_CHECKPOINT || kind == AUDIT_LINE_CLOSE;
  assert_int_equal(is_signed ? audit_line_sign(&line, &t->signer->key, t->head, NULL)
                             : audit_line_end(&line, t->head, NULL),
                   SCRIM_OK);
  raw(t, line.bytes, line.n);
}

static scrim_status follow(audit_chain *chain, const text *t, int *is_ended, scrim_error *error) {
  char *exact = malloc(t->n + (t->n == 0));
  assert_non_null(exact);
  memcpy(exact, t->bytes, t->n);
  scrim_status status = audit_chain_follow_all(chain, exact, t->n, &t->signer->key, is_ended, error);
  free(exact);
  return status;
}

static void follows(const text *t, uint64_t lines, uint64_t torn, int ended, int broken) {
  audit_chain chain = {0};
  int is_ended;
  scrim_error error = {.message = ""};
  if (follow(&chain, t, &is_ended, &error) != SCRIM_OK) fail_msg("%s", error.message);
  assert_int_equal(chain.lines, lines);
  assert_int_equal(chain.torn, torn);
  assert_int_equal(is_ended, ended);
  assert_int_equal(chain.broken != NULL, broken);
}

static void refused(const text *t, int64_t row, const char *words) {
  audit_chain chain = {0};
  int is_ended;
  scrim_error error = {.message = ""};
  assert_int_equal(follow(&chain, t, &is_ended, &error), SCRIM_E_FORMAT);
  if (strstr(error.message, words) == NULL) fail_msg("'%s' does not say '%s'", error.message, words);
  assert_int_equal(error.row, row);
}

static void whole_chains(void **state) {
  text t = begin(*state);
  follows(&t, 0, 0, 1, 0);
  add(&t, AUDIT_LINE_OPEN, NULL, 0);
  for (int i = 0; i < 5; i++) add(&t, AUDIT_LINE_ANSWER, NULL, 0);
  follows(&t, 6, 0, 1, 0);
  add(&t, AUDIT_LINE_CLOSE, NULL, 0);
  add(&t, AUDIT_LINE_OPEN, NULL, 0);
  follows(&t, 8, 0, 1, 0);
  t.n--; /* a line without its newline is a line */
  follows(&t, 8, 0, 0, 0);
  t.n--;
  follows(&t, 7, 0, 0, 1);
  end(&t);
}

static void an_open_is_due(void **state) {
  text t = begin(*state);
  add(&t, AUDIT_LINE_ANSWER, NULL, 0);
  refused(&t, 0, "line 0: comes before the log was opened");
  t.n = 0;
  t.seq = 0;
  memset(t.head, 0, sizeof t.head);
  add(&t, AUDIT_LINE_OPEN, NULL, 0);
  add(&t, AUDIT_LINE_CLOSE, NULL, 0);
  add(&t, AUDIT_LINE_ANSWER, NULL, 0);
  refused(&t, 2, "line 2: comes before the log was opened");
  end(&t);
}

static void cut_lines_must_be_told_of(void **state) {
  static const struct {
    const char *left;
    size_t n;
  } cases[] = {{"{\"seq\":1,\"t", 10}, {"", 0}, {"a\nb", 3}, {"\0\0\0", 3}, {"\n", 1}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    text t = begin(*state);
    add(&t, AUDIT_LINE_OPEN, NULL, 0);
    size_t at = t.n;
    raw(&t, cases[i].left, cases[i].n);
    raw(&t, "\n", 1);
    follows(&t, 1, 0, 1, 1);
    text before = t;
    char *kept = malloc(t.n);
    memcpy(kept, t.bytes, t.n);
    add(&t, AUDIT_LINE_OPEN, cases[i].left, cases[i].n);
    follows(&t, 2, 1, 1, 0);
    if (cases[i].n > 0) {
      t.bytes[at] ^= 4;
      refused(&t, 1, "line 1: tells of a cut line");
    }
    /* Not told of, or something else. */
    memcpy(t.bytes, kept, before.n);
    t = before;
    add(&t, AUDIT_LINE_OPEN, NULL, 0);
    refused(&t, 1, "line 1: what stands before it is no line");
    t = before;
    add(&t, AUDIT_LINE_OPEN, "other", 5);
    refused(&t, 1, "line 1: tells of a cut line");
    free(kept);
    end(&t);
  }
  text t = begin(*state);
  add(&t, AUDIT_LINE_OPEN, NULL, 0);
  add(&t, AUDIT_LINE_OPEN, "x", 1);
  refused(&t, 1, "tells of a cut line, and that line is not there");
  end(&t);
}

static void what_is_no_line_has_a_limit(void **state) {
  text t = begin(*state);
  free(t.bytes);
  t.bytes = calloc(1, AUDIT_CHAIN_MAX_TORN + 2);
  assert_non_null(t.bytes);
  t.n = AUDIT_CHAIN_MAX_TORN;
  follows(&t, 0, 0, 0, 1);
  t.n++;
  refused(&t, 0, "more than a mebibyte");
  end(&t);
}

static void from_a_checkpoint(void **state) {
  text t = begin(*state);
  audit_chain chain;
  int is_ended;
  add(&t, AUDIT_LINE_OPEN, NULL, 0);
  size_t at = t.n;
  add(&t, AUDIT_LINE_CHECKPOINT, NULL, 0);
  size_t next = t.n;
  add(&t, AUDIT_LINE_ANSWER, NULL, 0);
  assert_int_equal(audit_chain_resume(&chain, t.bytes + at, next - at - 1, &t.signer->key, NULL), SCRIM_OK);
  assert_int_equal(audit_chain_follow_all(&chain, t.bytes + next, t.n - next, &t.signer->key, &is_ended, NULL),
                   SCRIM_OK);
  assert_int_equal(chain.lines, 3);
  assert_int_equal(chain.n_unsigned, 1);
  assert_memory_equal(chain.head, t.head, HASH_BYTES);
  assert_int_equal(audit_chain_resume(&chain, t.bytes, at - 1, &t.signer->key, NULL), SCRIM_E_FORMAT);
  t.bytes[at + 10] ^= 1;
  assert_int_equal(audit_chain_resume(&chain, t.bytes + at, next - at - 1, &t.signer->key, NULL), SCRIM_E_FORMAT);
  end(&t);
}

static void a_hash_can_be_looked_for(void **state) {
  text t = begin(*state);
  unsigned char wanted[HASH_BYTES];
  int is_ended;
  add(&t, AUDIT_LINE_OPEN, NULL, 0);
  add(&t, AUDIT_LINE_ANSWER, NULL, 0);
  memcpy(wanted, t.head, HASH_BYTES);
  add(&t, AUDIT_LINE_ANSWER, NULL, 0);
  for (int i = 0; i < 2; i++) {
    audit_chain chain = {.wanted = wanted};
    assert_int_equal(follow(&chain, &t, &is_ended, NULL), SCRIM_OK);
    assert_int_equal(chain.is_found, i == 0);
    wanted[31] ^= 1;
  }
  end(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(whole_chains, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(an_open_is_due, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(cut_lines_must_be_told_of, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(what_is_no_line_has_a_limit, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(from_a_checkpoint, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(a_hash_can_be_looked_for, files_setup, files_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
