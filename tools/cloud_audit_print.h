/* What an audit of a cloud filter found, on stdout. */
#ifndef TOOLS_CLOUD_AUDIT_PRINT_H
#define TOOLS_CLOUD_AUDIT_PRINT_H

#include <scrim/cloud.h>

void cloud_audit_print_text(const scrim_cloud_audit_report *report);
void cloud_audit_print_json(const scrim_cloud_audit_report *report);

#endif
