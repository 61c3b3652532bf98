/* The way back through planes is the adjoint of the way there with planes held; the way there is projection_run's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "cloud_world.h"
#include "core/memory.h"
#include "pointcloud_defense/plane_pull.h"
#include "pointcloud_defense/projection.h"
#include <cmocka.h>

enum { N = 300, K = 9, MOVES = 3 };

static float xyz[3 * N], slope[3 * N], shift[3 * N];

static void draw(float *to, uint64_t seed) {
  random_source *r;
  assert_int_equal(random_source_from_seed(&r, seed, NULL), SCRIM_OK);
  for (size_t i = 0; i < 3 * N; i++) to[i] = (float)random_normal(r);
  random_source_free(r);
}

static void goes_where_projection_goes(void **state) {
  (void)state;
  static float projected[3 * N], scratch[3 * N];
  plane_pull p = {0};
  pool *one;
  neighbours *index = neighbours_create();
  cloud_make(xyz, N, 3, CLOUD_UNIFORM, 2);
  memcpy(projected, xyz, sizeof xyz);
  assert_int_equal(pool_create(&one, 1, NULL), SCRIM_OK);
  const survey_request request = {.n = N, .k = K, .pool = one};
  assert_int_equal(projection_run(&request, index, MOVES, projected, scratch, NULL), SCRIM_OK);
  draw(slope, 3);
  assert_int_equal(plane_pull_run(&p, index, xyz, N, K, MOVES, slope, NULL), SCRIM_OK);
  assert_memory_equal(p.xyz + 3 * N * MOVES, projected, sizeof projected);
  plane_pull_free(&p);
  neighbours_free(index);
  pool_free(one);
}

/* shift becomes what moving the points by it does to where they come out, planes held. */
static void push(const plane_pull *p, size_t move) {
  static float before[3 * N];
  memcpy(before, shift, sizeof before);
  for (size_t i = 0; i < N; i++) {
    const size_t at = N * move + i;
    const float *v = p->normal + 3 * at;
    double across = 0;
    for (size_t axis = 0; axis < 3; axis++) {
      double off = before[3 * i + axis];
      for (size_t j = 0; j < p->count[at]; j++)
        off -= before[3 * p->index[at * NEIGHBOURS_MAX + j] + axis] / (double)p->count[at];
      across += v[axis] * off;
    }
    for (size_t axis = 0; axis < 3; axis++) shift[3 * i + axis] -= (float)(v[axis] * across);
  }
}

static double dot(const float *a, const float *b) {
  double sum = 0;
  for (size_t i = 0; i < 3 * N; i++) sum += (double)a[i] * b[i];
  return sum;
}

static void comes_back_by_the_adjoint(void **state) {
  (void)state;
  static float pulled[3 * N], first[3 * N];
  plane_pull p = {0};
  neighbours *index = neighbours_create();
  cloud_make(xyz, N, 3, CLOUD_UNIFORM, 2);
  draw(slope, 3);
  draw(shift, 4);
  memcpy(first, shift, sizeof first);
  memcpy(pulled, slope, sizeof pulled);
  assert_int_equal(plane_pull_run(&p, index, xyz, N, K, MOVES, pulled, NULL), SCRIM_OK);
  for (size_t move = 0; move < MOVES; move++) push(&p, move);
  assert_float_equal(dot(pulled, first), dot(slope, shift), 1e-3);
  assert_true(fabs(dot(slope, first) - dot(slope, shift)) > 0.1); /* or identity would pass as well */
  plane_pull_free(&p);
  neighbours_free(index);
}

static void points_nowhere_keep_their_slopes(void **state) {
  (void)state;
  static float pulled[3 * N];
  plane_pull p = {0};
  neighbours *index = neighbours_create();
  cloud_make(xyz, N, 3, CLOUD_MIXED, 2);
  draw(slope, 3);
  memcpy(pulled, slope, sizeof pulled);
  assert_int_equal(plane_pull_run(&p, index, xyz, N, K, 1, pulled, NULL), SCRIM_OK);
  for (size_t i = 0; i < N; i++)
    if (!copies_is_valid(xyz + 3 * i)) assert_memory_equal(pulled + 3 * i, slope + 3 * i, 3 * sizeof *slope);
  plane_pull_free(&p);
  neighbours_free(index);
}

static void running_out_of_memory_is_an_error(void **state) {
  (void)state;
  neighbours *index = neighbours_create();
  scrim_status status = SCRIM_E_MEMORY;
  cloud_make(xyz, N, 3, CLOUD_UNIFORM, 2);
  assert_int_equal(neighbours_build(index, xyz, N, 3, NULL), SCRIM_OK);
  for (unsigned long at = 1; status != SCRIM_OK; at++) {
    plane_pull p = {0};
    memory_fail_at(at, 0);
    status = plane_pull_run(&p, index, xyz, N, K, MOVES, slope, NULL);
    memory_fail_at(0, 0);
    assert_true(status == SCRIM_OK || status == SCRIM_E_MEMORY);
    plane_pull_free(&p);
  }
  neighbours_free(index);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(goes_where_projection_goes),
      cmocka_unit_test(comes_back_by_the_adjoint),
      cmocka_unit_test(points_nowhere_keep_their_slopes),
      cmocka_unit_test(running_out_of_memory_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
