/* Which clips an audit uses, and where others' versions of them lie. */
#ifndef TOOLS_VOICE_AUDIT_CLIPS_H
#define TOOLS_VOICE_AUDIT_CLIPS_H

#include "clip_list.h"

/* So many of a list, its first ones: of each speaker, and speakers in all. 0: no limit. */
typedef struct voice_audit_limits {
  uint64_t clips, speakers;
} voice_audit_limits;

/* A part of a list, which it borrows. */
typedef struct voice_audit_clips {
  scrim_voice_clip *clip; /* [n] */
  const char **below;     /* [n] paths below the list's folder */
  const char **text;      /* [n] what is said; NULL: not told */
  size_t n;
} voice_audit_clips;

/* Freed with voice_audit_clips_free in any case. */
scrim_status voice_audit_clips_pick(voice_audit_clips *out, const clip_list *list, const char *path, const char *root,
                                    voice_audit_limits limits, scrim_error *error);
void voice_audit_clips_free(voice_audit_clips *c);

/* folder/part/below of each clip. Freed with voice_audit_paths_free; NULL when out of memory. */
char **voice_audit_paths(const voice_audit_clips *clips, const char *folder, const char *part);
void voice_audit_paths_free(char **paths, size_t n);

#endif
