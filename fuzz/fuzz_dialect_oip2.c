/*
 * The Open Inference Protocol. The first byte says what the rest is: 'q' a request, 'a' an answer in JSON, 'b' an
 * answer with binary tensors, whose next two bytes are the length of its JSON (little endian).
 */
#include "dialect_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
  const dialect_model *model = fuzz_model(DIALECT_OIP2);
  const dialect_exchange exchange = {.id = "\"1\"", .rows = 4};
  if (n >= 1 && bytes[0] == 'q') fuzz_request(model, bytes + 1, n - 1, DIALECT_NO_HEADER);
  if (n >= 1 && bytes[0] == 'a') fuzz_answer(model, &exchange, bytes + 1, n - 1, DIALECT_NO_HEADER);
  if (n >= 3 && bytes[0] == 'b') fuzz_answer(model, &exchange, bytes + 3, n - 3, bytes[1] | bytes[2] << 8);
  return 0;
}
