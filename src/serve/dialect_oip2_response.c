/*
 * Answers of the Open Inference Protocol v2:
 *
 *     {"model_name": s, "model_version": s, "id": s, "outputs": [{name, shape, datatype, parameters, data}]}
 *
 * A tensor's values are in `data`, nested or flat, or in the bytes behind the JSON, in the order of the outputs, where
 * parameters.binary_data_size says how many are its own.
 */
#include "core/error.h"
#include "core/memory.h"
#include "serve/dialect_oip2.h"
#include <string.h>

/* One output as it came. */
typedef struct oip2_output {
  json_value name, datatype, shape;
  json_value data;            /* or none */
  const unsigned char *bytes; /* [n_bytes], or NULL */
  size_t n_bytes;
} oip2_output;

/* Takes the output's bytes, if it has any, off the front of *tail. */
static scrim_status oip2_take_bytes(oip2_output *output, json_value parameters, dialect_source *from,
                                    scrim_error *error) {
  const json_value size = json_member(parameters, "binary_data_size");
  uint64_t n_bytes;
  if (size.at == NULL) return SCRIM_OK;
  if (!json_whole(size, from->n_tail, &n_bytes))
    return fail(error, SCRIM_E_DATA, "the sizes of binary outputs do not fit the body");
  output->bytes = from->tail;
  output->n_bytes = (size_t)n_bytes;
  from->tail += n_bytes;
  from->n_tail -= (size_t)n_bytes;
  return SCRIM_OK;
}

static scrim_status oip2_open_output(oip2_output *output, json_value object, dialect_source *from, scrim_error *error) {
  *output = (oip2_output){0};
  if (json_kind_of(object) != JSON_OBJECT) return fail(error, SCRIM_E_DATA, "an output of the answer is no object");
  scrim_status status = SCRIM_OK;
  for (json_value inside = json_enter(object), name, value; status == SCRIM_OK && json_next(&inside, &name, &value);) {
    if (json_is(name, "name")) output->name = value;
    if (json_is(name, "datatype")) output->datatype = value;
    if (json_is(name, "shape")) output->shape = value;
    if (json_is(name, "data")) output->data = value;
    if (json_is(name, "parameters")) status = oip2_take_bytes(output, value, from, error);
  }
  if (status != SCRIM_OK) return status;
  if (output->name.at == NULL || output->datatype.at == NULL || output->shape.at == NULL ||
      json_kind_of(output->name) != JSON_STRING || json_kind_of(output->shape) != JSON_ARRAY)
    return fail(error, SCRIM_E_DATA, "an output of the answer lacks a name, a datatype or a shape");
  if ((output->data.at != NULL) == (output->bytes != NULL))
    return fail(error, SCRIM_E_DATA, "an output of the answer has no data, or data twice");
  return SCRIM_OK;
}

/* ---- what is written ---- */

/* {"name":...,"shape":...,"datatype":... with room for the values to follow. */
static void oip2_write_head(dialect_draft *draft, const oip2_output *output, const char *name, const size_t *shape,
                            size_t rank) {
  json_writer *text = &draft->text;
  json_write_comma(text);
  json_write(text, "{\"name\":");
  json_write_string(text, name);
  json_write(text, ",\"shape\":[");
  for (size_t i = 0; i < rank; i++) {
    json_write_comma(text);
    json_write_whole(text, shape[i]);
  }
  json_write(text, "],\"datatype\":");
  json_write_value(text, output->datatype);
}

static void oip2_write_size(dialect_draft *draft, size_t n_bytes) {
  json_write(&draft->text, ",\"parameters\":{\"binary_data_size\":");
  json_write_whole(&draft->text, n_bytes);
  json_write(&draft->text, "}}");
  draft->has_tail = 1;
}

/* *n: the product of the dimensions, which no tensor in a body can exceed OIP2_MAX_DIMENSION times. */
static scrim_status oip2_read_shape(json_value array, size_t shape[DIALECT_MAX_RANK], size_t *rank, size_t *n,
                                    const char *name, scrim_error *error) {
  *rank = 0;
  *n = 1;
  for (json_value inside = json_enter(array), value; json_next(&inside, NULL, &value); ++*rank) {
    uint64_t dimension;
    if (*rank == DIALECT_MAX_RANK || !json_whole(value, OIP2_MAX_DIMENSION, &dimension) || dimension == 0 ||
        *n > OIP2_MAX_DIMENSION / dimension)
      return fail(error, SCRIM_E_DATA, "output '%s' has a shape that no tensor in a body has", name);
    shape[*rank] = (size_t)dimension;
    *n *= (size_t)dimension;
  }
  return SCRIM_OK;
}

