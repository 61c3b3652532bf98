/*
 * TensorFlow Serving and KServe v1. The first byte says what the rest is: 't' and 'k' requests of the two, 'r' and 'c'
 * answers of TensorFlow Serving in rows and in columns, 'v' an answer of KServe v1.
 */
#include "dialect_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
  if (n == 0) return 0;
  const uint8_t what = *bytes++;
  const dialect_model *model = fuzz_model(what == 'k' || what == 'v' ? DIALECT_KSERVE1 : DIALECT_TFSERVING);
  const dialect_exchange exchange = {.rows = 4, .is_column = what == 'c'};
  if (what == 't' || what == 'k') fuzz_request(model, bytes, n - 1, DIALECT_NO_HEADER);
  if (what == 'r' || what == 'c' || what == 'v') fuzz_answer(model, &exchange, bytes, n - 1, DIALECT_NO_HEADER);
  return 0;
}
