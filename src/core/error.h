/* How the library fills a caller's scrim_error. */
#ifndef CORE_ERROR_H
#define CORE_ERROR_H

#include <scrim/status.h>

/* Fills *error (if not NULL) and answers `status`, so that a check reads: return fail(error, SCRIM_E_DATA, "..."). */
scrim_status fail(scrim_error *error, scrim_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with the zero-based row at fault. */
scrim_status fail_row(scrim_error *error, scrim_status status, int64_t row, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* errno in words goes last: "cannot open 'x': No such file or directory". */
scrim_status fail_errno(scrim_error *error, scrim_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "'path': " before the message of an error that came from bytes without a name. NULL is fine. */
void fail_in_file(scrim_error *error, const char *path);

#endif
