/* What the command says when something is wrong: one line on stderr, "scrim: scores apply: <file>: <message>". */
#ifndef TOOLS_COMPLAIN_H
#define TOOLS_COMPLAIN_H

#include "command.h"

/* Prints the error and answers its exit code. `file` may be NULL; it is left out where the message names it already. */
int complain(const command *c, const char *file, const scrim_error *error);

/* A wrong command line: EXIT_USAGE. */
int complain_usage(const command *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Fills *error as the library would, for what the command itself finds. */
scrim_status complain_later(scrim_error *error, scrim_status status, int64_t row, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/*
 * The library counts rows from the start of what it was given, which began at row `first` of what the user counts from:
 * error->row and the row in its message.
 */
void complain_count_from(scrim_error *error, int64_t first);

#endif