/* An output that the configuration lets through: nothing of it but the tensor. */
static scrim_status oip2_copy(dialect_draft *draft, const oip2_output *output, const char *name, scrim_error *error) {
  size_t shape[DIALECT_MAX_RANK], rank, n;
  const scrim_status status = oip2_read_shape(output->shape, shape, &rank, &n, name, error);
  if (status != SCRIM_OK) return status;
  if (!dialect_dtype_is_known(output->datatype))
    return fail(error, SCRIM_E_DATA, "output '%s' has no datatype of the protocol", name);
  oip2_write_head(draft, output, name, shape, rank);
  if (output->bytes != NULL) {
    oip2_write_size(draft, output->n_bytes);
    json_write_bytes(&draft->tail, output->bytes, output->n_bytes);
    return SCRIM_OK;
  }
  json_write(&draft->text, ",\"data\":");
  json_write_value(&draft->text, output->data);
  json_write(&draft->text, "}");
  return SCRIM_OK;
}

/* Reads the n scores of an output; nested arrays must have its shape. */
static scrim_status oip2_read(dialect_tensor *tensor, const oip2_output *output, const dialect_dtype *dtype,
                              const size_t *shape, size_t rank, size_t n, scrim_error *error) {
  const char *name = tensor->output->name;
  if (output->bytes != NULL) {
    if (output->n_bytes != n * dtype->bytes)
      return fail(error, SCRIM_E_DATA, "output '%s' has not the bytes that its shape and datatype ask for", name);
    return dialect_tensor_load(tensor, dtype, output->bytes, n, error);
  }
  if (!dtype->has_json) return fail(error, SCRIM_E_DATA, "output '%s' has a datatype that JSON cannot hold", name);
  const scrim_status status = dialect_tensor_read(tensor, output->data, error);
  if (status != SCRIM_OK) return status;
  int fits = tensor->n == n && (tensor->rank == 1 || (size_t)tensor->rank == rank);
  for (size_t i = 0; fits && tensor->rank > 1 && i < rank; i++) fits = tensor->shape[i] == shape[i];
  return fits ? SCRIM_OK : fail(error, SCRIM_E_DATA, "output '%s' has data of another shape than its own", name);
}

static scrim_status oip2_purify(dialect_draft *draft, const oip2_output *output, const dialect_output *configured,
                                scrim_error *error) {
  const char *name = configured->name;
  const dialect_dtype *dtype = dialect_dtype_find(output->datatype);
  dialect_tensor tensor = {.output = configured};
  size_t shape[DIALECT_MAX_RANK], rank, n;
  if (dtype == NULL) return fail(error, SCRIM_E_DATA, "output '%s' has a datatype that is none of scores", name);
  scrim_status status = oip2_read_shape(output->shape, shape, &rank, &n, name, error);
  if (status == SCRIM_OK && (rank == 0 || shape[rank - 1] != configured->classes))
    status = fail(error, SCRIM_E_DATA, "output '%s' does not hold rows of %zu scores", name, configured->classes);
  if (status == SCRIM_OK) status = oip2_read(&tensor, output, dtype, shape, rank, n, error);
  if (status == SCRIM_OK) status = dialect_tensor_purify(&tensor, dtype, error);
  if (status == SCRIM_OK) status = dialect_count_rows(draft, &tensor, rank > 1 ? shape[0] : 1, error);
  if (status == SCRIM_OK) {
    oip2_write_head(draft, output, name, shape, rank);
    if (output->bytes != NULL) {
      oip2_write_size(draft, output->n_bytes);
      dialect_tensor_store(&tensor, dtype, &draft->tail);
    } else {
      json_write(&draft->text, ",\"data\":");
      dialect_tensor_write(&tensor, &draft->text);
      json_write(&draft->text, "}");
    }
  }
  dialect_tensor_free(&tensor);
  return status;
}

/* ---- the answer ---- */

