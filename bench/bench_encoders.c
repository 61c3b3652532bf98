/*
 * bench_encoders LIST ROOT ENCODER...: how well speaker encoders tell speakers apart, and what they cost.
 *
 * LIST is a table with tabs whose first two columns are file, below ROOT, and speaker; lines are taken whose file
 * contains BENCH_ENCODERS_ONLY, if that is set. The equal error rate is over all pairs of utterances. A report, not a
 * choice: no setting of an encoder may come from here.
 */
#include "voice_deid/speaker_encoder.h"
#include "voice_deid/speech_corpus.h"
#include "voice_deid/verification.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_CLIPS = 4096, SECONDS = 3, REPEATS = 20, MOST_SAMPLES = 60 * SPEECH_RATE };

static char *names[MOST_CLIPS];
static scrim_voice_clip clips[MOST_CLIPS];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int die(const scrim_error *error) {
  fprintf(stderr, "bench_encoders: %s\n", error->message);
  return 1;
}

static size_t read_list(const char *path, const char *root) {
  const char *only = getenv("BENCH_ENCODERS_ONLY");
  FILE *from = fopen(path, "r");
  char line[4096];
  size_t n = 0;
  if (!from || !fgets(line, sizeof line, from)) {
    fprintf(stderr, "bench_encoders: cannot read '%s'\n", path);
    exit(1);
  }
  while (n < MOST_CLIPS && fgets(line, sizeof line, from)) {
    char *tab = strchr(line, '\t');
    if (!tab || (only && !strstr(line, only))) continue;
    *tab = '\0';
    tab[1 + strcspn(tab + 1, "\t\r\n")] = '\0';
    names[n] = malloc(strlen(root) + strlen(line) + 2);
    sprintf(names[n], "%s/%s", root, line);
    clips[n] = (scrim_voice_clip){.path = names[n], .speaker = strdup(tab + 1)};
    n++;
  }
  fclose(from);
  return n;
}

/* Milliseconds of one processor for one second of speech x [SECONDS * SPEECH_RATE], with the way back to the samples
 * or without. */
static double cost(const speaker_encoder *e, tape *t, const float *x, int with_gradient) {
  double began = now();
  for (int pass = 0; pass <= REPEATS; pass++) {
    if (pass == 1) began = now(); /* the first one warms up */
    tape_reset(t);
    tensor *in = tape_variable(t, x, 2, (int[]){1, SECONDS * SPEECH_RATE});
    tensor *sum = op_sum(t, speaker_encoder_embed(t, e, in));
    if (with_gradient && tape_backward(t, sum, NULL) != SCRIM_OK) return -1;
  }
  return 1000 * (now() - began) / REPEATS / SECONDS;
}

/* Weights in the file, running statistics among them. */
static size_t values_of(const speaker_encoder *e) {
  const nn_params *p = speaker_encoder_params(e);
  size_t values = 0;
  for (size_t i = 0; i < nn_params_count(p); i++) values += nn_params_at(p, i, NULL, NULL)->n;
  return values;
}

/* rows [n_clips, dimensions] of all clips, speaker [n_clips]; the start of the speech is left in x. */
static scrim_status embed_all(const speaker_encoder *e, tape *t, const speech_corpus *speech, float *rows,
                              int32_t *speaker, float *x, scrim_error *error) {
  const size_t d = (size_t)speaker_encoder_about(e)->dimensions;
  scrim_status status = SCRIM_OK;
  for (size_t s = 0; s < speech->n_speakers; s++)
    for (size_t i = speech->first[s]; i < speech->first[s + 1] && status == SCRIM_OK; i++) {
      const size_t n = speech->clips[i].n < MOST_SAMPLES ? speech->clips[i].n : MOST_SAMPLES;
      for (size_t k = 0; k < n; k++) x[k] = (float)speech->clips[i].samples[k] / 32768;
      status = speaker_encoder_embed_samples(e, t, x, n, rows + i * d, error);
      speaker[i] = (int32_t)s;
    }
  return status;
}

static scrim_status measure(const char *path, const speech_corpus *speech, tape *t, scrim_error *error) {
  static float rows[MOST_CLIPS * SPEAKER_MOST_DIMENSIONS], x[MOST_SAMPLES];
  static int32_t speaker[MOST_CLIPS];
  speaker_encoder *e = NULL;
  verification_trials trials = {0};
  scrim_interval eer = {0};
  double threshold = 0;
  scrim_status status = speaker_encoder_load(&e, path, error);
  if (status != SCRIM_OK) return status;
  const speaker_encoder_settings *about = speaker_encoder_about(e);
  const verification_set set = {rows, speaker, speech->n_clips, (size_t)about->dimensions, speech->n_speakers};
  status = embed_all(e, t, speech, rows, speaker, x, error);
  if (status == SCRIM_OK) status = verification_all_pairs(&trials, &set, &set, verification_cosine, NULL, error);
  if (status == SCRIM_OK) status = verification_eer(&eer, &threshold, &trials, 1, error);
  if (status == SCRIM_OK)
    printf("| %s | %s | %d | %zu | %.2f (%.2f to %.2f) | %.3f | %.2f | %.2f |\n", path, about->kind, about->dimensions,
           values_of(e), 100 * eer.value, 100 * eer.low, 100 * eer.high, threshold, cost(e, t, x, 0), cost(e, t, x, 1));
  verification_trials_free(&trials);
  speaker_encoder_free(e);
  return status;
}

int main(int argc, char **argv) {
  scrim_error error;
  speech_corpus speech;
  tape *t;
  scrim_status status = SCRIM_OK;
  if (argc < 4) {
    fprintf(stderr, "usage: bench_encoders LIST ROOT ENCODER...\n");
    return 64;
  }
  const scrim_voice_corpus files = {.clips = clips, .n_clips = read_list(argv[1], argv[2])};
  if (speech_corpus_load(&speech, &files, NULL, NULL, &error) != SCRIM_OK) return die(&error);
  if (tape_create(&t, &cpu_backend, &error) != SCRIM_OK) return die(&error);
  printf("%zu utterances of %zu speakers\n\n", speech.n_clips, speech.n_speakers);
  printf(
      "| encoder | kind | dimensions | values | EER %% (95 %%) | threshold | ms per s | ms per s, with gradient |\n");
  printf("| --- | --- | --- | --- | --- | --- | --- | --- |\n");
  for (int i = 3; i < argc && status == SCRIM_OK; i++) status = measure(argv[i], &speech, t, &error);
  tape_free(t);
  speech_corpus_free(&speech);
  for (size_t i = 0; i < files.n_clips; i++) {
    free(names[i]);
    free((char *)clips[i].speaker);
  }
  return status == SCRIM_OK ? 0 : die(&error);
}
