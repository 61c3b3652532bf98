#include "voice_manifest.h"
#include "json.h"
#include <math.h>
#include <stdlib.h>

static void print_number(FILE *to, const char *name, double value) {
  fprintf(to, isfinite(value) ? ", \"%s\": %.6g" : ", \"%s\": null", name, value);
}

static void print_cosines(FILE *to, const char *name, const double *cosines, size_t n) {
  fprintf(to, ", \"%s\": [", name);
  for (size_t i = 0; i < n; i++) fprintf(to, "%s%.4f", i ? ", " : "", cosines[i]);
  putc(']', to);
}

/* Left out: the target, which helps to link recordings, and the time it took, which is never the same. */
static void print_report(FILE *to, const scrim_voice_report *r) {
  fprintf(to, ", \"segments\": %zu, \"silent\": %zu, \"reached\": %zu", r->segments, r->silent, r->reached);
  print_number(to, "steps", r->steps);
  print_number(to, "distortion", r->distortion);
  print_number(to, "limited", r->limited);
  print_cosines(to, "source_cosine", r->source_cosine, r->encoders);
  print_cosines(to, "target_cosine", r->target_cosine, r->encoders);
}

char *voice_manifest_facts(const voice_facts *facts, const char *output_digest) {
  const scrim_audio_info *audio = &facts->audio;
  char *text = NULL;
  size_t n;
  FILE *to = open_memstream(&text, &n);
  if (!to) return NULL;
  fprintf(to, "\"output_sha256\": \"%s\", \"container\": ", output_digest);
  json_string_to(to, audio->container);
  fputs(", \"encoding\": ", to);
  json_string_to(to, audio->encoding);
  fprintf(to, ", \"rate\": %.0f, \"channels\": %zu, \"frames\": %lld, \"seconds\": %.6f", audio->rate, audio->channels,
          (long long)audio->frames, (double)audio->frames / audio->rate);
  print_report(to, &facts->report);
  if (fclose(to) == 0) return text;
  free(text);
  return NULL;
}

static void print_text(FILE *to, const char *name, const char *value) {
  if (!value) return;
  fprintf(to, ", \"%s\": ", name);
  json_string_to(to, value);
}

void voice_manifest_print(FILE *to, const voice_entry *entry) {
  char *out = voice_files_join(entry->folder, entry->file->name);
  fputs("{\"input\": ", to);
  json_string_to(to, entry->file->in);
  print_text(to, "output", out);
  print_text(to, "id", entry->file->id);
  print_text(to, "speaker", entry->file->speaker);
  print_text(to, "status", entry->status);
  print_text(to, "error", entry->message);
  print_text(to, "scrim", scrim_version());
  print_text(to, "filter_sha256", entry->filter_digest);
  print_text(to, "input_sha256", entry->input_digest);
  if (entry->facts) fprintf(to, ", %s", entry->facts);
  fputs("}\n", to);
  free(out);
}
