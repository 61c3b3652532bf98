/* The voice filter from outside: lengths, blocks, keys, pseudonyms, silence, full scale, items, failures. */
#include "core/memory.h"
#include "deid_world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <scrim.h>
#include <stdlib.h>

enum { MOST = 1 << 19 };

static scrim_key *key, *other_key;
static scrim_filter *filter;
static float in_data[MOST], out_data[MOST], more_data[MOST];

static int open_all(void **state) {
  static const unsigned char bytes[SCRIM_KEY_BYTES] = {4}, other[SCRIM_KEY_BYTES] = {5};
  (void)state;
  filter = deid_filter(1);
  return filter == NULL || scrim_key_create(&key, bytes, NULL) != SCRIM_OK ||
         scrim_key_create(&other_key, other, NULL) != SCRIM_OK;
}

static int close_all(void **state) {
  (void)state;
  scrim_filter_free(filter);
  scrim_key_free(key);
  scrim_key_free(other_key);
  return 0;
}

static scrim_session *session_of(const scrim_key *k, const char *setting) {
  scrim_config config;
  scrim_session *s;
  assert_int_equal(scrim_config_init(&config, "voice", NULL), SCRIM_OK);
  if (setting) assert_int_equal(scrim_config_parse(&config, setting, NULL), SCRIM_OK);
  assert_int_equal(scrim_session_create(&s, filter, k, &config, NULL), SCRIM_OK);
  return s;
}

static scrim_view view(float *data, size_t rows, size_t channels, double rate) {
  return (scrim_view){
      .kind = SCRIM_AUDIO, .data = data, .rows = rows, .columns = channels, .capacity = MOST / channels, .rate = rate};
}

/* [rows, channels] of speech, each channel a little softer than the one before. */
static void speak(float *x, size_t rows, size_t channels, double rate, double pitch) {
  float *mono = malloc((rows + 1) * sizeof *mono);
  assert_non_null(mono);
  voice_speech(mono, rows, rate, pitch);
  for (size_t i = 0; i < rows; i++) {
    for (size_t c = 0; c < channels; c++) x[i * channels + c] = mono[i] / (float)(1 + c);
  }
  free(mono);
}

static void apply(scrim_session *s, float *from, float *to, size_t rows, size_t channels, double rate) {
  const scrim_view in = view(from, rows, channels, rate);
  scrim_view out = view(to, 0, channels, rate);
  scrim_error error;
  if (scrim_apply(s, &in, &out, &error) != SCRIM_OK) fail_msg("%s", error.message);
  assert_int_equal(out.rows, rows);
}

/* By push and flush, in blocks of `block` frames. */
static void stream(scrim_session *s, float *from, float *to, size_t rows, size_t channels, double rate, size_t block) {
  size_t written = 0;
  scrim_view out;
  for (size_t at = 0; at < rows; at += block) {
    const size_t n = rows - at < block ? rows - at : block;
    const scrim_view in = view(from + at * channels, n, channels, rate);
    out = view(to + written * channels, 0, channels, rate);
    out.capacity = scrim_bound(s, n);
    assert_int_equal(scrim_push(s, &in, &out, NULL), SCRIM_OK);
    written += out.rows;
    assert_true(at + n - written <= scrim_latency(s));
  }
  out = view(to + written * channels, 0, channels, rate);
  out.capacity = scrim_bound(s, 0);
  assert_int_equal(scrim_flush(s, &out, NULL), SCRIM_OK);
  assert_int_equal(written + out.rows, rows);
}

static int differ(const float *a, const float *b, size_t n) {
  return memcmp(a, b, n * sizeof *a) != 0;
}

/* ---- lengths ---- */

static void any_length_rate_and_number_of_channels(void **state) {
  (void)state;
  static const struct {
    size_t rows, channels;
    double rate;
  } items[] = {{1, 1, 16000},     {2, 6, 44100},     {777, 1, 8000},   {8001, 2, 11025},
               {30001, 1, 16000}, {50021, 2, 44100}, {9001, 6, 48000}, {20011, 1, 96000}};
  scrim_session *s = session_of(key, NULL);
  for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
    const size_t n = items[i].rows * items[i].channels;
    speak(in_data, items[i].rows, items[i].channels, items[i].rate, 130);
    in_data[0] = 0.25f; /* even one sample is no silence */
    memset(out_data, 0, n * sizeof *out_data);
    apply(s, in_data, out_data, items[i].rows, items[i].channels, items[i].rate);
    if (items[i].rows > 1000) assert_true(differ(in_data, out_data, n));
  }
  scrim_session_free(s);
}

static void blocks_make_no_difference(void **state) {
  (void)state;
  const size_t rows = 90001, channels = 2;
  scrim_session *s = session_of(key, NULL);
  speak(in_data, rows, channels, 22050, 180);
  apply(s, in_data, out_data, rows, channels, 22050);
  static const size_t blocks[] = {90001, 40000, 4096, 997};
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
    stream(s, in_data, more_data, rows, channels, 22050, blocks[i]);
    assert_false(differ(out_data, more_data, rows * channels));
  }
  memcpy(more_data, in_data, rows * channels * sizeof *in_data);
  apply(s, more_data, more_data, rows, channels, 22050); /* in place */
  assert_false(differ(out_data, more_data, rows * channels));
  scrim_session_free(s);
}

