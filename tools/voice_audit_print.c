#include "voice_audit_print.h"
#include "json.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- text ---- */

/* A share as a percentage; a dash where it was not measured. */
static void print_share(int width, double value) {
  if (isnan(value))
    printf(" %*s", width, "-");
  else
    printf(" %*.1f", width, 100 * value);
}

/* "12.3 [10.1, 15.0]", in percent. */
static void print_interval(const scrim_interval *i) {
  if (isnan(i->value))
    printf("  %5s %14s", "-", "");
  else
    printf("  %5.1f [%5.1f,%6.1f]", 100 * i->value, 100 * i->low, 100 * i->high);
}

/* All rows of the listener that result `first` is of. */
static void print_listener(const scrim_voice_audit_report *report, size_t first) {
  const scrim_voice_result *head = &report->results[first];
  printf("\nListener %s: %zu clips, %zu speakers (%%)\n\n", head->listener, head->clips, head->speakers);
  printf("%-28s  %-20s %6s  %-20s  %-20s  %-20s %6s %6s %6s\n", "system", "identified", "lazy", "EER ignorant",
         "EER lazy-informed", "EER semi-informed", "linked", "accept", "cosine");
  for (size_t i = first; i < report->n_results; i++) {
    const scrim_voice_result *r = &report->results[i];
    if (strcmp(r->listener, head->listener) != 0) continue;
    printf("%-28s", r->system);
    print_interval(&r->identified);
    print_share(6, r->identified_lazy);
    print_interval(&r->ignorant);
    print_interval(&r->lazy);
    print_interval(&r->semi);
    print_share(6, r->linkability);
    print_share(6, r->accepted);
    printf(" %6.2f\n", r->source_cosine);
  }
}

static int is_first_of_listener(const scrim_voice_audit_report *report, size_t at) {
  for (size_t i = 0; i < at; i++)
    if (strcmp(report->results[i].listener, report->results[at].listener) == 0) return 0;
  return 1;
}

static const scrim_voice_result *find(const scrim_voice_audit_report *report, const char *listener,
                                      const char *system) {
  for (size_t i = 0; i < report->n_results; i++) {
    const scrim_voice_result *r = &report->results[i];
    if (strcmp(r->listener, listener) == 0 && strcmp(r->system, system) == 0) return r;
  }
  return NULL;
}

/* The value that most ask for, of all listeners and systems at a glance. */
static void print_identified(const scrim_voice_audit_report *report) {
  printf("\nIdentified (%%), by who listens\n\n%-28s", "listener");
  for (size_t i = 0; i < report->n_costs; i++) printf("  %6s", report->costs[i].system);
  putchar('\n');
  for (size_t i = 0; i < report->n_results; i++) {
    if (!is_first_of_listener(report, i)) continue;
    printf("%-28s", report->results[i].listener);
    for (size_t k = 0; k < report->n_costs; k++) {
      const scrim_voice_result *r = find(report, report->results[i].listener, report->costs[k].system);
      const int width = (int)strlen(report->costs[k].system);
      putchar(' ');
      print_share(width > 6 ? width : 6, r ? r->identified.value : NAN);
    }
    putchar('\n');
  }
}

static double word_error_rate(const voice_words *w) {
  return w->words > 0 ? (double)w->errors / (double)w->words : NAN;
}

void voice_audit_print_text(const scrim_voice_audit_report *report, const voice_audit_more *more) {
  printf("What systems cost\n\n%-28s %9s %6s %18s%s\n", "system", "MCD (dB)", "STOI", "seconds a second",
         more->words ? "  words wrong (%)" : "");
  for (size_t i = 0; i < report->n_costs; i++) {
    const scrim_voice_cost *c = &report->costs[i];
    printf("%-28s %9.2f %6.3f", c->system, c->distortion, c->intelligibility);
    if (isnan(c->seconds))
      printf(" %18s", "-");
    else
      printf(" %18.4f", c->seconds);
    if (more->words) print_share(16, word_error_rate(&more->words[i]));
    putchar('\n');
  }
  for (size_t i = 0; i < report->n_results; i++)
    if (is_first_of_listener(report, i)) print_listener(report, i);
  print_identified(report);
  printf("\nPeak memory of the audit: %.0f MB\n", more->peak_bytes / 1e6);
}

/* ---- JSON ---- */

static void json_interval(const char *name, const scrim_interval *i, const char *end) {
  printf("\"%s\": {", name);
  json_field("value", i->value, ", ");
  json_field("low", i->low, ", ");
  json_field("high", i->high, "}");
  printf("%s", end);
}

static void json_result(const scrim_voice_result *r) {
  printf("{");
  json_text_field("system", r->system, ", ");
  json_text_field("listener", r->listener, ", ");
  printf("\"clips\": %zu, \"speakers\": %zu, ", r->clips, r->speakers);
  json_interval("identified", &r->identified, ", ");
  json_field("identified_lazy", r->identified_lazy, ", ");
  json_field("accepted", r->accepted, ", ");
  json_field("source_cosine", r->source_cosine, ", ");
  json_interval("eer_ignorant", &r->ignorant, ", ");
  json_interval("eer_lazy", &r->lazy, ", ");
  json_interval("eer_semi", &r->semi, ", ");
  json_field("linkability", r->linkability, "}");
}

static void json_cost(const scrim_voice_cost *c, const voice_words *words) {
  printf("{");
  json_text_field("system", c->system, ", ");
  json_field("distortion_db", c->distortion, ", ");
  json_field("stoi", c->intelligibility, ", ");
  if (words) printf("\"words\": %zu, \"word_errors\": %zu, ", words->words, words->errors);
  json_field("seconds_a_second", c->seconds, "}");
}

void voice_audit_print_json(const scrim_voice_audit_report *report, const voice_audit_more *more) {
  printf("{\"results\": [");
  for (size_t i = 0; i < report->n_results; i++) {
    printf("%s\n  ", i ? "," : "");
    json_result(&report->results[i]);
  }
  printf("\n], \"costs\": [");
  for (size_t i = 0; i < report->n_costs; i++) {
    printf("%s\n  ", i ? "," : "");
    json_cost(&report->costs[i], more->words ? &more->words[i] : NULL);
  }
  printf("\n], ");
  json_field("peak_memory_bytes", more->peak_bytes, "}\n");
}
