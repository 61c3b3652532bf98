#include "serve/dialect_tensor.h"

#include "core/error.h"
#include "core/memory.h"
#include "formats/decimal.h"
#include <math.h>
#include <string.h>

void dialect_tensor_free(dialect_tensor *tensor) {
  if (tensor->values != NULL) memory_wipe(tensor->values, tensor->capacity * sizeof *tensor->values);
  memory_free(tensor->values);
  tensor->values = NULL;
  tensor->n = tensor->capacity = 0;
}

/* Room for n more values. */
static scrim_status tensor_reserve(dialect_tensor *tensor, size_t n, scrim_error *error) {
  if (n <= tensor->capacity - tensor->n) return SCRIM_OK;
  const size_t capacity = 2 * tensor->capacity + n, bytes = sizeof *tensor->values;
  float *larger = n > SIZE_MAX / 16 ? NULL : memory_grow(tensor->values, tensor->n * bytes, capacity * bytes);
  if (larger == NULL)
    return fail(error, SCRIM_E_MEMORY, "out of memory for %zu scores of output '%s'", n, tensor->output->name);
  tensor->values = larger;
  tensor->capacity = capacity;
  return SCRIM_OK;
}

/* ---- reading ---- */

static scrim_status tensor_refuse(const dialect_tensor *tensor, scrim_error *error) {
  return fail(error, SCRIM_E_DATA, "output '%s' is no rectangular array of numbers with at most %d dimensions",
              tensor->output->name, (int)DIALECT_MAX_RANK);
}

/* The innermost arrays: numbers only. *n of them. */
static scrim_status tensor_read_numbers(dialect_tensor *tensor, json_value array, size_t *n, scrim_error *error) {
  *n = 0;
  for (json_value inside = json_enter(array), value; json_next(&inside, NULL, &value); ++*n) {
    scrim_status status = tensor_reserve(tensor, 1, error);
    if (status != SCRIM_OK) return status;
    if (json_kind_of(value) != JSON_NUMBER ||
        decimal_parse(value.at, value.end, &tensor->values[tensor->n]) != value.end)
      return tensor_refuse(tensor, error);
    tensor->n++;
  }
  return SCRIM_OK;
}

/*
 * One array at `depth` dimensions from the outside. The first path to a number fixes the rank, the first array of a
 * depth its length; all others must agree.
 */
static scrim_status tensor_read_level(dialect_tensor *tensor, json_value array, int depth, scrim_error *error) {
  if (json_kind_of(array) != JSON_ARRAY || depth == DIALECT_MAX_RANK) return tensor_refuse(tensor, error);
  json_value inside = json_enter(array), value;
  if (!json_next(&inside, NULL, &value)) return tensor_refuse(tensor, error);
  scrim_status status = SCRIM_OK;
  size_t n = 0;
  if (json_kind_of(value) == JSON_NUMBER) {
    if (tensor->rank == 0) tensor->rank = depth + 1;
    status = tensor->rank == depth + 1 ? tensor_read_numbers(tensor, array, &n, error) : tensor_refuse(tensor, error);
  } else {
    inside = json_enter(array);
    for (; status == SCRIM_OK && json_next(&inside, NULL, &value); n++)
      status = tensor_read_level(tensor, value, depth + 1, error);
  }
  if (status != SCRIM_OK) return status;
  if (tensor->shape[depth] == 0) tensor->shape[depth] = n;
  return tensor->shape[depth] == n ? SCRIM_OK : tensor_refuse(tensor, error);
}

scrim_status dialect_tensor_read(dialect_tensor *tensor, json_value array, scrim_error *error) {
  return tensor_read_level(tensor, array, 0, error);
}

scrim_status dialect_tensor_read_row(dialect_tensor *tensor, json_value array, scrim_error *error) {
  tensor->shape[0]++;
  return tensor_read_level(tensor, array, 1, error);
}

scrim_status dialect_tensor_load(dialect_tensor *tensor, const dialect_dtype *dtype, const unsigned char *bytes,
                                 size_t n, scrim_error *error) {
  const scrim_status status = tensor_reserve(tensor, n, error);
  if (status != SCRIM_OK) return status;
  dtype->load(bytes, tensor->values, n);
  tensor->n = tensor->shape[0] = n;
  tensor->rank = 1;
  return SCRIM_OK;
}

/* ---- the filter ---- */

size_t dialect_tensor_rows(const dialect_tensor *tensor) {
  return tensor->n / tensor->output->classes;
}

/*
 * Rounding each score to p bits takes a row's sum away from 1, for BF16 often further than the filter takes. As much as
 * rounding explains is put right; what misses by more stays as it is, and is refused. Rows within the filter's own
 * tolerance are not touched, so that they give what they would give elsewhere.
 */
