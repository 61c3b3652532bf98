/*
 * A model for fuzzing: the toy filter with scale 0, which answers [0.5, 0, -0.5] whatever it is given, so that nothing
 * of an answer's scores may be found in what leaves.
 */
#ifndef FUZZ_DIALECT_FUZZ_H
#define FUZZ_DIALECT_FUZZ_H

#include "serve/dialect.h"
#include "toy_filter.h"

#include <stdlib.h>

#define FUZZ_CANARY "735194"

/* Made once and kept until the program ends, where a leak checker sees it. */
static inline const dialect_model *fuzz_model(dialect_kind kind) {
  static const int order[TOY_K] = {2, 0, 1};
  static scrim_filter *filter;
  static scrim_key *key;
  static scrim_session *session;
  static dialect_output outputs[2];
  static dialect_model model;
  if (session == NULL) {
    scrim_config config;
    key = toy_key();
    if (scrim_config_init(&config, "toy", NULL) != SCRIM_OK ||
        scrim_config_set(&config, "scale", 0, NULL) != SCRIM_OK ||
        toy_build(&filter, &toy_filter, &config, NULL) != SCRIM_OK ||
        scrim_session_create(&session, filter, key, NULL, NULL) != SCRIM_OK)
      abort();
    outputs[0] = (dialect_output){"probs", session, TOY_K, DIALECT_PROBABILITIES, NULL};
    outputs[1] = (dialect_output){"turned", session, TOY_K, DIALECT_LOG_PROBABILITIES, order};
  }
  model = (dialect_model){.kind = kind,
                          .name = "m",
                          .outputs = outputs,
                          .n_outputs = 2,
                          .request_limits = dialect_request_limits,
                          .answer_limits = dialect_answer_limits};
  return &model;
}

/* A refusal says why; what leaves is JSON, with its binary part behind it, and holds no digit of a score. */
static inline void fuzz_answer(const dialect_model *model, const dialect_exchange *exchange, const uint8_t *bytes,
                               size_t n, int64_t header_bytes) {
  dialect_answer answer;
  scrim_error error = {.message = ""};
  if (dialect_response(&answer, model, exchange, bytes, n, header_bytes, &error) != SCRIM_OK) {
    if (answer.bytes != NULL || error.message[0] == '\0' || strstr(error.message, FUZZ_CANARY) != NULL) abort();
    return;
  }
  const size_t n_text = answer.header_bytes < 0 ? answer.n_bytes : (size_t)answer.header_bytes;
  if (n_text > answer.n_bytes) abort();
  if (json_guard((const char *)answer.bytes, n_text, &dialect_answer_limits, NULL) != SCRIM_OK) abort();
  for (size_t i = 0; i + strlen(FUZZ_CANARY) <= answer.n_bytes; i++)
    if (memcmp(answer.bytes + i, FUZZ_CANARY, strlen(FUZZ_CANARY)) == 0) abort();
  dialect_answer_free(&answer);
}

/* A request is taken with at least one row, or refused with a reason. */
static inline void fuzz_request(const dialect_model *model, const uint8_t *bytes, size_t n, int64_t header_bytes) {
  dialect_exchange exchange;
  scrim_error error = {.message = ""};
  const scrim_status status = dialect_request(&exchange, model, bytes, n, header_bytes, &error);
  if (status == SCRIM_OK ? exchange.rows == 0 : error.message[0] == '\0') abort();
}

#endif
