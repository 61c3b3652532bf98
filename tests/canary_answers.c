/* Answers with a planted score, their faults, and the eye. */
#include "canary_answers.h"
#include "serve/half.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define PICK(list, random) ((list)[canary_draw(random, COUNT(list))])

static const char *const canary_values[CANARY_K] = {CANARY_TEXT, "0.5", "0.37654321098765433"};

/* SplitMix64 (Steele, Lea and Flood 2014). */
uint64_t canary_draw(canary_random *random, uint64_t below) {
  uint64_t z = (random->state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return (z ^ (z >> 31)) % below;
}

/* ---- bytes ---- */

static void canary_add_bytes(canary_bytes *to, const void *bytes, size_t n) {
  if (n > sizeof to->at - to->n) abort();
  memcpy(to->at + to->n, bytes, n);
  to->n += n;
}

__attribute__((format(printf, 2, 3))) static void canary_add(canary_bytes *to, const char *format, ...) {
  char text[4096];
  va_list list;
  va_start(list, format);
  int n = vsnprintf(text, sizeof text, format, list);
  va_end(list);
  if (n < 0 || (size_t)n >= sizeof text) abort();
  canary_add_bytes(to, text, (size_t)n);
}

/* ---- what is to be said ---- */

typedef struct canary_spec {
  canary_dialect dialect;
  size_t rows, columns;
  const char *values[CANARY_K];
  const char *shape, *datatype, *name; /* JSON text */
  const char *more_outputs, *more;     /* JSON text behind the tensor, and behind all else in the outer object */
  size_t surplus;                      /* bytes behind the body that belong to nothing */
} canary_spec;

/* On its way: the status line and fields, and the body. */
typedef struct canary_message {
  const char *before, *status, *fields;
  canary_bytes body;
  size_t n_json;   /* of a binary body; 0: pure JSON */
  size_t promised; /* length in the header */
  size_t chunk;    /* 0: in one piece */
  int is_cut;      /* ends without the last chunk */
  long header_off; /* added to the true Inference-Header-Content-Length */
} canary_message;

static int canary_is_binary(canary_dialect dialect) {
  return dialect >= CANARY_BINARY_FP32 && dialect <= CANARY_BINARY_BF16;
}

static int canary_is_v1(canary_dialect dialect) {
  return dialect >= CANARY_ROWS;
}

static const char *canary_datatype(canary_dialect dialect) {
  static const char *const names[CANARY_DIALECTS] = {"\"FP32\"", "\"FP32\"", "\"FP64\"", "\"FP32\"",
                                                     "\"FP64\"", "\"FP16\"", "\"BF16\""};
  return names[dialect] != NULL ? names[dialect] : "";
}

/* One score as the tensor's element type has it; answers its bytes. */
static size_t canary_pack(canary_dialect dialect, double value, unsigned char to[8]) {
  float single = (float)value;
  uint16_t half = dialect == CANARY_BINARY_BF16 ? bfloat_from_float(single) : half_from_float(single);
  if (dialect == CANARY_BINARY_FP64) return memcpy(to, &value, 8), 8;
  if (dialect == CANARY_BINARY_FP32) return memcpy(to, &single, 4), 4;
  return memcpy(to, &half, 2), 2;
}

/* Row r has the planted scores from the r-th on, around. */
static const char *canary_value(const canary_spec *spec, size_t row, size_t column) {
  return spec->values[(row + column) % CANARY_K];
}

static void canary_add_list(canary_bytes *to, const canary_spec *spec, int nested) {
  canary_add(to, "[");
  for (size_t r = 0; r < spec->rows; r++) {
    canary_add(to, "%s%s", r > 0 ? "," : "", nested ? "[" : "");
    for (size_t k = 0; k < spec->columns; k++) canary_add(to, "%s%s", k > 0 ? "," : "", canary_value(spec, r, k));
    canary_add(to, "%s", nested ? "]" : "");
  }
  canary_add(to, "]");
}

static void canary_write_body(canary_message *m, const canary_spec *spec) {
  canary_bytes *to = &m->body;
  if (canary_is_v1(spec->dialect)) {
    canary_add(to, "{\"%s\":", spec->dialect == CANARY_COLUMNS ? "outputs" : "predictions");
    canary_add_list(to, spec, 1);
    canary_add(to, "%s}", spec->more);
  } else {
    canary_add(to, "{\"model_name\":\"%s\",\"outputs\":[{\"name\":%s,\"shape\":%s,\"datatype\":%s,", CANARY_OIP2,
               spec->name, spec->shape, spec->datatype);
    unsigned char element[8];
    size_t bytes = canary_pack(spec->dialect, 0, element);
    if (canary_is_binary(spec->dialect)) {
      canary_add(to, "\"parameters\":{\"binary_data_size\":%zu}", spec->rows * spec->columns * bytes);
    } else {
      canary_add(to, "\"data\":");
      canary_add_list(to, spec, spec->dialect == CANARY_NESTED);
    }
    canary_add(to, "}%s]%s}", spec->more_outputs, spec->more);
    if (canary_is_binary(spec->dialect)) m->n_json = to->n;
    for (size_t i = 0; m->n_json > 0 && i < spec->rows * spec->columns; i++) {
      double value = strtod(canary_value(spec, i / spec->columns, i % spec->columns), NULL);
      canary_add_bytes(to, element, canary_pack(spec->dialect, value, element));
    }
  }
  for (size_t i = 0; i < spec->surplus; i++) canary_add(to, "%c", CANARY_TEXT[i % (sizeof CANARY_TEXT - 1)]);
  m->promised = to->n;
}

static void canary_write(canary_bytes *to, const canary_message *m) {
  to->n = 0;
  canary_add(to, "%sHTTP/1.1 %s\r\nContent-Type: application/json\r\n%s", m->before, m->status, m->fields);
  if (m->n_json > 0) canary_add(to, "Inference-Header-Content-Length: %ld\r\n", (long)m->n_json + m->header_off);
  if (m->chunk == 0) {
    canary_add(to, "Content-Length: %zu\r\n\r\n", m->promised);
    canary_add_bytes(to, m->body.at, m->body.n);
    return;
  }
  canary_add(to, "Transfer-Encoding: chunked\r\n\r\n");
  for (size_t at = 0; at < m->body.n; at += m->chunk) {
    size_t n = m->body.n - at < m->chunk ? m->body.n - at : m->chunk;
    canary_add(to, "%zx\r\n", n);
    canary_add_bytes(to, m->body.at + at, n);
    canary_add(to, "\r\n");
  }
  if (!m->is_cut) canary_add(to, "0\r\n\r\n");
}

/* ---- faults of the tensor ---- */

static void canary_wrong_shape(canary_spec *spec, canary_random *random) {
  static const char *const shapes[] = {"[1,2]",
                                       "[1,4]",
                                       "[2,2]",
                                       "[3,1]",
                                       "[9]",
                                       "[3]",
                                       "[]",
                                       "[0,3]",
                                       "[-1,3]",
                                       "[4,3]",
                                       "[1,3,2]",
                                       "null",
                                       "{}",
                                       "[\"1\",3]",
                                       "[1e9,3]",
                                       "[1,[3]]",
                                       "[3,3.5]",
                                       "[18446744073709551617,3]",
                                       "[6148914691236517206,3]",
                                       "\"" CANARY_TEXT "\"",
                                       "[" CANARY_TEXT ",3]"};
  static const size_t columns[] = {0, 1, 2, 4, 7};
  if (canary_is_v1(spec->dialect))
    spec->columns = PICK(columns, random);
  else
    spec->shape = PICK(shapes, random);
}

static void canary_more_rows(canary_spec *spec, canary_random *random) {
  static const char *const shapes[] = {"[4,3]", "[5,3]", "[6,3]"};
  size_t rows = canary_draw(random, COUNT(shapes));
  spec->rows = 4 + rows;
  spec->shape = shapes[rows];
}

static void canary_wrong_type(canary_spec *spec, canary_random *random) {
  static const char *const types[] = {"\"INT64\"",  "\"UINT8\"", "\"BOOL\"",   "\"BYTES\"",
                                      "\"STRING\"", "\"fp32\"",  "\"FP128\"",  "\"\"",
                                      "3",          "null",      "[\"FP32\"]", "\"" CANARY_TEXT "\""};
  static const char *const values[] = {
      "\"" CANARY_TEXT "\"",      "[" CANARY_TEXT "]", "{\"a\":" CANARY_TEXT "}", "null", "true",
      "\"" CANARY_TEXT ":0:cat\""};
  if (canary_is_v1(spec->dialect))
    spec->values[canary_draw(random, CANARY_K)] = PICK(values, random);
  else
    spec->datatype = PICK(types, random);
}

static void canary_wrong_name(canary_spec *spec, canary_random *random) {
  static const char *const names[] = {"\"logits\"", "\"\"", "\"Scores\"",         "\"scores \"",
                                      "7",          "null", "\"" CANARY_TEXT "\""};
  static const char *const more[] = {",\"predictions\":[[" CANARY_TEXT ",0.5,0.3]]", ",\"outputs\":" CANARY_TEXT,
                                     ",\"error\":\"" CANARY_TEXT "\"", ",\"" CANARY_TEXT "\":1"};
  if (canary_is_v1(spec->dialect))
    spec->more = PICK(more, random);
  else
    spec->name = PICK(names, random);
}

static void canary_wrong_value(canary_spec *spec, canary_random *random) {
  static const char *const values[] = {"NaN", "Infinity", "-Infinity", "-0.5", "1.7", "1e400", "00.5",
                                       ".5",  "0x1p-1",   "+0.5",      "0.5e", "--1", "1e39"};
  size_t kept = canary_draw(random, CANARY_K - 1); /* one of the others stays, and the planted one too */
  spec->values[1 + kept] = PICK(values, random);
}

/* A second tensor, an explanation, a debug field: what carries the scores beside the tensor. */
static void canary_second(canary_spec *spec, canary_random *random) {
  static const char *const outputs[] = {
      ",{\"name\":\"logits\",\"shape\":[1,2],\"datatype\":\"FP32\",\"data\":[" CANARY_TEXT ",0.5]}",
      ",{\"name\":\"label\",\"shape\":[1],\"datatype\":\"BYTES\",\"data\":[\"" CANARY_TEXT ":0:cat\"]}",
      ",{\"name\":\"" CANARY_TEXT "\",\"shape\":[1],\"datatype\":\"INT64\",\"data\":[1]}",
      ",{\"name\":\"embedding\",\"shape\":[1,1],\"datatype\":\"FP64\",\"parameters\":{\"p\":" CANARY_TEXT
      "},\"data\":[[" CANARY_TEXT "]]}"};
  static const char *const fields[] = {",\"parameters\":{\"debug\":" CANARY_TEXT "}",
                                       ",\"explanation\":[[" CANARY_TEXT "]]", ",\"debug\":\"" CANARY_TEXT "\""};
  if (canary_is_v1(spec->dialect) || canary_draw(random, 2) == 0)
    spec->more = PICK(fields, random);
  else
    spec->more_outputs = PICK(outputs, random);
}

static void canary_twice(canary_spec *spec, canary_random *random) {
  static const char *const outputs[] = {
      ",{\"name\":\"scores\",\"shape\":[1,3],\"datatype\":\"FP32\",\"data\":[" CANARY_TEXT ",0.5,0.37654321098765433]}",
      ",{\"name\":\"sc\\u006fres\",\"shape\":[1,3],\"datatype\":\"FP32\",\"data\":[" CANARY_TEXT ",0.5,0.376543211]}",
      ",{\"name\":\"other\",\"name\":\"scores\",\"shape\":[1],\"datatype\":\"INT64\",\"data\":[" CANARY_TEXT "]}"};
  static const char *const fields[] = {",\"predictions\":[[" CANARY_TEXT "]]", ",\"outputs\":[[" CANARY_TEXT "]]"};
  spec->more_outputs = PICK(outputs, random);
  if (canary_is_v1(spec->dialect)) spec->more = fields[spec->dialect == CANARY_COLUMNS];
}

/* Which version, which model answered: names that may not be the asked one's, or hold more than a name. */
static void canary_other_model(canary_spec *spec, canary_random *random) {
  static const char *const more[] = {",\"model_version\":\"" CANARY_TEXT "\"",
                                     ",\"model_version\":9",
                                     ",\"model_name\":\"inner\"",
                                     ",\"id\":\"" CANARY_TEXT "\"",
                                     ",\"model_name\":\"" CANARY_TEXT "\"",
                                     (",\"id\":" CANARY_TEXT)};
  spec->more = PICK(more, random);
}

static void canary_in_shared_memory(canary_spec *spec, canary_random *random) {
  static const char *const outputs[] = {
      ",{\"name\":\"scores\",\"shape\":[1,3],\"datatype\":\"FP32\",\"parameters\":{\"shared_memory_region\":\"r\","
      "\"shared_memory_byte_size\":12,\"x\":" CANARY_TEXT "}}",
      ",{\"name\":\"logits\",\"shape\":[1,3],\"datatype\":\"FP32\",\"parameters\":{\"shared_memory_region\":\"r\"},"
      "\"data\":[" CANARY_TEXT "]}"};
  spec->more_outputs = PICK(outputs, random);
  if (canary_is_v1(spec->dialect)) spec->more = ",\"shared_memory_region\":" CANARY_TEXT;
}

static void canary_surplus(canary_spec *spec, canary_random *random) {
  spec->surplus = 1 + canary_draw(random, 200);
}

/* ---- faults of the message ---- */

static void canary_promise_more(canary_message *m, canary_random *random) {
  m->body.n = canary_draw(random, m->body.n);
}

static void canary_cut_and_say_so(canary_message *m, canary_random *random) {
  m->promised = m->body.n = canary_draw(random, m->body.n);
}

static void canary_in_chunks(canary_message *m, canary_random *random) {
  m->chunk = 5 + canary_draw(random, 300);
}

static void canary_cut_in_chunks(canary_message *m, canary_random *random) {
  m->body.n = 1 + canary_draw(random, m->body.n - 1);
  canary_in_chunks(m, random);
  m->is_cut = 1;
}

static void canary_other_status(canary_message *m, canary_random *random) {
  static const char *const lines[] = {"500 Internal Server Error",
                                      "302 Found\r\nLocation: /?p=" CANARY_TEXT,
                                      "404 Not Found",
                                      "400 " CANARY_TEXT,
                                      "206 Partial Content",
                                      "201 Created",
                                      "203 Non-Authoritative",
                                      "401 Unauthorized",
                                      "418 " CANARY_TEXT,
                                      "503 x",
                                      "429 x",
                                      "999 x"};
  m->status = PICK(lines, random);
}

static void canary_no_body_status(canary_message *m, canary_random *random) {
  static const char *const lines[] = {"204 " CANARY_TEXT, "304 Not Modified", "101 Switching Protocols", "20 OK",
                                      "2000 OK",          CANARY_TEXT " OK"};
  m->status = PICK(lines, random);
}

static void canary_telling_field(canary_message *m, canary_random *random) {
  static const char *const fields[] = {"ETag: \"" CANARY_TEXT "\"\r\n",
                                       "Content-MD5: " CANARY_TEXT "\r\n",
                                       "Server-Timing: a;dur=" CANARY_TEXT "\r\n",
                                       "Set-Cookie: s=" CANARY_TEXT "\r\n",
                                       "Link: <" CANARY_TEXT ">\r\n",
                                       "X-Score: " CANARY_TEXT "\r\n",
                                       "Warning: 199 - \"" CANARY_TEXT "\"\r\n",
                                       CANARY_TEXT ": 1\r\n",
                                       "Age: " CANARY_TEXT "\r\n",
                                       "Vary: " CANARY_TEXT "\r\n"};
  m->fields = PICK(fields, random);
}

static void canary_compressed(canary_message *m, canary_random *random) {
  static const char *const fields[] = {
      "Content-Encoding: gzip\r\n",           "Content-Encoding: deflate\r\n",         "Content-Encoding: br\r\n",
      "Content-Encoding: identity, gzip\r\n", "Content-Encoding: " CANARY_TEXT "\r\n", "Transfer-Encoding: gzip\r\n"};
  m->fields = PICK(fields, random);
}

static void canary_wrong_header_length(canary_message *m, canary_random *random) {
  static const long off[] = {-1, 1, -20, 20, 100000, -100000, 4};
  static const char *const fields[] = {"Inference-Header-Content-Length: 9\r\n",
                                       "Inference-Header-Content-Length: 0\r\n",
                                       "Inference-Header-Content-Length: " CANARY_TEXT "\r\n"};
  m->header_off = PICK(off, random);
  if (m->n_json == 0) m->fields = PICK(fields, random);
}

static void canary_words_before(canary_message *m, canary_random *random) {
  static const char *const before[] = {CANARY_TEXT "\r\n",
                                       "HTTP/1.1 103 Early Hints\r\nLink: " CANARY_TEXT "\r\n\r\n",
                                       "HTTP/1.1 100 " CANARY_TEXT "\r\n\r\n",
                                       "HTTP/1.1 200 OK\r\n\r\n" CANARY_TEXT,
                                       "HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n" CANARY_TEXT,
                                       "\r\n",
                                       "{"};
  m->before = PICK(before, random);
}

/* ---- faults on the wire ---- */

static void canary_cut_anywhere(canary_bytes *wire, canary_random *random) {
  wire->n = canary_draw(random, wire->n);
}

static void canary_flip(canary_bytes *wire, canary_random *random) {
  for (uint64_t n = 1 + canary_draw(random, 4); n > 0; n--)
    wire->at[canary_draw(random, wire->n)] ^= (char)(1 + canary_draw(random, 255));
}

static void canary_take_out(canary_bytes *wire, canary_random *random) {
  size_t at = canary_draw(random, wire->n), n = 1 + canary_draw(random, 40);
  if (n > wire->n - at) n = wire->n - at;
  memmove(wire->at + at, wire->at + at + n, wire->n - at - n);
  wire->n -= n;
}

static void canary_put_in(canary_bytes *wire, canary_random *random) {
  static const char *const pieces[] = {CANARY_TEXT, (",\"a\":" CANARY_TEXT), "[[[[", "\\u0000", "\"", "}", "\r\n",
                                       ",,"};
  const char *piece = PICK(pieces, random);
  size_t at = canary_draw(random, wire->n), n = strlen(piece);
  memmove(wire->at + at + n, wire->at + at, wire->n - at);
  memcpy(wire->at + at, piece, n);
  wire->n += n;
}

static void canary_say_again(canary_bytes *wire, canary_random *random) {
  size_t n = wire->n;
  (void)random;
  canary_add_bytes(wire, wire->at, n);
}

/* ---- all of them ---- */

static const struct {
  const char *name;
  canary_verdict verdict;
  void (*change)(canary_spec *spec, canary_random *random);
  void (*alter)(canary_message *m, canary_random *random);
  void (*damage)(canary_bytes *wire, canary_random *random);
  int closes;
} canary_faults[] = {
    {.name = "none"},
    {.name = "in chunks", .alter = canary_in_chunks},
    {.name = "telling header field", .alter = canary_telling_field},
    {.name = "wrong shape", CANARY_EITHER, .change = canary_wrong_shape},
    {.name = "more rows than asked", CANARY_REFUSED, .change = canary_more_rows},
    {.name = "wrong datatype", CANARY_REFUSED, .change = canary_wrong_type},
    {.name = "wrong name", CANARY_EITHER, .change = canary_wrong_name},
    {.name = "wrong value", CANARY_EITHER, .change = canary_wrong_value},
    {.name = "second tensor or field", CANARY_EITHER, .change = canary_second},
    {.name = "the tensor twice", CANARY_REFUSED, .change = canary_twice},
    {.name = "another model or version", CANARY_EITHER, .change = canary_other_model},
    {.name = "in shared memory", CANARY_EITHER, .change = canary_in_shared_memory},
    {.name = "surplus bytes", CANARY_REFUSED, .change = canary_surplus},
    {.name = "cut body", CANARY_REFUSED, .alter = canary_promise_more, .closes = 1},
    {.name = "cut body that says so", CANARY_REFUSED, .alter = canary_cut_and_say_so},
    {.name = "cut chunks", CANARY_REFUSED, .alter = canary_cut_in_chunks, .closes = 1},
    {.name = "another status", CANARY_REFUSED, .alter = canary_other_status},
    {.name = "status without a body", CANARY_REFUSED, .alter = canary_no_body_status, .closes = 1},
    {.name = "compressed", CANARY_REFUSED, .alter = canary_compressed, .closes = 1},
    {.name = "wrong header length", CANARY_EITHER, .alter = canary_wrong_header_length},
    {.name = "words before", CANARY_EITHER, .alter = canary_words_before, .closes = 1},
    {.name = "cut anywhere", CANARY_REFUSED, .damage = canary_cut_anywhere, .closes = 1},
    {.name = "flipped bytes", CANARY_EITHER, .damage = canary_flip, .closes = 1},
    {.name = "bytes taken out", CANARY_EITHER, .damage = canary_take_out, .closes = 1},
    {.name = "bytes put in", CANARY_EITHER, .damage = canary_put_in, .closes = 1},
    {.name = "said twice", CANARY_FILTERED, .damage = canary_say_again},
};
const size_t canary_n_faults = COUNT(canary_faults);

const char *canary_fault_name(size_t fault) {
  return canary_faults[fault].name;
}

canary_verdict canary_answer(canary_bytes *to, int *closes, canary_dialect dialect, size_t rows, size_t fault,
                             canary_random *random) {
  static const char *const shapes[] = {"[0,3]", "[1,3]", "[2,3]", "[3,3]"};
  canary_spec spec = {.dialect = dialect,
                      .rows = rows,
                      .columns = CANARY_K,
                      .shape = shapes[rows],
                      .datatype = canary_datatype(dialect),
                      .name = "\"scores\"",
                      .more_outputs = "",
                      .more = ""};
  memcpy(spec.values, canary_values, sizeof spec.values);
  if (canary_faults[fault].change != NULL) canary_faults[fault].change(&spec, random);
  canary_message m = {.before = "", .status = "200 OK", .fields = ""};
  canary_write_body(&m, &spec);
  if (canary_faults[fault].alter != NULL) canary_faults[fault].alter(&m, random);
  canary_write(to, &m);
  if (canary_faults[fault].damage != NULL) canary_faults[fault].damage(to, random);
  *closes = canary_faults[fault].closes;
  return canary_faults[fault].verdict;
}

void canary_ask(canary_bytes *to, canary_dialect dialect, size_t rows, const char *fields) {
  canary_bytes body = {.n = 0};
  const char *target = "/v2/models/" CANARY_OIP2 "/infer";
  if (canary_is_v1(dialect)) {
    target = dialect == CANARY_KSERVE1 ? "/v1/models/" CANARY_V1 ":predict" : "/v1/models/" CANARY_TFSERVING ":predict";
    canary_add(&body, "{\"%s\":[", dialect == CANARY_COLUMNS ? "inputs" : "instances");
    for (size_t r = 0; r < rows; r++) canary_add(&body, "%s[5.5,%zu]", r > 0 ? "," : "", r);
    canary_add(&body, "]}");
  } else {
    canary_add(&body, "{\"inputs\":[{\"name\":\"x\",\"shape\":[%zu,1],\"datatype\":\"FP32\",\"data\":[", rows);
    for (size_t r = 0; r < rows; r++) canary_add(&body, "%s%zu.5", r > 0 ? "," : "", r);
    canary_add(&body, "]}],\"outputs\":[{\"name\":\"scores\",\"parameters\":{\"binary_data\":%s}}]}",
               canary_is_binary(dialect) ? "true" : "false");
  }
  to->n = 0;
  canary_add(to, "POST %s HTTP/1.1\r\nHost: a\r\n%sContent-Length: %zu\r\n\r\n", target, fields, body.n);
  canary_add_bytes(to, body.at, body.n);
}

/* ---- the eye ---- */

static int canary_has(const char *bytes, size_t n, const void *part, size_t n_part) {
  for (size_t i = 0; i + n_part <= n; i++)
    if (memcmp(bytes + i, part, n_part) == 0) return 1;
  return 0;
}

/* Released scores have three decimals, so that none comes this near to a planted one by itself. */
static int canary_is_near(double value) {
  return fabs(value - 0.12345678901234567) < 1e-5 || fabs(value - 0.37654321098765433) < 1e-5;
}

static int canary_has_number(const char *bytes, size_t n) {
  static const char of_numbers[] = "0123456789+-.eE";
  for (size_t i = 0; i < n;) {
    char token[64];
    size_t length = 0;
    while (i + length < n && bytes[i + length] != '\0' && strchr(of_numbers, bytes[i + length]) != NULL) length++;
    if (length > 0 && length < sizeof token) {
      memcpy(token, bytes + i, length);
      token[length] = '\0';
      if (canary_is_near(strtod(token, NULL))) return 1;
    }
    i += length + 1;
  }
  return 0;
}

/* Sixteen bits tell a score only in company: a whole row is looked for there, and single scores in the wide types. */
static int canary_has_tensor(const char *bytes, size_t n) {
  for (int dialect = CANARY_BINARY_FP32; dialect <= CANARY_BINARY_BF16; dialect++)
    for (size_t r = 0; r < CANARY_K; r++) {
      unsigned char row[CANARY_K * 8];
      size_t width = 0;
      for (size_t k = 0; k < CANARY_K; k++)
        width = canary_pack((canary_dialect)dialect, strtod(canary_values[(r + k) % CANARY_K], NULL), row + k * width);
      if (canary_has(bytes, n, row, CANARY_K * width)) return 1;
      if (width > 2 && r != 1 && canary_has(bytes, n, row, width)) return 1; /* 0.5 alone tells nothing */
    }
  return 0;
}

int canary_is_seen(const char *bytes, size_t n) {
  static const char digits[] = "12345678901234567", short_digits[] = "12345679";
  return canary_has(bytes, n, digits, 8) || canary_has(bytes, n, short_digits, 8) || canary_has_number(bytes, n) ||
         canary_has_tensor(bytes, n);
}
