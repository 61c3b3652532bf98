/* Verification of a whole audit log. */
#include "serve/audit_log_check.h"
#include "core/error.h"
#include "core/path.h"
#include "serve/audit_chain.h"
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static scrim_status check_text(scrim_audit_log_report *report, const char *text, size_t n, const signature_key *key,
                               const char *head, scrim_error *error) {
  unsigned char wanted[HASH_BYTES];
  audit_chain chain = {.wanted = head == NULL ? NULL : wanted};
  int is_ended;
  if (head != NULL && (strlen(head) != 2 * HASH_BYTES || !hash_parse(head, HASH_BYTES, wanted)))
    return fail(error, SCRIM_E_PARAM, "the head '%.80s' is not %d lower-case hexadecimal digits", head, 2 * HASH_BYTES);
  scrim_status status = audit_chain_follow_all(&chain, text, n, key, &is_ended, error);
  if (status != SCRIM_OK) return status;
  if (chain.broken != NULL)
    return fail_row(error, SCRIM_E_FORMAT, (int64_t)chain.lines,
                    "line %llu, the last, was cut or is no line: the %llu before it are good",
                    (unsigned long long)chain.lines, (unsigned long long)chain.lines);
  if (head != NULL && !chain.is_found)
    return fail(error, SCRIM_E_FORMAT, "no line has the hash %.64s: the log was cut, or is another one", head);
  *report = (scrim_audit_log_report){.lines = chain.lines,
                                     .checkpoints = chain.checkpoints,
                                     .n_unsigned = chain.n_unsigned,
                                     .torn = chain.torn,
                                     .is_closed = chain.is_closed};
  hash_print(chain.head, HASH_BYTES, report->head);
  return SCRIM_OK;
}

static scrim_status check_descriptor(scrim_audit_log_report *report, int fd, const char *path, const signature_key *key,
                                     const char *head, scrim_error *error) {
  struct stat info;
  if (fstat(fd, &info) != 0) return fail_errno(error, SCRIM_E_IO, "cannot examine '%s'", path_shown(path));
  if (!S_ISREG(info.st_mode)) return fail(error, SCRIM_E_IO, "'%s' is not a regular file", path_shown(path));
  if (info.st_size == 0) return fail(error, SCRIM_E_FORMAT, "'%s' is empty", path_shown(path));
  void *text = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (text == MAP_FAILED) return fail_errno(error, SCRIM_E_IO, "cannot map '%s'", path_shown(path));
  scrim_status status = check_text(report, text, (size_t)info.st_size, key, head, error);
  munmap(text, (size_t)info.st_size);
  if (status != SCRIM_OK) fail_in_file(error, path);
  return status;
}

scrim_status scrim_audit_log_check(scrim_audit_log_report *report, const char *path, const scrim_verifier *verifier,
                                   const char *head, scrim_error *error) {
  *report = (scrim_audit_log_report){0};
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return fail_errno(error, SCRIM_E_IO, "cannot open '%s'", path_shown(path));
  scrim_status status = check_descriptor(report, fd, path, &verifier->key, head, error);
  close(fd);
  return status;
}
