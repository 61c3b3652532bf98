/* Each defence does what it says, tells which rows are left, and lets slopes back to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "cloud_world.h"
#include "core/memory.h"
#include "pointcloud_defense/cloud_defence.h"
#include "pointcloud_defense/projection.h"
#include <cmocka.h>
#include <scrim/prior.h>
#include <stdio.h>

enum { N = 1024 };

static float xyz[3 * N], out_xyz[3 * N];
static uint32_t from[N];
static cloud_defended out = {.xyz = out_xyz, .from = from};
static random_source *source;
static scrim_filter *filter;
static scrim_key *key;

static int open_all(void **state) {
  static const unsigned char bytes[SCRIM_KEY_BYTES] = {4};
  (void)state;
  cloud_make(xyz, N, 3, CLOUD_UNIFORM, 7);
  return random_source_from_seed(&source, 1, NULL) != SCRIM_OK || scrim_key_create(&key, bytes, NULL) != SCRIM_OK ||
         scrim_cloud_train(&filter, NULL, NULL, NULL) != SCRIM_OK;
}

static int close_all(void **state) {
  (void)state;
  random_source_free(source);
  scrim_filter_free(filter);
  scrim_key_free(key);
  return 0;
}

static const cloud_defence *find(const char *name) {
  for (const cloud_defence *d = cloud_defences; d->name; d++)
    if (strcmp(d->name, name) == 0) return d;
  fail_msg("no defence %s", name);
  return NULL;
}

static scrim_status open_room(cloud_defence_room **room, const cloud_defence *d, const scrim_filter *with) {
  const scrim_key *const keys[] = {key};
  return cloud_defence_open(room, d, with, keys, 1, SCRIM_DEVICE_CPU, NULL);
}

static scrim_status apply(const cloud_defence *d, cloud_defence_room *room, size_t number) {
  const cloud_draw draw = {source, number};
  return d->apply(d, room, &draw, xyz, N, &out, NULL);
}

static cloud_defence_room *run(const cloud_defence *d, const scrim_filter *with) {
  cloud_defence_room *room;
  assert_int_equal(open_room(&room, d, with), SCRIM_OK);
  assert_int_equal(apply(d, room, 0), SCRIM_OK);
  return room;
}

static void assert_rows_stay(void) {
  for (size_t i = 0; i < out.n; i++) {
    assert_memory_equal(out.xyz + 3 * i, xyz + 3 * out.from[i], 3 * sizeof *xyz);
    if (i > 0) assert_true(out.from[i - 1] < out.from[i]);
  }
}

static void nothing_does_nothing(void **state) {
  (void)state;
  cloud_defence_close(run(&cloud_defences[0], filter));
  assert_int_equal(out.n, N);
  assert_memory_equal(out.xyz, xyz, sizeof xyz);
}

static void sampling_leaves_524_of_1024(void **state) {
  (void)state;
  cloud_defence_close(run(find("SRS"), filter));
  assert_int_equal(out.n, 524);
  assert_rows_stay();
}

static void outlier_removal_removes_outliers(void **state) {
  (void)state;
  const float kept = xyz[3 * 500];
  xyz[3 * 500] = 30;
  cloud_defence_close(run(find("SOR"), filter));
  assert_in_range(out.n, 1, N - 1);
  assert_rows_stay();
  for (size_t i = 0; i < out.n; i++) assert_int_not_equal(out.from[i], 500);
  xyz[3 * 500] = kept;
}

static void planes_are_those_of_the_projection(void **state) {
  (void)state;
  static float projected[3 * N], scratch[3 * N];
  neighbours *index = neighbours_create();
  pool *one;
  assert_int_equal(pool_create(&one, 1, NULL), SCRIM_OK);
  const survey_request request = {.n = N, .k = 16, .pool = one};
  for (int moves = 1; moves <= 3; moves += 2) {
    memcpy(projected, xyz, sizeof xyz);
    assert_int_equal(projection_run(&request, index, moves, projected, scratch, NULL), SCRIM_OK);
    cloud_defence_close(run(find(moves == 1 ? "plane x1" : "plane x3"), filter));
    assert_memory_equal(out.xyz, projected, sizeof projected);
    assert_int_equal(out.moves, moves);
    assert_int_equal(out.k, 16);
  }
  pool_free(one);
  neighbours_free(index);
}

/* In every mode: the rows are those of scrim_apply, without what is nowhere. */
static void the_filter_is_the_filter(void **state) {
  (void)state;
  static float filtered[3 * N];
  for (int mode = 0; mode < 4; mode++) {
    scrim_config config;
    scrim_filter *own;
    scrim_session *session;
    const scrim_view in = {.kind = SCRIM_POINTS, .data = xyz, .rows = N, .columns = 3};
    scrim_view result = {.kind = SCRIM_POINTS, .data = filtered, .columns = 3, .capacity = N};
    size_t row = 0;
    assert_int_equal(scrim_config_init(&config, "cloud", NULL), SCRIM_OK);
    assert_int_equal(scrim_config_set(&config, "mode", mode, NULL), SCRIM_OK);
    assert_int_equal(scrim_config_set(&config, "measure", 3, NULL), SCRIM_OK);
    assert_int_equal(scrim_cloud_train(&own, NULL, &config, NULL), SCRIM_OK);
    assert_int_equal(scrim_session_create(&session, own, key, NULL, NULL), SCRIM_OK);
    assert_int_equal(scrim_apply(session, &in, &result, NULL), SCRIM_OK);
    cloud_defence_close(run(find("scrim"), own));
    for (size_t i = 0; i < result.rows; i++) {
      if (!copies_is_valid(filtered + 3 * i)) continue;
      assert_memory_equal(out.xyz + 3 * row, filtered + 3 * i, 3 * sizeof *xyz);
      row++;
    }
    assert_int_equal(out.n, row);
    assert_int_equal(out.moves, mode == 0 ? 3 : 0);
    if (mode > 0) assert_rows_stay();
    if (mode > 1) assert_true(out.n < N);
    scrim_session_free(session);
    scrim_filter_free(own);
  }
}

