/*
 * Named parameters: what a network learns (trainable) and what it only remembers (running statistics).
 * Each is its own block, so that the tensors handed out stay where they are while others are added.
 */
#include "core/error.h"
#include "nn/nn.h"
#include <stdio.h>
#include <string.h>

enum { PARAMS_NAME_BYTES = 256 }; /* prefix and name in a file, with the end mark */

typedef struct param {
  tensor value;
  char *name;
  int trainable;
} param;

struct nn_params {
  param **items;
  size_t count, capacity;
};

nn_params *nn_params_create(void) {
  return memory_zalloc(1, sizeof(nn_params));
}

static void param_free(param *item) {
  if (!item) return;
  tensor_forget(&item->value);
  memory_free(item->value.data);
  memory_free(item->value.grad);
  memory_free(item->name);
  memory_free(item);
}

void nn_params_free(nn_params *p) {
  if (!p) return;
  for (size_t i = 0; i < p->count; i++) param_free(p->items[i]);
  memory_free(p->items);
  memory_free(p);
}

/* Values in a shape; 0 where it is none or does not fit in memory's address range. */
static size_t shape_values(int rank, const int *dim) {
  if (rank < 1 || rank > TENSOR_MAX_RANK) return 0;
  size_t n = 1;
  for (int i = 0; i < rank; i++) {
    if (dim[i] < 1 || __builtin_mul_overflow(n, (size_t)dim[i], &n)) return 0;
  }
  return n;
}

static param *param_create(const char *name, int rank, const int *dim, int trainable) {
  size_t n = shape_values(rank, dim);
  param *item = n ? memory_zalloc(1, sizeof *item) : NULL;
  if (!item) return NULL;
  item->value.rank = rank;
  memcpy(item->value.dim, dim, (size_t)rank * sizeof *dim);
  item->value.n = n;
  item->trainable = trainable;
  item->name = memory_strdup(name);
  item->value.data = memory_zalloc(n, sizeof(float));
  if (trainable) item->value.grad = memory_zalloc(n, sizeof(float));
  if (item->name && item->value.data && (item->value.grad || !trainable)) return item;
  param_free(item);
  return NULL;
}

/* Room for one more; 0 when out of memory. */
static int params_reserve(nn_params *p) {
  if (p->count < p->capacity) return 1;
  size_t capacity = p->capacity ? 2 * p->capacity : 16;
  param **items = memory_grow(p->items, p->capacity * sizeof *items, capacity * sizeof *items);
  if (!items) return 0;
  p->items = items;
  p->capacity = capacity;
  return 1;
}

tensor *nn_params_add(nn_params *p, const char *name, int rank, const int *dim, int trainable) {
  if (!params_reserve(p)) return NULL;
  param *item = param_create(name, rank, dim, trainable);
  if (!item) return NULL;
  p->items[p->count++] = item;
  return &item->value;
}

size_t nn_params_count(const nn_params *p) {
  return p->count;
}

tensor *nn_params_at(const nn_params *p, size_t index, const char **name, int *trainable) {
  if (index >= p->count) return NULL;
  param *item = p->items[index];
  if (name) *name = item->name;
  if (trainable) *trainable = item->trainable;
  return &item->value;
}

size_t nn_params_values(const nn_params *p) {
  size_t n = 0;
  for (size_t i = 0; i < p->count; i++) {
    if (p->items[i]->trainable) n += p->items[i]->value.n;
  }
  return n;
}

void nn_params_freeze(nn_params *p) {
  for (size_t i = 0; i < p->count; i++) {
    tensor_forget_gradient(&p->items[i]->value);
    memory_free(p->items[i]->value.grad);
    p->items[i]->value.grad = NULL;
    p->items[i]->trainable = 0;
  }
}

void nn_params_zero_grad(nn_params *p) {
  for (size_t i = 0; i < p->count; i++) {
    tensor *value = &p->items[i]->value;
    if (value->grad) tensor_zero_gradient(value);
  }
}

scrim_status nn_params_settle(nn_params *p, scrim_error *error) {
  for (size_t i = 0; i < p->count; i++) {
    if (tensor_values(&p->items[i]->value)) continue;
    return fail(error, SCRIM_E_DEVICE, "parameter '%s' cannot be brought back from the device", p->items[i]->name);
  }
  return SCRIM_OK;
}

nn_params *nn_params_clone(const nn_params *p) {
  nn_params *clone = nn_params_create();
  for (size_t i = 0; clone && i < p->count; i++) {
    const param *item = p->items[i];
    if (nn_params_add(clone, item->name, item->value.rank, item->value.dim, 0)) continue;
    nn_params_free(clone);
    clone = NULL;
  }
  if (clone) nn_params_copy(clone, p);
  return clone;
}

void nn_params_copy(nn_params *to, const nn_params *from) {
  for (size_t i = 0; i < to->count && i < from->count; i++) {
    tensor *target = &to->items[i]->value;
    const tensor *source = &from->items[i]->value;
    if (target->n == source->n) memcpy(tensor_overwrite(target), source->data, source->n * sizeof(float));
  }
}

/* Name in a file and shape in the file's type. */
static scrim_status param_place(const param *item, const char *prefix, char name[PARAMS_NAME_BYTES], int64_t *shape,
                                scrim_error *error) {
  int length = snprintf(name, PARAMS_NAME_BYTES, "%s%s", prefix, item->name);
  if (length < 0 || length >= PARAMS_NAME_BYTES) {
    return fail(error, SCRIM_E_ARGUMENT, "parameter name of %d bytes, at most %d: '%.40s...'", length,
                PARAMS_NAME_BYTES - 1, name);
  }
  for (int i = 0; i < item->value.rank; i++) shape[i] = item->value.dim[i];
  return SCRIM_OK;
}

scrim_status nn_params_put(const nn_params *p, const char *prefix, tensorfile_writer *writer, scrim_error *error) {
  for (size_t i = 0; i < p->count; i++) {
    const param *item = p->items[i];
    char name[PARAMS_NAME_BYTES];
    int64_t shape[TENSOR_MAX_RANK];
    scrim_status status = param_place(item, prefix, name, shape, error);
    if (status == SCRIM_OK) {
      status = tensorfile_put(writer, name, TENSORFILE_F32, item->value.rank, shape, item->value.data, error);
    }
    if (status != SCRIM_OK) return status;
  }
  return SCRIM_OK;
}

/* Two rounds: a file that does not fit leaves every parameter as it was. */
scrim_status nn_params_get(nn_params *p, const char *prefix, const tensorfile *file, scrim_error *error) {
  for (int copy = 0; copy <= 1; copy++) {
    for (size_t i = 0; i < p->count; i++) {
      param *item = p->items[i];
      char name[PARAMS_NAME_BYTES];
      int64_t shape[TENSOR_MAX_RANK];
      const void *data = NULL;
      scrim_status status = param_place(item, prefix, name, shape, error);
      if (status == SCRIM_OK) {
        status = tensorfile_get(file, name, TENSORFILE_F32, item->value.rank, shape, &data, error);
      }
      if (status != SCRIM_OK) return status;
      if (copy) memcpy(tensor_overwrite(&item->value), data, item->value.n * sizeof(float));
    }
  }
  return SCRIM_OK;
}
