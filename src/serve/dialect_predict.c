/*
 * TensorFlow Serving's :predict, in rows and in columns, and KServe v1's, which is the row form alone.
 *
 *     {"instances": [...]}  ->  {"predictions": [[K scores], ...]}  or  [{"name": [K scores], ...}, ...]
 *     {"inputs": ...}       ->  {"outputs": [[K scores], ...]}      or  {"name": [[K scores], ...], ...}
 */
#include "core/error.h"
#include "core/memory.h"
#include "serve/dialect_parts.h"

/* ---- requests ---- */

/* The batch of `inputs`: the longest tensor, whose first dimension it is. */
static size_t predict_batch(json_value inputs) {
  size_t batch = 1;
  if (json_kind_of(inputs) == JSON_ARRAY) return json_count(inputs);
  if (json_kind_of(inputs) != JSON_OBJECT) return batch;
  for (json_value inside = json_enter(inputs), name, value; json_next(&inside, &name, &value);) {
    const size_t n = json_kind_of(value) == JSON_ARRAY ? json_count(value) : 1;
    if (n > batch) batch = n;
  }
  return batch;
}

/* instances or inputs, once; *exchange learns which and how many. */
static scrim_status predict_take_data(dialect_exchange *exchange, json_value value, int is_column, int *found,
                                      scrim_error *error) {
  if ((*found)++) return fail(error, SCRIM_E_DATA, "the request has both 'instances' and 'inputs'");
  if (!is_column && json_kind_of(value) != JSON_ARRAY) return fail(error, SCRIM_E_DATA, "'instances' is no array");
  exchange->is_column = is_column;
  exchange->rows = is_column ? predict_batch(value) : json_count(value);
  return exchange->rows > 0 ? SCRIM_OK : fail(error, SCRIM_E_DATA, "the request has no rows");
}

static scrim_status predict_no_data(scrim_error *error) {
  return fail(error, SCRIM_E_DATA, "the request has no 'instances'");
}

static scrim_status tfserving_request(dialect_exchange *exchange, const dialect_model *model,
                                      const dialect_source *from, scrim_error *error) {
  const char *const served = model->signature != NULL ? model->signature : "serving_default";
  const json_value signature = json_member(from->root, "signature_name");
  static const char by_default[] = "\"serving_default\"";
  const json_value asked = signature.at != NULL ? signature : json_root(by_default, sizeof by_default - 1);
  if (json_kind_of(asked) != JSON_STRING) return fail(error, SCRIM_E_DATA, "'signature_name' is no string");
  if (!json_is(asked, served)) return dialect_refuse_name("signature", asked, error);

  int found = 0;
  scrim_status status = SCRIM_OK;
  for (json_value inside = json_enter(from->root), name, value;
       status == SCRIM_OK && json_next(&inside, &name, &value);) {
    const int is_column = json_is(name, "inputs");
    if (is_column || json_is(name, "instances"))
      status = predict_take_data(exchange, value, is_column, &found, error);
    else if (!json_is(name, "signature_name") && !dialect_is_allowed(model, name))
      status = dialect_refuse_name("field", name, error);
  }
  return status == SCRIM_OK && !found ? predict_no_data(error) : status;
}

static scrim_status kserve1_request(dialect_exchange *exchange, const dialect_model *model, const dialect_source *from,
                                    scrim_error *error) {
  int found = 0;
  scrim_status status = SCRIM_OK;
  for (json_value inside = json_enter(from->root), name, value;
       status == SCRIM_OK && json_next(&inside, &name, &value);) {
    if (json_is(name, "instances"))
      status = predict_take_data(exchange, value, 0, &found, error);
    else if (!dialect_is_allowed(model, name))
      status = dialect_refuse_name("field", name, error);
  }
  return status == SCRIM_OK && !found ? predict_no_data(error) : status;
}

/* ---- answers ---- */

/* Purifies what was read as [n, ..., K]. */
static scrim_status predict_purify(dialect_draft *draft, dialect_tensor *tensor, scrim_error *error) {
  const dialect_output *output = tensor->output;
  if (tensor->rank < 2 || tensor->shape[tensor->rank - 1] != output->classes)
    return fail(error, SCRIM_E_DATA, "output '%s' does not hold rows of %zu scores", output->name, output->classes);
  const scrim_status status = dialect_tensor_purify(tensor, NULL, error);
  return status == SCRIM_OK ? dialect_count_rows(draft, tensor, tensor->shape[0], error) : status;
}

/* One whole tensor, read, purified and written. */
static scrim_status predict_pass(dialect_draft *draft, const dialect_output *output, json_value array,
                                 scrim_error *error) {
  dialect_tensor tensor = {.output = output};
  scrim_status status = dialect_tensor_read(&tensor, array, error);
  if (status == SCRIM_OK) status = predict_purify(draft, &tensor, error);
  if (status == SCRIM_OK) dialect_tensor_write(&tensor, &draft->text);
  dialect_tensor_free(&tensor);
  return status;
}

/* A nameless tensor can only be the one that is configured. */
static scrim_status predict_pass_nameless(dialect_draft *draft, json_value array, scrim_error *error) {
  if (draft->model->n_outputs != 1)
    return fail(error, SCRIM_E_DATA, "the answer does not name its output, and %zu are configured",
                draft->model->n_outputs);
  return predict_pass(draft, &draft->model->outputs[0], array, error);
}

static scrim_status predict_nothing_left(scrim_error *error) {
  return fail(error, SCRIM_E_DATA, "the answer holds no output that may leave");
}

static void predict_write_name(dialect_draft *draft, json_value name) {
  json_write_comma(&draft->text);
  json_write_value(&draft->text, name);
  json_write(&draft->text, ":");
}

