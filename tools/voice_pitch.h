/* What people do who have no filter: change the pitch with sox, by -300 cents, or by another amount for each clip. */
#ifndef TOOLS_VOICE_PITCH_H
#define TOOLS_VOICE_PITCH_H

#include "program.h"
#include <scrim.h>

enum { VOICE_PITCHES = 2 }; /* fixed, random */

/* Files in a folder of its own, for scrim_voice_audit.others. */
typedef struct voice_pitch {
  program_folder folder;
  size_t n_clips, n_train;
  char **own[VOICE_PITCHES], **attacker, **train[VOICE_PITCHES]; /* the fixed one has no attacker of its own */
} voice_pitch;

/* Runs sox for each clip, version and system; shifts are drawn from the seed. voice_pitch_remove is due in any case. */
scrim_status voice_pitch_make(voice_pitch *p, const scrim_voice_audit *audit, scrim_error *error);
void voice_pitch_remove(voice_pitch *p);

/* Borrows the files. */
void voice_pitch_systems(const voice_pitch *p, scrim_voice_other systems[VOICE_PITCHES]);

#endif
