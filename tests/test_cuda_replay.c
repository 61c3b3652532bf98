/* A pass that is repeated: the same results as built anew, on what its inputs hold now, with nothing allocated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "cuda/cuda.h"
#include "emulated_cuda.h"
#include <cmocka.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

enum { ROWS = 6, IN = 5, OUT = 4 };

typedef struct model {
  float x[ROWS * IN], noise[ROWS * OUT], values[OUT * IN];
  int32_t rows[ROWS], label[ROWS];
  tensor w;
} model;

static void fill(model *m, int seed) {
  for (int i = 0; i < ROWS * IN; i++) m->x[i] = sinf((float)(i + 7 * seed));
  for (int i = 0; i < ROWS * OUT; i++) m->noise[i] = cosf((float)(i * seed));
  for (int i = 0; i < ROWS; i++) m->rows[i] = (i * seed) % ROWS;
  for (int i = 0; i < ROWS; i++) m->label[i] = (i + seed) % OUT;
}

static void model_open(model *m) {
  memset(m, 0, sizeof *m);
  for (int i = 0; i < OUT * IN; i++) m->values[i] = 0.1f * (float)i;
  m->w = (tensor){.rank = 2, .dim = {OUT, IN}, .n = OUT * IN, .data = m->values};
  fill(m, 1);
}

/* *answer [ROWS, OUT]; the loss */
static tensor *build(model *m, tape *t, tensor **answer) {
  tensor *x = op_gather(t, tape_input(t, m->x, 2, (int[]){ROWS, IN}), m->rows, ROWS);
  x = op_relu(t, op_linear(t, x, &m->w, NULL));
  *answer = op_softmax(t, op_add(t, x, tape_input(t, m->noise, 2, (int[]){ROWS, OUT})));
  return op_cross_entropy(t, *answer, m->label);
}

static tape *open_tape(const backend *b) {
  tape *t = NULL;
  assert_int_equal(tape_create(&t, b, NULL), SCRIM_OK);
  return t;
}

/* What the CPU makes of the model now. */
static void assert_current(model *m, tensor *answer, tensor *loss) {
  tape *cpu = open_tape(&cpu_backend);
  tensor *want;
  const float *want_loss = tensor_values(build(m, cpu, &want)), *got_loss = tensor_values(loss);
  const float *got = tensor_values(answer);
  assert_true(fabsf(*want_loss - *got_loss) < 1e-6f);
  for (size_t i = 0; i < want->n; i++) assert_true(fabsf(want->data[i] - got[i]) < 1e-6f);
  tape_free(cpu);
}

static void repeat(const backend *b) {
  model m;
  model_open(&m);
  tape *t = open_tape(b);
  for (int pass = 0; pass < 2; pass++) {
    tape_reset(t);
    fill(&m, 1);
    tensor *answer, *loss = build(&m, t, &answer);
    assert_current(&m, answer, loss);
    for (int seed = 2; seed < 6; seed++) {
      fill(&m, seed);
      if (seed == 4) tensor_edit(&m.w)[3] = -2; /* weights may change between two of them as well */
      assert_int_equal(tape_replay(t, NULL), SCRIM_OK);
      assert_current(&m, answer, loss);
    }
  }
  tape_free(t);
  tensor_forget(&m.w);
}

static void the_cpu_repeats(void **state) {
  (void)state;
  repeat(&cpu_backend);
}

static void a_device_repeats(void **state) {
  (void)state;
  repeat(&cuda_backend);
}

static void a_device_without_graphs_repeats(void **state) {
  (void)state;
  backend plain = cuda_backend;
  plain.replay = NULL;
  repeat(&plain);
}

static void a_pass_that_strays_to_the_cpu_repeats(void **state) {
  (void)state;
  backend some = cuda_backend;
  some.op[OP_RELU] = some.op[OP_SOFTMAX] = (kernel){0};
  repeat(&some);
}

static void repeating_allocates_nothing(void **state) {
  (void)state;
  model m;
  model_open(&m);
  tape *t = open_tape(&cuda_backend);
  tensor *answer, *loss = build(&m, t, &answer);
  assert_int_equal(tape_replay(t, NULL), SCRIM_OK);
  assert_current(&m, answer, loss);
  const unsigned long allocations = emulated_cuda_allocations();
  for (int seed = 2; seed < 9; seed++) {
    fill(&m, seed);
    memory_fail_at(1ul << 40, 0);
    assert_int_equal(tape_replay(t, NULL), SCRIM_OK);
    assert_int_equal(memory_requests(), 0);
    memory_fail_at(0, 0);
  }
  assert_current(&m, answer, loss);
  assert_int_equal(emulated_cuda_allocations(), allocations);
  tape_free(t);
  tensor_forget(&m.w);
}

