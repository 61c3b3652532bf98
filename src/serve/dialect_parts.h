/* What the dialects share: one request or answer on its way, and the rules that hold in all of them. */
#ifndef SERVE_DIALECT_PARTS_H
#define SERVE_DIALECT_PARTS_H

#include "serve/dialect.h"
#include "serve/dialect_tensor.h"
#include "serve/json_writer.h"

/* A body that the guard has passed: its JSON, an object, and the binary tensors behind it. */
typedef struct dialect_source {
  json_value root;
  const unsigned char *tail; /* [n_tail] */
  size_t n_tail;
} dialect_source;

/* An answer in the making. */
typedef struct dialect_draft {
  const dialect_model *model;
  const dialect_exchange *exchange;
  dialect_source from;
  json_writer text, tail; /* the new JSON and the new binary tensors */
  int has_tail;           /* a binary tensor was written, be it of no bytes */
  size_t rows;
} dialect_draft;

/* One protocol. Both start from a source whose JSON is an object. */
typedef struct dialect_table {
  int has_binary; /* it knows Inference-Header-Content-Length */
  scrim_status (*request)(dialect_exchange *exchange, const dialect_model *model, const dialect_source *from,
                          scrim_error *error);
  scrim_status (*response)(dialect_draft *draft, scrim_error *error);
} dialect_table;

extern const dialect_table dialect_oip2, dialect_tfserving, dialect_kserve1;

/* ---- requests ---- */

/* Refuses what a request has: `what` it is, and the client's own name of it, of which the message shows a part. */
scrim_status dialect_refuse_name(const char *what, json_value name, scrim_error *error);
int dialect_is_allowed(const dialect_model *model, json_value name);

/* ---- answers ---- */

/* The index of the configured output of that name, or n_outputs. */
size_t dialect_output_index(const dialect_model *model, json_value name);
/* Adds the rows of a purified tensor; SCRIM_E_DATA: more than the request asked about, or more than may be. */
scrim_status dialect_count_rows(dialect_draft *draft, const dialect_tensor *tensor, size_t batch, scrim_error *error);
/* Fields of the answer that are allowed by name, as they stand; never one of `own`, which the dialect writes itself. */
void dialect_write_allowed(dialect_draft *draft, const char *const *own, size_t n_own);

#endif
