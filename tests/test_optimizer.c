/* Optimisers against PyTorch 1.13, step for step; clipping, refusal of broken gradients, saving and going on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "nn/nn.h"
#include <cmocka.h>
#include <math.h>
#include <string.h>

/*
 * Golden values: two parameters, five steps, made with
 *
 *   def run(make, clip=0):
 *     w = torch.nn.Parameter(torch.tensor([1.0, -2.0, 0.5, 3.0])); b = torch.nn.Parameter(torch.tensor([0.25]))
 *     o = make([w, b])
 *     for t in range(1, 6):
 *       w.grad = torch.tensor([0.5 * t, -1.0 / t, 0.01 * t * t, 3.0 - t]); b.grad = torch.tensor([0.1 * (-1) ** t])
 *       if clip: torch.nn.utils.clip_grad_norm_([w, b], clip)
 *       o.step()
 *     print(w.tolist() + b.tolist())
 *
 *   run(lambda p: torch.optim.SGD(p, lr=0.1)), and so on; the configurations stand below.
 */
enum { W = 4, VALUES = 5, STEPS = 5 };

typedef struct model {
  nn_params *params;
  tensor *w, *b, *mean;
} model;

static model model_make(void) {
  static const float first[W] = {1.0f, -2.0f, 0.5f, 3.0f};
  const int four = W, one = 1;
  model m = {.params = nn_params_create()};
  m.w = nn_params_add(m.params, "w", 1, &four, 1);
  m.mean = nn_params_add(m.params, "mean", 1, &one, 0);
  m.b = nn_params_add(m.params, "b", 1, &one, 1);
  assert_true(m.w && m.mean && m.b);
  memcpy(m.w->data, first, sizeof first);
  m.b->data[0] = 0.25f;
  m.mean->data[0] = 7;
  return m;
}

static void set_gradients(const model *m, int t) {
  const double s = t;
  const float g[W] = {(float)(0.5 * s), (float)(-1.0 / s), (float)(0.01 * s * s), (float)(3.0 - s)};
  memcpy(m->w->grad, g, sizeof g);
  m->b->grad[0] = t % 2 ? -0.1f : 0.1f;
}

static void run_steps(nn_optimizer *o, const model *m, int from, int to) {
  for (int t = from; t <= to; t++) {
    set_gradients(m, t);
    double sum = 0;
    for (int i = 0; i < W; i++) sum += (double)m->w->grad[i] * (double)m->w->grad[i];
    sum += 0.01;
    assert_float_equal(nn_optimizer_step(o, 1), sqrt(sum), 1e-6); /* before clipping */
  }
}

static void follows_pytorch(void **state) {
  (void)state;
  static const struct {
    nn_optimizer_config config;
    float golden[VALUES];
  } cases[] = {
      {{.kind = NN_SGD, .rate = 0.1, .momentum = 0.9, .weight_decay = 0.01},
       {-0.595737875f, -1.236799f, 0.395905793f, 2.1919744f, 0.271273404f}},
      {{.kind = NN_SGD, .rate = 0.1}, {0.25f, -1.77166677f, 0.444999993f, 3.0f, 0.25999999f}},
      {{.kind = NN_ADAM, .rate = 0.1, .weight_decay = 0.01},
       {0.514509141f, -1.55732143f, 0.042115815f, 2.71430755f, 0.380939901f}},
      {{.kind = NN_ADAMW, .rate = 0.1, .weight_decay = 0.1},
       {0.475580931f, -1.47110188f, 0.0353139415f, 2.58085012f, 0.37684235f}},
      {{.kind = NN_AMSGRAD, .rate = 0.1, .beta1 = 0.5, .beta2 = 0.9},
       {0.453920633f, -1.62777841f, -0.0464710891f, 2.87499738f, 0.361674339f}},
      {{.kind = NN_SGD, .rate = 0.1, .momentum = 0.9, .clip_norm = 2},
       {-0.420872927f, -1.32611012f, 0.415822893f, 2.23444462f, 0.267803758f}},
      {{.kind = NN_ADAM, .rate = 0.1, .clip_norm = 2},
       {0.515960813f, -1.55413461f, 0.0473484322f, 2.7032392f, 0.377147645f}},
  };
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    model m = model_make();
    nn_optimizer *o = nn_optimizer_create(m.params, &cases[c].config);
    assert_non_null(o);
    run_steps(o, &m, 1, STEPS);
    for (int i = 0; i < W; i++) assert_float_equal(m.w->data[i], cases[c].golden[i], 2e-6);
    assert_float_equal(m.b->data[0], cases[c].golden[W], 2e-6);
    assert_true(m.mean->data[0] == 7); /* running statistics are nobody's to step */
    nn_optimizer_free(o);
    nn_params_free(m.params);
  }
}