static void tensor_rescale(const dialect_tensor *tensor, double unit) {
  const double tolerance = 1e-3; /* the filter's own */
  const size_t k = tensor->output->classes;
  const dialect_form form = tensor->output->form;
  for (float *row = tensor->values, *end = row + tensor->n; row < end; row += k) {
    double sum = 0, slack = 0;
    for (size_t j = 0; j < k; j++) {
      const double p = form == DIALECT_PROBABILITIES ? row[j] : exp(row[j]);
      sum += p;
      slack += unit * (form == DIALECT_PROBABILITIES ? p : p * fabs(row[j]));
    }
    if (!(fabs(sum - 1) > tolerance && fabs(sum - 1) <= tolerance + slack)) continue;
    for (size_t j = 0; j < k; j++)
      row[j] = form == DIALECT_PROBABILITIES ? (float)(row[j] / sum) : (float)(row[j] - log(sum));
  }
}

/* Rows into the filter's order of classes, or (back) into the upstream's. row: scratch [K]. */
static void tensor_permute(const dialect_tensor *tensor, int back, float *row) {
  const size_t k = tensor->output->classes;
  const int *order = tensor->output->order;
  for (float *at = tensor->values, *end = at + tensor->n; at < end; at += k) {
    for (size_t j = 0; j < k; j++) {
      const size_t to = back ? j : (size_t)order[j], from = back ? (size_t)order[j] : j;
      row[to] = at[from];
    }
    memcpy(at, row, k * sizeof *row);
  }
}

/* The filter's own message may quote the raw row: only the row's number is passed on. */
static scrim_status tensor_apply(dialect_tensor *tensor, scrim_error *error) {
  const size_t k = tensor->output->classes, rows = dialect_tensor_rows(tensor);
  const scrim_view in = {.kind = SCRIM_SCORES, .data = tensor->values, .rows = rows, .columns = k};
  scrim_view out = in;
  out.capacity = rows;
  scrim_error inner = {.row = -1};
  const scrim_status status = scrim_apply(tensor->output->session, &in, &out, &inner);
  if (status == SCRIM_OK && out.rows == rows) return SCRIM_OK;
  return fail_row(error, status == SCRIM_OK ? SCRIM_E_INTERNAL : status, inner.row,
                  "output '%s', row %lld: the filter refuses it (%s)", tensor->output->name, (long long)inner.row,
                  scrim_status_name(status));
}

scrim_status dialect_tensor_purify(dialect_tensor *tensor, const dialect_dtype *dtype, scrim_error *error) {
  const dialect_output *output = tensor->output;
  const size_t k = output->classes;
  if (tensor->n == 0 || tensor->n % k != 0)
    return fail(error, SCRIM_E_DATA, "output '%s' does not hold rows of %zu scores", output->name, k);
  if (dtype != NULL && dtype->unit > 0 && output->form != DIALECT_LOGITS) tensor_rescale(tensor, dtype->unit);
  if (output->order == NULL) return tensor_apply(tensor, error);

  float *row = memory_alloc(k * sizeof *row);
  if (row == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu scores of '%s'", k, output->name);
  tensor_permute(tensor, 0, row);
  const scrim_status status = tensor_apply(tensor, error);
  tensor_permute(tensor, 1, row);
  memory_wipe(row, k * sizeof *row);
  memory_free(row);
  return status;
}

/* ---- writing ---- */

static void tensor_write_level(const dialect_tensor *tensor, int depth, const float **at, json_writer *to) {
  json_write(to, "[");
  if (depth == tensor->rank - 1) {
    json_write_numbers(to, *at, tensor->shape[depth]);
    *at += tensor->shape[depth];
  } else {
    for (size_t i = 0; i < tensor->shape[depth]; i++) {
      json_write_comma(to);
      tensor_write_level(tensor, depth + 1, at, to);
    }
  }
  json_write(to, "]");
}

void dialect_tensor_write(const dialect_tensor *tensor, json_writer *to) {
  const float *at = tensor->values;
  tensor_write_level(tensor, 0, &at, to);
}

void dialect_tensor_write_row(const dialect_tensor *tensor, size_t row, json_writer *to) {
  const float *at = tensor->values + row * (tensor->n / tensor->shape[0]);
  tensor_write_level(tensor, 1, &at, to);
}

void dialect_tensor_store(const dialect_tensor *tensor, const dialect_dtype *dtype, json_writer *to) {
  unsigned char *room = json_write_room(to, tensor->n * dtype->bytes);
  if (room != NULL) dtype->store(tensor->values, room, dialect_tensor_rows(tensor), tensor->output->classes);
}
