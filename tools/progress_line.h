/* One line on a terminal's stderr that says how far the work is. */
#ifndef TOOLS_PROGRESS_LINE_H
#define TOOLS_PROGRESS_LINE_H

#include <scrim/progress.h>

/* A scrim_progress_fn; its context is unused. Shows nothing unless stderr is a terminal; asks to stop after Ctrl-C. */
int progress_line(const scrim_progress *progress, void *context);

/* Removes the line, so that what is printed next starts clean. */
void progress_line_clear(void);

/* From now on SIGINT and SIGTERM are remembered instead of ending the process: files can be put away first. A second
 * one ends it. */
void progress_catch_signals(void);
int progress_stopped(void); /* 1 once such a signal came */

#endif
