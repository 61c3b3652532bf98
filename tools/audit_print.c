#include "audit_print.h"
#include "json.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ATTACKERS = SCRIM_ATTACKER_INSIDER + 1 };
static const struct {
  const char *name, *knows;
} attackers[ATTACKERS] = {
    [SCRIM_ATTACKER_UNAWARE] = {"unaware", "knows of no filter"},
    [SCRIM_ATTACKER_ADAPTIVE] = {"adaptive", "knows the settings; trains filters of his own if he has shadows"},
    [SCRIM_ATTACKER_INSIDER] = {"insider", "has the very filter, and where it can do without not the key"},
};

static const char *attacker_name(scrim_attacker attacker) {
  return (size_t)attacker < ATTACKERS ? attackers[attacker].name : "unknown";
}

/* ---- text ---- */

static void print_interval(const scrim_interval *i) {
  printf("  %5.3f [%5.3f,%6.3f]", i->value, i->low, i->high);
}

/* The scores as they are and the filter in full: what each baseline leaks at worst is in the second table. */
static void print_attacks(const scrim_scores_report *report) {
  size_t left_out = 0;
  printf("Attacks: who is in the training set? (value and 95 %% interval; TPR at a false positive rate)\n\n");
  printf("%-8s %-22s %-8s  %-20s  %-20s  %-20s  %s\n", "defence", "attack", "attacker", "balanced accuracy", "AUC",
         "TPR at 0.1 %", "TPR at 1 %");
  for (size_t i = 0; i < report->n_attacks; i++) {
    const scrim_attack_result *a = &report->attacks[i];
    if (strcmp(a->defence, "none") != 0 && strcmp(a->defence, "scrim") != 0) {
      left_out++;
      continue;
    }
    printf("%-8s %-22s %-8s", a->defence, a->attack, attacker_name(a->attacker));
    print_interval(&a->balanced_accuracy);
    print_interval(&a->auc);
    print_interval(&a->tpr_at_0_1pct);
    print_interval(&a->tpr_at_1pct);
    putchar('\n');
  }
  if (left_out) printf("(%zu more, on other defences, with --json)\n", left_out);
}

const scrim_attack_result *audit_strongest(const scrim_scores_report *report, const char *defence, int attacker) {
  const scrim_attack_result *best = NULL;
  for (size_t i = 0; i < report->n_attacks; i++) {
    const scrim_attack_result *a = &report->attacks[i];
    if (strcmp(a->defence, defence) != 0 || (attacker >= 0 && (int)a->attacker != attacker)) continue;
    if (!best || a->auc.value > best->auc.value) best = a;
  }
  return best;
}

/* The table of attacks in a few lines; before a filter, to know of one is of no use. */
static void print_strongest(const scrim_scores_report *report) {
  static const char *const defences[] = {"none", "scrim"};
  printf("\nThe strongest attack, by what the attacker knows\n\n%-8s %-8s  %-22s  %-20s\n", "defence", "attacker",
         "attack", "AUC");
  for (size_t d = 0; d < sizeof defences / sizeof *defences; d++)
    for (int attacker = 0; attacker < ATTACKERS; attacker++) {
      const scrim_attack_result *a = audit_strongest(report, defences[d], attacker);
      if (!a) continue;
      printf("%-8s %-8s  %-22s", a->defence, d ? attackers[attacker].name : "", a->attack);
      print_interval(&a->auc);
      printf("%s%s\n", d ? "  " : "", d ? attackers[attacker].knows : "");
    }
}

static void print_utilities(const scrim_scores_report *report) {
  int width = 8;
  for (size_t i = 0; i < report->n_utilities; i++) {
    int length = (int)strlen(report->utilities[i].defence);
    width = length > width ? length : width;
  }
  printf("\nWhat is left of the scores (members: accuracy on the training set; the rest on non-members)\n\n");
  printf("%-*s  %7s  %7s  %8s  %6s  %6s  %6s  %9s  %s\n", width, "defence", "setting", "members", "accuracy", "L1",
         "ECE", "AURC", "worst AUC", "by");
  for (size_t i = 0; i < report->n_utilities; i++) {
    const scrim_utility_result *u = &report->utilities[i];
    char setting[16] = "";
    if (isfinite(u->setting)) snprintf(setting, sizeof setting, "%.4g", u->setting);
    printf("%-*s  %7s  %7.4f  %8.4f  %6.4f  %6.4f  %6.4f  %9.4f  %s\n", width, u->defence, setting, u->member_accuracy,
           u->accuracy, u->l1, u->ece, u->aurc, u->worst_auc, u->worst_attack);
  }
}

void audit_print_text(const scrim_scores_report *report) {
  print_attacks(report);
  print_strongest(report);
  print_utilities(report);
  printf("\nLabels alone leak: AUC %.4f by the gap attack, %.4f by the strongest attack on labels.\n", report->gap_auc,
         report->label_only_auc);
}

/* ---- JSON ---- */

/* [value, low, high] */
static void json_interval(const char *name, const scrim_interval *i, const char *end) {
  printf("\"%s\": [", name);
  json_number(i->value);
  printf(", ");
  json_number(i->low);
  printf(", ");
  json_number(i->high);
  printf("]%s", end);
}

static void json_attack(const scrim_attack_result *a) {
  printf("{");
  json_text_field("defence", a->defence, ", ");
  json_text_field("attack", a->attack, ", ");
  json_text_field("attacker", attacker_name(a->attacker), ", ");
  printf("\"members\": %zu, \"nonmembers\": %zu, ", a->n_members, a->n_nonmembers);
  json_interval("balanced_accuracy", &a->balanced_accuracy, ", ");
  json_interval("auc", &a->auc, ", ");
  json_interval("tpr_at_0.1pct", &a->tpr_at_0_1pct, ", ");
  json_interval("tpr_at_1pct", &a->tpr_at_1pct, "}");
}

static void json_utility(const scrim_utility_result *u) {
  printf("{");
  json_text_field("defence", u->defence, ", ");
  json_field("setting", u->setting, ", ");
  json_field("member_accuracy", u->member_accuracy, ", ");
  json_field("accuracy", u->accuracy, ", ");
  json_field("l1", u->l1, ", ");
  json_field("ece", u->ece, ", ");
  json_field("aurc", u->aurc, ", ");
  json_field("worst_auc", u->worst_auc, ", ");
  json_text_field("worst_attack", u->worst_attack, "}");
}

void audit_print_json(const scrim_scores_report *report) {
  printf("{\n");
  json_field("gap_auc", report->gap_auc, ",\n");
  json_field("label_only_auc", report->label_only_auc, ",\n\"attacks\": [");
  for (size_t i = 0; i < report->n_attacks; i++) {
    printf("%s\n  ", i ? "," : "");
    json_attack(&report->attacks[i]);
  }
  printf("\n],\n\"utilities\": [");
  for (size_t i = 0; i < report->n_utilities; i++) {
    printf("%s\n  ", i ? "," : "");
    json_utility(&report->utilities[i]);
  }
  printf("\n]\n}\n");
}
