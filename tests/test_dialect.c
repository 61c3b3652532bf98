/*
 * All dialects behind a real filter: the purified values are those of scrim_apply, a planted score never leaves
 * whatever happens to the answer that carries it, and no failed allocation is lost.
 */
#include "serve/dialect.h"

#include "core/memory.h"
#include "score_world.h"
#include "serve/json_text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { K = SCORE_K, N = 40, FORMS = 3, KINDS = 3 };

static score_world *scores;
static scrim_filter *filter;
static scrim_key *key;
static scrim_session *sessions[FORMS];

static int set_up(void **state) {
  (void)state;
  scores = score_world_make();
  key = score_key(1);
  const scrim_scores_data data = score_data(scores, 0);
  const scrim_config config = score_quick("");
  assert_int_equal(scrim_scores_train(&filter, &data, &config, key, NULL, NULL), SCRIM_OK);
  for (int form = 0; form < FORMS; form++) {
    char settings[32];
    snprintf(settings, sizeof settings, "form=%d", form);
    const scrim_config own = score_config(settings);
    assert_int_equal(scrim_session_create(&sessions[form], filter, key, &own, NULL), SCRIM_OK);
  }
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  for (int form = 0; form < FORMS; form++) scrim_session_free(sessions[form]);
  scrim_filter_free(filter);
  scrim_key_free(key);
  free(scores);
  return 0;
}

static dialect_model model_of(dialect_kind kind, dialect_output *output, dialect_form form) {
  *output = (dialect_output){"probs", sessions[form], K, form, NULL};
  return (dialect_model){.kind = kind,
                         .name = "letter",
                         .outputs = output,
                         .n_outputs = 1,
                         .request_limits = dialect_request_limits,
                         .answer_limits = dialect_answer_limits};
}

/* ---- the same values as scrim_apply gives ---- */

static void make_rows(dialect_form form, float *rows) {
  memcpy(rows, scores->fresh, N * K * sizeof *rows);
  for (int i = 0; i < N * K && form != DIALECT_PROBABILITIES; i++)
    rows[i] = logf(rows[i]) + (form == DIALECT_LOGITS ? 3 : 0);
}

static void apply(dialect_form form, const float *rows, float *out) {
  const scrim_view in = {.kind = SCRIM_SCORES, .data = (float *)rows, .rows = N, .columns = K};
  scrim_view to = {.kind = SCRIM_SCORES, .data = out, .columns = K, .capacity = N};
  assert_int_equal(scrim_apply(sessions[form], &in, &to, NULL), SCRIM_OK);
}

/* The rows as the dialect's answer: its head, nested rows, its foot. */
static size_t print_answer(char *to, const char *const around[2], const float *rows) {
  char *at = to + sprintf(to, "%s", around[0]);
  for (int i = 0; i < N; i++) {
    at += sprintf(at, "%s[", i ? "," : "");
    for (int j = 0; j < K; j++) at += sprintf(at, "%s%.9g", j ? "," : "", (double)rows[i * K + j]);
    at += sprintf(at, "]");
  }
  return (size_t)(at - to) + (size_t)sprintf(at, "%s", around[1]);
}

/* All numbers behind the last "[[". */
static void scan_answer(const dialect_answer *answer, float *rows) {
  char *text = malloc(answer->n_bytes + 1), *at;
  assert_non_null(text);
  memcpy(text, answer->bytes, answer->n_bytes);
  text[answer->n_bytes] = '\0';
  at = strstr(text, "[[");
  assert_non_null(at);
  for (int i = 0; i < N * K; i++) {
    at += strcspn(at, "-0123456789");
    rows[i] = strtof(at, &at);
  }
  free(text);
}

