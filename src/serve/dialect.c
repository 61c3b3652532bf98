#include "serve/dialect.h"

#include "core/error.h"
#include "core/memory.h"
#include "serve/dialect_parts.h"
#include <string.h>

const json_limits dialect_request_limits = {
    .bytes = (size_t)64 << 20, .depth = 32, .values = (size_t)1 << 23, .string_bytes = (size_t)64 << 20};
const json_limits dialect_answer_limits = {
    .bytes = (size_t)64 << 20, .depth = 32, .values = (size_t)1 << 22, .string_bytes = (size_t)1 << 20};

static const dialect_table *dialect_find(dialect_kind kind) {
  static const dialect_table *const tables[] = {
      [DIALECT_OIP2] = &dialect_oip2, [DIALECT_TFSERVING] = &dialect_tfserving, [DIALECT_KSERVE1] = &dialect_kserve1};
  return tables[kind];
}

/* Parts JSON from binary, and lets the JSON through the guard. */
static scrim_status dialect_open(dialect_source *from, const dialect_table *table, const json_limits *limits,
                                 const void *body, size_t n_bytes, int64_t header_bytes, scrim_error *error) {
  if (header_bytes != DIALECT_NO_HEADER && !table->has_binary)
    return fail(error, SCRIM_E_UNSUPPORTED, "this protocol has no Inference-Header-Content-Length");
  if (header_bytes == 0) return fail(error, SCRIM_E_UNSUPPORTED, "a raw binary body without JSON is not served");
  if (header_bytes != DIALECT_NO_HEADER && (header_bytes < 0 || (uint64_t)header_bytes > n_bytes))
    return fail(error, SCRIM_E_DATA, "Inference-Header-Content-Length does not fit a body of %zu bytes", n_bytes);
  const size_t n_text = header_bytes == DIALECT_NO_HEADER ? n_bytes : (size_t)header_bytes;
  const scrim_status status = json_guard(body, n_text, limits, error);
  if (status != SCRIM_OK) return status;
  from->root = json_root(body, n_text);
  from->tail = (const unsigned char *)body + n_text;
  from->n_tail = n_bytes - n_text;
  return json_kind_of(from->root) == JSON_OBJECT ? SCRIM_OK : fail(error, SCRIM_E_DATA, "the body is no JSON object");
}

/* ---- requests ---- */

scrim_status dialect_request(dialect_exchange *exchange, const dialect_model *model, const void *body, size_t n_bytes,
                             int64_t header_bytes, scrim_error *error) {
  const dialect_table *table = dialect_find(model->kind);
  dialect_source from;
  *exchange = (dialect_exchange){.rows = 1};
  const scrim_status status = dialect_open(&from, table, &model->request_limits, body, n_bytes, header_bytes, error);
  return status == SCRIM_OK ? table->request(exchange, model, &from, error) : status;
}

scrim_status dialect_refuse_name(const char *what, json_value name, scrim_error *error) {
  enum { SHOWN = 60 };
  const size_t n = (size_t)(name.end - name.at) - 2;
  return fail(error, SCRIM_E_UNSUPPORTED, "%s '%.*s%s' is not served", what, (int)(n < SHOWN ? n : SHOWN), name.at + 1,
              n < SHOWN ? "" : "...");
}

int dialect_is_allowed(const dialect_model *model, json_value name) {
  return json_index(name, model->allowed, model->n_allowed) < model->n_allowed;
}

/* ---- answers ---- */

size_t dialect_output_index(const dialect_model *model, json_value name) {
  size_t i = 0;
  while (i < model->n_outputs && !json_is(name, model->outputs[i].name)) i++;
  return i;
}

scrim_status dialect_count_rows(dialect_draft *draft, const dialect_tensor *tensor, size_t batch, scrim_error *error) {
  draft->rows += dialect_tensor_rows(tensor);
  if (batch > draft->exchange->rows)
    return fail(error, SCRIM_E_DATA, "output '%s' has more rows than the request asked about", tensor->output->name);
  if (draft->model->rows != 0 && draft->rows > draft->model->rows)
    return fail(error, SCRIM_E_DATA, "the answer has more than the %zu rows that are allowed", draft->model->rows);
  return SCRIM_OK;
}

void dialect_write_allowed(dialect_draft *draft, const char *const *own, size_t n_own) {
  for (json_value inside = json_enter(draft->from.root), name, value; json_next(&inside, &name, &value);) {
    if (json_index(name, own, n_own) < n_own || !dialect_is_allowed(draft->model, name)) continue;
    json_write_comma(&draft->text);
    json_write_value(&draft->text, name);
    json_write(&draft->text, ":");
    json_write_value(&draft->text, value);
  }
}

/* One block out of the two parts. */
static scrim_status dialect_finish(dialect_answer *answer, dialect_draft *draft, scrim_error *error) {
  const int64_t header_bytes = draft->has_tail ? (int64_t)draft->text.n : DIALECT_NO_HEADER;
  json_write_bytes(&draft->text, draft->tail.bytes, draft->tail.n);
  if (draft->text.failed || draft->tail.failed) return fail(error, SCRIM_E_MEMORY, "out of memory for an answer");
  *answer = (dialect_answer){(unsigned char *)draft->text.bytes, draft->text.n, header_bytes, draft->rows};
  draft->text = (json_writer){0};
  return SCRIM_OK;
}

scrim_status dialect_response(dialect_answer *answer, const dialect_model *model, const dialect_exchange *exchange,
                              const void *body, size_t n_bytes, int64_t header_bytes, scrim_error *error) {
  const dialect_table *table = dialect_find(model->kind);
  dialect_draft draft = {.model = model, .exchange = exchange};
  *answer = (dialect_answer){.header_bytes = DIALECT_NO_HEADER};
  scrim_status status = dialect_open(&draft.from, table, &model->answer_limits, body, n_bytes, header_bytes, error);
  if (status == SCRIM_OK) status = table->response(&draft, error);
  if (status == SCRIM_OK) status = dialect_finish(answer, &draft, error);
  json_write_free(&draft.text);
  json_write_free(&draft.tail);
  return status;
}

void dialect_answer_free(dialect_answer *answer) {
  memory_wipe_free(answer->bytes, answer->n_bytes);
  *answer = (dialect_answer){.header_bytes = DIALECT_NO_HEADER};
}

/* ---- errors ---- */

/* All three protocols have the same one. Bytes beyond ASCII may be cut characters: they are not worth a broken body. */
size_t dialect_error(char to[DIALECT_ERROR_BYTES], dialect_kind kind, const char *message) {
  static const char head[] = "{\"error\":\"", foot[] = "\"}";
  (void)kind;
  size_t n = sizeof head - 1;
  memcpy(to, head, n);
  for (; *message != '\0' && n < DIALECT_ERROR_BYTES - 8; message++) {
    if (*message == '"' || *message == '\\') to[n++] = '\\';
    to[n++] = *message >= 0x20 && *message < 0x7f ? *message : '?';
  }
  memcpy(to + n, foot, sizeof foot - 1);
  return n + sizeof foot - 1;
}

int dialect_refusal_code(scrim_status status) {
  return status == SCRIM_E_MEMORY || status == SCRIM_E_INTERNAL ? 500 : 400;
}

int dialect_failure_code(scrim_status status) {
  switch (status) {
  case SCRIM_E_MEMORY:
    return 503;
  case SCRIM_E_FORMAT:
  case SCRIM_E_DATA:
  case SCRIM_E_UNSUPPORTED:
    return 502;
  default:
    return 500;
  }
}
