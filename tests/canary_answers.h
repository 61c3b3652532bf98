/*
 * Answers of a model server that plants a score of 17 digits, what may be wrong with them, and the eye that finds the
 * score again. All in plain bytes: nothing is sent from here.
 *
 * Every draw comes from the fault's number, so that a fault can be had again.
 */
#ifndef TESTS_CANARY_ANSWERS_H
#define TESTS_CANARY_ANSWERS_H

#include <stddef.h>
#include <stdint.h>

/* The protocols, and in Open Inference Protocol the forms that a tensor may have. */
typedef enum canary_dialect {
  CANARY_FLAT,
  CANARY_NESTED,
  CANARY_DOUBLE,
  CANARY_BINARY_FP32,
  CANARY_BINARY_FP64,
  CANARY_BINARY_FP16,
  CANARY_BINARY_BF16,
  CANARY_ROWS,    /* TensorFlow Serving, `predictions` */
  CANARY_COLUMNS, /* TensorFlow Serving, `outputs` */
  CANARY_KSERVE1,
  CANARY_DIALECTS
} canary_dialect;

enum { CANARY_K = 3, CANARY_MAX_ROWS = 3 };
#define CANARY_TEXT "0.12345678901234567"

/* The names of the models that speak them. */
#define CANARY_OIP2 "oip2"
#define CANARY_TFSERVING "tfserving"
#define CANARY_V1 "kserve1"

typedef struct canary_bytes {
  char at[16384];
  size_t n;
} canary_bytes;

typedef struct canary_random {
  uint64_t state;
} canary_random;

uint64_t canary_draw(canary_random *random, uint64_t below); /* below > 0 */

typedef enum canary_verdict {
  CANARY_FILTERED, /* 200, and the scores went through the filter */
  CANARY_REFUSED,  /* an error of the proxy's own */
  CANARY_EITHER    /* by where it struck */
} canary_verdict;

extern const size_t canary_n_faults; /* number 0 is none: an answer as it should be */
const char *canary_fault_name(size_t fault);

/* A client's request about `rows` rows: `fields` are further header fields, each with its CR LF. */
void canary_ask(canary_bytes *to, canary_dialect dialect, size_t rows, const char *fields);

/* The model server's answer to it, faulty; *closes: and then the connection ends. */
canary_verdict canary_answer(canary_bytes *to, int *closes, canary_dialect dialect, size_t rows, size_t fault,
                             canary_random *random);

/* 1: these bytes tell the planted score, as text of any length from float32's or as any element type. */
int canary_is_seen(const char *bytes, size_t n);

#endif