static void gives_what_apply_gives(void **state) {
  (void)state;
  static const struct {
    dialect_kind kind;
    int is_column;
    const char *around[2];
  } answers[] = {
      {DIALECT_OIP2,
       0,
       {"{\"outputs\":[{\"name\":\"probs\",\"shape\":[40,4],\"datatype\":\"FP32\",\"data\":[", "]}]}"}},
      {DIALECT_OIP2,
       0,
       {"{\"outputs\":[{\"name\":\"probs\",\"shape\":[40,4],\"datatype\":\"FP64\",\"data\":[", "]}]}"}},
      {DIALECT_TFSERVING, 0, {"{\"predictions\":[", "]}"}},
      {DIALECT_TFSERVING, 1, {"{\"outputs\":{\"probs\":[", "]}}"}},
      {DIALECT_KSERVE1, 0, {"{\"predictions\":[", "]}"}},
  };
  for (size_t a = 0; a < sizeof answers / sizeof *answers; a++) {
    for (int form = 0; form < FORMS; form++) {
      dialect_output output;
      const dialect_model model = model_of(answers[a].kind, &output, (dialect_form)form);
      const dialect_exchange exchange = {.rows = N, .is_column = answers[a].is_column};
      dialect_answer answer;
      float raw[N * K], due[N * K], got[N * K];
      char body[16 * 1024];
      make_rows((dialect_form)form, raw);
      apply((dialect_form)form, raw, due);
      const size_t n = print_answer(body, answers[a].around, raw);
      assert_int_equal(dialect_response(&answer, &model, &exchange, body, n, DIALECT_NO_HEADER, NULL), SCRIM_OK);
      assert_int_equal(answer.rows, N);
      scan_answer(&answer, got);
      assert_memory_equal(got, due, sizeof due);
      dialect_answer_free(&answer);
    }
  }
}

static void gives_what_apply_gives_in_binary(void **state) {
  (void)state;
  static const char head[] = "{\"outputs\":[{\"name\":\"probs\",\"shape\":[40,4],\"datatype\":\"FP32\",\"parameters\":"
                             "{\"binary_data_size\":640}}]}";
  enum { HEAD = sizeof head - 1 };
  dialect_output output;
  const dialect_model model = model_of(DIALECT_OIP2, &output, DIALECT_PROBABILITIES);
  const dialect_exchange exchange = {.rows = N};
  dialect_answer answer;
  float due[N * K];
  unsigned char body[HEAD + sizeof due];
  memcpy(body, head, HEAD);
  memcpy(body + HEAD, scores->fresh, sizeof due);
  apply(DIALECT_PROBABILITIES, scores->fresh, due);
  assert_int_equal(dialect_response(&answer, &model, &exchange, body, sizeof body, HEAD, NULL), SCRIM_OK);
  assert_memory_equal(answer.bytes + answer.header_bytes, due, sizeof due);
  dialect_answer_free(&answer);
}

/* ---- the canary ---- */

#define CANARY "0.73519462807415936"
#define TELLTALE "735194"
#define ROW "[" CANARY ",0.1,0.1,0.06480537192584064]"
#define OTHER "[0.25,0.25,0.25,0.25]"
#define TENSOR(name, data) "{\"name\":\"" name "\",\"shape\":[1,4],\"datatype\":\"FP32\",\"data\":" data "}"

typedef struct plant {
  dialect_kind kind;
  int is_column;
  const char *json;
  int n_tail; /* bytes of the binary part behind it: the row as FP32, then as FP64; -1: none */
} plant;