/* ---- keys and pseudonyms ---- */

static scrim_voice_report report_of(const scrim_session *s) {
  scrim_voice_report r;
  assert_int_equal(scrim_voice_report_get(s, &r, NULL), SCRIM_OK);
  return r;
}

static void the_key_and_the_content_choose_the_target(void **state) {
  (void)state;
  const size_t rows = 16000;
  scrim_session *one = session_of(key, NULL), *two = session_of(key, NULL), *other = session_of(other_key, NULL);
  speak(in_data, rows, 1, 16000, 120);
  apply(one, in_data, out_data, rows, 1, 16000);
  const size_t target = report_of(one).target;
  apply(one, in_data, more_data, rows, 1, 16000); /* asking again averages nothing out */
  assert_false(differ(out_data, more_data, rows));
  apply(two, in_data, more_data, rows, 1, 16000);
  assert_false(differ(out_data, more_data, rows));
  apply(other, in_data, more_data, rows, 1, 16000);
  assert_true(differ(out_data, more_data, rows));
  assert_int_not_equal(report_of(other).target, target);
  in_data[7] += 1e-4f;
  apply(one, in_data, more_data, rows, 1, 16000);
  assert_int_not_equal(report_of(one).target, target);
  scrim_session_free(one);
  scrim_session_free(two);
  scrim_session_free(other);
}

static size_t target_under(scrim_session *s, const char *pseudonym, double pitch) {
  const scrim_voice_item item = {.rate = 16000, .channels = 1, .pseudonym = pseudonym};
  assert_int_equal(scrim_voice_begin(s, &item, NULL), SCRIM_OK);
  speak(in_data, 16000, 1, 16000, pitch);
  stream(s, in_data, out_data, 16000, 1, 16000, 5000);
  return report_of(s).target;
}

static void a_pseudonym_keeps_its_target(void **state) {
  (void)state;
  scrim_session *s = session_of(key, NULL), *other = session_of(other_key, NULL);
  const size_t target = target_under(s, "anna", 120);
  assert_int_equal(target_under(s, "anna", 220), target);
  assert_int_not_equal(target_under(s, "bert", 120), target);
  assert_int_not_equal(target_under(other, "anna", 120), target);
  assert_int_not_equal(target_under(s, NULL, 120), target);
  scrim_session_free(s);
  scrim_session_free(other);
}

/* ---- what must not happen to the sound ---- */

static void silence_stays_and_loudness_too(void **state) {
  (void)state;
  const size_t rows = 64000;
  scrim_session *s = session_of(key, "strength=8");
  speak(in_data, rows, 1, 16000, 150);
  memset(in_data, 0, 9000 * sizeof *in_data);
  memset(in_data + 30000, 0, 20000 * sizeof *in_data);
  apply(s, in_data, out_data, rows, 1, 16000);
  double before = 0, after = 0;
  size_t changed = 0;
  for (size_t i = 0; i < rows; i++) {
    if (i < 9000 || (i >= 30000 && i < 50000)) assert_true(out_data[i] == 0);
    changed += out_data[i] != in_data[i];
    before += (double)(in_data[i] * in_data[i]);
    after += (double)(out_data[i] * out_data[i]);
  }
  assert_true(changed > 20000);
  assert_true(fabs(10 * log10(after / before)) < 0.5);
  memset(in_data, 0, rows * sizeof *in_data);
  apply(s, in_data, out_data, rows, 1, 16000);
  assert_false(differ(in_data, out_data, rows));
  assert_int_equal(report_of(s).silent, report_of(s).segments);
  scrim_session_free(s);
}

static void nothing_leaves_full_scale(void **state) {
  (void)state;
  const size_t rows = 48000;
  scrim_session *s = session_of(key, "strength=10");
  speak(in_data, rows, 1, 16000, 150);
  float peak = 0;
  for (size_t i = 0; i < rows; i++) peak = fmaxf(peak, fabsf(in_data[i]));
  for (size_t i = 0; i < rows; i++) in_data[i] *= 0.999f / peak;
  apply(s, in_data, out_data, rows, 1, 16000);
  for (size_t i = 0; i < rows; i++) assert_true(fabsf(out_data[i]) <= 1);
  assert_true(report_of(s).limited > 0);
  scrim_session_free(s);
}

static void all_channels_pass_one_response(void **state) {
  (void)state;
  const size_t rows = 20000;
  scrim_session *s = session_of(key, NULL);
  speak(in_data, rows, 2, 16000, 150); /* the second channel is half the first */
  apply(s, in_data, out_data, rows, 2, 16000);
  for (size_t i = 0; i < rows; i++) assert_true(fabsf(out_data[2 * i] - 2 * out_data[2 * i + 1]) < 1e-5f);
  for (size_t i = 0; i < rows; i++) in_data[2 * i + 1] = -in_data[2 * i]; /* their mean is silent; they are not */
  apply(s, in_data, out_data, rows, 2, 16000);
  assert_true(differ(in_data, out_data, 2 * rows));
  scrim_session_free(s);
}

