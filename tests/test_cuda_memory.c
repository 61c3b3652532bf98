/* Values on a device: what is copied when, what runs where, what is allocated, what is said when memory ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "cuda/cuda.h"
#include "emulated_cuda.h"
#include <cmocka.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

enum { ROWS = 5, IN = 4, HIDDEN = 8, OUT = 3 };

/* A network of one hidden layer with batch norm, whose parameters outlive passes. */
typedef struct network {
  float x[ROWS * IN];
  int32_t label[ROWS];
  float value[6][HIDDEN * IN], grad[6][HIDDEN * IN];
  tensor w, b, gamma, beta, mean, var, head;
} network;

static tensor parameter(float *values, float *grad, int rank, int a, int b) {
  const size_t n = (size_t)a * (size_t)b;
  for (size_t i = 0; i < n; i++) values[i] = 0.3f * sinf((float)(i + n));
  return (tensor){.rank = rank, .dim = {a, b}, .n = n, .data = values, .grad = grad};
}

static void network_fill(network *m) {
  memset(m, 0, sizeof *m);
  for (int i = 0; i < ROWS * IN; i++) m->x[i] = cosf((float)i);
  for (int i = 0; i < ROWS; i++) m->label[i] = i % OUT;
  m->w = parameter(m->value[0], m->grad[0], 2, HIDDEN, IN);
  m->b = parameter(m->value[1], m->grad[1], 1, HIDDEN, 1);
  m->gamma = parameter(m->value[2], m->grad[2], 1, HIDDEN, 1);
  m->beta = parameter(m->value[3], m->grad[3], 1, HIDDEN, 1);
  m->mean = parameter(m->value[4], NULL, 1, HIDDEN, 1);
  m->var = (tensor){.rank = 1, .dim = {HIDDEN}, .n = HIDDEN, .data = m->grad[4]};
  for (int i = 0; i < HIDDEN; i++) m->grad[4][i] = 1;
  m->head = parameter(m->value[5], m->grad[5], 2, OUT, HIDDEN);
}

static tensor *network_parameter(network *m, int i) {
  return (tensor *[]){&m->w, &m->b, &m->gamma, &m->beta, &m->mean, &m->var, &m->head}[i];
}
enum { PARAMETERS = 7 };

static void network_forget(network *m) {
  for (int i = 0; i < PARAMETERS; i++) tensor_forget(network_parameter(m, i));
}

static tensor *network_loss(network *m, tape *t) {
  tensor *x = op_linear(t, tape_input(t, m->x, 2, (int[]){ROWS, IN}), &m->w, &m->b);
  x = op_relu(t, op_batch_norm(t, x, &m->gamma, &m->beta, &m->mean, &m->var, 0.1f, 1e-5f));
  x = op_reshape(t, x, 3, (int[]){1, ROWS, HIDDEN});
  x = op_linear(t, op_reshape(t, x, 2, (int[]){ROWS, HIDDEN}), &m->head, NULL);
  return op_cross_entropy(t, x, m->label);
}

/* One pass in training mode; the loss, or not-a-number. */
static double network_pass(network *m, tape *t, scrim_error *error) {
  tape_reset(t);
  tape_training(t, 1);
  for (int i = 0; i < PARAMETERS; i++) {
    if (network_parameter(m, i)->grad) tensor_zero_gradient(network_parameter(m, i));
  }
  tensor *loss = network_loss(m, t);
  const scrim_status status = tape_status(t, error);
  if (status != SCRIM_OK || tape_backward(t, loss, error) != SCRIM_OK) return NAN;
  const float *value = tensor_values(loss);
  return tape_status(t, error) == SCRIM_OK ? (double)*value : NAN;
}

static tape *open_tape(const backend *b) {
  tape *t = NULL;
  assert_int_equal(tape_create(&t, b, NULL), SCRIM_OK);
  return t;
}

