/* Other people's programs: run with a list of words, never through a shell. */
#ifndef TOOLS_PROGRAM_H
#define TOOLS_PROGRAM_H

#include <scrim/status.h>

/* Runs words[0], found along PATH, and waits; its output is dropped. SCRIM_E_UNSUPPORTED: it is not installed. */
scrim_status program_run(const char *const *words, scrim_error *error);

/* A folder of its own, for files that go with it. */
typedef struct program_folder {
  char path[128]; /* "": not made */
} program_folder;

scrim_status program_folder_make(program_folder *folder, scrim_error *error); /* under TMPDIR, or /tmp; mode 0700 */
void program_folder_remove(program_folder *folder);                           /* with all that is in it */

#endif
