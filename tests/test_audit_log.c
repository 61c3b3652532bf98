/* The audit log: chained, signed, taken up again, and never quietly wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/memory.h"
#include "serve/audit_log.h"
#include "serve/audit_log_check.h"
#include "support/files.h"
#include "support/pem_keys.h"
#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef struct world {
  void *folder;
  const char *path;
  scrim_signer *signer;
  scrim_verifier *verifier;
  scrim_key *hash_key;
} world;

static void open_world(world *w, void *folder, const char *type) {
  static const unsigned char secret[SCRIM_KEY_BYTES] = {9};
  const char *private_path = files_path(folder, "private"), *public_path = files_path(folder, "public");
  w->folder = folder;
  w->path = files_path(folder, "audit.jsonl");
  pem_keys_make(type, private_path, public_path);
  assert_int_equal(scrim_signer_open(&w->signer, private_path, NULL), SCRIM_OK);
  assert_int_equal(scrim_verifier_open(&w->verifier, public_path, NULL), SCRIM_OK);
  assert_int_equal(scrim_key_create(&w->hash_key, secret, NULL), SCRIM_OK);
}

static void close_world(world *w) {
  scrim_signer_free(w->signer);
  scrim_verifier_free(w->verifier);
  scrim_key_free(w->hash_key);
}

static audit_log *open_log(const world *w, size_t every, audit_log_found *found) {
  audit_log *log;
  scrim_error error = {.message = ""};
  const audit_log_options options = {w->signer, w->hash_key, every, 0};
  if (audit_log_open(&log, w->path, &options, found, &error) != SCRIM_OK) fail_msg("%s", error.message);
  return log;
}

static void append(audit_log *log, int n) {
  audit_log_entry entry = {.time_s = 1e9, .model = "letter", .filter = "f0", .config = "c0", .rows = 3, .status = 200};
  for (int i = 0; i < n; i++) {
    entry.input[0] = (unsigned char)i;
    assert_int_equal(audit_log_append(log, &entry, NULL), SCRIM_OK);
  }
}

static scrim_audit_log_report checked(const world *w) {
  scrim_audit_log_report report;
  scrim_error error = {.message = ""};
  if (scrim_audit_log_check(&report, w->path, w->verifier, NULL, &error) != SCRIM_OK) fail_msg("%s", error.message);
  return report;
}

static void a_log_from_open_to_close(void **state) {
  static const char *const types[] = {"ED25519", "P-256"};
  for (int t = 0; t < 2; t++) {
    world w;
    audit_log_found found;
    open_world(&w, *state, types[t]);
    unlink(w.path);
    audit_log *log = open_log(&w, 10, &found);
    assert_int_equal(found.lines, 0);
    assert_true(found.is_closed);
    append(log, 25); /* open, 9 answers, checkpoint, 10, checkpoint, 6 */
    assert_int_equal(audit_log_close(log, NULL), SCRIM_OK);
    scrim_audit_log_report report = checked(&w);
    assert_int_equal(report.lines, 1 + 25 + 2 + 1);
    assert_int_equal(report.checkpoints, 3);
    assert_int_equal(report.n_unsigned, 0);
    assert_true(report.is_closed);
    close_world(&w);
  }
}

static void a_line_is_as_documented(void **state) {
  world w;
  open_world(&w, *state, "ED25519");
  audit_log *log = open_log(&w, 10, NULL);
  append(log, 1);
  size_t n;
  char *bytes = files_read(w.path, &n), *line = strchr(bytes, '\n') + 1;
  static const char *const parts[] = {
      "{\"seq\":1,\"time\":\"2001-09-09T01:46:40.000Z\",\"kind\":\"answer\",\"previous\":\"",
      "\",\"actor\":\"0000",
      "\",\"model\":\"letter\",\"filter\":\"f0\",\"config\":\"c0\",\"rows\":3,\"status\":200,\"input\":\"0000",
      "\",\"output\":\"0000",
      "\",\"hash\":\"",
  };
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
    char *at = strstr(line, parts[i]);
    if (at == NULL) fail_msg("no '%s' in %s", parts[i], line);
    assert_true(i != 0 || at == line);
    line = at + strlen(parts[i]);
  }
  free(bytes);
  struct stat info;
  assert_int_equal(stat(w.path, &info), 0);
  assert_int_equal(info.st_mode & 07777 & ~0640u, 0);
  assert_int_equal(audit_log_close(log, NULL), SCRIM_OK);
  assert_int_equal(audit_log_close(NULL, NULL), SCRIM_OK);
  close_world(&w);
}