/* Loss, gradients and running statistics of a pass on `b` are those of the CPU, within `limit`. */
static size_t compare_with_cpu(const backend *b, double limit) {
  network here, there;
  network_fill(&here);
  network_fill(&there);
  tape *cpu = open_tape(&cpu_backend), *device = open_tape(b);
  for (int pass = 0; pass < 3; pass++) {
    const double want = network_pass(&here, cpu, NULL), got = network_pass(&there, device, NULL);
    assert_true(fabs(want - got) <= limit);
    for (int i = 0; i < PARAMETERS; i++) {
      tensor *p = network_parameter(&here, i), *q = network_parameter(&there, i);
      const float *values = tensor_values(q), *grad = tensor_gradient(q);
      for (size_t k = 0; k < p->n; k++) {
        assert_true(fabs((double)p->data[k] - (double)values[k]) <= limit);
        if (p->grad) assert_true(fabs((double)p->grad[k] - (double)grad[k]) <= limit);
      }
    }
  }
  const char *name;
  const size_t fallbacks = tape_fallbacks(device, &name);
  assert_true((fallbacks == 0) == (name == NULL));
  tape_free(cpu);
  tape_free(device);
  network_forget(&there);
  return fallbacks;
}

static void a_network_learns_as_on_the_cpu(void **state) {
  (void)state;
  assert_int_equal(compare_with_cpu(&cuda_backend, 2e-6), 0);
  assert_int_equal(compare_with_cpu(&cuda_tf32_backend, 2e-3), 0);
}

/* 7 operations forward and, but for the reshaping on the way to it, as many backward. */
static void without_kernels_all_runs_on_the_cpu_and_is_counted(void **state) {
  (void)state;
  backend bare = cuda_backend;
  memset(bare.op, 0, sizeof bare.op);
  assert_int_equal(compare_with_cpu(&bare, 0), 3 * 2 * 7);
}

/* Kernels of the CPU that keep something from pass to pass keep it apart from what the device keeps. */
static void fallbacks_keep_their_own_state(void **state) {
  (void)state;
  const float x[] = {1, 2, 3, 4}, h[] = {1, -1};
  backend some = cuda_backend;
  some.op[OP_FFT_CONV] = (kernel){0};
  tape *t = open_tape(&some);
  for (int pass = 0; pass < 3; pass++) {
    tape_reset(t);
    tensor *y = op_fft_conv(t, tape_input(t, x, 2, (int[]){1, 4}), tape_input(t, h, 2, (int[]){1, 2}));
    const float *values = tensor_values(op_affine(t, y, 2, 0));
    assert_non_null(values);
    for (int i = 0; i < 4; i++) assert_true(fabsf(values[i] - 2) < 1e-5f);
  }
  tape_free(t);
}

static void kernels_may_be_missing_anywhere(void **state) {
  (void)state;
  static const op_kind used[] = {OP_LINEAR, OP_BATCH_NORM, OP_RELU, OP_RESHAPE, OP_CROSS_ENTROPY};
  for (unsigned missing = 1; missing < 1u << 5; missing++) {
    backend some = cuda_backend, backward = cuda_backend;
    for (int i = 0; i < 5; i++) {
      if (!(missing >> i & 1)) continue;
      some.op[used[i]] = (kernel){0};
      backward.op[used[i]].backward = NULL;
    }
    assert_true(compare_with_cpu(&some, 2e-6) > 0);
    assert_true(compare_with_cpu(&backward, 2e-6) > 0);
  }
}

static void results_stay_there_until_they_are_asked_for(void **state) {
  (void)state;
  tape *t = open_tape(&cuda_backend);
  const float x[] = {-1, 2, -3};
  tensor *y = op_relu(t, tape_variable(t, x, 1, (int[]){3}));
  assert_non_null(y);
  assert_null(y->data);
  const float *values = tensor_values(y);
  assert_true(values[0] == 0 && values[1] == 2 && values[2] == 0);
  assert_ptr_equal(tensor_values(y), values);
  assert_null(tensor_gradient(y));
  assert_null(tensor_values(NULL));
  assert_null(tensor_gradient(NULL));
  tape_free(t);
}

