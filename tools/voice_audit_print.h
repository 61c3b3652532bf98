/* What an audit of a voice filter found, on stdout. */
#ifndef TOOLS_VOICE_AUDIT_PRINT_H
#define TOOLS_VOICE_AUDIT_PRINT_H

#include <scrim/voice_audit.h>

/* `peak_bytes`: most memory that the process held. */
void voice_audit_print_text(const scrim_voice_audit_report *report, double peak_bytes);
void voice_audit_print_json(const scrim_voice_audit_report *report, double peak_bytes);

#endif
