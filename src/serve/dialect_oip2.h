/* The two halves of the Open Inference Protocol v2. */
#ifndef SERVE_DIALECT_OIP2_H
#define SERVE_DIALECT_OIP2_H

#include "serve/dialect_parts.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { OIP2_MAX_DIMENSION = 1 << 30 };

scrim_status oip2_request(dialect_exchange *exchange, const dialect_model *model, const dialect_source *from,
                          scrim_error *error);
scrim_status oip2_response(dialect_draft *draft, scrim_error *error);

#endif