static void what_the_host_writes_is_taken_there_again(void **state) {
  (void)state;
  tape *t = open_tape(&cuda_backend);
  float values[] = {1, 2, 3};
  const float x[] = {1, 1, 1};
  tensor w = {.rank = 1, .dim = {3}, .n = 3, .data = values};
  for (int pass = 1; pass <= 3; pass++) {
    tape_reset(t);
    const float *y = tensor_values(op_mul(t, tape_input(t, x, 1, (int[]){3}), &w));
    for (int i = 0; i < 3; i++) assert_true(y[i] == (float)(pass * (i + 1)));
    float *edit = pass == 1 ? tensor_edit(&w) : tensor_overwrite(&w);
    for (int i = 0; i < 3; i++) edit[i] = (float)((pass + 1) * (i + 1));
  }
  tape_free(t);
  tensor_forget(&w);
  tensor_forget(&w);
  assert_null(w.values.device);
  assert_true(values[2] == 12);
}

static void a_tape_of_the_cpu_reads_what_a_device_has_changed(void **state) {
  (void)state;
  network m, want;
  network_fill(&m);
  network_fill(&want);
  tape *device = open_tape(&cuda_backend), *cpu = open_tape(&cpu_backend);
  network_pass(&m, device, NULL);
  network_pass(&want, cpu, NULL);
  assert_true(m.mean.values.host_behind); /* the running statistics */
  assert_true(fabs(network_pass(&m, cpu, NULL) - network_pass(&want, cpu, NULL)) < 1e-6);
  for (int i = 0; i < HIDDEN; i++) assert_true(fabsf(m.mean.data[i] - want.mean.data[i]) < 1e-6f);
  tape_free(device);
  tape_free(cpu);
  network_forget(&m);
}

/* ---- memory ---- */

static void a_warm_pass_allocates_nothing(void **state) {
  (void)state;
  network m;
  network_fill(&m);
  tape *t = open_tape(&cuda_backend);
  network_pass(&m, t, NULL);
  network_pass(&m, t, NULL);
  const unsigned long before = emulated_cuda_allocations();
  memory_fail_at(1ul << 40, 0);
  network_pass(&m, t, NULL);
  assert_int_equal(memory_requests(), 0);
  memory_fail_at(0, 0);
  assert_int_equal(emulated_cuda_allocations(), before);
  tape_free(t);
  network_forget(&m);
  assert_int_equal(emulated_cuda_allocated(), 0);
}

/* More than a first block of the arena, so that it grows in the first pass and is one block from then on. */
static void a_large_pass_grows_once(void **state) {
  (void)state;
  enum { N = 1 << 19 };
  tape *t = open_tape(&cuda_backend);
  unsigned long before = 0;
  for (int pass = 0; pass < 4; pass++) {
    tape_reset(t);
    before = pass < 2 ? emulated_cuda_allocations() : before; /* the joined block is the last */
    tensor *x = tape_zeros(t, 1, (int[]){N});
    for (int i = 0; i < 6; i++) x = op_affine(t, x, 1, 1);
    assert_true(tensor_values(x)[N - 1] == 6);
  }
  tape_reset(t);
  assert_int_equal(emulated_cuda_allocations(), before);
  tape_free(t);
}

static void the_end_of_memory_is_told_in_sizes(void **state) {
  (void)state;
  emulated_cuda_memory(8 << 20);
  tape *t = open_tape(&cuda_backend);
  scrim_error error = {0};
  tensor *x = tape_zeros(t, 1, (int[]){1 << 20});
  for (int i = 0; i < 4; i++) x = op_affine(t, x, 1, 1);
  assert_null(x);
  assert_int_equal(tape_status(t, &error), SCRIM_E_MEMORY);
  assert_string_equal(error.message,
                      "out of GPU memory: a pass asks for 4.0 MiB and holds 8.0; 0.0 of 8.0 MiB are free");
  tape_reset(t); /* and it goes on with what fits */
  assert_non_null(op_affine(t, tape_zeros(t, 1, (int[]){100}), 1, 1));
  tape_free(t);
  emulated_cuda_memory(0);
}

/* The first calls set the tape up; later ones are much alike. */
static void every_failure_of_the_device_is_an_error(void **state) {
  (void)state;
  int failures = 0, successes = 0;
  for (unsigned long n = 1; successes < 3; n += n < 40 ? 1 : 5) {
    network m;
    scrim_error error = {0};
    network_fill(&m);
    tape *t = open_tape(&cuda_backend);
    emulated_cuda_fail_at(n);
    const double loss = network_pass(&m, t, &error);
    emulated_cuda_fail_at(0);
    failures += !isfinite(loss);
    successes += isfinite(loss) != 0;
    if (!isfinite(loss)) {
      assert_true(error.status == SCRIM_E_DEVICE || error.status == SCRIM_E_MEMORY);
      assert_non_null(strstr(error.message, "GPU"));
    }
    assert_true(isfinite(network_pass(&m, t, NULL))); /* nothing is left that the next pass stumbles over */
    tape_free(t);
    network_forget(&m);
  }
  assert_true(failures > 40);
  assert_int_equal(emulated_cuda_allocated(), 0);
}