static const plant plants[] = {
    {DIALECT_OIP2, 0, "{\"model_name\":\"letter\",\"outputs\":[" TENSOR("probs", ROW) "]}", -1},
    {DIALECT_OIP2, 0, "{\"outputs\":[" TENSOR("probs", "[" ROW "]") "," TENSOR("logits", ROW) "]}", -1},
    {DIALECT_OIP2, 0, "{\"outputs\":[" TENSOR(CANARY, OTHER) "," TENSOR("probs", OTHER) "]}", -1},
    {DIALECT_OIP2, 0, "{\"id\":\"" CANARY "\",\"model_version\":\"" CANARY "\",\"outputs\":[" TENSOR("probs", ROW) "]}",
     -1},
    {DIALECT_OIP2, 0, "{\"model_name\":\"" CANARY "\",\"outputs\":[" TENSOR("probs", OTHER) "]}", -1},
    {DIALECT_OIP2, 0,
     "{\"parameters\":{\"p\":" CANARY "},\"" CANARY "\":1,\"debug\":{\"a\":[{\"b\":" ROW "}]},"
     "\"explanations\":[" ROW "],\"outputs\":[{\"name\":\"probs\",\"shape\":[1,4],\"datatype\":"
     "\"FP64\",\"parameters\":{\"max\":" CANARY "},\"top\":\"" CANARY ":1:cat\",\"data\":" ROW "}]}",
     -1},
    {DIALECT_OIP2, 0,
     "{\"outputs\":[{\"name\":\"probs\",\"shape\":[" CANARY ",4],\"datatype\":\"" CANARY "\",\"data\":" ROW "}]}", -1},
    {DIALECT_OIP2, 0,
     "{\"outputs\":[{\"name\":\"probs\",\"shape\":[1,1],\"datatype\":\"BYTES\",\"data\":[\"" CANARY ":1:cat\"]}]}", -1},
    {DIALECT_OIP2, 0, "{\"outputs\":[{\"name\":\"probs\",\"shape\":[1,4],\"datatype\":\"FP16\",\"data\":" ROW "}]}",
     -1},
    {DIALECT_OIP2, 0,
     "{\"outputs\":[{\"name\":\"probs\",\"shape\":[1,3],\"datatype\":\"FP32\",\"data\":[" CANARY ",0.1,0.16]}]}", -1},
    {DIALECT_OIP2, 0, "{\"error\":\"score " CANARY " is too high\"}", -1},
    {DIALECT_OIP2, 0, "{\"outputs\":[" TENSOR("probs", ROW) "],\"outputs\":[" TENSOR("probs", ROW) "]}", -1},
    {DIALECT_OIP2, 0,
     "{\"outputs\":[{\"name\":\"probs\",\"shape\":[1,4],\"datatype\":\"FP32\",\"parameters\":"
     "{\"binary_data_size\":16}},{\"name\":\"logits\",\"shape\":[1,4],\"datatype\":\"FP64\","
     "\"parameters\":{\"binary_data_size\":32}}]}",
     48},
    {DIALECT_OIP2, 0,
     "{\"outputs\":[{\"name\":\"probs\",\"shape\":[1,4],\"datatype\":\"FP32\",\"parameters\":"
     "{\"binary_data_size\":16}}]}",
     48},
    {DIALECT_OIP2, 0,
     "{\"outputs\":[{\"name\":\"logits\",\"shape\":[1,4],\"datatype\":\"FP32\",\"parameters\":"
     "{\"binary_data_size\":16}},{\"name\":\"probs\",\"shape\":[1,4],\"datatype\":\"FP64\","
     "\"parameters\":{\"binary_data_size\":32}}]}",
     48},
    {DIALECT_TFSERVING, 0, "{\"predictions\":[" ROW "," OTHER "]}", -1},
    {DIALECT_TFSERVING, 0,
     "{\"predictions\":[{\"probs\":" ROW ",\"logits\":" ROW ",\"top\":" CANARY "},{\"probs\":" OTHER "}],\"debug\":" ROW
     "}",
     -1},
    {DIALECT_TFSERVING, 0, "{\"predictions\":[{\"" CANARY "\":1,\"probs\":" OTHER "}]}", -1},
    {DIALECT_TFSERVING, 0, "{\"result\":[[[\"cat\"," CANARY "]]],\"predictions\":[" OTHER "]}", -1},
    {DIALECT_TFSERVING, 0, "{\"predictions\":[\"" CANARY "\"," CANARY "]}", -1},
    {DIALECT_TFSERVING, 1, "{\"outputs\":{\"probs\":[" ROW "],\"logits\":[" ROW "]},\"predictions\":[" ROW "]}", -1},
    {DIALECT_TFSERVING, 1, "{\"outputs\":[[" ROW "]],\"signature\":\"" CANARY "\"}", -1},
    {DIALECT_KSERVE1, 0, "{\"predictions\":[" ROW "," ROW "],\"deployedModelId\":\"" CANARY "\"}", -1},
    {DIALECT_KSERVE1, 0, "{\"predictions\":[{\"probs\":" ROW ",\"explanation\":{\"x\":{\"y\":" CANARY "}}}]}", -1},
    {DIALECT_KSERVE1, 0, "{\"predictions\":[{\"probs\":{\"1\":" CANARY "}}]}", -1},
};
enum { PLANTS = sizeof plants / sizeof *plants, ROOM = 4096 };

