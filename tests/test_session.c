/* Sessions: overrides, batches, streams, and what is left behind by every error: nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "toy_filter.h"
#include <cmocka.h>
#include <limits.h>

enum { ROWS = 4, VALUES = ROWS * TOY_K };

static scrim_key *key;
static scrim_filter *toy, *delay;

static int make_filters(void **state) {
  (void)state;
  key = toy_key();
  return toy_build(&toy, &toy_filter, NULL, NULL) != SCRIM_OK ||
         toy_build(&delay, &delay_filter, NULL, NULL) != SCRIM_OK;
}

static int free_filters(void **state) {
  (void)state;
  scrim_filter_free(toy);
  scrim_filter_free(delay);
  scrim_key_free(key);
  return 0;
}

static scrim_session *session_new(const scrim_filter *filter, const scrim_config *config) {
  scrim_session *session;
  assert_int_equal(scrim_session_create(&session, filter, key, config, NULL), SCRIM_OK);
  return session;
}

static float input[VALUES], output[VALUES];

static scrim_view input_view(void) {
  for (int i = 0; i < VALUES; i++) input[i] = (float)i;
  return (scrim_view){.kind = SCRIM_SCORES, .data = input, .rows = ROWS, .columns = TOY_K};
}

static scrim_view output_view(void) {
  for (int i = 0; i < VALUES; i++) output[i] = 99;
  return (scrim_view){.kind = SCRIM_SCORES, .data = output, .columns = TOY_K, .capacity = ROWS, .rows = 77};
}

static void assert_closed(const scrim_view *out) {
  assert_int_equal(out->rows, 0);
  for (int i = 0; i < VALUES; i++) assert_true(output[i] == 0);
}

static void batches_go_through(void **state) {
  (void)state;
  scrim_session *session = session_new(toy, NULL);
  scrim_view in = input_view(), out = output_view();
  scrim_error error = {.message = "untouched"};
  assert_int_equal(scrim_bound(session, 5), 5);
  assert_int_equal(scrim_latency(session), 0);
  assert_int_equal(scrim_apply(session, &in, &out, &error), SCRIM_OK);
  assert_string_equal(error.message, "untouched");
  assert_int_equal(out.rows, ROWS);
  for (int i = 0; i < VALUES; i++) {
    assert_true(output[i] == (float)i + toy_offset[i % TOY_K]);
    assert_true(input[i] == (float)i);
  }
  /* In place. */
  out.data = input;
  assert_int_equal(scrim_apply(session, &in, &out, NULL), SCRIM_OK);
  assert_memory_equal(input, output, sizeof output);
  /* In place, with one view for both. */
  scrim_view both = input_view();
  for (int i = 0; i < VALUES; i++) input[i] = (float)i;
  both.capacity = ROWS;
  assert_int_equal(scrim_apply(session, &both, &both, NULL), SCRIM_OK);
  assert_int_equal(both.rows, ROWS);
  assert_memory_equal(input, output, sizeof output);
  scrim_session_free(session);
  scrim_session_free(NULL);
}

static void overrides_reach_the_filter(void **state) {
  (void)state;
  scrim_config config;
  scrim_session *session;
  scrim_error error;
  assert_int_equal(scrim_filter_config(toy, &config, NULL), SCRIM_OK);
  assert_int_equal(scrim_config_set(&config, "shift", 2, NULL), SCRIM_OK);
  session = session_new(toy, &config);
  scrim_view in = input_view(), out = output_view();
  assert_int_equal(scrim_apply(session, &in, &out, NULL), SCRIM_OK);
  assert_true(output[0] == 2.5f);
  scrim_session_free(session);

  assert_int_equal(scrim_config_set(&config, "scale", 2, NULL), SCRIM_OK);
  assert_int_equal(scrim_session_create(&session, toy, key, &config, &error), SCRIM_E_PARAM);
  assert_null(session);
  assert_non_null(strstr(error.message, "'scale' is fixed"));
  assert_int_equal(scrim_config_init(&config, "delay", NULL), SCRIM_OK);
  assert_int_equal(scrim_session_create(&session, toy, key, &config, NULL), SCRIM_E_ARGUMENT);
}