/* ---- items, reports, failures ---- */

static void strength_and_margins_show_in_the_report(void **state) {
  (void)state;
  scrim_session *weak = session_of(key, "strength=1"), *strong = session_of(key, "strength=6");
  speak(in_data, 40000, 1, 16000, 150);
  apply(weak, in_data, out_data, 40000, 1, 16000);
  const scrim_voice_report one = report_of(weak);
  apply(strong, in_data, more_data, 40000, 1, 16000);
  const scrim_voice_report two = report_of(strong);
  assert_true(one.distortion <= 1.0001 && one.distortion > 0.1);
  assert_true(two.distortion <= 6.0001 && two.distortion > one.distortion);
  assert_int_equal(one.encoders, DEID_ENCODERS);
  assert_true(one.seconds == 2.5);
  assert_true(one.steps > 0 && one.steps <= 3);
  for (int e = 0; e < DEID_ENCODERS; e++) assert_true(fabs(one.source_cosine[e]) <= 1.0001);
  scrim_session_free(weak);
  scrim_session_free(strong);
}

static void items_are_checked(void **state) {
  (void)state;
  scrim_session *s = session_of(key, NULL);
  scrim_voice_report report;
  assert_int_equal(scrim_voice_report_get(s, &report, NULL), SCRIM_E_STATE);
  assert_int_equal(scrim_voice_report_get(NULL, &report, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_voice_begin(s, NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_voice_begin(NULL, &(scrim_voice_item){16000, 1, NULL}, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_voice_begin(s, &(scrim_voice_item){3999, 1, NULL}, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_voice_begin(s, &(scrim_voice_item){NAN, 1, NULL}, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_voice_begin(s, &(scrim_voice_item){16000, 0, NULL}, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_voice_begin(s, &(scrim_voice_item){16000, 257, NULL}, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_voice_begin(s, &(scrim_voice_item){16000, 1, NULL}, NULL), SCRIM_OK);
  speak(in_data, 4000, 2, 16000, 150);
  scrim_view in = view(in_data, 2000, 2, 16000), out = view(out_data, 0, 2, 16000);
  assert_int_equal(scrim_push(s, &in, &out, NULL), SCRIM_E_DATA);
  in = view(in_data, 4000, 1, 8000);
  out = view(out_data, 0, 1, 8000);
  assert_int_equal(scrim_push(s, &in, &out, NULL), SCRIM_E_DATA);
  in.rate = 16000;
  assert_int_equal(scrim_push(s, &in, &out, NULL), SCRIM_OK);
  assert_int_equal(scrim_voice_begin(s, &(scrim_voice_item){16000, 1, NULL}, NULL), SCRIM_E_STATE);
  scrim_session_free(s);
}

/* Whatever allocation fails, nothing comes out, and the session works on. */
static void every_failed_request_is_reported(void **state) {
  (void)state;
  const size_t rows = 20000;
  speak(in_data, rows, 1, 16000, 150);
  scrim_session *s = session_of(key, "steps=1");
  apply(s, in_data, more_data, rows, 1, 16000);
  scrim_session_free(s);
  for (unsigned long n = 1;; n += 1 + n / 12) {
    scrim_config config;
    assert_int_equal(scrim_config_init(&config, "voice", NULL), SCRIM_OK);
    assert_int_equal(scrim_config_parse(&config, "steps=1", NULL), SCRIM_OK);
    const scrim_view in = view(in_data, rows, 1, 16000);
    scrim_view out = view(out_data, 0, 1, 16000);
    memory_fail_at(n, 0);
    scrim_status status = scrim_session_create(&s, filter, key, &config, NULL);
    if (status == SCRIM_OK) status = scrim_apply(s, &in, &out, NULL);
    const unsigned long asked = memory_requests();
    memory_fail_at(0, 0);
    if (asked < n) break;
    if (status != SCRIM_OK) { /* a tape that cannot have one block keeps several */
      assert_int_equal(status, SCRIM_E_MEMORY);
      assert_int_equal(out.rows, 0);
      if (s) apply(s, in_data, out_data, rows, 1, 16000);
    }
    if (s) assert_false(differ(out_data, more_data, rows));
    scrim_session_free(s);
  }
  scrim_session_free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_length_rate_and_number_of_channels),
      cmocka_unit_test(blocks_make_no_difference),
      cmocka_unit_test(the_key_and_the_content_choose_the_target),
      cmocka_unit_test(a_pseudonym_keeps_its_target),
      cmocka_unit_test(silence_stays_and_loudness_too),
      cmocka_unit_test(nothing_leaves_full_scale),
      cmocka_unit_test(all_channels_pass_one_response),
      cmocka_unit_test(strength_and_margins_show_in_the_report),
      cmocka_unit_test(items_are_checked),
      cmocka_unit_test(every_failed_request_is_reported),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
