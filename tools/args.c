#include "args.h"
#include "complain.h"
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* ---- parsing ---- */

static int find_option(const command *c, const char *name, size_t length, char letter) {
  for (size_t i = 0; i < c->n_options; i++) {
    const option *o = &c->options[i];
    if (letter ? o->letter == letter : strlen(o->name) == length && strncmp(o->name, name, length) == 0) return (int)i;
  }
  return -1;
}

/* --members-labels for --labels-members: the option with the same letters; -1: none. */
static int find_meant(const command *c, const char *name, size_t length) {
  for (size_t i = 0; i < c->n_options; i++) {
    int count[UCHAR_MAX + 1] = {0}, same = strlen(c->options[i].name) == length;
    for (size_t j = 0; same && j < length; j++) {
      count[(unsigned char)name[j]]++;
      count[(unsigned char)c->options[i].name[j]]--;
    }
    for (size_t j = 0; same && j <= UCHAR_MAX; j++) same = count[j] == 0;
    if (same) return (int)i;
  }
  return -1;
}

static int complain_unknown(const command *c, const char *name, size_t length) {
  const int meant = find_meant(c, name, length);
  if (meant < 0) return complain_usage(c, "unknown option --%.*s", (int)length, name);
  return complain_usage(c, "unknown option --%.*s; did you mean --%s?", (int)length, name, c->options[meant].name);
}

/* "--name", "--name=value", "--name value". Moves *at past what it used. */
static int take_long(args *a, int count, char **words, int *at) {
  const command *c = a->command;
  const char *word = words[(*at)++] + 2, *equals = strchr(word, '=');
  size_t length = equals ? (size_t)(equals - word) : strlen(word);
  int is_set = c->kind && length == 3 && strncmp(word, "set", 3) == 0;
  int i = find_option(c, word, length, 0);
  if (i < 0 && !is_set) return complain_unknown(c, word, length);
  if (!is_set && !c->options[i].value) {
    if (equals) return complain_usage(c, "option --%.*s takes no value", (int)length, word);
    a->value[i] = "";
    return 0;
  }
  const char *value = equals ? equals + 1 : *at < count ? words[(*at)++] : NULL;
  if (!value) return complain_usage(c, "option --%s needs a value", word);
  if (!is_set) {
    a->value[i] = value;
  } else if (a->n_sets < ARGS_MAX_SETS) {
    a->set[a->n_sets++] = value;
  } else {
    return complain_usage(c, "more than %d --set", ARGS_MAX_SETS);
  }
  return 0;
}

/* "-f value", "-fvalue". */
static int take_short(args *a, int count, char **words, int *at) {
  const command *c = a->command;
  const char *word = words[(*at)++];
  int i = find_option(c, NULL, 0, word[1]);
  if (i < 0) return complain_usage(c, "unknown option -%c", word[1]);
  if (!c->options[i].value) {
    if (word[2]) return complain_usage(c, "option -%c takes no value", word[1]);
    a->value[i] = "";
    return 0;
  }
  a->value[i] = word[2] ? word + 2 : *at < count ? words[(*at)++] : NULL;
  if (!a->value[i]) return complain_usage(c, "option -%c needs a value", word[1]);
  return 0;
}

int args_parse(args *a, const command *c, int count, char **words) {
  memset(a, 0, sizeof *a);
  a->command = c;
  int only_operands = 0;
  for (int at = 0; at < count;) {
    const char *word = words[at];
    int code = 0;
    if (only_operands || word[0] != '-' || word[1] == '\0') {
      if (a->n_operands == c->max_operands) return complain_usage(c, "one argument too many: '%s'", word);
      a->operand[a->n_operands++] = word;
      at++;
    } else if (strcmp(word, "--") == 0) {
      only_operands = 1;
      at++;
    } else {
      code = word[1] == '-' ? take_long(a, count, words, &at) : take_short(a, count, words, &at);
    }
    if (code) return code;
  }
  if (a->n_operands < c->min_operands) return complain_usage(c, "%s is missing", c->operands);
  for (size_t i = 0; i < c->n_options; i++)
    if (c->options[i].required && !a->value[i]) return complain_usage(c, "--%s is missing", c->options[i].name);
  return 0;
}

/* ---- values ---- */

