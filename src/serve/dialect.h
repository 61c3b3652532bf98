/*
 * Dialects: the protocols in which classifiers are asked, as functions on bytes. Nothing here opens, waits or logs.
 *
 *     request   is checked, and goes upstream as it came
 *     answer    is written anew: every score tensor went through its filter, and of the rest only what the protocol's
 *               envelope needs and what the configuration allows by name; all else is dropped
 *
 * Nothing is guessed from values: the configuration names the tensors, their form, their classes and their order. Any
 * doubt about an answer is an error, and an error carries no byte of it: messages may be shown to clients and logged.
 *
 * Numbers in JSON have the fewest digits that read back as the float32 that `scrim scores apply` gives for the same raw
 * row; FP64 tensors hold the same float32 values. Half-precision tensors (binary FP16 and BF16) differ in two ways, for
 * their own rounding's sake:
 *
 *     in     a row whose sum misses 1 by no more than its rounding explains is scaled to 1 before the filter sees it
 *     out    scores are rounded to nearest, so that a row's sum may be off by that; what becomes equal to the row's
 *            largest score is put one unit below it, so that the predicted class stays
 */
#ifndef SERVE_DIALECT_H
#define SERVE_DIALECT_H

#include "serve/json_guard.h"
#include <scrim/filter.h>
#include <stdint.h>

typedef enum dialect_kind {
  DIALECT_OIP2 = 0,      /* Open Inference Protocol v2: POST .../infer, JSON or binary tensors */
  DIALECT_TFSERVING = 1, /* TensorFlow Serving: POST ...:predict, rows or columns */
  DIALECT_KSERVE1 = 2    /* KServe v1: POST ...:predict, rows */
} dialect_kind;

/* What the upstream's rows hold; the numbers of the score filter's parameter "form". */
typedef enum dialect_form { DIALECT_PROBABILITIES = 0, DIALECT_LOGITS = 1, DIALECT_LOG_PROBABILITIES = 2 } dialect_form;

/* One score tensor. */
typedef struct dialect_output {
  const char *name;       /* as the protocol names it; of no matter where an answer has one nameless output */
  scrim_session *session; /* borrowed; was created with this `form` */
  size_t classes;         /* K, the tensor's last dimension and the filter's columns */
  dialect_form form;
  const int *order; /* [K] upstream position -> filter class, a permutation; NULL: the same */
} dialect_output;

/* One model as one thread serves it: everything is borrowed, and the sessions belong to that thread. */
typedef struct dialect_model {
  dialect_kind kind;
  const char *name;            /* the model_name of answers */
  const char *const *versions; /* [n_versions] further model_versions that answers may name */
  size_t n_versions;
  const char *signature; /* TF Serving: the signature_name that requests may give; NULL: "serving_default" */
  const dialect_output *outputs;
  size_t n_outputs;           /* at least 1 */
  const char *const *allowed; /* [n_allowed] further names that cross unchanged: outputs and fields of answers, */
  size_t n_allowed;           /*     parameters of requests */
  json_limits request_limits, answer_limits;
  size_t rows; /* confidence vectors that one answer may hold; 0: any number */
} dialect_model;

/*
 * Good values for the two limits: as large as bodies may be, 32 deep; requests with at most 2^23 values, which is 64
 * MiB at eight bytes a number and keeps a body of nothing but zeros from holding its worker for long; answers with
 * 2^22.
 */
extern const json_limits dialect_request_limits, dialect_answer_limits;

enum {
  DIALECT_NO_HEADER = -1, /* the header Inference-Header-Content-Length is absent */
  DIALECT_ID_BYTES = 256, /* of a request's id as it stands in the text */
  DIALECT_ERROR_BYTES = 2048
};

/* What an answer must match, taken from its request. Plain bytes: copy it freely. */
typedef struct dialect_exchange {
  char id[DIALECT_ID_BYTES + 1]; /* JSON text with its quotes, or "" */
  size_t rows;                   /* that the request asks about, at least 1; an answer with more is refused */
  int is_column;                 /* TF Serving: `inputs` -> `outputs`, not `instances` -> `predictions` */
} dialect_exchange;

/*
 * Checks a request body. `header_bytes`: value of Inference-Header-Content-Length or DIALECT_NO_HEADER. Refused is what
 * could reach scores by another way: `classification`, `shared_memory_*`, outputs and signatures that are not
 * configured, parameters that are neither the protocol's nor allowed, raw binary requests without JSON, unknown fields.
 * SCRIM_E_FORMAT, SCRIM_E_DATA, SCRIM_E_UNSUPPORTED; dialect_refusal_code: HTTP code.
 */
scrim_status dialect_request(dialect_exchange *exchange, const dialect_model *model, const void *body, size_t n_bytes,
                             int64_t header_bytes, scrim_error *error);

typedef struct dialect_answer {
  unsigned char *bytes; /* memory_free, by dialect_answer_free */
  size_t n_bytes;
  int64_t header_bytes; /* the new Inference-Header-Content-Length, or DIALECT_NO_HEADER: pure JSON */
  size_t rows;          /* purified, over all outputs */
} dialect_answer;

/*
 * Makes the answer for the client out of the body of the upstream's 200. On any failure *answer is empty and no byte of
 * the body is left in memory that this call took; wiping `body` is the caller's part. dialect_failure_code: HTTP code.
 */
scrim_status dialect_response(dialect_answer *answer, const dialect_model *model, const dialect_exchange *exchange,
                              const void *body, size_t n_bytes, int64_t header_bytes, scrim_error *error);
void dialect_answer_free(dialect_answer *answer); /* empties; fine for an empty one */

/*
 * The protocol's error body for a message, into `to`; answers its bytes. It also replaces every upstream body of
 * another status than 200, for such a body may hold anything.
 */
size_t dialect_error(char to[DIALECT_ERROR_BYTES], dialect_kind kind, const char *message);

/* HTTP codes: of a failed dialect_request (400, 500), of a failed dialect_response (502, 503, 500). */
int dialect_refusal_code(scrim_status status);
int dialect_failure_code(scrim_status status);

#endif