/* {"name": [[...], ...], ...} */
static scrim_status predict_columns(dialect_draft *draft, json_value columns, scrim_error *error) {
  const dialect_model *model = draft->model;
  scrim_status status = SCRIM_OK;
  size_t written = 0;
  json_write(&draft->text, "{");
  for (json_value inside = json_enter(columns), name, value; status == SCRIM_OK && json_next(&inside, &name, &value);) {
    const size_t i = dialect_output_index(model, name);
    if (i == model->n_outputs && !dialect_is_allowed(model, name)) continue;
    predict_write_name(draft, name);
    if (i < model->n_outputs)
      status = predict_pass(draft, &model->outputs[i], value, error);
    else
      json_write_value(&draft->text, value);
    written++;
  }
  json_write(&draft->text, "}");
  return status == SCRIM_OK && written == 0 ? predict_nothing_left(error) : status;
}

/* Gathers the scores of all rows: one pass of the filter for each output. tensors: [n_outputs]. */
static scrim_status predict_read_rows(dialect_draft *draft, json_value rows, dialect_tensor *tensors,
                                      scrim_error *error) {
  const dialect_model *model = draft->model;
  scrim_status status = SCRIM_OK;
  size_t n = 0;
  for (json_value inside = json_enter(rows), row; json_next(&inside, NULL, &row); n++) {
    if (json_kind_of(row) != JSON_OBJECT) return fail(error, SCRIM_E_DATA, "row %zu of the answer is no object", n);
    for (json_value members = json_enter(row), name, value; json_next(&members, &name, &value);) {
      const size_t i = dialect_output_index(model, name);
      if (i < model->n_outputs) status = dialect_tensor_read_row(&tensors[i], value, error);
      if (status != SCRIM_OK) return status;
    }
  }
  for (size_t i = 0; i < model->n_outputs && status == SCRIM_OK; i++) {
    if (tensors[i].rank == 0) continue;
    if (tensors[i].shape[0] != n)
      return fail(error, SCRIM_E_DATA, "output '%s' is not in every row", model->outputs[i].name);
    status = predict_purify(draft, &tensors[i], error);
  }
  return status;
}

/* Row `i` again, with the purified scores in the places of the raw ones. Answers the members written. */
static size_t predict_write_row(dialect_draft *draft, json_value row, size_t i, const dialect_tensor *tensors) {
  const dialect_model *model = draft->model;
  size_t written = 0;
  json_write_comma(&draft->text);
  json_write(&draft->text, "{");
  for (json_value inside = json_enter(row), name, value; json_next(&inside, &name, &value);) {
    const size_t output = dialect_output_index(model, name);
    if (output == model->n_outputs && !dialect_is_allowed(model, name)) continue;
    predict_write_name(draft, name);
    if (output < model->n_outputs)
      dialect_tensor_write_row(&tensors[output], i, &draft->text);
    else
      json_write_value(&draft->text, value);
    written++;
  }
  json_write(&draft->text, "}");
  return written;
}

/* [{"name": [...], ...}, ...] */
static scrim_status predict_rows(dialect_draft *draft, json_value rows, scrim_error *error) {
  const dialect_model *model = draft->model;
  dialect_tensor *tensors = memory_zalloc(model->n_outputs, sizeof *tensors);
  if (tensors == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu outputs", model->n_outputs);
  for (size_t i = 0; i < model->n_outputs; i++) tensors[i].output = &model->outputs[i];
  scrim_status status = predict_read_rows(draft, rows, tensors, error);
  size_t i = 0;
  json_write(&draft->text, "[");
  for (json_value inside = json_enter(rows), row; status == SCRIM_OK && json_next(&inside, NULL, &row); i++)
    if (predict_write_row(draft, row, i, tensors) == 0) status = predict_nothing_left(error);
  json_write(&draft->text, "]");
  if (status == SCRIM_OK && i > draft->exchange->rows)
    status = fail(error, SCRIM_E_DATA, "the answer has more rows than the request asked about");
  for (size_t j = 0; j < model->n_outputs; j++) dialect_tensor_free(&tensors[j]);
  memory_free(tensors);
  return status;
}

/* The first element, or the value itself if it has none. */
static json_value predict_first(json_value value) {
  json_value first = value;
  if (json_kind_of(value) == JSON_ARRAY) {
    json_value inside = json_enter(value);
    (void)json_next(&inside, NULL, &first);
  }
  return first;
}

static scrim_status predict_response(dialect_draft *draft, scrim_error *error) {
  static const char *const own[] = {"predictions", "outputs"};
  const char *const field = own[draft->exchange->is_column];
  const json_value data = json_member(draft->from.root, field);
  if (data.at == NULL) return fail(error, SCRIM_E_DATA, "the answer has no '%s'", field);
  json_write(&draft->text, "{\"");
  json_write(&draft->text, field);
  json_write(&draft->text, "\":");
  scrim_status status;
  if (draft->exchange->is_column && json_kind_of(data) == JSON_OBJECT)
    status = predict_columns(draft, data, error);
  else if (!draft->exchange->is_column && json_kind_of(predict_first(data)) == JSON_OBJECT && data.at[0] == '[')
    status = predict_rows(draft, data, error);
  else
    status = predict_pass_nameless(draft, data, error);
  if (status == SCRIM_OK) dialect_write_allowed(draft, own, sizeof own / sizeof *own);
  json_write(&draft->text, "}");
  return status;
}

const dialect_table dialect_tfserving = {.request = tfserving_request, .response = predict_response};
const dialect_table dialect_kserve1 = {.request = kserve1_request, .response = predict_response};
