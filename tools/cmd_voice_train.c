/* scrim voice train encoder|targets|generator --list LIST -o FILE */
#include "args.h"
#include "complain.h"
#include "device_option.h"
#include "train_encoder.h"
#include "train_generator.h"
#include "train_targets.h"
#include "voice_train_options.h"
#include <string.h>

static const option options[] = {
    [VOICE_TRAIN_OUTPUT] = {"output", 'o', 0, "FILE", "what to write"},
    [VOICE_TRAIN_LIST] = {"list", 'l', 0, "LIST", "clips to learn from: a table with tabs, columns file and speaker"},
    [VOICE_TRAIN_ROOT] = {"root", 0, 0, "DIR", "folder that the files of the list lie in (default: that of the list)"},
    [VOICE_TRAIN_ROOMS] = {"rooms", 0, 0, "DIR", "folder of room impulse responses, direct path first"},
    [VOICE_TRAIN_KIND] = {"kind", 0, 0, "NAME", "encoder: tdnn, resnet or statistics (default tdnn)"},
    [VOICE_TRAIN_ENCODERS] = {"encoders", 0, 0, "FILES",
                              "targets: the encoders that the filter is made against, commas between"},
    [VOICE_TRAIN_FILTER] = {"filter", 'f', 0, "FILE", "generator: the filter that it is for"},
    [VOICE_TRAIN_SETTINGS] = {"settings", 0, 0, NULL,
                              "encoder: print the kind's parameters and their values, and stop"},
    [VOICE_TRAIN_SEED] = {"seed", 0, 0, "N", "same data, settings and seed: the same file, bit for bit (default 1)"},
    [VOICE_TRAIN_CHECKPOINT] = {"checkpoint", 0, 0, "FILE",
                                "save the state of training here as it goes; removed at the end"},
    [VOICE_TRAIN_RESUME] = {"resume", 0, 0, NULL, "go on from the checkpoint, if there is one, to the same bits"},
    [VOICE_TRAIN_DEVICE] = {"device", 0, 0, "NAME", DEVICE_OPTION_HELP},
    [VOICE_TRAIN_QUIET] = {"quiet", 'q', 0, NULL, "do not print what was found"},
};

static const struct {
  const char *name;
  int (*run)(const args *a);
} parts[] = {{"encoder", train_encoder_run}, {"targets", train_targets_run}, {"generator", train_generator_run}};

static int run(const args *a) {
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    if (strcmp(a->operand[0], parts[i].name) == 0) return parts[i].run(a);
  return complain_usage(a->command, "'%s' is no part of a voice filter that can be trained", a->operand[0]);
}

const command cmd_voice_train = {
    .noun = "voice",
    .verb = "train",
    .operands = "encoder|targets|generator",
    .summary = "Train the parts of a voice filter",
    .notes =
        "'encoder' trains a network that tells speakers apart, for filters to be made against. Its parameters are\n"
        "not those below: see --settings. 'targets' makes a filter of encoders: it learns who there can be, and puts\n"
        "the early parts of the rooms and all parameters into the file. 'generator' adds what fast mode needs.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .kind = "voice",
    .use = SCRIM_PARAM_TRAIN,
    .min_operands = 1,
    .max_operands = 1,
    .run = run,
};
