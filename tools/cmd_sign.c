/* scrim sign FILE -k PRIVATE */
#include "command.h"
#include "complain.h"
#include <scrim/signature.h>

enum { KEY, OUTPUT };
static const option options[] = {
    [KEY] = {"key", 'k', 1, "FILE", "private key in PEM, Ed25519 or EC P-256, that only you can read"},
    [OUTPUT] = {"output", 'o', 0, "FILE", "signature to write; by default the file's name with .sig after it"},
};

static int run(const args *a) {
  scrim_signer *signer;
  scrim_error error;
  if (scrim_signer_open(&signer, a->value[KEY], &error) != SCRIM_OK) return complain(a->command, a->value[KEY], &error);
  scrim_status status = scrim_sign_file(signer, a->operand[0], a->value[OUTPUT], &error);
  scrim_signer_free(signer);
  return status == SCRIM_OK ? 0 : complain(a->command, a->operand[0], &error);
}

const command cmd_sign = {
    .noun = "sign",
    .operands = "FILE",
    .summary = "Sign a file, so that whoever has the public key can tell it from any other",
    .notes = "Keys are made by openssl:\n"
             "    openssl genpkey -algorithm ed25519 -out private.pem\n"
             "    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out private.pem\n"
             "    openssl pkey -in private.pem -pubout -out public.pem",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .min_operands = 1,
    .max_operands = 1,
    .run = run,
};
