/*
 * Requests of the Open Inference Protocol v2, with the binary tensor extension:
 *
 *     {"id": s, "parameters": {}, "inputs":  [{name, shape, datatype, parameters, data}],
 *                                 "outputs": [{name, parameters}]}
 */
#include "core/error.h"
#include "serve/dialect_oip2.h"
#include <string.h>

/* Names of parameters that change the form of an answer but not what it tells. */
static const char *const oip2_request_parameters[] = {
    "binary_data_output", "sequence_id", "sequence_start", "sequence_end", "priority", "timeout", "content_type"};
static const char *const oip2_input_parameters[] = {"binary_data_size", "content_type"};
static const char *const oip2_output_parameters[] = {"binary_data", "content_type"};

/* Two that servers of this protocol may know get words of their own; the rest is refused unless known or allowed. */
static scrim_status oip2_check_parameters(const dialect_model *model, json_value parameters, const char *const *known,
                                          size_t n_known, scrim_error *error) {
  static const char *const shared[] = {"shared_memory_region", "shared_memory_byte_size", "shared_memory_offset"};
  if (json_kind_of(parameters) != JSON_OBJECT) return fail(error, SCRIM_E_DATA, "'parameters' is no object");
  for (json_value inside = json_enter(parameters), name, value; json_next(&inside, &name, &value);) {
    if (json_is(name, "classification"))
      return fail(error, SCRIM_E_UNSUPPORTED, "classification is not served: its scores pass no filter");
    if (json_index(name, shared, COUNT(shared)) < COUNT(shared))
      return fail(error, SCRIM_E_UNSUPPORTED, "shared memory is not served: its scores pass no filter");
    if (json_index(name, known, n_known) == n_known && !dialect_is_allowed(model, name))
      return dialect_refuse_name("parameter", name, error);
  }
  return SCRIM_OK;
}

/* The first dimension is the batch; an input without one counts as one row. */
static scrim_status oip2_input_rows(json_value shape, size_t *rows, scrim_error *error) {
  uint64_t batch = 1;
  if (json_kind_of(shape) != JSON_ARRAY) return fail(error, SCRIM_E_DATA, "the shape of an input is no array");
  json_value inside = json_enter(shape), first;
  if (json_next(&inside, NULL, &first) && !json_whole(first, OIP2_MAX_DIMENSION, &batch))
    return fail(error, SCRIM_E_DATA, "the shape of an input is not of whole numbers up to %u",
                (unsigned)OIP2_MAX_DIMENSION);
  if (batch > *rows) *rows = (size_t)batch;
  return SCRIM_OK;
}

static scrim_status oip2_check_input(dialect_exchange *exchange, const dialect_model *model, json_value input,
                                     scrim_error *error) {
  static const char *const fields[] = {"name", "datatype", "data"};
  scrim_status status = SCRIM_OK;
  int has_shape = 0;
  if (json_kind_of(input) != JSON_OBJECT) return fail(error, SCRIM_E_DATA, "an input is no object");
  for (json_value inside = json_enter(input), name, value; status == SCRIM_OK && json_next(&inside, &name, &value);) {
    if (json_is(name, "shape")) {
      status = oip2_input_rows(value, &exchange->rows, error);
      has_shape = 1;
    } else if (json_is(name, "parameters")) {
      status = oip2_check_parameters(model, value, oip2_input_parameters, COUNT(oip2_input_parameters), error);
    } else if (json_index(name, fields, COUNT(fields)) == COUNT(fields)) {
      status = dialect_refuse_name("field of an input", name, error);
    }
  }
  return status == SCRIM_OK && !has_shape ? fail(error, SCRIM_E_DATA, "an input has no shape") : status;
}

static scrim_status oip2_check_output(dialect_exchange *exchange, const dialect_model *model, json_value output,
                                      scrim_error *error) {
  (void)exchange;
  scrim_status status = SCRIM_OK;
  int has_name = 0;
  if (json_kind_of(output) != JSON_OBJECT) return fail(error, SCRIM_E_DATA, "a requested output is no object");
  for (json_value inside = json_enter(output), name, value; status == SCRIM_OK && json_next(&inside, &name, &value);) {
    if (json_is(name, "name")) {
      has_name = json_kind_of(value) == JSON_STRING;
      if (has_name && dialect_output_index(model, value) == model->n_outputs && !dialect_is_allowed(model, value))
        status = dialect_refuse_name("output", value, error);
    } else if (json_is(name, "parameters")) {
      status = oip2_check_parameters(model, value, oip2_output_parameters, COUNT(oip2_output_parameters), error);
    } else {
      status = dialect_refuse_name("field of an output", name, error);
    }
  }
  return status == SCRIM_OK && !has_name ? fail(error, SCRIM_E_DATA, "a requested output has no name") : status;
}

typedef scrim_status (*oip2_check)(dialect_exchange *exchange, const dialect_model *model, json_value element,
                                   scrim_error *error);

static scrim_status oip2_check_all(dialect_exchange *exchange, const dialect_model *model, json_value array,
                                   oip2_check check, scrim_error *error) {
  scrim_status status = SCRIM_OK;
  if (json_kind_of(array) != JSON_ARRAY) return fail(error, SCRIM_E_DATA, "'inputs' or 'outputs' is no array");
  for (json_value inside = json_enter(array), element; status == SCRIM_OK && json_next(&inside, NULL, &element);)
    status = check(exchange, model, element, error);
  return status;
}

static scrim_status oip2_take_id(dialect_exchange *exchange, json_value id, scrim_error *error) {
  const size_t n = (size_t)(id.end - id.at);
  if (json_kind_of(id) != JSON_STRING || n > DIALECT_ID_BYTES)
    return fail(error, SCRIM_E_DATA, "'id' is no string of at most %d bytes", (int)DIALECT_ID_BYTES);
  memcpy(exchange->id, id.at, n);
  exchange->id[n] = '\0';
  return SCRIM_OK;
}

scrim_status oip2_request(dialect_exchange *exchange, const dialect_model *model, const dialect_source *from,
                          scrim_error *error) {
  scrim_status status = SCRIM_OK;
  int has_inputs = 0;
  for (json_value inside = json_enter(from->root), name, value;
       status == SCRIM_OK && json_next(&inside, &name, &value);) {
    if (json_is(name, "id")) {
      status = oip2_take_id(exchange, value, error);
    } else if (json_is(name, "parameters")) {
      status = oip2_check_parameters(model, value, oip2_request_parameters, COUNT(oip2_request_parameters), error);
    } else if (json_is(name, "inputs")) {
      has_inputs = 1;
      status = oip2_check_all(exchange, model, value, oip2_check_input, error);
    } else if (json_is(name, "outputs")) {
      status = oip2_check_all(exchange, model, value, oip2_check_output, error);
    } else {
      status = dialect_refuse_name("field", name, error);
    }
  }
  return status == SCRIM_OK && !has_inputs ? fail(error, SCRIM_E_DATA, "the request has no 'inputs'") : status;
}