typedef struct body {
  unsigned char bytes[ROOM];
  size_t n;
  int64_t header_bytes;
} body;

static const double canary_row[K] = {0.73519462807415936, 0.1, 0.1, 0.06480537192584064};

static void sow(body *b, const plant *p) {
  float narrow[K];
  for (int j = 0; j < K; j++) narrow[j] = (float)canary_row[j];
  b->n = strlen(p->json);
  b->header_bytes = p->n_tail < 0 ? DIALECT_NO_HEADER : (int64_t)b->n;
  memcpy(b->bytes, p->json, b->n);
  if (p->n_tail < 0) return;
  memcpy(b->bytes + b->n, narrow, sizeof narrow);
  memcpy(b->bytes + b->n + sizeof narrow, canary_row, sizeof canary_row);
  b->n += (size_t)p->n_tail;
}

static int holds(const void *bytes, size_t n, const void *wanted, size_t n_wanted) {
  for (size_t i = 0; i + n_wanted <= n; i++)
    if (memcmp((const char *)bytes + i, wanted, n_wanted) == 0) return 1;
  return 0;
}

/* 1: an answer left, without the canary; 0: nothing did, and the message has none either. */
static int release(const plant *p, const body *b, dialect_form form) {
  dialect_output output;
  const dialect_model model = model_of(p->kind, &output, form);
  const dialect_exchange exchange = {.rows = 2, .is_column = p->is_column};
  const float narrow = (float)canary_row[0];
  dialect_answer answer;
  scrim_error error = {.message = ""};
  unsigned char *exact = malloc(b->n + 1); /* a copy of its own size, so that a read behind the end is seen */
  assert_non_null(exact);
  memcpy(exact, b->bytes, b->n);
  const scrim_status status = dialect_response(&answer, &model, &exchange, exact, b->n, b->header_bytes, &error);
  free(exact);
  assert_null(strstr(error.message, TELLTALE));
  if (status != SCRIM_OK) {
    assert_null(answer.bytes);
    assert_true(error.message[0] != '\0' && dialect_failure_code(status) >= 500);
    return 0;
  }
  const int leaks = holds(answer.bytes, answer.n_bytes, TELLTALE, strlen(TELLTALE)) ||
                    holds(answer.bytes, answer.n_bytes, &narrow, sizeof narrow) ||
                    holds(answer.bytes, answer.n_bytes, &canary_row[0], sizeof canary_row[0]);
  if (leaks) print_error("%.*s\n  gives %.*s\n", (int)b->n, b->bytes, (int)answer.n_bytes, answer.bytes);
  assert_false(leaks);
  dialect_answer_free(&answer);
  return 1;
}

static void releases_no_planted_score(void **state) {
  (void)state;
  int released = 0;
  for (size_t i = 0; i < PLANTS; i++) {
    body b;
    sow(&b, &plants[i]);
    released += release(&plants[i], &b, DIALECT_PROBABILITIES);
    const int passed = release(&plants[i], &b, DIALECT_LOG_PROBABILITIES);
    if (i == 0) assert_false(passed); /* a filter that refuses the row, and would quote it */
  }
  assert_in_range(released, 12, PLANTS - 8); /* both happen */
}

/* Cut anywhere, and with bytes added. */
static void releases_no_part_of_a_cut_answer(void **state) {
  (void)state;
  for (size_t i = 0; i < PLANTS; i++) {
    body whole;
    sow(&whole, &plants[i]);
    for (size_t n = 0; n < whole.n; n++) {
      body cut = whole;
      cut.n = n;
      if (cut.header_bytes > (int64_t)n && n % 2) cut.header_bytes = (int64_t)n;
      const int released = release(&plants[i], &cut, DIALECT_PROBABILITIES);
      if (n < strlen(plants[i].json)) assert_false(released);
    }
    memcpy(whole.bytes + whole.n, CANARY, strlen(CANARY));
    whole.n += strlen(CANARY);
    assert_false(release(&plants[i], &whole, DIALECT_PROBABILITIES));
  }
}

static unsigned next(uint64_t *seed, unsigned below) {
  *seed = *seed * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)((*seed >> 33) % below);
}