static void a_key_and_a_filter_are_needed(void **state) {
  (void)state;
  scrim_session *session;
  assert_int_equal(scrim_session_create(&session, toy, NULL, NULL, NULL), SCRIM_E_KEY);
  assert_null(session);
  assert_int_equal(scrim_session_create(&session, NULL, key, NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_session_create(NULL, toy, key, NULL, NULL), SCRIM_E_ARGUMENT);
}

/* One bad value at `at`: the status, and a closed output. */
static void assert_refused(scrim_session *session, float bad, int at, scrim_status due, int64_t row) {
  scrim_status (*const calls[])(scrim_session *, const scrim_view *, scrim_view *, scrim_error *) = {scrim_apply,
                                                                                                     scrim_push};
  for (int i = 0; i < 2; i++) {
    scrim_view in = input_view(), out = output_view();
    scrim_error error;
    input[at] = bad;
    assert_int_equal(calls[i](session, &in, &out, &error), due);
    assert_int_equal(error.status, due);
    assert_int_equal(error.row, row);
    assert_closed(&out);
  }
}

static void every_error_closes_the_output(void **state) {
  (void)state;
  scrim_session *session = session_new(toy, NULL);
  for (int at = 0; at < VALUES; at++) {
    assert_refused(session, NAN, at, SCRIM_E_DATA, at / TOY_K);         /* the gate */
    assert_refused(session, TOY_REFUSED, at, SCRIM_E_DATA, at / TOY_K); /* the domain's check */
    assert_refused(session, TOY_FAILS, at, SCRIM_E_INTERNAL, -1);       /* the domain, with its output written */
    assert_refused(session, TOY_GOES_WILD, at, SCRIM_E_INTERNAL, at / TOY_K);
    assert_refused(session, TOY_OVERFLOWS, at, SCRIM_E_INTERNAL, -1);
  }
  scrim_view in = input_view(), out = output_view();
  assert_int_equal(scrim_apply(session, &in, &out, NULL), SCRIM_OK); /* a refusal spoils nothing */
  scrim_session_free(session);
}

static void broken_contracts_close_it_too(void **state) {
  (void)state;
  scrim_session *session = session_new(toy, NULL);
  scrim_view in = input_view(), out = output_view();
  assert_int_equal(scrim_apply(NULL, &in, &out, NULL), SCRIM_E_ARGUMENT);
  assert_closed(&out);
  out = output_view();
  assert_int_equal(scrim_push(NULL, &in, &out, NULL), SCRIM_E_ARGUMENT);
  assert_closed(&out);
  out = output_view();
  assert_int_equal(scrim_flush(NULL, &out, NULL), SCRIM_E_ARGUMENT);
  assert_closed(&out);
  out = output_view();
  assert_int_equal(scrim_apply(session, NULL, &out, NULL), SCRIM_E_ARGUMENT);
  assert_closed(&out);
  out = output_view();
  in.rows = 0;
  assert_int_equal(scrim_apply(session, &in, &out, NULL), SCRIM_E_ARGUMENT);
  assert_closed(&out);
  in = input_view();
  out = output_view();
  out.kind = SCRIM_AUDIO;
  assert_int_equal(scrim_apply(session, &in, &out, NULL), SCRIM_E_ARGUMENT);
  assert_closed(&out);
  assert_int_equal(scrim_apply(session, &in, NULL, NULL), SCRIM_E_ARGUMENT);

  out = output_view();
  out.capacity = ROWS - 1;
  assert_int_equal(scrim_apply(session, &in, &out, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(out.rows, 0);
  assert_true(output[0] == 0 && output[VALUES - TOY_K - 1] == 0);
  assert_true(output[VALUES - 1] == 99); /* what the caller did not offer is not touched */

  out = output_view();
  out.data = input + 1; /* a partial overlap */
  out.capacity = ROWS - 1;
  in.rows = ROWS - 1;
  assert_int_equal(scrim_apply(session, &in, &out, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(out.rows, 0);
  assert_int_equal(scrim_bound(NULL, 3), 0);
  assert_int_equal(scrim_latency(NULL), 0);
  scrim_session_free(session);
}

static void without_memory_push_is_apply(void **state) {
  (void)state;
  scrim_session *session = session_new(toy, NULL);
  scrim_view in = input_view(), out = output_view();
  assert_int_equal(scrim_push(session, &in, &out, NULL), SCRIM_OK);
  assert_int_equal(out.rows, ROWS);
  assert_true(output[0] == 0.5f);
  assert_int_equal(scrim_apply(session, &in, &out, NULL), SCRIM_OK); /* no stream is open */
  assert_int_equal(scrim_flush(session, &out, NULL), SCRIM_OK);
  assert_int_equal(out.rows, 0);
  scrim_session_free(session);
}

/* ---- streams ---- */

static scrim_view audio(float *data, size_t rows, size_t capacity) {
  return (scrim_view){
      .kind = SCRIM_AUDIO, .data = data, .rows = rows, .columns = 1, .capacity = capacity, .rate = 16000};
}

/* Pushes 0, 1, .. 8 in pieces and checks that all come out once, in order. */
static void stream_nine(scrim_session *session) {
  static const size_t pieces[] = {1, 3, 1, 4};
  float sent[9], got[9 + TOY_DELAY];
  size_t n_sent = 0, n_got = 0;
  for (int i = 0; i < 9; i++) sent[i] = (float)i;
  for (int i = 0; i < 4; i++) {
    scrim_view in = audio(sent + n_sent, pieces[i], 0), out = audio(got + n_got, 0, scrim_bound(session, pieces[i]));
    assert_int_equal(scrim_push(session, &in, &out, NULL), SCRIM_OK);
    assert_true(out.rate == 16000);
    n_sent += pieces[i];
    n_got += out.rows;
    assert_int_equal(n_got, n_sent > TOY_DELAY ? n_sent - TOY_DELAY : 0);
  }
  scrim_view out = audio(got + n_got, 0, scrim_bound(session, 0));
  assert_int_equal(scrim_flush(session, &out, NULL), SCRIM_OK);
  assert_int_equal(n_got + out.rows, 9);
  assert_memory_equal(got, sent, sizeof sent);
}

static void streams_come_out_whole(void **state) {
  (void)state;
  scrim_session *session = session_new(delay, NULL);
  assert_int_equal(scrim_latency(session), TOY_DELAY);
  stream_nine(session);
  stream_nine(session); /* flush readied it */
  scrim_session_free(session);
}

static void apply_has_no_place_inside_a_stream(void **state) {
  (void)state;
  scrim_session *session = session_new(delay, NULL);
  scrim_view in = audio(input, 2, 0), out = audio(output, 0, 4);
  memset(input, 0, sizeof input);
  assert_int_equal(scrim_push(session, &in, &out, NULL), SCRIM_OK);
  assert_int_equal(scrim_apply(session, &in, &out, NULL), SCRIM_E_STATE);
  assert_int_equal(scrim_flush(session, &out, NULL), SCRIM_OK);
  assert_int_equal(scrim_apply(session, &in, &out, NULL), SCRIM_OK);
  scrim_session_free(session);
}

static void a_failed_push_spoils_its_stream_only(void **state) {
  (void)state;
  scrim_session *session = session_new(delay, NULL);
  scrim_view in = audio(input, 4, 0), out = audio(output, 0, 4);
  for (int i = 0; i < 4; i++) input[i] = output[i] = 1;
  input[3] = TOY_FAILS;
  assert_int_equal(scrim_push(session, &in, &out, NULL), SCRIM_E_INTERNAL);
  assert_int_equal(out.rows, 0);
  for (int i = 0; i < 4; i++) assert_true(output[i] == 0);
  input[3] = 1;
  assert_int_equal(scrim_push(session, &in, &out, NULL), SCRIM_E_STATE);
  output[0] = 1;
  assert_int_equal(scrim_flush(session, &out, NULL), SCRIM_E_STATE); /* what is left of the item does not come out */
  assert_int_equal(out.rows, 0);
  assert_true(output[0] == 0);
  stream_nine(session);
  scrim_session_free(session);
}

static void a_refused_push_spoils_nothing(void **state) {
  (void)state;
  scrim_session *session = session_new(delay, NULL);
  float one = 1, bad = NAN;
  scrim_view in = audio(&one, 1, 0), wild = audio(&bad, 1, 0), out = audio(output, 0, 4);
  assert_int_equal(scrim_push(session, &in, &out, NULL), SCRIM_OK);
  assert_int_equal(scrim_push(session, &wild, &out, NULL), SCRIM_E_DATA);
  assert_int_equal(scrim_push(session, &in, &out, NULL), SCRIM_OK);
  out.capacity = 1; /* too little for what flush may give: nothing is lost by the refusal */
  assert_int_equal(scrim_flush(session, &out, NULL), SCRIM_E_ARGUMENT);
  out.capacity = 4;
  assert_int_equal(scrim_flush(session, &out, NULL), SCRIM_OK);
  assert_int_equal(out.rows, 2);
  scrim_session_free(session);
}

/* ---- memory ---- */

static void every_failed_request_closes_the_output(void **state) {
  (void)state;
  for (int lasting = 0; lasting < 2; lasting++) {
    scrim_status status = SCRIM_E_MEMORY;
    unsigned long n = 1;
    for (; status != SCRIM_OK; n++) {
      scrim_session *session = NULL;
      scrim_view in = input_view(), out = output_view();
      memory_fail_at(n, lasting);
      status = scrim_session_create(&session, toy, key, NULL, NULL);
      if (status == SCRIM_OK) {
        status = scrim_apply(session, &in, &out, NULL);
        if (status != SCRIM_OK) assert_closed(&out);
      }
      memory_fail_at(0, 0);
      assert_true(status == SCRIM_OK || status == SCRIM_E_MEMORY);
      scrim_session_free(session);
    }
    assert_int_equal(n, 6); /* session, state, source, scratch; and the round that goes well */
  }
}

static void the_session_itself_allocates_nothing(void **state) {
  (void)state;
  scrim_session *session = session_new(delay, NULL);
  scrim_view in = audio(input, 4, 0), out = audio(output, 0, 4);
  memset(input, 0, sizeof input);
  memory_fail_at(ULONG_MAX, 0);
  for (int i = 0; i < 10; i++) assert_int_equal(scrim_push(session, &in, &out, NULL), SCRIM_OK);
  assert_int_equal(scrim_flush(session, &out, NULL), SCRIM_OK);
  assert_int_equal(memory_requests(), 0);
  memory_fail_at(0, 0);
  scrim_session_free(session);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(batches_go_through),
      cmocka_unit_test(overrides_reach_the_filter),
      cmocka_unit_test(a_key_and_a_filter_are_needed),
      cmocka_unit_test(every_error_closes_the_output),
      cmocka_unit_test(broken_contracts_close_it_too),
      cmocka_unit_test(without_memory_push_is_apply),
      cmocka_unit_test(streams_come_out_whole),
      cmocka_unit_test(apply_has_no_place_inside_a_stream),
      cmocka_unit_test(a_failed_push_spoils_its_stream_only),
      cmocka_unit_test(a_refused_push_spoils_nothing),
      cmocka_unit_test(every_failed_request_closes_the_output),
      cmocka_unit_test(the_session_itself_allocates_nothing),
  };
  return cmocka_run_group_tests(tests, make_filters, free_filters);
}
