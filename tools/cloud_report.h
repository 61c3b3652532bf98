/* What a frame was like, as one line of JSON. */
#ifndef TOOLS_CLOUD_REPORT_H
#define TOOLS_CLOUD_REPORT_H

#include <scrim.h>
#include <stdio.h>

void cloud_report_print(FILE *to, const char *file, const scrim_points_info *info, const char *mode,
                        const scrim_cloud_report *report);

#endif
