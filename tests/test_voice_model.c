/* Files of voice filters: what must be in them. */
#include "core/memory.h"
#include "deid_world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <scrim.h>

static speaker_encoder *encoder[DEID_ENCODERS];
static target_sampler *sampler;
static float rooms[(VOICE_ROOMS + 1) * VOICE_ROOM_TAPS];

static int open_all(void **state) {
  (void)state;
  for (int i = 0; i < DEID_ENCODERS; i++) encoder[i] = deid_encoder(i);
  sampler = deid_sampler();
  deid_rooms(rooms);
  return !encoder[0] || !encoder[1] || !sampler;
}

static int close_all(void **state) {
  (void)state;
  for (int i = 0; i < DEID_ENCODERS; i++) speaker_encoder_free(encoder[i]);
  target_sampler_free(sampler);
  return 0;
}

static tensorfile_writer *writer(void) {
  tensorfile_writer *w;
  assert_int_equal(tensorfile_writer_create(&w, NULL), SCRIM_OK);
  return w;
}

/* A filter of what was put; the writer is done with. */
static scrim_status build(tensorfile_writer *w, scrim_error *error) {
  scrim_config config;
  scrim_filter *filter = NULL;
  assert_int_equal(scrim_config_init(&config, "voice", NULL), SCRIM_OK);
  const scrim_status status = filter_build(&filter, &voice_filter, w, &config, error);
  tensorfile_writer_free(w);
  scrim_filter_free(filter);
  return status;
}

static void put_encoder(tensorfile_writer *w, int i, const char *prefix) {
  assert_int_equal(speaker_encoder_put(encoder[i], prefix, w, NULL), SCRIM_OK);
}

static void whole_files_are_taken(void **state) {
  (void)state;
  tensorfile_writer *w = writer();
  assert_int_equal(deid_put(w, encoder, sampler, rooms), SCRIM_OK);
  assert_int_equal(build(w, NULL), SCRIM_OK);
  w = writer();
  assert_int_equal(deid_put(w, encoder, sampler, NULL), SCRIM_OK); /* rooms may be missing */
  assert_int_equal(build(w, NULL), SCRIM_OK);
}

static void parts_that_are_missing_or_do_not_fit_are_refused(void **state) {
  (void)state;
  scrim_error error;
  tensorfile_writer *w = writer();
  assert_int_equal(target_sampler_put(sampler, w, NULL), SCRIM_OK);
  assert_int_equal(build(w, &error), SCRIM_E_FORMAT);
  assert_non_null(strstr(error.message, "encoder.0."));

  w = writer();
  put_encoder(w, 0, "encoder.0.");
  put_encoder(w, 1, "encoder.1.");
  assert_int_equal(build(w, &error), SCRIM_E_FORMAT); /* no targets */

  w = writer();
  put_encoder(w, 0, "encoder.0."); /* one encoder, targets of two */
  assert_int_equal(target_sampler_put(sampler, w, NULL), SCRIM_OK);
  assert_int_equal(build(w, &error), SCRIM_E_FORMAT);

  w = writer();
  assert_int_equal(deid_put(w, encoder, sampler, NULL), SCRIM_OK);
  const int64_t many[] = {VOICE_ROOMS + 1, VOICE_ROOM_TAPS}, short_ones[] = {DEID_ROOMS, VOICE_ROOM_TAPS - 1};
  assert_int_equal(tensorfile_put(w, "rooms", TENSORFILE_F32, 2, many, rooms, NULL), SCRIM_OK);
  assert_int_equal(build(w, &error), SCRIM_E_FORMAT);
  w = writer();
  assert_int_equal(deid_put(w, encoder, sampler, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_put(w, "rooms", TENSORFILE_F32, 2, short_ones, rooms, NULL), SCRIM_OK);
  assert_int_equal(build(w, &error), SCRIM_E_FORMAT);
}

static void failed_requests_are_reported(void **state) {
  (void)state;
  for (unsigned long n = 1;; n += 1 + n / 8) {
    tensorfile_writer *w = writer();
    assert_int_equal(deid_put(w, encoder, sampler, rooms), SCRIM_OK);
    memory_fail_at(n, 0);
    const scrim_status status = build(w, NULL);
    const unsigned long asked = memory_requests();
    memory_fail_at(0, 0);
    if (asked < n) break;
    assert_int_equal(status, SCRIM_E_MEMORY);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(whole_files_are_taken),
      cmocka_unit_test(parts_that_are_missing_or_do_not_fit_are_refused),
      cmocka_unit_test(failed_requests_are_reported),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