static void a_row_may_set_what_differs(void **state) {
  (void)state;
  static float once[3 * N];
  const char *const set[] = {"iterations=1", NULL};
  cloud_defence other = *find("scrim");
  other.set = set;
  cloud_defence_close(run(find("plane x1"), filter));
  memcpy(once, out.xyz, sizeof once);
  cloud_defence_close(run(&other, filter));
  assert_memory_equal(out.xyz, once, sizeof once);
}

static void slopes_come_back_to_their_rows(void **state) {
  (void)state;
  static float slope_out[3 * N], slope[3 * N];
  for (size_t i = 0; i < 3 * N; i++) slope_out[i] = (float)(i + 1), slope[i] = 1;
  cloud_defence_room *room = run(find("SRS"), filter);
  assert_int_equal(cloud_defence_pull(room, &out, xyz, N, 1, slope_out, slope, NULL), SCRIM_OK);
  size_t next = 0;
  for (size_t i = 0; i < N; i++) {
    const int is_left = next < out.n && out.from[next] == i;
    for (size_t axis = 0; axis < 3; axis++)
      assert_float_equal(slope[3 * i + axis], is_left ? 1 + slope_out[3 * next + axis] : 1, 0);
    next += (size_t)is_left;
  }
  cloud_defence_close(room);
}

/* Held planes are another way back than identity, and both are there. */
static void planes_are_held_on_request(void **state) {
  (void)state;
  static float slope_out[3 * N], direct[3 * N], held[3 * N], by_hand[3 * N];
  plane_pull p = {0};
  neighbours *index = neighbours_create();
  for (size_t i = 0; i < 3 * N; i++) slope_out[i] = by_hand[i] = (float)sin((double)i);
  cloud_defence_room *room = run(find("plane x3"), filter);
  assert_int_equal(cloud_defence_pull(room, &out, xyz, N, 0, slope_out, direct, NULL), SCRIM_OK);
  assert_memory_equal(direct, slope_out, sizeof direct);
  assert_int_equal(cloud_defence_pull(room, &out, xyz, N, 1, slope_out, held, NULL), SCRIM_OK);
  assert_int_equal(plane_pull_run(&p, index, xyz, N, 16, 3, by_hand, NULL), SCRIM_OK);
  assert_memory_equal(held, by_hand, sizeof held);
  cloud_defence_close(room);
  plane_pull_free(&p);
  neighbours_free(index);
}

