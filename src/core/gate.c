/* The gate: what is checked for every filter, whatever its domain. */
#include "core/gate.h"
#include "core/error.h"
#include "core/memory.h"
#include <math.h>
#include <stdint.h>

/* Bytes of rows * columns values; 0 if there can be no such memory. */
static size_t gate_bytes(size_t rows, size_t columns) {
  if (columns != 0 && rows > PTRDIFF_MAX / sizeof(float) / columns) return 0;
  return rows * columns * sizeof(float);
}

static const char *gate_kind_name(scrim_kind kind) {
  static const char *const names[] = {[SCRIM_SCORES] = "scores", [SCRIM_AUDIO] = "audio", [SCRIM_POINTS] = "points"};
  return kind >= SCRIM_SCORES && kind <= SCRIM_POINTS ? names[kind] : "of no known kind";
}

/* What holds for both views. `what` is "input" or "output", `blame` the status of a wrong number of columns. */
static scrim_status gate_check_view(const char *what, const scrim_view *view, scrim_kind kind, size_t columns,
                                    scrim_status blame, scrim_error *error) {
  if (view == NULL || view->data == NULL)
    return fail(error, SCRIM_E_ARGUMENT, "%s %s is NULL", what, view == NULL ? "view" : "data");
  if (view->kind != kind)
    return fail(error, SCRIM_E_ARGUMENT, "%s is %s, the filter takes %s", what, gate_kind_name(view->kind),
                gate_kind_name(kind));
  if (view->columns == 0) return fail(error, SCRIM_E_ARGUMENT, "%s has 0 columns", what);
  if (columns != 0 && view->columns != columns)
    return fail(error, blame, "%s has %zu columns, %zu are due", what, view->columns, columns);
  return SCRIM_OK;
}

/* Without a branch in the loop, so that the compiler can take many values at once. */
static int gate_is_finite(const float *values, size_t n) {
  int finite = 1;
  for (size_t i = 0; i < n; i++) finite &= isfinite(values[i]) != 0;
  return finite;
}

static scrim_status gate_check_values(const scrim_view *view, scrim_status blame, scrim_error *error) {
  for (size_t row = 0; row < view->rows; row++) {
    const float *values = view->data + row * view->columns;
    if (gate_is_finite(values, view->columns)) continue;
    size_t column = 0;
    while (isfinite(values[column])) column++;
    return fail_row(error, blame, (int64_t)row, "row %zu, column %zu: %g is not finite", row, column,
                    (double)values[column]);
  }
  return SCRIM_OK;
}

scrim_status gate_check_input(const scrim_view *in, scrim_kind kind, size_t columns, unsigned takes,
                              scrim_error *error) {
  scrim_status status = gate_check_view("input", in, kind, columns, SCRIM_E_DATA, error);
  if (status != SCRIM_OK) return status;
  const int is_empty = in->rows == 0 && (takes & FILTER_TAKES_EMPTY) != 0;
  if (!is_empty && gate_bytes(in->rows, in->columns) == 0)
    return fail(error, SCRIM_E_ARGUMENT, "input has %zu rows", in->rows);
  if (kind == SCRIM_AUDIO && !(isfinite(in->rate) && in->rate > 0))
    return fail(error, SCRIM_E_ARGUMENT, "input has a rate of %g Hz", in->rate);
  return takes & FILTER_TAKES_WILD ? SCRIM_OK : gate_check_values(in, SCRIM_E_DATA, error);
}

scrim_status gate_check_output(const scrim_view *out, const scrim_view *in, scrim_kind kind, size_t columns,
                               size_t rows, scrim_error *error) {
  scrim_status status = gate_check_view("output", out, kind, columns, SCRIM_E_ARGUMENT, error);
  if (status != SCRIM_OK) return status;
  if (out->capacity < rows)
    return fail(error, SCRIM_E_ARGUMENT, "output has room for %zu rows, %zu are needed", out->capacity, rows);
  size_t out_bytes = gate_bytes(out->capacity, out->columns);
  if (out->capacity > 0 && out_bytes == 0)
    return fail(error, SCRIM_E_ARGUMENT, "output claims room for %zu rows", out->capacity);
  if (in == NULL || out->data == in->data) return SCRIM_OK;
  uintptr_t out_at = (uintptr_t)out->data, in_at = (uintptr_t)in->data;
  if (out_at < in_at + gate_bytes(in->rows, in->columns) && in_at < out_at + out_bytes)
    return fail(error, SCRIM_E_ARGUMENT, "output overlaps the input without beginning where it begins");
  return SCRIM_OK;
}

scrim_status gate_check_result(const scrim_view *out, size_t rows, unsigned takes, scrim_error *error) {
  if (out->rows > rows)
    return fail(error, SCRIM_E_INTERNAL, "the filter wrote %zu rows, %zu at most were due", out->rows, rows);
  return takes & FILTER_TAKES_WILD ? SCRIM_OK : gate_check_values(out, SCRIM_E_INTERNAL, error);
}

void gate_close(scrim_view *out) {
  if (out == NULL) return;
  out->rows = 0;
  if (out->data != NULL) memory_wipe(out->data, gate_bytes(out->capacity, out->columns));
}