static void the_chain_goes_on_over_runs(void **state) {
  world w;
  audit_log_found found;
  open_world(&w, *state, "ED25519");
  for (int run = 0; run < 4; run++) {
    audit_log *log = open_log(&w, 5, &found);
    assert_true(found.is_closed);
    assert_false(found.is_torn);
    append(log, run * 3);
    assert_int_equal(audit_log_close(log, NULL), SCRIM_OK);
    scrim_audit_log_report report = checked(&w);
    assert_true(report.is_closed);
    assert_int_equal(report.n_unsigned, 0);
  }
  close_world(&w);
}

/* Cut in its last two lines, as a kill in the middle of a write does: all that is whole stays and verifies. */
static void a_cut_line_is_told_of(void **state) {
  world w;
  audit_log_found found;
  size_t n;
  open_world(&w, *state, "ED25519");
  audit_log *log = open_log(&w, 4, NULL);
  append(log, 4); /* open, 3, checkpoint, 1 */
  assert_int_equal(audit_log_close(log, NULL), SCRIM_OK);
  char *bytes = files_read(w.path, &n);
  size_t newlines[7], n_newlines = 0;
  for (size_t i = 0; i < n; i++)
    if (bytes[i] == '\n') newlines[n_newlines++] = i;
  assert_int_equal(n_newlines, 7);

  for (size_t cut = newlines[4] + 1; cut <= n; cut += cut < newlines[5] + 3 ? 23 : 61) {
    size_t whole = 0; /* lines with their newline, or complete without it */
    while (whole < n_newlines && newlines[whole] <= cut) whole++;
    int at_end = newlines[whole - 1] == cut || newlines[whole - 1] + 1 == cut;
    files_write(w.path, bytes, cut);
    log = open_log(&w, 4, &found);
    assert_int_equal(found.lines, whole);
    assert_int_equal(found.is_torn, !at_end);
    assert_int_equal(found.torn_bytes, at_end ? 0 : cut - newlines[whole - 1] - 1);
    append(log, 6);
    assert_int_equal(audit_log_close(log, NULL), SCRIM_OK);
    scrim_audit_log_report report = checked(&w);
    assert_int_equal(report.torn, !at_end);
    assert_true(report.is_closed);
    size_t m;
    char *now = files_read(w.path, &m);
    assert_memory_equal(now, bytes, cut); /* nothing that was there is gone */
    free(now);
  }
  free(bytes);
  close_world(&w);
}

/* A second crash while the first was being told of, and blocks of zeros after a power cut. */
static void worse_ends(void **state) {
  static const struct {
    const char *tail;
    size_t n;
  } tails[] = {
      {"{\"seq\":2,\"ti\n{\"seq\":2,\"time\":\"2001", 32},
      {"\n", 1},
      {"\n\n\n", 3},
      {"\0\0\0\0\0\0", 6},
      {"\0\n\0", 3},
      {"x\n", 2},
  };
  for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
    world w;
    audit_log_found found;
    size_t n;
    open_world(&w, *state, "ED25519");
    unlink(w.path);
    audit_log *log = open_log(&w, 100, NULL);
    append(log, 1);
    assert_int_equal(audit_log_close(log, NULL), SCRIM_OK);
    char *bytes = files_read(w.path, &n), *longer = malloc(n + tails[i].n);
    memcpy(longer, bytes, n);
    memcpy(longer + n, tails[i].tail, tails[i].n);
    files_write(w.path, longer, n + tails[i].n);
    scrim_audit_log_report report;
    assert_int_equal(scrim_audit_log_check(&report, w.path, w.verifier, NULL, NULL), SCRIM_E_FORMAT);
    for (int run = 0; run < 2; run++) {
      log = open_log(&w, 100, &found);
      assert_int_equal(found.is_torn, run == 0);
      assert_int_equal(audit_log_close(log, NULL), SCRIM_OK);
    }
    report = checked(&w);
    assert_int_equal(report.torn, 1);
    free(bytes);
    free(longer);
    close_world(&w);
  }
}

static void refused(const world *w, const char *bytes, size_t n, const char *words) {
  audit_log *log = NULL;
  scrim_error error = {.message = ""};
  const audit_log_options options = {w->signer, w->hash_key, 4, 0};
  files_write(w->path, bytes, n);
  scrim_status status = audit_log_open(&log, w->path, &options, NULL, &error);
  assert_null(log);
  assert_true(status == SCRIM_E_FORMAT || status == SCRIM_E_KEY);
  if (strstr(error.message, words) == NULL) fail_msg("'%s' does not say '%s'", error.message, words);
  size_t now;
  char *left = files_read(w->path, &now);
  assert_int_equal(now, n); /* and the file is as it was */
  assert_memory_equal(left, bytes, n);
  free(left);
}

