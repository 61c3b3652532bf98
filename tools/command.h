/* A verb of the command: one const table entry, from which parsing, dispatch and help all come. */
#ifndef TOOLS_COMMAND_H
#define TOOLS_COMMAND_H

#include <scrim.h>

enum { ARGS_MAX_OPTIONS = 32, ARGS_MAX_SETS = 64, ARGS_MAX_OPERANDS = 4096 };

/* Exit codes beside scrim_status_exit_code: an audit found more than --max-auc allows; a wrong command line. */
enum { EXIT_GATE = 1, EXIT_USAGE = 64 };

typedef struct option {
  const char *name; /* without the dashes; the value lands in args.value at the option's index */
  char letter;      /* 0: none */
  int required;
  const char *value; /* what it takes, as "FILE"; NULL: a switch */
  const char *help;
} option;

typedef struct args {
  const struct command *command;
  const char *value[ARGS_MAX_OPTIONS]; /* NULL: not given; switches: "" */
  const char *set[ARGS_MAX_SETS];      /* name=value of each --set, in order */
  size_t n_sets;
  const char *operand[ARGS_MAX_OPERANDS];
  size_t n_operands;
} args;

typedef struct command {
  const char *noun, *verb; /* verb NULL: the noun alone is the command */
  const char *operands;    /* as shown in the usage line */
  const char *summary;     /* one line */
  const char *notes;       /* closes the help; may be NULL */
  const option *options;
  size_t n_options;
  const char *kind;    /* the filter kind whose parameters --set takes, or NULL: no --set */
  scrim_param_use use; /* SCRIM_PARAM_APPLY: only those; SCRIM_PARAM_TRAIN: all */
  size_t min_operands, max_operands;
  int (*run)(const args *a); /* answers the exit code */
} command;

extern const command cmd_key_new;
extern const command cmd_info;
extern const command cmd_devices;
extern const command cmd_sign;
extern const command cmd_verify;
extern const command cmd_encrypt;
extern const command cmd_decrypt;
extern const command cmd_scores_train;
extern const command cmd_scores_apply;
extern const command cmd_scores_audit;
extern const command cmd_scores_serve;
extern const command cmd_cloud_train;
extern const command cmd_cloud_apply;
extern const command cmd_cloud_shapes;
extern const command cmd_cloud_scenes;
extern const command cmd_cloud_audit;
extern const command cmd_voice_train;
extern const command cmd_voice_apply;
extern const command cmd_voice_audit;

#endif