static void every_failure_of_the_host_is_an_error(void **state) {
  (void)state;
  unsigned long failures = 0;
  for (unsigned long n = 1; n < 20; n++) {
    network m;
    scrim_error error = {0};
    network_fill(&m);
    tape *t = open_tape(&cuda_backend);
    memory_fail_at(n, 0);
    const double loss = network_pass(&m, t, &error);
    memory_fail_at(0, 0);
    if (!isfinite(loss)) {
      failures++;
      assert_int_equal(error.status, SCRIM_E_MEMORY);
    }
    tape_free(t);
    network_forget(&m);
  }
  assert_true(failures > 1);
}

/* ---- threads ---- */

typedef struct reader {
  tensor *w;
  double sum;
} reader;

static void *read_shared(void *context) {
  reader *r = context;
  tape *t = NULL;
  if (tape_create(&t, &cuda_backend, NULL) != SCRIM_OK) return NULL;
  for (int pass = 0; pass < 20; pass++) {
    tape_reset(t);
    const float *y = tensor_values(op_sum(t, op_mul(t, r->w, r->w)));
    r->sum += y ? (double)*y : NAN;
  }
  tape_free(t);
  return NULL;
}

static void threads_share_weights(void **state) {
  (void)state;
  enum { THREADS = 4 };
  float values[HIDDEN * IN];
  pthread_t thread[THREADS];
  reader r[THREADS];
  tensor w = parameter(values, NULL, 2, HIDDEN, IN);
  double want = 0;
  for (size_t i = 0; i < w.n; i++) want += (double)values[i] * (double)values[i];
  for (int i = 0; i < THREADS; i++) {
    r[i] = (reader){.w = &w};
    assert_int_equal(pthread_create(&thread[i], NULL, read_shared, &r[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(thread[i], NULL);
    assert_true(fabs(r[i].sum - 20 * want) < 1e-4);
  }
  tensor_forget(&w);
}

static void *pass_elsewhere(void *context) {
  tape *t = context;
  tape_reset(t);
  tensor_values(op_affine(t, tape_zeros(t, 1, (int[]){3}), 1, 1));
  tape_reset(t);
  op_affine(t, tape_zeros(t, 1, (int[]){3}), 1, 2); /* nobody waits for it */
  return NULL;
}

static void a_tape_may_go_to_another_thread(void **state) {
  (void)state;
  tape *t = open_tape(&cuda_backend);
  for (int i = 0; i < 3; i++) {
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, pass_elsewhere, t), 0);
    pthread_join(thread, NULL);
    tape_reset(t);
    assert_true(tensor_values(op_affine(t, tape_zeros(t, 1, (int[]){3}), 1, 5))[1] == 5);
  }
  tape_free(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_network_learns_as_on_the_cpu),
      cmocka_unit_test(without_kernels_all_runs_on_the_cpu_and_is_counted),
      cmocka_unit_test(fallbacks_keep_their_own_state),
      cmocka_unit_test(kernels_may_be_missing_anywhere),
      cmocka_unit_test(results_stay_there_until_they_are_asked_for),
      cmocka_unit_test(what_the_host_writes_is_taken_there_again),
      cmocka_unit_test(a_tape_of_the_cpu_reads_what_a_device_has_changed),
      cmocka_unit_test(a_warm_pass_allocates_nothing),
      cmocka_unit_test(a_large_pass_grows_once),
      cmocka_unit_test(the_end_of_memory_is_told_in_sizes),
      cmocka_unit_test(every_failure_of_the_device_is_an_error),
      cmocka_unit_test(every_failure_of_the_host_is_an_error),
      cmocka_unit_test(threads_share_weights),
      cmocka_unit_test(a_tape_may_go_to_another_thread),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
