/* scrim key new FILE */
#include "command.h"
#include "complain.h"

static int run(const args *a) {
  scrim_error error;
  if (scrim_key_new(a->operand[0], &error) != SCRIM_OK) return complain(a->command, a->operand[0], &error);
  return 0;
}

const command cmd_key_new = {
    .noun = "key",
    .verb = "new",
    .operands = "FILE",
    .summary = "Make a secret key, from which all noise is derived, and write it to a new file that only you can read",
    .notes = "Keep the key as long as the filter is in service: under another key the same scores get another answer,\n"
             "and whoever has seen both can average the difference out.",
    .min_operands = 1,
    .max_operands = 1,
    .run = run,
};
