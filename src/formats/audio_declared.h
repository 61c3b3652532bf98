/*
 * How much sound the header of a file declares. libsndfile quietly takes what is there of a file that was cut; here it
 * is told apart from one whose header left the length open.
 */
#ifndef FORMATS_AUDIO_DECLARED_H
#define FORMATS_AUDIO_DECLARED_H

#include <scrim/status.h>

/*
 * `fd`: a regular file, from its first byte; its place stays. SCRIM_E_FORMAT: wav, rf64, w64, aiff, caf or au whose
 * data ends before its header says, or ogg that ends within a page or before its last one. Everything else, and what
 * this does not understand, is left to libsndfile.
 */
scrim_status audio_declared_check(int fd, const char *name, scrim_error *error);

#endif