/* Replaces n bytes at `at` by others. */
static void splice(body *b, size_t at, size_t n, const void *with, size_t n_with) {
  if (b->n - n + n_with > ROOM) return;
  memmove(b->bytes + at + n_with, b->bytes + at + n, b->n - at - n);
  memcpy(b->bytes + at, with, n_with);
  b->n = b->n - n + n_with;
  if (b->header_bytes > (int64_t)at) b->header_bytes += (int64_t)n_with - (int64_t)n;
}

static void mutate(body *b, uint64_t *seed) {
  static const char *const tokens[] = {
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      "\"",
      "1",
      "-",
      "e9",
      "null",
      "\"probs\"",
      "\"logits\"",
      "\"data\"",
      "\"shape\"",
      "\"outputs\"",
      "\"name\"",
      "\"FP32\"",
      "\"FP64\"",
      "\"BF16\"",
      "\"id\"",
      CANARY,
      "\"" CANARY "\"",
      ROW,
      "[1,4]",
      "\"predictions\"",
      "\"parameters\"",
      "{\"binary_data_size\":16}",
      "\\u0070",
      "\\",
      " ",
      "0",
  };
  const size_t at = next(seed, (unsigned)b->n), left = b->n - at;
  const size_t n = next(seed, 24) % (left + 1), from = next(seed, (unsigned)b->n);
  const char *token = tokens[next(seed, sizeof tokens / sizeof *tokens)];
  unsigned char piece[32];
  const size_t n_piece = b->n - from < 24 ? b->n - from : 24;
  memcpy(piece, b->bytes + from, n_piece);
  switch (next(seed, 7)) {
  case 0:
    b->bytes[at] = (unsigned char)next(seed, 256);
    break;
  case 1:
    splice(b, at, n, "", 0);
    break;
  case 2:
    splice(b, at, 0, piece, n_piece);
    break;
  case 3:
    splice(b, at, n, piece, n_piece);
    break;
  case 4:
    splice(b, at, 0, token, strlen(token));
    break;
  case 5:
    splice(b, at, n, token, strlen(token));
    break;
  default:
    b->header_bytes += b->header_bytes == DIALECT_NO_HEADER ? 0 : (int)next(seed, 9) - 4;
  }
  if (b->n == 0) splice(b, 0, 0, "{", 1);
}

/* Every third time memory ends somewhere as well. */
static void releases_nothing_under_mutation(void **state) {
  (void)state;
  int released = 0;
  for (uint64_t seed = 1; seed <= 30000; seed++) {
    uint64_t random = seed * 0x9e3779b97f4a7c15u;
    const plant *p = &plants[next(&random, PLANTS)];
    body b;
    sow(&b, p);
    for (unsigned n = 1 + next(&random, 3); n > 0; n--) mutate(&b, &random);
    if (seed % 3 == 0) memory_fail_at(1 + next(&random, 6), (int)next(&random, 2));
    released += release(p, &b, next(&random, 8) ? DIALECT_PROBABILITIES : DIALECT_LOGITS);
    memory_fail_at(0, 0);
  }
  assert_true(released > 1000); /* not all of it was refused at the gate */
}

static void releases_nothing_of_huge_answers(void **state) {
  (void)state;
  static const struct {
    const char *head, *part, *foot;
    size_t n;
  } huge[] = {
      {"{\"outputs\":[", "{\"name\":\"l\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[" CANARY "]},", "{}]}", 500000},
      {"{\"outputs\":[", "{\"name\":\"" CANARY "\"},", "{}]}", 1000000},
      {"{\"debug\":", "[", "", 1000000},
      {"{\"debug\":", "{\"a\":", "", 1000000},
      {"{\"outputs\":[{\"name\":\"probs\",\"shape\":[1000000,4],\"datatype\":\"FP32\",\"data\":[", ROW ",", "]}]}",
       100000},
  };
  for (size_t i = 0; i < sizeof huge / sizeof *huge; i++) {
    const size_t n_head = strlen(huge[i].head), n_part = strlen(huge[i].part), n_foot = strlen(huge[i].foot);
    const size_t n = n_head + huge[i].n * n_part + n_foot;
    char *text = malloc(n);
    assert_non_null(text);
    memcpy(text, huge[i].head, n_head);
    for (size_t j = 0; j < huge[i].n; j++) memcpy(text + n_head + j * n_part, huge[i].part, n_part);
    memcpy(text + n - n_foot, huge[i].foot, n_foot);
    dialect_output output;
    const dialect_model model = model_of(DIALECT_OIP2, &output, DIALECT_PROBABILITIES);
    dialect_answer answer;
    scrim_error error = {.message = ""};
    const scrim_status status =
        dialect_response(&answer, &model, &(dialect_exchange){.rows = 1}, text, n, DIALECT_NO_HEADER, &error);
    free(text);
    assert_int_equal(dialect_failure_code(status), 502);
    assert_null(strstr(error.message, TELLTALE));
    assert_null(answer.bytes);
  }
}

