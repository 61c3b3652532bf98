/* scrim NOUN VERB: finds the command, reads its arguments, runs it. */
#include "args.h"
#include "command.h"
#include "complain.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const command *const commands[] = {
    &cmd_scores_train, &cmd_scores_apply, &cmd_scores_audit, &cmd_scores_serve, &cmd_cloud_train,
    &cmd_cloud_apply,  &cmd_cloud_shapes, &cmd_cloud_scenes, &cmd_cloud_audit,  &cmd_voice_train,
    &cmd_voice_apply,  &cmd_voice_audit,  &cmd_key_new,      &cmd_info,         &cmd_sign,
    &cmd_verify,       &cmd_encrypt,      &cmd_decrypt,      &cmd_devices,
};
enum { N_COMMANDS = sizeof commands / sizeof *commands };

/* All commands, or those of one noun. */
static void print_commands(FILE *to, const char *noun) {
  for (size_t i = 0; i < N_COMMANDS; i++) {
    const command *c = commands[i];
    char name[32];
    if (noun && strcmp(noun, c->noun) != 0) continue;
    snprintf(name, sizeof name, "%s%s%s", c->noun, c->verb ? " " : "", c->verb ? c->verb : "");
    fprintf(to, "  scrim %-14s %s\n", name, c->summary);
  }
}

static void help(FILE *to) {
  fprintf(to, "Usage: scrim NOUN VERB [options] [files]\n\n"
              "Defence filters that stand between a model and the world.\n\n");
  print_commands(to, NULL);
  fprintf(to, "\n'scrim NOUN VERB --help' tells more; 'scrim --version' prints the version.\n"
              "Exit codes: 0 done, 64 wrong command line, 65 bad data, 69 no such device, 70 defect,\n"
              "74 input or output failed, 75 out of memory or interrupted, 77 key or signature refused.\n");
}

static int is_help(const char *word) {
  return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int is_noun(const char *word) {
  for (size_t i = 0; i < N_COMMANDS; i++)
    if (strcmp(commands[i]->noun, word) == 0) return 1;
  return 0;
}

static const command *find(int count, char **words) {
  for (size_t i = 0; i < N_COMMANDS; i++) {
    const command *c = commands[i];
    if (strcmp(c->noun, words[0]) == 0 && (!c->verb || (count > 1 && strcmp(c->verb, words[1]) == 0))) return c;
  }
  return NULL;
}

/* No command fits: a noun alone shows its verbs, everything else is an error. */
static int no_command(int count, char **words) {
  if (!is_noun(words[0])) {
    fprintf(stderr, "scrim: unknown command '%s'\nTry 'scrim --help'.\n", words[0]);
    return EXIT_USAGE;
  }
  int wanted = count > 1 && is_help(words[1]);
  if (count > 1 && !wanted) fprintf(stderr, "scrim: %s: unknown verb '%s'\n", words[0], words[1]);
  FILE *to = wanted ? stdout : stderr;
  fprintf(to, "Usage: scrim %s VERB [options] [files]\n\n", words[0]);
  print_commands(to, words[0]);
  return wanted ? 0 : EXIT_USAGE;
}

static int dispatch(int count, char **words) {
  if (count == 0) {
    help(stderr);
    return EXIT_USAGE;
  }
  if (is_help(words[0]) || (strcmp(words[0], "help") == 0 && count == 1)) {
    help(stdout);
    return 0;
  }
  if (strcmp(words[0], "--version") == 0) {
    printf("scrim %s\n", scrim_version());
    return 0;
  }
  const command *c = find(count, words);
  if (!c) return no_command(count, words);
  int used = c->verb ? 2 : 1;
  for (int i = used; i < count && strcmp(words[i], "--") != 0; i++) {
    if (!is_help(words[i])) continue;
    args_help(stdout, c);
    return 0;
  }
  args a;
  int code = args_parse(&a, c, count - used, words + used);
  return code ? code : c->run(&a);
}

int main(int argc, char **argv) {
  /* A reader that went away and a file that may not grow are errors like any other: files are put away properly. */
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  int code = dispatch(argc - 1, argv + 1);
  if (fflush(stdout) != 0 || ferror(stdout)) {
    fprintf(stderr, "scrim: standard output: %s\n", strerror(errno));
    if (code == 0) code = scrim_status_exit_code(SCRIM_E_IO);
  }
  return code;
}
