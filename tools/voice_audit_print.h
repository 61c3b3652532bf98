/* What an audit of a voice filter found, on stdout. */
#ifndef TOOLS_VOICE_AUDIT_PRINT_H
#define TOOLS_VOICE_AUDIT_PRINT_H

#include "voice_words.h"
#include <scrim/voice_audit.h>

/* What the command itself measured. */
typedef struct voice_audit_more {
  double peak_bytes;        /* most memory that the process held */
  const voice_words *words; /* [report->n_costs]; NULL: not counted */
} voice_audit_more;

void voice_audit_print_text(const scrim_voice_audit_report *report, const voice_audit_more *more);
void voice_audit_print_json(const scrim_voice_audit_report *report, const voice_audit_more *more);

#endif