static void rate_scale_scales_the_rate(void **state) {
  (void)state;
  model m = model_make();
  nn_optimizer *o = nn_optimizer_create(m.params, &(nn_optimizer_config){.kind = NN_SGD, .rate = 0.1});
  set_gradients(&m, 2);
  nn_optimizer_step(o, 0.5);
  assert_float_equal(m.w->data[0], 1.0 - 0.05 * 1.0, 1e-7);
  nn_optimizer_free(o);
  nn_params_free(m.params);
}

/* Long enough for whole blocks of the sum and a rest. */
static void norm_of_many_values(void **state) {
  (void)state;
  enum { MANY = 5003 };
  nn_params *p = nn_params_create();
  tensor *w = nn_params_add(p, "w", 1, &(int){MANY}, 1);
  nn_optimizer *o = nn_optimizer_create(p, &(nn_optimizer_config){.kind = NN_SGD, .rate = 0.1});
  double sum = 0;
  for (size_t i = 0; i < MANY; i++) {
    w->grad[i] = (float)(i % 97) - 40.0f;
    sum += (double)w->grad[i] * (double)w->grad[i];
  }
  assert_float_equal(nn_optimizer_step(o, 1) / sqrt(sum), 1, 1e-7);
  for (size_t i = 0; i < MANY; i++) assert_true(w->data[i] == -0.1f * w->grad[i]);
  nn_optimizer_free(o);
  nn_params_free(p);
}

/* A gradient that is not finite must not reach the weights: they would be lost with it. */
static void broken_gradients_change_nothing(void **state) {
  (void)state;
  static const nn_optimizer_kind kinds[] = {NN_SGD, NN_ADAM, NN_ADAMW, NN_AMSGRAD};
  for (size_t k = 0; k < 4; k++) {
    model m = model_make(), other = model_make();
    const nn_optimizer_config config = {.kind = kinds[k], .rate = 0.1};
    nn_optimizer *o = nn_optimizer_create(m.params, &config), *p = nn_optimizer_create(other.params, &config);
    set_gradients(&m, 1);
    m.w->grad[2] = k % 2 ? NAN : INFINITY;
    assert_false(isfinite(nn_optimizer_step(o, 1)));
    run_steps(o, &m, 1, 3);
    run_steps(p, &other, 1, 3);
    assert_memory_equal(m.w->data, other.w->data, W * sizeof(float));
    nn_optimizer_free(o);
    nn_optimizer_free(p);
    nn_params_free(m.params);
    nn_params_free(other.params);
  }
}

