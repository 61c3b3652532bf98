/* Opens filter files, plain or encrypted, and sees to it beforehand that one can be written. */
#ifndef TOOLS_FILTER_FILE_H
#define TOOLS_FILTER_FILE_H

#include "command.h"

/* What the option of that name is for, in every command that has it. */
#define FILTER_FILE_KEY_HELP "the key that the filter's file is encrypted under (scrim encrypt)"

/*
 * Opens the filter at `path`; key_path NULL: it must be a plain one. *at_fault becomes the file that an error is about.
 * scrim_filter_free.
 */
scrim_status filter_file_open(scrim_filter **out, const char *path, const char *key_path, const char **at_fault,
                              scrim_error *error);

/* Training takes long: that its result cannot be written at `path` should show before. */
scrim_status filter_file_check_output(const char *path, scrim_error *error);

#endif