static void a_changed_tail_is_not_taken_up(void **state) {
  world w, other;
  size_t n;
  open_world(&w, *state, "ED25519");
  audit_log *log = open_log(&w, 4, NULL);
  append(log, 6); /* open, 3, checkpoint, 3: 8 lines, not closed */
  char *bytes = files_read(w.path, &n), *copy = malloc(n);
  assert_int_equal(audit_log_close(log, NULL), SCRIM_OK);
  char *lines[8];
  for (size_t i = 0, at = 0; i < 8; i++) {
    lines[i] = bytes + at;
    at += (size_t)(strchr(bytes + at, '\n') - (bytes + at)) + 1;
  }
  memcpy(copy, bytes, n);
  strstr(copy + (lines[6] - bytes), "\"rows\":3")[7] = '4';
  refused(&w, copy, n, "line 6: was changed");
  memcpy(copy, bytes, n);
  memmove(copy + (lines[6] - bytes), lines[7], (size_t)(bytes + n - lines[7]));
  refused(&w, copy, n - (size_t)(lines[7] - lines[6]), "line 6: has the number 7");
  memcpy(copy, bytes, n);
  strstr(copy + (lines[4] - bytes), "\"time\":\"2")[8] = '3';
  refused(&w, copy, n, "checkpoint was changed");
  /* Before the last checkpoint nothing is looked at: that is what `scrim verify --log` is for. */
  memcpy(copy, bytes, n);
  strstr(copy + (lines[2] - bytes), "\"rows\":3")[7] = '4';
  files_write(w.path, copy, n);
  log = open_log(&w, 4, NULL);
  assert_int_equal(audit_log_close(log, NULL), SCRIM_OK);
  scrim_audit_log_report report;
  scrim_error error;
  assert_int_equal(scrim_audit_log_check(&report, w.path, w.verifier, NULL, &error), SCRIM_E_FORMAT);
  assert_int_equal(error.row, 2);
  /* Another signer. */
  char keep[512];
  strcpy(keep, w.path);
  open_world(&other, *state, "ED25519");
  other.path = keep;
  refused(&other, bytes, n, "line 4: wrong key");
  close_world(&other);
  close_world(&w);
  free(bytes);
  free(copy);
}

static void one_writer_at_a_time(void **state) {
  world w;
  open_world(&w, *state, "ED25519");
  audit_log *log = open_log(&w, 4, NULL), *second;
  scrim_error error;
  const audit_log_options options = {w.signer, w.hash_key, 4, 0};
  assert_int_equal(audit_log_open(&second, w.path, &options, NULL, &error), SCRIM_E_IO);
  assert_null(second);
  assert_non_null(strstr(error.message, "is open elsewhere"));
  append(log, 1);
  assert_int_equal(audit_log_close(log, NULL), SCRIM_OK);
  log = open_log(&w, 4, NULL);
  assert_int_equal(audit_log_close(log, NULL), SCRIM_OK);
  close_world(&w);
}

static void digests_are_keyed_and_kept_apart(void **state) {
  world w;
  unsigned char digest[4][AUDIT_LOG_DIGEST];
  static const unsigned char other_secret[SCRIM_KEY_BYTES] = {10};
  open_world(&w, *state, "ED25519");
  audit_log *log = open_log(&w, 4, NULL);
  for (int purpose = 0; purpose < 3; purpose++)
    assert_int_equal(audit_log_digest(log, (audit_log_purpose)purpose, "abc", 3, digest[purpose], NULL), SCRIM_OK);
  assert_memory_not_equal(digest[0], digest[1], AUDIT_LOG_DIGEST);
  assert_memory_not_equal(digest[1], digest[2], AUDIT_LOG_DIGEST);
  assert_int_equal(audit_log_digest(log, AUDIT_LOG_INPUT, "abc", 3, digest[3], NULL), SCRIM_OK);
  assert_memory_equal(digest[1], digest[3], AUDIT_LOG_DIGEST);
  assert_int_equal(audit_log_digest(log, AUDIT_LOG_INPUT, NULL, 0, digest[3], NULL), SCRIM_OK);
  assert_int_equal(audit_log_close(log, NULL), SCRIM_OK);
  scrim_key_free(w.hash_key);
  assert_int_equal(scrim_key_create(&w.hash_key, other_secret, NULL), SCRIM_OK);
  log = open_log(&w, 4, NULL);
  assert_int_equal(audit_log_digest(log, AUDIT_LOG_INPUT, "abc", 3, digest[3], NULL), SCRIM_OK);
  assert_memory_not_equal(digest[1], digest[3], AUDIT_LOG_DIGEST);
  assert_int_equal(audit_log_close(log, NULL), SCRIM_OK);
  close_world(&w);
}

