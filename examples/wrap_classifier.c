/* wrap_classifier FILTER KEY: puts a score filter between a classifier of three classes and whoever asks it. */
#include <math.h>
#include <scrim.h>
#include <stdio.h>

/* Your own classifier: two inputs, three classes, probabilities out. */
static void classify(const float input[2], float score[3]) {
  float e[3] = {expf(2 * input[0]), expf(2 * input[1]), expf(-input[0] - input[1])};
  for (int k = 0; k < 3; k++) score[k] = e[k] / (e[0] + e[1] + e[2]);
}

/* What you release instead. On an error the scores are wiped, so that nothing raw can slip out. */
static scrim_status classify_safely(scrim_session *session, const float input[2], float score[3], scrim_error *error) {
  classify(input, score);
  scrim_view view = {.kind = SCRIM_SCORES, .data = score, .rows = 1, .columns = 3, .capacity = 1};
  return scrim_apply(session, &view, &view, error);
}

int main(int argc, char **argv) {
  const float input[2] = {0.3f, -0.2f};
  float score[3];
  scrim_filter *filter = NULL;
  scrim_key *key = NULL;
  scrim_session *session = NULL;
  scrim_error error;
  if (argc != 3) return 64;
  scrim_status status = scrim_filter_open(&filter, argv[1], &error);
  if (status == SCRIM_OK) status = scrim_key_open(&key, argv[2], &error);
  if (status == SCRIM_OK) status = scrim_session_create(&session, filter, key, NULL, &error);
  if (status == SCRIM_OK) status = classify_safely(session, input, score, &error);
  if (status == SCRIM_OK)
    printf("%.4f %.4f %.4f\n", (double)score[0], (double)score[1], (double)score[2]);
  else
    fprintf(stderr, "%s\n", error.message);
  scrim_session_free(session);
  scrim_key_free(key);
  scrim_filter_free(filter);
  return scrim_status_exit_code(status);
}
