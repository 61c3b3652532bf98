/* scrim encrypt IN OUT -k KEY, scrim decrypt IN OUT -k KEY */
#include "command.h"
#include "complain.h"
#include <scrim/encryption.h>

enum { KEY };
static const option options[] = {
    [KEY] = {"key", 'k', 1, "FILE", "key made by 'scrim key new' for this purpose alone"},
};

typedef scrim_status (*converter)(const char *in, const char *out, const scrim_key *key, scrim_error *error);

static int convert(const args *a, converter work) {
  scrim_key *key;
  scrim_error error;
  if (scrim_key_open(&key, a->value[KEY], &error) != SCRIM_OK) return complain(a->command, a->value[KEY], &error);
  scrim_status status = work(a->operand[0], a->operand[1], key, &error);
  scrim_key_free(key);
  return status == SCRIM_OK ? 0 : complain(a->command, NULL, &error);
}

static int run_encrypt(const args *a) {
  return convert(a, scrim_encrypt_file);
}

static int run_decrypt(const args *a) {
  return convert(a, scrim_decrypt_file);
}

const command cmd_encrypt = {
    .noun = "encrypt",
    .operands = "IN OUT",
    .summary = "Encrypt a filter file for the disk that it lies on (AES-256-GCM)",
    .notes = "Sign what is shipped: first encrypt, then sign. Encrypted filters are opened by scrim scores serve, and "
             "by\n"
             "apply, audit and info with --encryption-key.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .min_operands = 2,
    .max_operands = 2,
    .run = run_encrypt,
};

const command cmd_decrypt = {
    .noun = "decrypt",
    .operands = "IN OUT",
    .summary = "Decrypt a file into a new one that only you can read; a file that was cut or changed gives none",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .min_operands = 2,
    .max_operands = 2,
    .run = run_decrypt,
};
