/* scrim verify FILE -p PUBLIC, scrim verify --log FILE -p PUBLIC */
#include "../src/serve/audit_log_check.h"
#include "command.h"
#include "complain.h"
#include "json.h"
#include <scrim/signature.h>
#include <stdio.h>

enum { PUBLIC, SIGNATURE, LOG, HEAD, JSON };
static const option options[] = {
    [PUBLIC] = {"public-key", 'p', 1, "FILE", "public key in PEM of who signed"},
    [SIGNATURE] = {"signature", 's', 0, "FILE", "signature; by default the file's name with .sig after it"},
    [LOG] = {"log", 0, 0, NULL, "the file is an audit log of scrim scores serve: verify its chain and its checkpoints"},
    [HEAD] = {"head", 0, 0, "HASH", "with --log: a line of this hash, printed by an earlier run, must still be there"},
    [JSON] = {"json", 0, 0, NULL, "what was found as one JSON object"},
};

static scrim_status verify_file(const args *a, const scrim_verifier *verifier, scrim_error *error) {
  scrim_status status = scrim_verify_file(verifier, a->operand[0], a->value[SIGNATURE], error);
  if (status != SCRIM_OK) return status;
  if (!a->value[JSON]) {
    printf("signed by %s key %s\n", scrim_verifier_scheme(verifier), scrim_verifier_key_id(verifier));
    return SCRIM_OK;
  }
  printf("{\"scheme\": ");
  json_string(scrim_verifier_scheme(verifier));
  printf(", \"key\": ");
  json_string(scrim_verifier_key_id(verifier));
  printf("}\n");
  return SCRIM_OK;
}

typedef unsigned long long whole;

static void print_json(const scrim_audit_log_report *r) {
  printf("{\"lines\": %llu, \"checkpoints\": %llu, \"unsigned\": %llu, \"torn\": %llu, \"closed\": %s, \"head\": ",
         (whole)r->lines, (whole)r->checkpoints, (whole)r->n_unsigned, (whole)r->torn, r->is_closed ? "true" : "false");
  json_string(r->head);
  printf("}\n");
}

static void print_text(const scrim_audit_log_report *r) {
  printf("%-12s %llu\n", "lines", (whole)r->lines);
  printf("%-12s %llu\n", "checkpoints", (whole)r->checkpoints);
  printf("%-12s %llu\n", "unsigned", (whole)r->n_unsigned); /* behind the last checkpoint */
  printf("%-12s %llu\n", "torn", (whole)r->torn);
  printf("%-12s %s\n", "closed", r->is_closed ? "yes" : "no");
  printf("%-12s %s\n", "head", r->head);
}

static scrim_status verify_log(const args *a, const scrim_verifier *verifier, scrim_error *error) {
  scrim_audit_log_report report;
  scrim_status status = scrim_audit_log_check(&report, a->operand[0], verifier, a->value[HEAD], error);
  if (status == SCRIM_OK) (a->value[JSON] ? print_json : print_text)(&report);
  return status;
}

static int run(const args *a) {
  if (a->value[HEAD] && !a->value[LOG]) return complain_usage(a->command, "--head is for --log");
  if (a->value[SIGNATURE] && a->value[LOG]) return complain_usage(a->command, "--signature is not for --log");
  scrim_verifier *verifier;
  scrim_error error;
  if (scrim_verifier_open(&verifier, a->value[PUBLIC], &error) != SCRIM_OK)
    return complain(a->command, a->value[PUBLIC], &error);
  scrim_status status = (a->value[LOG] ? verify_log : verify_file)(a, verifier, &error);
  scrim_verifier_free(verifier);
  return status == SCRIM_OK ? 0 : complain(a->command, a->operand[0], &error);
}

const command cmd_verify = {
    .noun = "verify",
    .operands = "FILE",
    .summary = "Check the signature of a file, or the whole of an audit log",
    .notes =
        "Exits with 77 if a signature is cut, changed, of other bytes, of another key or of another scheme; with 65 "
        "if\n"
        "a line of a log was changed, moved or taken out. A chain cannot show that its end was cut off: keep the head\n"
        "that is printed elsewhere, and give it to --head the next time.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .min_operands = 1,
    .max_operands = 1,
    .run = run,
};