/* Purifies, copies or drops each output. seen: [n_outputs], zero. */
static scrim_status oip2_outputs(dialect_draft *draft, json_value array, unsigned char *seen, scrim_error *error) {
  const dialect_model *model = draft->model;
  scrim_status status = SCRIM_OK;
  size_t written = 0;
  for (json_value inside = json_enter(array), object; status == SCRIM_OK && json_next(&inside, NULL, &object);) {
    oip2_output output;
    status = oip2_open_output(&output, object, &draft->from, error);
    if (status != SCRIM_OK) return status;
    const size_t i = dialect_output_index(model, output.name);
    const size_t allowed = json_index(output.name, model->allowed, model->n_allowed);
    if (i < model->n_outputs && seen[i]++)
      return fail(error, SCRIM_E_DATA, "the answer has output '%s' twice", model->outputs[i].name);
    if (i < model->n_outputs)
      status = oip2_purify(draft, &output, &model->outputs[i], error);
    else if (allowed < model->n_allowed)
      status = oip2_copy(draft, &output, model->allowed[allowed], error);
    written += i < model->n_outputs || allowed < model->n_allowed;
  }
  if (status == SCRIM_OK && written == 0)
    status = fail(error, SCRIM_E_DATA, "the answer holds no output that may leave");
  if (status == SCRIM_OK && draft->from.n_tail != 0)
    status = fail(error, SCRIM_E_DATA, "%zu bytes behind the last binary output", draft->from.n_tail);
  return status;
}

/* An answer to somebody else's question must not get here: what says whose it is has to agree. */
static scrim_status oip2_check_envelope(const dialect_draft *draft, scrim_error *error) {
  const char *asked = draft->exchange->id;
  const json_value model_name = json_member(draft->from.root, "model_name");
  const json_value id = json_member(draft->from.root, "id");
  if (model_name.at != NULL && !json_is(model_name, draft->model->name))
    return fail(error, SCRIM_E_DATA, "the answer is of another model than '%s'", draft->model->name);
  if (asked[0] != '\0' && id.at != NULL && !json_same(id, json_root(asked, strlen(asked))))
    return fail(error, SCRIM_E_DATA, "the answer has another id than the request");
  return SCRIM_OK;
}

/* Versions are listed, or small whole numbers: no longer text, which could be anything. */
static int oip2_may_name_version(const dialect_model *model, json_value version) {
  if (json_kind_of(version) != JSON_STRING) return 0;
  uint64_t number;
  const json_value inside = json_enter(version);
  return json_index(version, model->versions, model->n_versions) < model->n_versions ||
         (inside.end - inside.at <= 4 && inside.at < inside.end && json_whole(inside, 9999, &number));
}

/* The name is the configuration's and the id the request's own, not what the upstream made of them. */
static void oip2_write_envelope(dialect_draft *draft) {
  const json_value version = json_member(draft->from.root, "model_version");
  json_write(&draft->text, "{\"model_name\":");
  json_write_string(&draft->text, draft->model->name);
  if (version.at != NULL && oip2_may_name_version(draft->model, version)) {
    json_write(&draft->text, ",\"model_version\":");
    json_write_value(&draft->text, version);
  }
  if (draft->exchange->id[0] != '\0') {
    json_write(&draft->text, ",\"id\":");
    json_write(&draft->text, draft->exchange->id);
  }
  json_write(&draft->text, ",\"outputs\":[");
}

scrim_status oip2_response(dialect_draft *draft, scrim_error *error) {
  static const char *const own[] = {"model_name", "model_version", "id", "outputs"};
  const json_value outputs = json_member(draft->from.root, "outputs");
  if (outputs.at == NULL || json_kind_of(outputs) != JSON_ARRAY)
    return fail(error, SCRIM_E_DATA, "the answer has no array 'outputs'");
  scrim_status status = oip2_check_envelope(draft, error);
  if (status != SCRIM_OK) return status;
  unsigned char *seen = memory_zalloc(draft->model->n_outputs, 1);
  if (seen == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for an answer");
  oip2_write_envelope(draft);
  status = oip2_outputs(draft, outputs, seen, error);
  json_write(&draft->text, "]");
  if (status == SCRIM_OK) dialect_write_allowed(draft, own, COUNT(own));
  json_write(&draft->text, "}");
  memory_free(seen);
  return status;
}

const dialect_table dialect_oip2 = {.has_binary = 1, .request = oip2_request, .response = oip2_response};
