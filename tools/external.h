/*
 * The user's classifier as a program of its own: it reads rows of inputs from standard input, one line of comma-
 * separated numbers each, and answers each with one line of K scores on standard output, flushed at the latest when no
 * more input waits. It is started once and serves the whole audit.
 */
#ifndef TOOLS_EXTERNAL_H
#define TOOLS_EXTERNAL_H

#include <scrim.h>

typedef struct external external;

/* Starts a command line through the shell. */
scrim_status external_start(external **out, const char *line, size_t features, size_t classes, scrim_error *error);

/* A scrim_classify_fn whose context is the external. */
int external_classify(const float *inputs, size_t n, float *scores, void *context);

/* Why the last external_classify failed, or NULL. Lives as long as the external. */
const scrim_error *external_problem(const external *e);

void external_stop(external *e); /* NULL is fine */

#endif