/* What is built after a repetition is a part of the next. */
static void a_pass_may_go_on(void **state) {
  (void)state;
  model m;
  model_open(&m);
  tape *t = open_tape(&cuda_backend);
  tensor *answer, *loss = build(&m, t, &answer);
  assert_int_equal(tape_replay(t, NULL), SCRIM_OK);
  tensor *twice = op_affine(t, loss, 2, 0);
  fill(&m, 5);
  assert_int_equal(tape_replay(t, NULL), SCRIM_OK);
  assert_current(&m, answer, loss);
  assert_true(*tensor_values(twice) == 2 * *tensor_values(loss));
  tape_free(t);
  tensor_forget(&m.w);
}

static void noise_is_the_same(void **state) {
  (void)state;
  const backend *backends[] = {&cpu_backend, &cuda_backend};
  const float zero[8] = {0};
  for (int b = 0; b < 2; b++) {
    random_source *r = NULL;
    assert_int_equal(random_source_from_seed(&r, 3, NULL), SCRIM_OK);
    assert_int_equal(random_begin(r, "noise", NULL, 0, NULL), SCRIM_OK);
    tape *t = open_tape(backends[b]);
    tape_random(t, r);
    tensor *x = tape_input(t, zero, 1, (int[]){8}), *y = op_gaussian(t, x, x);
    float first[8];
    memcpy(first, tensor_values(y), sizeof first);
    assert_int_equal(tape_replay(t, NULL), SCRIM_OK);
    assert_memory_equal(tensor_values(y), first, sizeof first);
    tape_free(t);
    random_source_free(r);
  }
}

static void a_failed_pass_is_not_repeated(void **state) {
  (void)state;
  scrim_error error = {0};
  tape *t = open_tape(&cuda_backend);
  assert_int_equal(tape_replay(t, NULL), SCRIM_OK); /* nothing */
  assert_null(op_relu(t, NULL));
  assert_int_equal(tape_replay(t, &error), SCRIM_E_ARGUMENT);
  assert_string_equal(error.message, "relu: input 1 is NULL");
  tape_free(t);
}

static void every_failure_is_an_error(void **state) {
  (void)state;
  int failures = 0, successes = 0;
  for (unsigned long n = 1; successes < 3; n++) {
    model m;
    scrim_error error = {0};
    model_open(&m);
    tape *t = open_tape(&cuda_backend);
    tensor *answer, *loss = build(&m, t, &answer);
    emulated_cuda_fail_at(n);
    scrim_status status = tape_replay(t, NULL);
    if (status == SCRIM_OK) status = tape_replay(t, NULL);
    const float *value = tensor_values(loss);
    if (tape_status(t, &error) == SCRIM_OK)
      successes++;
    else
      failures++;
    emulated_cuda_fail_at(0);
    assert_true((value != NULL && error.status == SCRIM_OK) || error.status == SCRIM_E_DEVICE ||
                error.status == SCRIM_E_MEMORY);
    tape_reset(t); /* and the stream is in no capture */
    loss = build(&m, t, &answer);
    assert_current(&m, answer, loss);
    tape_free(t);
    tensor_forget(&m.w);
  }
  assert_true(failures > 10);
  assert_int_equal(emulated_cuda_allocated(), 0);
}

/* ---- threads: one takes note of its pass while others come and go ---- */

static void *repeat_often(void *context) {
  (void)context;
  for (int i = 0; i < 5; i++) repeat(&cuda_backend);
  return NULL;
}

static void threads_repeat_side_by_side(void **state) {
  (void)state;
  pthread_t thread[3];
  for (int i = 0; i < 3; i++) assert_int_equal(pthread_create(&thread[i], NULL, repeat_often, NULL), 0);
  for (int i = 0; i < 3; i++) pthread_join(thread[i], NULL);
  assert_int_equal(emulated_cuda_allocated(), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_cpu_repeats),
      cmocka_unit_test(a_device_repeats),
      cmocka_unit_test(a_device_without_graphs_repeats),
      cmocka_unit_test(a_pass_that_strays_to_the_cpu_repeats),
      cmocka_unit_test(repeating_allocates_nothing),
      cmocka_unit_test(a_pass_may_go_on),
      cmocka_unit_test(noise_is_the_same),
      cmocka_unit_test(a_failed_pass_is_not_repeated),
      cmocka_unit_test(every_failure_is_an_error),
      cmocka_unit_test(threads_repeat_side_by_side),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
