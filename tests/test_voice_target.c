/* Whom a speaker becomes. */
#include "deid_world.h"
#include "voice_deid/voice_target.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>

static tape *t;
static random_source *random_numbers;
static voice_model model = {.n_encoders = 2, .dim = {8, 12}};

static int open_all(void **state) {
  (void)state;
  model.targets = deid_sampler();
  return model.targets == NULL || tape_create(&t, &cpu_backend, NULL) != SCRIM_OK ||
         random_source_from_seed(&random_numbers, 3, NULL) != SCRIM_OK;
}

static int close_all(void **state) {
  (void)state;
  target_sampler_free(model.targets);
  random_source_free(random_numbers);
  tape_free(t);
  return 0;
}

static voice_target draw(const char *item, const float *const *sources, double unlike) {
  voice_target target;
  assert_int_equal(random_begin(random_numbers, "test", item, strlen(item), NULL), SCRIM_OK);
  assert_int_equal(voice_target_draw(&target, &model, t, 2, sources, unlike, random_numbers, NULL), SCRIM_OK);
  return target;
}

static double cosine(const float *a, const float *b, int n) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
  return sum;
}

static void the_stream_tells_the_target(void **state) {
  (void)state;
  const float nowhere[12] = {0}, *const sources[] = {nowhere, nowhere};
  const voice_target a = draw("a", sources, 1), again = draw("a", sources, 1), b = draw("b", sources, 1);
  assert_int_equal(a.class, 2);
  assert_int_equal(a.number, again.number);
  assert_int_not_equal(a.number, b.number);
  for (int e = 0; e < 2; e++) assert_true(fabs(cosine(a.part[e], a.part[e], model.dim[e]) - 1) < 1e-5);
}

static void it_is_unlike_the_source_in_all_encoders(void **state) {
  (void)state;
  const float nowhere[12] = {0}, *sources[] = {nowhere, nowhere};
  int redrawn = 0;
  for (char name[] = "a"; name[0] <= 'z'; name[0]++) {
    const voice_target free_choice = draw(name, sources, 1);
    float source[2][12];
    for (int e = 0; e < 2; e++) memcpy(source[e], free_choice.part[e], (size_t)model.dim[e] * sizeof(float));
    const float *const like[] = {source[0], source[1]};
    const voice_target other = draw(name, like, 0.9);
    for (int e = 0; e < 2; e++) assert_true(cosine(other.part[e], source[e], model.dim[e]) <= 0.9);
    redrawn += other.number != free_choice.number;
  }
  assert_int_equal(redrawn, 26);
  const float *const any[] = {nowhere, nowhere};
  draw("a", any, -1); /* cannot be had: the last draw is taken */
}

static void a_pseudonym_may_be_of_any_class(void **state) {
  (void)state;
  int seen[PITCH_CLASSES] = {0};
  for (int i = 0; i < 30; i++) {
    voice_target target;
    assert_int_equal(random_begin(random_numbers, "test", &i, sizeof i, NULL), SCRIM_OK);
    assert_int_equal(voice_target_draw_any(&target, &model, t, random_numbers, NULL), SCRIM_OK);
    seen[target.class]++;
  }
  for (int c = 0; c < PITCH_CLASSES; c++) assert_true(seen[c] > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_stream_tells_the_target),
      cmocka_unit_test(it_is_unlike_the_source_in_all_encoders),
      cmocka_unit_test(a_pseudonym_may_be_of_any_class),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
