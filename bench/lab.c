/* The laboratory's command line. */
#include "lab.h"
#include "core/error.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: lab letter|mnist|adult|purchase [--data DIR] [--seed S] [--shadows M] -o OUT/\n"
    "         trains a classifier and its shadows; writes their scores, labels and inputs as npy\n"
    "       lab classify -m OUT/classifier.safetensors\n"
    "         csv rows of inputs on stdin, csv rows of scores on stdout\n"
    "       lab inversion [--data DIR] [--seed S] [--seeds N] [-f FILTER -k KEY]\n"
    "         MNIST: how well images are rebuilt from scores, before and after\n"
    "       lab attribute [--data DIR] [--seed S] [--seeds N] [-f FILTER -k KEY]\n"
    "         Adult: how well a private attribute is read from scores, before and after\n"
    "       lab street [--seed S] -o OUT/\n"
    "         writes a procedural LiDAR frame: OUT/frame.npy\n"
    "       lab cloud-attack -m VICTIM --data OUT/ [--seed S] -o OUT/\n"
    "         attacks one of objects.npy, of classes labels.npy; writes clean.npy and attacked.npy\n"
    "       lab cloud-picture -m VICTIM --data OUT/ --frame FILE --filtered FILE -o OUT/\n"
    "         what VICTIM takes clean.npy, attacked.npy and filtered.npy for; draws them and the frames: "
    "OUT/cloud.png\n"
    "       lab voice-picture --data DIR --filtered DIR -o OUT/\n"
    "         spectrograms of the recordings in both folders, before and after: OUT/voice.png\n"
    "--data: folder that holds letter.npy, adult/ and mnist_test/ (default data; see data/README.md)\n";

static const struct {
  const char *name;
  scrim_status (*run)(const lab_options *options, scrim_error *error);
} commands[] = {{"classify", lab_classify},          {"inversion", lab_inversion},
                {"attribute", lab_attribute},        {"street", lab_street},
                {"cloud-attack", lab_cloud_attack},  {"cloud-picture", lab_cloud_picture},
                {"voice-picture", lab_voice_picture}};

static const struct option long_options[] = {{"data", required_argument, NULL, 'd'},
                                             {"seed", required_argument, NULL, 's'},
                                             {"seeds", required_argument, NULL, 'n'},
                                             {"shadows", required_argument, NULL, 'M'},
                                             {"out", required_argument, NULL, 'o'},
                                             {"model", required_argument, NULL, 'm'},
                                             {"filter", required_argument, NULL, 'f'},
                                             {"key", required_argument, NULL, 'k'},
                                             {"frame", required_argument, NULL, 'F'},
                                             {"filtered", required_argument, NULL, 'G'},
                                             {NULL, 0, NULL, 0}};

static int parse_number(const char *text, uint64_t *value) {
  char *end;
  *value = strtoull(text, &end, 10);
  return *text >= '0' && *text <= '9' && !*end;
}

/* 0 when the command line is not understood. */
static int parse_options(lab_options *o, int argc, char **argv) {
  uint64_t number = 0;
  for (int c; (c = getopt_long(argc, argv, "o:m:f:k:", long_options, NULL)) != -1;) {
    if (strchr("snM", c) && !parse_number(optarg, &number)) return 0;
    switch (c) {
    case 'd':
      o->data = optarg;
      break;
    case 's':
      o->seed = number;
      break;
    case 'n':
      o->seeds = (size_t)number;
      break;
    case 'M':
      o->shadows = (size_t)number;
      break;
    case 'o':
      o->out = optarg;
      break;
    case 'm':
      o->model = optarg;
      break;
    case 'f':
      o->filter = optarg;
      break;
    case 'k':
      o->key = optarg;
      break;
    case 'F':
      o->frame = optarg;
      break;
    case 'G':
      o->filtered = optarg;
      break;
    default:
      return 0;
    }
  }
  return optind == argc;
}

static scrim_status run(const char *name, const lab_options *options, scrim_error *error) {
  const lab_recipe *recipe = lab_recipe_find(name);
  if (recipe) return lab_make(recipe, options, error);
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    if (!strcmp(commands[i].name, name)) return commands[i].run(options, error);
  return fail(error, SCRIM_E_ARGUMENT, "no command '%s'; 'lab' alone lists them", name);
}

int main(int argc, char **argv) {
  lab_options options = {.data = "data", .seed = 1, .seeds = 1, .shadows = 16};
  if (argc < 2 || !parse_options(&options, argc - 1, argv + 1)) {
    fputs(usage, stderr);
    return 64;
  }
  setvbuf(stdout, NULL, strcmp(argv[1], "classify") ? _IOLBF : _IOFBF, 1 << 16);
  scrim_error error = {0};
  scrim_status status = run(argv[1], &options, &error);
  if (status != SCRIM_OK) fprintf(stderr, "lab: %s\n", error.message);
  return scrim_status_exit_code(status);
}
