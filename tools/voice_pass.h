/* One recording through the filter, from file to file, in blocks: memory does not grow with its length. */
#ifndef TOOLS_VOICE_PASS_H
#define TOOLS_VOICE_PASS_H

#include <scrim.h>

/* One thread's session and room for blocks. */
typedef struct voice_pass voice_pass;

/* `filter` and `key` outlive it. */
scrim_status voice_pass_create(voice_pass **out, const scrim_filter *filter, const scrim_key *key,
                               const scrim_config *config, scrim_error *error);
void voice_pass_free(voice_pass *pass); /* wipes; NULL is fine */

/* What became of a recording. */
typedef struct voice_facts {
  scrim_audio_info audio; /* frames are those that were written */
  scrim_voice_report report;
} voice_facts;

/*
 * Reads `in`, writes `out`; either may be "-". `pseudonym` NULL: a target of its own. After an error there is no
 * output, or what was there before. SCRIM_E_CANCELLED: progress_stopped().
 */
scrim_status voice_pass_run(voice_pass *pass, const char *in, const char *out, const char *pseudonym, int keep_tags,
                            voice_facts *facts, scrim_error *error);

#endif
