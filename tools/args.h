/* Reads a command line against a command's table of options. */
#ifndef TOOLS_ARGS_H
#define TOOLS_ARGS_H

#include "command.h"
#include <stdio.h>

/* Fills *a from the words after the command's name. 0, or the exit code after the complaint was printed. */
int args_parse(args *a, const command *c, int count, char **words);

/* Applies each --set to a config of the command's kind. */
scrim_status args_config(const args *a, scrim_config *config, scrim_error *error);

/* Whole number of option `which` within low..high; *out stays as it is when it was not given. 0 or the exit code. */
int args_count(const args *a, int which, uint64_t low, uint64_t high, uint64_t *out);

/* The same for a real number. */
int args_real(const args *a, int which, double low, double high, double *out);

/* The same for the name of a table format. */
int args_format(const args *a, int which, scrim_format *out);

/* The same for the name of a format of points. */
int args_points_format(const args *a, int which, scrim_points_format *out);

/* Usage, options and parameters of one command. */
void args_help(FILE *to, const command *c);

#endif