/* ---- memory, errors, codes ---- */

static void survives_every_failed_allocation(void **state) {
  (void)state;
  for (size_t i = 0; i < PLANTS * 2; i++) {
    const plant *p = &plants[i / 2];
    body b;
    sow(&b, p);
    const int due = release(p, &b, DIALECT_PROBABILITIES);
    unsigned long n = 0, requests;
    do {
      memory_fail_at(++n, (int)(i % 2));
      const int released = release(p, &b, DIALECT_PROBABILITIES);
      requests = memory_requests();
      memory_fail_at(0, 0);
      if (requests >= n) assert_false(released);
    } while (requests >= n);
    assert_int_equal(release(p, &b, DIALECT_PROBABILITIES), due);
  }
}

static void writes_errors(void **state) {
  (void)state;
  char text[DIALECT_ERROR_BYTES];
  for (int kind = 0; kind < KINDS; kind++) {
    const size_t n = dialect_error(text, (dialect_kind)kind, "a \"b\" \\ \n\xc3\xa9\x7f");
    static const char due[] = "{\"error\":\"a \\\"b\\\" \\\\ ????\"}";
    assert_int_equal(n, sizeof due - 1);
    assert_memory_equal(text, due, n);
  }
  char *message = malloc(2 * DIALECT_ERROR_BYTES + 1);
  assert_non_null(message);
  memset(message, '"', 2 * DIALECT_ERROR_BYTES);
  message[2 * DIALECT_ERROR_BYTES] = '\0';
  for (int shift = 0; shift < 2; shift++) { /* however long, it ends as JSON */
    const size_t n = dialect_error(text, DIALECT_OIP2, message + shift);
    assert_in_range(n, DIALECT_ERROR_BYTES - 16, DIALECT_ERROR_BYTES);
    assert_memory_equal(text + n - 3, "\"\"}", 3);
    message[1] = 'a';
  }
  free(message);
}

static void has_a_code_for_each_status(void **state) {
  (void)state;
  assert_int_equal(dialect_refusal_code(SCRIM_E_FORMAT), 400);
  assert_int_equal(dialect_refusal_code(SCRIM_E_DATA), 400);
  assert_int_equal(dialect_refusal_code(SCRIM_E_UNSUPPORTED), 400);
  assert_int_equal(dialect_refusal_code(SCRIM_E_MEMORY), 500);
  assert_int_equal(dialect_failure_code(SCRIM_E_FORMAT), 502);
  assert_int_equal(dialect_failure_code(SCRIM_E_UNSUPPORTED), 502);
  assert_int_equal(dialect_failure_code(SCRIM_E_MEMORY), 503);
  assert_int_equal(dialect_failure_code(SCRIM_E_INTERNAL), 500);
  assert_int_equal(dialect_failure_code(SCRIM_E_KEY), 500);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gives_what_apply_gives),           cmocka_unit_test(gives_what_apply_gives_in_binary),
      cmocka_unit_test(releases_no_planted_score),        cmocka_unit_test(releases_no_part_of_a_cut_answer),
      cmocka_unit_test(releases_nothing_under_mutation),  cmocka_unit_test(releases_nothing_of_huge_answers),
      cmocka_unit_test(survives_every_failed_allocation), cmocka_unit_test(writes_errors),
      cmocka_unit_test(has_a_code_for_each_status),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
