/* Whose voice each recording of a batch is: who shares a pseudonym. */
#ifndef TOOLS_VOICE_SPEAKERS_H
#define TOOLS_VOICE_SPEAKERS_H

#include "voice_files.h"

typedef enum voice_speakers_by {
  VOICE_SPEAKERS_NONE = 0,    /* nobody: a target of its own for each recording */
  VOICE_SPEAKERS_SPEAKER = 1, /* the id that the list or the table has */
  VOICE_SPEAKERS_FOLDER = 2   /* the name of the folder that the recording is in */
} voice_speakers_by;

/*
 * Sets or clears `speaker` of all files. `table` (NULL: none): a tsv or Kaldi's utt2spk, of paths as they are read,
 * names as they are written, or utterance-ids, and speakers. SCRIM_E_DATA names a file without a speaker.
 */
scrim_status voice_speakers_set(voice_files *files, voice_speakers_by by, const char *table, scrim_error *error);

#endif
