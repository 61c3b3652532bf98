/* Choosing rows, and asking the audited system about copies of them. */
#include "purifier/attack_query.h"
#include "core/error.h"
#include "core/memory.h"
#include "purifier/score_form.h"
#include <math.h>
#include <string.h>

static scrim_status choose_rows(query *q, size_t per_kind, unsigned char *scored, scrim_error *error) {
  const attack_view *v = q->view;
  uint32_t *order = memory_zalloc(v->rows, sizeof *order);
  if (!order) return fail(error, SCRIM_E_MEMORY, "out of memory choosing among %zu rows", v->rows);
  for (size_t i = 0; i < v->rows; i++) order[i] = (uint32_t)i;
  random_shuffle(q->random, order, v->rows);
  size_t left[2] = {per_kind, per_kind};
  for (size_t i = 0; i < v->rows; i++) {
    uint32_t row = order[i];
    int member = row < v->n_members;
    if (v->open[row] && left[member] > 0) {
      left[member]--;
      q->row[q->n++] = row;
    } else {
      scored[row] = 0;
    }
  }
  memory_free(order);
  return random_status(q->random, error);
}

static const float *input_of(const attack_view *v, size_t row) {
  const attack_interface *f = &v->interface;
  return row < v->n_members ? f->member_inputs + row * f->features
                            : f->nonmember_inputs + (row - v->n_members) * f->features;
}

static void measure_inputs(query *q) {
  for (size_t j = 0; j < q->view->interface.features; j++) {
    double sum = 0, square = 0, n = (double)q->n;
    for (size_t i = 0; i < q->n; i++) {
      double x = input_of(q->view, q->row[i])[j];
      sum += x;
      square += x * x;
    }
    q->scale[j] = (float)sqrt(fmax(0, square / n - sum / n * (sum / n)));
  }
}

scrim_status query_open(query *q, const attack_view *view, size_t per_kind, const char *purpose, unsigned char *scored,
                        scrim_error *error) {
  size_t features = view->interface.classify ? view->interface.features : 0;
  *q = (query){.view = view};
  scrim_status status = random_source_from_seed(&q->random, view->seed, error);
  if (status == SCRIM_OK) status = random_begin(q->random, purpose, NULL, 0, error);
  if (status != SCRIM_OK) return status;
  size_t most = view->rows < 2 * per_kind ? view->rows : 2 * per_kind;
  q->row = memory_zalloc(most, sizeof *q->row);
  q->scores = memory_zalloc(most * view->classes, sizeof *q->scores);
  q->released = memory_zalloc(most * view->classes, sizeof *q->released);
  q->inputs = memory_zalloc(most * features, sizeof *q->inputs);
  q->scale = memory_zalloc(features, sizeof *q->scale);
  q->normal = memory_zalloc(QUERY_NORMALS, sizeof *q->normal);
  if (!q->row || !q->scores || !q->released || !q->inputs || !q->scale || !q->normal)
    return fail(error, SCRIM_E_MEMORY, "out of memory for queries on %zu rows", most);
  for (size_t i = 0; i < QUERY_NORMALS; i++) q->normal[i] = (float)random_normal(q->random);
  status = choose_rows(q, per_kind, scored, error);
  if (status == SCRIM_OK && features) measure_inputs(q);
  return status;
}

void query_close(query *q) {
  if (q->scores) memory_wipe(q->scores, q->n * q->view->classes * sizeof *q->scores);
  memory_free(q->row);
  memory_free(q->scores);
  memory_free(q->released);
  memory_free(q->inputs);
  memory_free(q->scale);
  memory_free(q->normal);
  random_source_free(q->random);
}

static scrim_status release_scores(query *q, scrim_error *error) {
  scrim_status status = random_status(q->random, error);
  if (status != SCRIM_OK) return status;
  const attack_interface *f = &q->view->interface;
  return f->release(f->state, q->scores, q->released, q->n, error);
}

scrim_status query_scores(query *q, double size, scrim_error *error) {
  size_t k = q->view->classes;
  for (size_t i = 0; i < q->n; i++) {
    float *row = q->scores + i * k;
    memcpy(row, q->view->interface.raw + q->row[i] * k, k * sizeof *row);
    if (size <= 0) continue;
    double sum = 0;
    size_t place = random_below(q->random, QUERY_NORMALS);
    for (size_t j = 0; j < k; j++) {
      row[j] *= (float)exp(size * q->normal[(place + j) % QUERY_NORMALS]);
      sum += row[j];
    }
    for (size_t j = 0; sum > 0 && j < k; j++) row[j] = (float)(row[j] / sum);
  }
  return release_scores(q, error);
}

scrim_status query_inputs(query *q, double size, scrim_error *error) {
  const attack_interface *f = &q->view->interface;
  for (size_t i = 0; i < q->n; i++) {
    const float *x = input_of(q->view, q->row[i]);
    size_t place = random_below(q->random, QUERY_NORMALS);
    for (size_t j = 0; j < f->features; j++)
      q->inputs[i * f->features + j] = x[j] + (float)(size * q->scale[j] * q->normal[(place + j) % QUERY_NORMALS]);
  }
  if (f->classify(q->inputs, q->n, q->scores, f->classify_context) != 0)
    return fail(error, SCRIM_E_DATA, "the classifier failed on %zu inputs of the audit", q->n);
  return release_scores(q, error);
}

size_t query_label(const query *q, size_t i) {
  return score_argmax(q->released + i * q->view->classes, q->view->classes);
}
