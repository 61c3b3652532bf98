/* A file that lines are appended to, each in one write, so that threads and processes do not mix them. */
#ifndef SERVE_LOG_FILE_H
#define SERVE_LOG_FILE_H

#include <scrim/status.h>
#include <stddef.h>

typedef struct log_file log_file;

/* Opens or makes (mode 0640) a file; "-" is standard error. SCRIM_E_IO. */
scrim_status log_file_open(log_file **out, const char *path, scrim_error *error);
void log_file_close(log_file *log); /* NULL is fine */

/* A whole line with its newline. Threads may write at once. */
scrim_status log_file_write(log_file *log, const char *line, size_t n_bytes, scrim_error *error);

#endif