scrim_status args_config(const args *a, scrim_config *config, scrim_error *error) {
  scrim_status status = scrim_config_init(config, a->command->kind, error);
  for (size_t i = 0; i < a->n_sets && status == SCRIM_OK; i++) status = scrim_config_parse(config, a->set[i], error);
  return status;
}

int args_count(const args *a, int which, uint64_t low, uint64_t high, uint64_t *out) {
  const char *text = a->value[which];
  if (!text) return 0;
  char *end = NULL;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 10);
  if (!isdigit((unsigned char)text[0]) || *end || errno || value < low || value > high)
    return complain_usage(a->command, "--%s is '%s', but must be a whole number from %llu to %llu",
                          a->command->options[which].name, text, (unsigned long long)low, (unsigned long long)high);
  *out = value;
  return 0;
}

int args_real(const args *a, int which, double low, double high, double *out) {
  const char *text = a->value[which];
  if (!text) return 0;
  char *end = NULL;
  double value = strtod(text, &end);
  if (end == text || *end || !(value >= low && value <= high))
    return complain_usage(a->command, "--%s is '%s', but must be a number from %g to %g",
                          a->command->options[which].name, text, low, high);
  *out = value;
  return 0;
}

int args_format(const args *a, int which, scrim_format *out) {
  const char *text = a->value[which];
  scrim_error error;
  if (text && scrim_format_parse(out, text, &error) != SCRIM_OK)
    return complain_usage(a->command, "--%s: %s", a->command->options[which].name, error.message);
  return 0;
}

int args_points_format(const args *a, int which, scrim_points_format *out) {
  const char *text = a->value[which];
  scrim_error error;
  if (text && scrim_points_format_parse(out, text, &error) != SCRIM_OK)
    return complain_usage(a->command, "--%s: %s", a->command->options[which].name, error.message);
  return 0;
}

/* ---- help ---- */

enum { HELP_COLUMN = 34, HELP_END = 100 };

/* Two columns: the help's words flow in the right one, which begins a line lower when the left side is too long. */
static void help_line(FILE *to, const char *left, const char *help) {
  int at = fprintf(to, "  %s", left);
  for (const char *word = help; *word;) {
    int length = (int)strcspn(word, " ");
    if (word == help ? at > HELP_COLUMN - 2 : at + 1 + length > HELP_END) {
      fprintf(to, "\n");
      at = 0;
    }
    at += fprintf(to, "%*s%.*s", at < HELP_COLUMN ? HELP_COLUMN - at : 1, "", length, word);
    word += length + (int)strspn(word + length, " ");
  }
  fprintf(to, "\n");
}

static void help_option(FILE *to, const option *o) {
  char left[80], letter[8] = "    ";
  if (o->letter) snprintf(letter, sizeof letter, "-%c, ", o->letter);
  snprintf(left, sizeof left, "%s--%s%s%s", letter, o->name, o->value ? " " : "", o->value ? o->value : "");
  help_line(to, left, o->help);
}

static void help_parameters(FILE *to, const command *c) {
  size_t n;
  const scrim_param *params = scrim_params(c->kind, &n);
  fprintf(to, "\nParameters (--set NAME=VALUE):\n");
  for (size_t i = 0; i < n; i++) {
    if (c->use == SCRIM_PARAM_APPLY && params[i].use != SCRIM_PARAM_APPLY) continue;
    char left[80];
    snprintf(left, sizeof left, "%s=%g (%g to %g)", params[i].name, params[i].value, params[i].min, params[i].max);
    help_line(to, left, params[i].help);
  }
}

void args_help(FILE *to, const command *c) {
  fprintf(to, "Usage: scrim %s%s%s%s%s%s\n\n%s.\n\nOptions:\n", c->noun, c->verb ? " " : "", c->verb ? c->verb : "",
          c->n_options ? " [options]" : "", *c->operands ? " " : "", c->operands, c->summary);
  for (int required = 1; required >= 0; required--)
    for (size_t i = 0; i < c->n_options; i++)
      if (c->options[i].required == required) help_option(to, &c->options[i]);
  if (c->kind) help_line(to, "    --set NAME=VALUE", "set a parameter; may be given several times");
  help_line(to, "    --help", "print this");
  if (c->kind) help_parameters(to, c);
  if (c->notes) fprintf(to, "\n%s\n", c->notes);
}
