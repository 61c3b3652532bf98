/*
 * A model of two outputs behind the toy filter, which adds [0.5, 0, -0.5] to a row of three: exact in every datatype,
 * so that answers can be given byte by byte. And what asks and answers.
 */
#ifndef TESTS_DIALECT_WORLD_H
#define TESTS_DIALECT_WORLD_H

#include "serve/dialect.h"
#include "toy_filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct dialect_world {
  scrim_filter *filter;
  scrim_key *key;
  scrim_session *session;
  dialect_output outputs[2]; /* "probs", and "turned" with another order of classes */
  dialect_model model;
} dialect_world;

static inline dialect_world *world_make(dialect_kind kind, size_t n_outputs) {
  static const char *const allowed[] = {"labels", "note"}, *const versions[] = {"v1.0"};
  static const int order[TOY_K] = {2, 0, 1};
  dialect_world *w = calloc(1, sizeof *w);
  assert_non_null(w);
  assert_int_equal(toy_build(&w->filter, &toy_filter, NULL, NULL), SCRIM_OK);
  w->key = toy_key();
  assert_int_equal(scrim_session_create(&w->session, w->filter, w->key, NULL, NULL), SCRIM_OK);
  w->outputs[0] = (dialect_output){"probs", w->session, TOY_K, DIALECT_LOGITS, NULL};
  w->outputs[1] = (dialect_output){"turned", w->session, TOY_K, DIALECT_LOGITS, order};
  w->model = (dialect_model){.kind = kind,
                             .name = "letter",
                             .versions = versions,
                             .n_versions = 1,
                             .outputs = w->outputs,
                             .n_outputs = n_outputs,
                             .allowed = allowed,
                             .n_allowed = 2,
                             .request_limits = dialect_request_limits,
                             .answer_limits = dialect_answer_limits};
  return w;
}

static inline void world_free(dialect_world *w) {
  scrim_session_free(w->session);
  scrim_key_free(w->key);
  scrim_filter_free(w->filter);
  free(w);
}

/* A copy of exactly n bytes, so that a read behind the end is seen. free(). */
static inline char *world_exact(const void *bytes, size_t n) {
  char *exact = malloc(n + !n);
  assert_non_null(exact);
  memcpy(exact, bytes, n);
  return exact;
}

static inline scrim_status world_ask(const dialect_world *w, const char *request, dialect_exchange *exchange,
                                     scrim_error *error) {
  char *body = world_exact(request, strlen(request));
  const scrim_status status = dialect_request(exchange, &w->model, body, strlen(request), DIALECT_NO_HEADER, error);
  free(body);
  return status;
}

/* The request is refused, in such words. */
static inline void world_refused(const dialect_world *w, const char *request, const char *words) {
  dialect_exchange exchange;
  scrim_error error = {.message = ""};
  const scrim_status status = world_ask(w, request, &exchange, &error);
  if (status == SCRIM_OK || strstr(error.message, words) == NULL)
    print_error("%s\n  '%s' lacks '%s'\n", request, error.message, words);
  assert_int_not_equal(status, SCRIM_OK);
  assert_int_equal(dialect_refusal_code(status), 400);
  assert_non_null(strstr(error.message, words));
}

static inline scrim_status world_answer(const dialect_world *w, const dialect_exchange *exchange, const void *bytes,
                                        size_t n, int64_t header_bytes, dialect_answer *answer, scrim_error *error) {
  char *body = world_exact(bytes, n);
  const scrim_status status = dialect_response(answer, &w->model, exchange, body, n, header_bytes, error);
  free(body);
  return status;
}

/* What the client gets for `raw`, byte by byte; `rows` of it are purified. */
static inline void world_gives(const dialect_world *w, const char *request, const char *raw, const char *due,
                               size_t rows) {
  dialect_exchange exchange;
  dialect_answer answer;
  scrim_error error = {.message = ""};
  scrim_status status = world_ask(w, request, &exchange, &error);
  if (status == SCRIM_OK) status = world_answer(w, &exchange, raw, strlen(raw), DIALECT_NO_HEADER, &answer, &error);
  if (status != SCRIM_OK) print_error("%s\n  %s\n", raw, error.message);
  assert_int_equal(status, SCRIM_OK);
  if (answer.n_bytes != strlen(due) || memcmp(answer.bytes, due, answer.n_bytes) != 0)
    print_error("%.*s\n  instead of\n%s\n", (int)answer.n_bytes, (const char *)answer.bytes, due);
  assert_int_equal(answer.n_bytes, strlen(due));
  assert_memory_equal(answer.bytes, due, answer.n_bytes);
  assert_true(answer.header_bytes == DIALECT_NO_HEADER);
  assert_int_equal(answer.rows, rows);
  dialect_answer_free(&answer);
}

/* Nothing leaves, in such words. */
static inline void world_stops(const dialect_world *w, const char *request, const char *raw, const char *words) {
  dialect_exchange exchange;
  dialect_answer answer;
  scrim_error error = {.message = ""};
  assert_int_equal(world_ask(w, request, &exchange, &error), SCRIM_OK);
  const scrim_status status = world_answer(w, &exchange, raw, strlen(raw), DIALECT_NO_HEADER, &answer, &error);
  if (status == SCRIM_OK) print_error("%s\n  gives %.*s\n", raw, (int)answer.n_bytes, (const char *)answer.bytes);
  if (strstr(error.message, words) == NULL) print_error("%s\n  '%s' lacks '%s'\n", raw, error.message, words);
  assert_int_not_equal(status, SCRIM_OK);
  assert_int_equal(dialect_failure_code(status), 502);
  assert_non_null(strstr(error.message, words));
  assert_null(answer.bytes);
  assert_int_equal(answer.n_bytes, 0);
}

#endif
