#include "cloud_audit_print.h"
#include "json.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *attacker_name(scrim_cloud_attacker attacker) {
  static const char *const names[] = {[SCRIM_CLOUD_UNAWARE] = "unaware",
                                      [SCRIM_CLOUD_ADAPTIVE] = "adaptive",
                                      [SCRIM_CLOUD_ADAPTIVE_PLANES] = "adaptive, planes"};
  return (size_t)attacker < sizeof names / sizeof *names ? names[attacker] : "unknown";
}

/* ---- text ---- */

/* How accurate the classifier stays behind each defence: a row an attack, a column a defence. */
static size_t count_columns(const scrim_cloud_audit_report *report) {
  size_t n = 0;
  while (n < report->n && strcmp(report->results[n].attack, "clean") == 0) n++;
  return n;
}

static const scrim_cloud_audit_result *find(const scrim_cloud_audit_report *report, size_t from, const char *defence,
                                            scrim_cloud_attacker attacker) {
  const scrim_cloud_audit_result *first = &report->results[from];
  for (size_t i = from; i < report->n; i++) {
    const scrim_cloud_audit_result *r = &report->results[i];
    if (strcmp(r->attack, first->attack) != 0 || r->budget != first->budget) break;
    if (r->attacker == attacker && strcmp(r->defence, defence) == 0) return r;
  }
  return NULL;
}

typedef double figure_of(const scrim_cloud_audit_result *r);

static double accuracy_of(const scrim_cloud_audit_result *r) {
  return r->accuracy;
}

static double time_step_of(const scrim_cloud_audit_result *r) {
  return r->time_step;
}

/* A table of one figure: a row an attack and attacker, a column a defence. */
typedef struct figures {
  const scrim_cloud_audit_report *report;
  size_t columns;
  figure_of *figure;
  int digits; /* of it behind the point */
} figures;

static void print_row(const figures *f, size_t from, scrim_cloud_attacker attacker) {
  const scrim_cloud_audit_result *first = &f->report->results[from];
  char budget[16] = "";
  int found = 0;
  for (size_t d = 0; d < f->columns; d++)
    found |= find(f->report, from, f->report->results[d].defence, attacker) != NULL;
  if (!found) return;
  if (first->budget > 0) snprintf(budget, sizeof budget, "%g", first->budget);
  printf("%-11s %6s  %-16s", first->attack, budget, attacker_name(attacker));
  for (size_t d = 0; d < f->columns; d++) {
    const scrim_cloud_audit_result *r = find(f->report, from, f->report->results[d].defence, attacker);
    printf("  ");
    if (r)
      printf("%8.*f", f->digits, f->figure(r));
    else
      printf("%8s", "");
  }
  putchar('\n');
}

static void print_figures(const figures *f) {
  printf("%-11s %6s  %-16s", "attack", "budget", "attacker");
  for (size_t d = 0; d < f->columns; d++) printf("  %8s", f->report->results[d].defence);
  putchar('\n');
  for (size_t i = 0; i < f->report->n; i++) {
    const scrim_cloud_audit_result *r = &f->report->results[i], *before = i > 0 ? r - 1 : NULL;
    if (before && strcmp(r->attack, before->attack) == 0 && r->budget == before->budget) continue;
    for (int attacker = SCRIM_CLOUD_UNAWARE; attacker <= SCRIM_CLOUD_ADAPTIVE_PLANES; attacker++)
      print_row(f, i, (scrim_cloud_attacker)attacker);
  }
}

static void print_costs(const scrim_cloud_audit_report *report, size_t columns) {
  printf("\nWhat defences do to clean objects\n\n%-9s  %8s  %18s  %9s  %7s  %12s\n", "defence", "accuracy",
         "95 % interval", "Chamfer", "points", "milliseconds");
  for (size_t d = 0; d < columns; d++) {
    const scrim_cloud_audit_result *r = &report->results[d];
    printf("%-9s  %8.3f  [%6.3f, %6.3f]    %9.3g  %7.0f  %12.2f\n", r->defence, r->accuracy, r->low, r->high,
           r->chamfer, r->points, r->milliseconds);
  }
}

static int diffuses(const scrim_cloud_audit_report *report) {
  for (size_t i = 0; i < report->n; i++)
    if (report->results[i].time_step > 0) return 1;
  return 0;
}

void cloud_audit_print_text(const scrim_cloud_audit_report *report) {
  const size_t columns = count_columns(report);
  const figures accuracy = {report, columns, accuracy_of, 3}, step = {report, columns, time_step_of, 1};
  printf("Accuracy of the classifier on %zu objects, by defence\n\n", report->n > 0 ? report->results[0].n : 0);
  print_figures(&accuracy);
  if (diffuses(report)) {
    printf("\nMean time step that the defence diffused to\n\n");
    print_figures(&step);
  }
  print_costs(report, columns);
}

/* ---- JSON ---- */

static void json_result(const scrim_cloud_audit_result *r) {
  printf("{");
  json_text_field("defence", r->defence, ", ");
  json_text_field("attack", r->attack, ", ");
  json_text_field("attacker", attacker_name(r->attacker), ", ");
  json_field("budget", r->budget, ", ");
  printf("\"objects\": %zu, ", r->n);
  json_field("accuracy", r->accuracy, ", ");
  json_field("low", r->low, ", ");
  json_field("high", r->high, ", ");
  json_field("attacked_chamfer", r->attacked_chamfer, ", ");
  json_field("chamfer", r->chamfer, ", ");
  json_field("points", r->points, ", ");
  json_field("milliseconds", r->milliseconds, ", ");
  json_field("time_step", r->time_step, "}");
}

void cloud_audit_print_json(const scrim_cloud_audit_report *report) {
  printf("{\"results\": [");
  for (size_t i = 0; i < report->n; i++) {
    printf("%s\n  ", i ? "," : "");
    json_result(&report->results[i]);
  }
  printf("\n]}\n");
}
