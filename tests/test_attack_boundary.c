/* Boundary attack: a classifier that memorised its training points gives them away through labels alone. */
#include "attack_world.h"
#include "purifier/score_form.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { FEATURES = 6, CLASSES = 2, MEMBERS = 300, ROWS = 600 };

typedef struct memory {
  float x[ROWS][FEATURES];
  int32_t labels[ROWS];
  unsigned char open[ROWS];
  float target[ROWS * CLASSES];
  size_t known; /* points learned by heart: the first rows */
} memory;

/* The rule: stripes of the first feature, so narrow that little noise changes a label. */
static int stripe(const float *x) {
  return (int)floorf(x[0] / 0.1f) & 1;
}

/*
 * The classifier knows the rule and is right about every row, so that the gap attack finds nothing. Around the points
 * that it learned by heart it gives their label far and wide.
 */
static int classify(const float *inputs, size_t n, float *scores, void *context) {
  const memory *m = context;
  for (size_t i = 0; i < n; i++) {
    const float *x = inputs + i * FEATURES;
    int label = stripe(x);
    double nearest = 0.8; /* squared radius of what was learned by heart */
    for (size_t p = 0; p < m->known; p++) {
      double d = 0;
      for (int j = 0; j < FEATURES; j++) d += (x[j] - m->x[p][j]) * (x[j] - m->x[p][j]);
      if (d >= nearest) continue;
      nearest = d;
      label = m->labels[p];
    }
    for (int c = 0; c < CLASSES; c++) scores[i * CLASSES + c] = c == label;
  }
  return 0;
}

static scrim_status labels_only(void *state, const float *raw, float *released, size_t n, scrim_error *error) {
  (void)state, (void)error;
  for (size_t i = 0; i < n; i++) {
    size_t top = score_argmax(raw + i * CLASSES, CLASSES);
    for (size_t c = 0; c < CLASSES; c++) released[i * CLASSES + c] = c == top;
  }
  return SCRIM_OK;
}

static scrim_attack_result attack_memory(size_t known) {
  static memory m;
  world random = {.state = 5};
  m.known = known;
  for (int i = 0; i < ROWS; i++) {
    for (int j = 0; j < FEATURES; j++) m.x[i][j] = (float)world_normal(&random);
    m.labels[i] = stripe(m.x[i]);
    m.open[i] = 1;
  }
  classify(&m.x[0][0], ROWS, m.target, &m);
  attack_view view = {.classes = CLASSES,
                      .rows = ROWS,
                      .n_members = MEMBERS,
                      .labels = m.labels,
                      .open = m.open,
                      .target = m.target,
                      .seed = 1};
  view.interface = (attack_interface){.release = labels_only,
                                      .raw = m.target,
                                      .classify = classify,
                                      .classify_context = &m,
                                      .features = FEATURES,
                                      .member_inputs = m.x[0],
                                      .nonmember_inputs = m.x[MEMBERS]};
  double score[ROWS], kept[ROWS];
  unsigned char scored[ROWS], member[ROWS];
  memcpy(scored, m.open, sizeof scored);
  const attack boundary = {"boundary", 0, 0, attack_boundary};
  assert_int_equal(attack_boundary(&boundary, &view, score, scored, NULL), SCRIM_OK);
  size_t n = 0;
  for (size_t i = 0; i < ROWS; i++) {
    if (!scored[i]) continue;
    kept[n] = score[i];
    member[n++] = i < MEMBERS;
  }
  scrim_attack_result r;
  assert_int_equal(metrics_attack(&r, kept, member, n, 1, NULL), SCRIM_OK);
  assert_int_equal(r.n_members, MEMBERS - MEMBERS / 6); /* the others taught the cut */
  return r;
}

static void test_memorised_points_are_found(void **unused) {
  (void)unused;
  scrim_attack_result r = attack_memory(MEMBERS);
  assert_true(r.auc.value > 0.9);
  assert_true(r.balanced_accuracy.value > 0.8);
}

static void test_nothing_memorised_gives_a_half(void **unused) {
  (void)unused;
  scrim_attack_result r = attack_memory(0);
  assert_true(r.auc.low <= 0.5 && 0.5 <= r.auc.high);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_memorised_points_are_found),
      cmocka_unit_test(test_nothing_memorised_gives_a_half),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
