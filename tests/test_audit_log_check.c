/* Verification of whole logs: every byte and every line counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "serve/audit_log.h"
#include "serve/audit_log_check.h"
#include "support/files.h"
#include "support/pem_keys.h"
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct world {
  char path[512];
  scrim_verifier *verifier;
  char *bytes; /* open, 2 answers, checkpoint, 2 answers, close */
  size_t n;
} world;

static world make_world(const char *folder) {
  world w;
  static const unsigned char secret[SCRIM_KEY_BYTES] = {9};
  scrim_signer *signer;
  scrim_key *key;
  audit_log *log;
  const audit_log_entry entry = {.model = "m", .filter = "f", .config = "c"};
  strcpy(w.path, files_path(folder, "log"));
  pem_keys_make("ED25519", files_path(folder, "private"), files_path(folder, "public"));
  assert_int_equal(scrim_signer_open(&signer, files_path(folder, "private"), NULL), SCRIM_OK);
  assert_int_equal(scrim_verifier_of(&w.verifier, signer, NULL), SCRIM_OK);
  assert_int_equal(scrim_key_create(&key, secret, NULL), SCRIM_OK);
  const audit_log_options options = {signer, key, 3, 0};
  assert_int_equal(audit_log_open(&log, w.path, &options, NULL, NULL), SCRIM_OK);
  for (int i = 0; i < 4; i++) assert_int_equal(audit_log_append(log, &entry, NULL), SCRIM_OK);
  assert_int_equal(audit_log_close(log, NULL), SCRIM_OK);
  scrim_key_free(key);
  scrim_signer_free(signer);
  w.bytes = files_read(w.path, &w.n);
  return w;
}

static void free_world(world *w) {
  scrim_verifier_free(w->verifier);
  free(w->bytes);
}

static scrim_status check(const world *w, const char *bytes, size_t n, scrim_audit_log_report *report) {
  files_write(w->path, bytes, n);
  return scrim_audit_log_check(report, w->path, w->verifier, NULL, NULL);
}

static void no_byte_is_free(void **state) {
  world w = make_world(*state);
  scrim_audit_log_report report;
  assert_int_equal(check(&w, w.bytes, w.n, &report), SCRIM_OK);
  assert_true(report.lines == 7 && report.checkpoints == 2 && report.n_unsigned == 0 && report.is_closed);
  for (size_t i = 0; i + 1 < w.n; i += 17) { /* the last newline alone may be missing */
    w.bytes[i] ^= 1;
    scrim_status status = check(&w, w.bytes, w.n, &report);
    if (status != SCRIM_E_FORMAT && status != SCRIM_E_KEY) fail_msg("byte %zu changed: status %d", i, (int)status);
    assert_true(report.lines == 0 && report.head[0] == '\0');
    w.bytes[i] ^= 1;
  }
  free_world(&w);
}

static void a_cut_shows_in_the_report_or_fails(void **state) {
  world w = make_world(*state);
  scrim_audit_log_report report;
  for (size_t n = 0; n < w.n; n++) {
    int between = n > 0 && (w.bytes[n] == '\n' || w.bytes[n - 1] == '\n');
    if (!between && n % 13 != 0) continue;
    scrim_status status = check(&w, w.bytes, n, &report);
    assert_int_equal(status, between ? SCRIM_OK : SCRIM_E_FORMAT);
    if (between && n + 1 < w.n) assert_false(report.is_closed);
  }
  free_world(&w);
}

static void what_is_no_log(void **state) {
  world w = make_world(*state);
  scrim_audit_log_report report;
  scrim_error error;
  assert_int_equal(scrim_audit_log_check(&report, *state, w.verifier, NULL, &error), SCRIM_E_IO);
  assert_int_equal(scrim_audit_log_check(&report, "/nonexistent/log", w.verifier, NULL, &error), SCRIM_E_IO);
  assert_int_equal(check(&w, "", 0, &report), SCRIM_E_FORMAT);
  assert_int_equal(check(&w, "\n", 1, &report), SCRIM_E_FORMAT);
  const char *fifo = files_path(*state, "fifo");
  assert_int_equal(mkfifo(fifo, 0600), 0);
  assert_int_equal(scrim_audit_log_check(&report, fifo, w.verifier, NULL, &error), SCRIM_E_IO);
  free_world(&w);
}

static void heads(void **state) {
  world w = make_world(*state);
  scrim_audit_log_report report, unused;
  scrim_error error;
  assert_int_equal(check(&w, w.bytes, w.n, &report), SCRIM_OK);
  assert_int_equal(scrim_audit_log_check(&unused, w.path, w.verifier, report.head, NULL), SCRIM_OK);
  report.head[63] = report.head[63] == '0' ? '1' : '0';
  assert_int_equal(scrim_audit_log_check(&unused, w.path, w.verifier, report.head, &error), SCRIM_E_FORMAT);
  assert_non_null(strstr(error.message, "no line has the hash"));
  report.head[63] = 'G';
  assert_int_equal(scrim_audit_log_check(&unused, w.path, w.verifier, report.head, &error), SCRIM_E_PARAM);
  report.head[63] = '\0';
  assert_int_equal(scrim_audit_log_check(&unused, w.path, w.verifier, report.head, &error), SCRIM_E_PARAM);
  free_world(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(no_byte_is_free, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(a_cut_shows_in_the_report_or_fails, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(what_is_no_log, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(heads, files_setup, files_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
