/*
 * What a GPU makes of Scrim's kernels, and of filters whole. bench_cuda.sh runs it, part by part.
 *
 *     bench_cuda [--small] [--json FILE] [--models FOLDER] [--frame FRAME.bin] PART...
 *     bench_cuda steps ...        cuda_steps.c says what
 *
 * PART: roofs, clouds, operations, diffusion, frames, scores. A row a figure, as markdown; --json adds a line for each
 * to FILE. It is linked with the kernels themselves, on the toolkit or on tests/emulated_cuda, and so can measure them
 * one by one; filters open the shared object, which must lie beside it.
 */
#include "cuda_parts.h"
#include <stdlib.h>
#include <string.h>

static const struct {
  const char *name;
  void (*run)(bench *b);
} parts[] = {{"roofs", bench_roofs},         {"clouds", bench_clouds}, {"operations", bench_operations},
             {"diffusion", bench_diffusion}, {"frames", bench_frames}, {"scores", bench_scores}};

static int usage(void) {
  fprintf(stderr, "usage: bench_cuda [--small] [--json FILE] [--models FOLDER] [--frame FRAME.bin] PART...\n"
                  "       bench_cuda steps cpu|cuda scores|cloud|voice BATCH STEPS\n");
  return 64;
}

static int run_part(bench *b, const char *name) {
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    if (strcmp(parts[i].name, name) != 0) continue;
    b->part = name;
    parts[i].run(b);
    return 1;
  }
  return 0;
}

int main(int argc, char **argv) {
  bench b = {.models = "models"};
  int at = 1;
  if (argc > 1 && strcmp(argv[1], "steps") == 0) {
    const int code = bench_steps(argc - 2, argv + 2);
    return code ? usage() : 0;
  }
  for (; at < argc && strncmp(argv[at], "--", 2) == 0; at++) {
    const char *value = at + 1 < argc ? argv[at + 1] : NULL;
    if (strcmp(argv[at], "--small") == 0) {
      b.small = 1;
      continue;
    }
    if (!value) return usage();
    if (strcmp(argv[at], "--json") == 0)
      must_hold((b.json = fopen(value, "a")) != NULL, value);
    else if (strcmp(argv[at], "--models") == 0)
      b.models = value;
    else if (strcmp(argv[at], "--frame") == 0)
      b.frame = value;
    else
      return usage();
    at++;
  }
  if (at == argc) return usage();
  for (; at < argc; at++)
    if (!run_part(&b, argv[at])) return usage();
  if (b.json) fclose(b.json);
  return EXIT_SUCCESS;
}