/* Moments of a unit that has died end at 0, not at denormal numbers. */
static void dead_moments_vanish(void **state) {
  (void)state;
  model m = model_make();
  nn_optimizer *o = nn_optimizer_create(m.params, &(nn_optimizer_config){.kind = NN_ADAM, .rate = 1e-3});
  set_gradients(&m, 1);
  nn_optimizer_step(o, 1);
  nn_params_zero_grad(m.params);
  for (int i = 0; i < 1200; i++) nn_optimizer_step(o, 1);
  float before[W];
  memcpy(before, m.w->data, sizeof before);
  tensorfile_writer *writer;
  tensorfile *file;
  unsigned char *bytes;
  size_t n;
  const void *first;
  int64_t four = W;
  assert_int_equal(tensorfile_writer_create(&writer, NULL), SCRIM_OK);
  assert_int_equal(nn_optimizer_put(o, writer, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_bytes(writer, &bytes, &n, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_parse(&file, bytes, n, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_get(file, "optimizer.first.w", TENSORFILE_F32, 1, &four, &first, NULL), SCRIM_OK);
  for (int i = 0; i < W; i++) assert_true(((const float *)first)[i] == 0);
  tensorfile_close(file);
  memory_free(bytes);
  tensorfile_writer_free(writer);
  nn_optimizer_free(o);
  nn_params_free(m.params);
}

/* State moved to a second optimiser by way of a file goes on to the same bits. */
static void state_survives_a_file(void **state) {
  (void)state;
  static const nn_optimizer_kind kinds[] = {NN_SGD, NN_ADAM, NN_ADAMW, NN_AMSGRAD};
  for (size_t k = 0; k < 4; k++) {
    const nn_optimizer_config config = {.kind = kinds[k], .rate = 0.1, .momentum = 0.9, .weight_decay = 0.01};
    model whole = model_make(), half = model_make();
    nn_optimizer *one = nn_optimizer_create(whole.params, &config), *two = nn_optimizer_create(half.params, &config);
    run_steps(one, &whole, 1, STEPS);
    run_steps(two, &half, 1, 2);
    tensorfile_writer *writer;
    tensorfile *file;
    unsigned char *bytes;
    size_t n;
    assert_int_equal(tensorfile_writer_create(&writer, NULL), SCRIM_OK);
    assert_int_equal(nn_optimizer_put(two, writer, NULL), SCRIM_OK);
    assert_int_equal(tensorfile_bytes(writer, &bytes, &n, NULL), SCRIM_OK);
    tensorfile_writer_free(writer);
    nn_optimizer_free(two);
    two = nn_optimizer_create(half.params, &config);
    assert_int_equal(tensorfile_parse(&file, bytes, n, NULL), SCRIM_OK);
    assert_int_equal(nn_optimizer_get(two, file, NULL), SCRIM_OK);
    tensorfile_close(file);
    memory_free(bytes);
    run_steps(two, &half, 3, STEPS);
    assert_memory_equal(half.w->data, whole.w->data, W * sizeof(float));
    assert_memory_equal(half.b->data, whole.b->data, sizeof(float));
    nn_optimizer_free(one);
    nn_optimizer_free(two);
    nn_params_free(whole.params);
    nn_params_free(half.params);
  }
}

static void state_of_another_kind_is_refused(void **state) {
  (void)state;
  model m = model_make();
  nn_optimizer *adam = nn_optimizer_create(m.params, &(nn_optimizer_config){.kind = NN_ADAM, .rate = 0.1});
  nn_optimizer *amsgrad = nn_optimizer_create(m.params, &(nn_optimizer_config){.kind = NN_AMSGRAD, .rate = 0.1});
  tensorfile_writer *writer;
  tensorfile *file;
  unsigned char *bytes;
  size_t n;
  scrim_error error = {0};
  assert_int_equal(tensorfile_writer_create(&writer, NULL), SCRIM_OK);
  assert_int_equal(nn_optimizer_put(adam, writer, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_bytes(writer, &bytes, &n, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_parse(&file, bytes, n, NULL), SCRIM_OK);
  assert_int_equal(nn_optimizer_get(amsgrad, file, &error), SCRIM_E_FORMAT);
  assert_non_null(strstr(error.message, "optimizer.largest.w"));
  tensorfile_close(file);
  memory_free(bytes);
  tensorfile_writer_free(writer);
  nn_optimizer_free(adam);
  nn_optimizer_free(amsgrad);
  nn_params_free(m.params);
}

static void every_failed_request_is_survived(void **state) {
  (void)state;
  model m = model_make();
  unsigned long n = 1;
  for (; n < 100; n++) {
    memory_fail_at(n, 0);
    nn_optimizer *o = nn_optimizer_create(m.params, &(nn_optimizer_config){.kind = NN_AMSGRAD, .rate = 0.1});
    memory_fail_at(0, 0);
    if (!o) continue;
    nn_optimizer_free(o);
    break;
  }
  assert_true(n > 6 && n < 100); /* two blocks of its own and three moments of two parameters */
  nn_params_free(m.params);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(follows_pytorch),
      cmocka_unit_test(rate_scale_scales_the_rate),
      cmocka_unit_test(norm_of_many_values),
      cmocka_unit_test(broken_gradients_change_nothing),
      cmocka_unit_test(dead_moments_vanish),
      cmocka_unit_test(state_survives_a_file),
      cmocka_unit_test(state_of_another_kind_is_refused),
      cmocka_unit_test(every_failed_request_is_survived),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
