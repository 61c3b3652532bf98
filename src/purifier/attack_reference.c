/* Sums over the shadows, with any one of them taken out again. */
#include "purifier/attack_reference.h"
#include "core/error.h"
#include "core/memory.h"
#include "purifier/attack_statistic.h"

static void add(reference_sum *s, double value, double times) {
  s->n += times;
  s->sum += times * value;
  s->square += times * value * value;
}

scrim_status reference_make(reference *r, const attack_view *view, int which, scrim_error *error) {
  *r = (reference){.rows = view->rows, .shadows = view->n_shadows, .in = view->shadow_in};
  r->value = memory_zalloc(view->n_shadows * view->rows, sizeof *r->value);
  r->row = memory_zalloc(view->rows, sizeof *r->row);
  if (!r->value || !r->row)
    return fail(error, SCRIM_E_MEMORY, "out of memory for %zu shadows of %zu rows", view->n_shadows, view->rows);
  for (size_t s = 0; s < view->n_shadows; s++) {
    double *value = r->value + s * view->rows;
    const unsigned char *in = r->in + s * view->rows;
    scrim_status status = statistic_of_shadow(which, view, s, value, error);
    if (status != SCRIM_OK) return status;
    for (size_t i = 0; i < view->rows; i++) {
      add(&r->row[i][in[i]], value[i], 1);
      add(&r->total[in[i]], value[i], 1);
    }
  }
  return SCRIM_OK;
}

void reference_free(reference *r) {
  memory_free(r->value);
  memory_free(r->row);
}

reference_sum reference_without(const reference *r, size_t row, int in, int32_t without) {
  reference_sum s = r->row[row][in];
  size_t at = (size_t)without * r->rows + row;
  if (without >= 0 && r->in[at] == in) add(&s, r->value[at], -1);
  return s;
}

double reference_mean(const reference_sum *s) {
  return s->sum / s->n;
}

double reference_squares(const reference_sum *s) {
  double squares = s->square - s->sum * s->sum / s->n;
  return squares > 0 ? squares : 0; /* rounding */
}