static void *append_many(void *context) {
  append(context, 300);
  return NULL;
}

static void threads_share_one_chain(void **state) {
  world w;
  open_world(&w, *state, "ED25519");
  audit_log *log = open_log(&w, 50, NULL);
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, append_many, log), 0);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  assert_int_equal(audit_log_close(log, NULL), SCRIM_OK);
  scrim_audit_log_report report = checked(&w);
  assert_int_equal(report.lines - report.checkpoints, 1 + 4 * 300);
  close_world(&w);
}

/* The disk is full in the middle of a line: the call fails, the log is whole, and goes on once there is room. */
static void a_full_disk(void **state) {
  world w;
  struct rlimit before, limit;
  struct stat info;
  open_world(&w, *state, "ED25519");
  audit_log *log = open_log(&w, 3, NULL);
  const audit_log_entry entry = {.model = "m", .filter = "f", .config = "c"};
  void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  for (int i = 0; i < 4; i++) {
    assert_int_equal(stat(w.path, &info), 0);
    limit = (struct rlimit){.rlim_cur = (rlim_t)info.st_size + 100, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    scrim_status status = audit_log_append(log, &entry, NULL);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(status, SCRIM_E_IO);
    checked(&w);
    append(log, 1);
  }
  signal(SIGXFSZ, handler);
  assert_int_equal(audit_log_close(log, NULL), SCRIM_OK);
  assert_int_equal(checked(&w).torn, 0);
  close_world(&w);
}

/* A child that appends as fast as it can is killed at some moment, twenty times over. */
static void killed_at_any_moment(void **state) {
  world w;
  audit_log_found found;
  open_world(&w, *state, "ED25519");
  for (int run = 0; run < 20; run++) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
      audit_log *log = open_log(&w, 7, NULL);
      for (;;) append(log, 1);
    }
    nanosleep(&(struct timespec){0, 3000000 + 700000 * run}, NULL);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    audit_log *log = open_log(&w, 7, &found);
    append(log, 1);
    assert_int_equal(audit_log_close(log, NULL), SCRIM_OK);
    checked(&w);
  }
  close_world(&w);
}

static void arguments_and_memory(void **state) {
  world w;
  audit_log *log;
  scrim_error error;
  open_world(&w, *state, "ED25519");
  audit_log_options options = {w.signer, w.hash_key, 0, 1};
  assert_int_equal(audit_log_open(&log, w.path, &options, NULL, &error), SCRIM_E_ARGUMENT);
  options.every = AUDIT_LOG_MAX_EVERY + 1;
  assert_int_equal(audit_log_open(&log, w.path, &options, NULL, &error), SCRIM_E_ARGUMENT);
  options.every = 1;
  assert_int_equal(audit_log_open(&log, w.folder, &options, NULL, &error), SCRIM_E_IO);
  assert_int_equal(audit_log_open(&log, "/nonexistent/x", &options, NULL, &error), SCRIM_E_IO);
  assert_int_equal(audit_log_open(&log, "/dev/null", &options, NULL, &error), SCRIM_E_IO);
  assert_non_null(strstr(error.message, "not a regular file"));
  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long n = 1; status == SCRIM_E_MEMORY; n++) {
    memory_fail_at(n, 0);
    status = audit_log_open(&log, w.path, &options, NULL, NULL);
    memory_fail_at(0, 0);
    assert_int_equal(log != NULL, status == SCRIM_OK);
    assert_true(n < 20);
  }
  assert_int_equal(status, SCRIM_OK);
  append(log, 2);
  assert_int_equal(audit_log_close(log, NULL), SCRIM_OK);
  assert_int_equal(checked(&w).checkpoints, 3); /* every line is signed */
  close_world(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_log_from_open_to_close, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(a_line_is_as_documented, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(the_chain_goes_on_over_runs, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(a_cut_line_is_told_of, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(worse_ends, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(a_changed_tail_is_not_taken_up, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(one_writer_at_a_time, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(digests_are_keyed_and_kept_apart, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(threads_share_one_chain, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(a_full_disk, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(killed_at_any_moment, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(arguments_and_memory, files_setup, files_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