/* An untrained prior: small, and as it is before the first step. */
static scrim_filter *with_prior(void) {
  static const char *const settings[] = {"width=8", "latent=4", "epochs=1", "batch=4", "points=32", "shapes=20"};
  scrim_config config;
  scrim_filter *f;
  assert_int_equal(scrim_config_init(&config, "cloud", NULL), SCRIM_OK);
  for (size_t i = 0; i < 6; i++) assert_int_equal(scrim_config_parse(&config, settings[i], NULL), SCRIM_OK);
  assert_int_equal(scrim_cloud_train_prior(&f, NULL, &config, NULL, NULL), SCRIM_OK);
  return f;
}

static void time_steps_are_for_filters_with_a_prior(void **state) {
  (void)state;
  const cloud_defence *list[CLOUD_DEFENCES_MOST];
  scrim_filter *prior = with_prior();
  assert_int_equal(cloud_defences_for(filter, list), 6);
  for (size_t i = 0; i < 6; i++) assert_false(list[i]->needs_prior);
  assert_int_equal(cloud_defences_for(prior, list), 12);
  for (int step = 3; step <= 30; step = 2 * step + 1 - (step == 15)) {
    char name[24];
    snprintf(name, sizeof name, "step %d", step);
    cloud_defence_close(run(find(name), prior));
    assert_int_equal(out.time_step, step);
    assert_int_equal(out.n, N);
  }
  scrim_filter_free(prior);
}

/* Each key is a draw of its own; the same key gives the same. Without a prior there is nothing to draw. */
static void draws_go_round_the_keys(void **state) {
  (void)state;
  static float first[3 * N];
  static const unsigned char bytes[SCRIM_KEY_BYTES] = {5};
  const cloud_defence *d = find("step 7");
  scrim_filter *prior = with_prior();
  scrim_key *other;
  cloud_defence_room *room;
  assert_int_equal(scrim_key_create(&other, bytes, NULL), SCRIM_OK);
  const scrim_key *const keys[] = {key, other};
  assert_int_equal(cloud_defence_open(&room, d, prior, keys, 2, SCRIM_DEVICE_CPU, NULL), SCRIM_OK);
  assert_true(cloud_defence_draws(room));
  assert_int_equal(apply(d, room, 0), SCRIM_OK);
  memcpy(first, out.xyz, sizeof first);
  assert_int_equal(apply(d, room, 1), SCRIM_OK);
  assert_memory_not_equal(first, out.xyz, sizeof first);
  assert_int_equal(apply(d, room, 2), SCRIM_OK);
  assert_memory_equal(first, out.xyz, sizeof first);
  cloud_defence_close(room);
  room = run(find("scrim"), filter);
  assert_false(cloud_defence_draws(room));
  cloud_defence_close(room);
  room = run(find("SRS"), filter);
  assert_true(cloud_defence_draws(room));
  cloud_defence_close(room);
  scrim_key_free(other);
  scrim_filter_free(prior);
}

static void running_out_of_memory_is_an_error(void **state) {
  (void)state;
  scrim_filter *prior = with_prior();
  for (const cloud_defence *d = cloud_defences; d->name; d++) {
    const scrim_filter *with = d->needs_prior ? prior : filter;
    scrim_status status = SCRIM_E_MEMORY;
    for (unsigned long at = 1; status != SCRIM_OK; at += d->needs_prior ? 7 : 1) {
      cloud_defence_room *room = NULL;
      memory_fail_at(at, 0);
      status = open_room(&room, d, with);
      if (status == SCRIM_OK) status = apply(d, room, 0);
      memory_fail_at(0, 0);
      assert_true(status == SCRIM_OK || status == SCRIM_E_MEMORY);
      cloud_defence_close(room);
    }
  }
  scrim_filter_free(prior);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_does_nothing),
      cmocka_unit_test(sampling_leaves_524_of_1024),
      cmocka_unit_test(outlier_removal_removes_outliers),
      cmocka_unit_test(planes_are_those_of_the_projection),
      cmocka_unit_test(the_filter_is_the_filter),
      cmocka_unit_test(a_row_may_set_what_differs),
      cmocka_unit_test(slopes_come_back_to_their_rows),
      cmocka_unit_test(planes_are_held_on_request),
      cmocka_unit_test(time_steps_are_for_filters_with_a_prior),
      cmocka_unit_test(draws_go_round_the_keys),
      cmocka_unit_test(running_out_of_memory_is_an_error),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
