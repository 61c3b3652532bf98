#include "cloud_report.h"
#include "json.h"

void cloud_report_print(FILE *to, const char *file, const scrim_points_info *info, const char *mode,
                        const scrim_cloud_report *r) {
  fputs("{\"file\": ", to);
  json_string_to(to, file);
  fprintf(to, ", \"frame\": %lld, \"stamp_ns\": %llu, \"mode\": \"%s\"", (long long)info->frame,
          (unsigned long long)info->stamp_ns, mode);
  fprintf(to, ", \"points\": %zu, \"places\": %zu, \"nowhere\": %zu", r->points, r->places, r->nowhere);
  fprintf(to, ", \"distance\": %.6g, \"spacing\": %.6g, \"distortion\": %.6g", r->distance, r->spacing, r->distortion);
  fprintf(to, ", \"by_range\": %.6g, \"baseline\": %.6g, \"passed\": %s", r->by_range, r->baseline,
          r->passed ? "true" : "false");
  fprintf(to, ", \"time_step\": %d, \"moved\": %zu, \"outliers\": %zu, \"capped\": %s", r->time_step, r->moved,
          r->outliers, r->capped ? "true" : "false");
  fprintf(to, ", \"marked\": %zu, \"milliseconds\": %.3f}\n", r->marked, r->milliseconds);
  fflush(to); /* somebody may be watching a stream */
}
