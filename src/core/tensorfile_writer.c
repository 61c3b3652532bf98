/* The writer of filter files. */
#include "core/error.h"
#include "core/file.h"
#include "core/memory.h"
#include "core/tensorfile_parts.h"
#include <cjson/cJSON.h>
#include <string.h>

enum { DATA_ALIGNMENT = 64 };

typedef struct writer_tensor {
  char *name;
  tensorfile_dtype dtype;
  int rank;
  int64_t shape[TENSORFILE_MAX_RANK];
  const void *data; /* the caller's */
  size_t n_bytes;
} writer_tensor;

typedef struct writer_pair {
  char *name, *value;
} writer_pair;

struct tensorfile_writer {
  writer_tensor *tensors; /* in the order of the file */
  size_t n_tensors, tensor_capacity;
  writer_pair *meta; /* by name */
  size_t n_meta, meta_capacity;
};

scrim_status tensorfile_writer_create(tensorfile_writer **out, scrim_error *error) {
  *out = memory_zalloc(1, sizeof **out);
  return *out == NULL ? fail(error, SCRIM_E_MEMORY, "out of memory for a filter file") : SCRIM_OK;
}

void tensorfile_writer_free(tensorfile_writer *writer) {
  if (writer == NULL) return;
  for (size_t i = 0; i < writer->n_tensors; i++) memory_free(writer->tensors[i].name);
  for (size_t i = 0; i < writer->n_meta; i++) {
    memory_free(writer->meta[i].name);
    memory_free(writer->meta[i].value);
  }
  memory_free(writer->tensors);
  memory_free(writer->meta);
  memory_free(writer);
}

/* ---- putting ---- */

/* Room for one more element in an array of `n`; the array, grown or not, or NULL with the old one intact. */
static void *writer_make_room(void *array, size_t n, size_t *capacity, size_t element_bytes) {
  if (n < *capacity) return array;
  size_t larger = *capacity == 0 ? 16 : 2 * *capacity;
  void *grown = memory_grow(array, n * element_bytes, larger * element_bytes);
  if (grown != NULL) *capacity = larger;
  return grown;
}

static scrim_status writer_check_text(const char *what, const char *text, scrim_error *error) {
  if (tensorfile_is_utf8(text, strlen(text))) return SCRIM_OK;
  return fail(error, SCRIM_E_ARGUMENT, "%s '%s' is not UTF-8 text", what, text);
}

scrim_status tensorfile_put_meta(tensorfile_writer *writer, const char *name, const char *value, scrim_error *error) {
  scrim_status status = writer_check_text("metadata name", name, error);
  if (status == SCRIM_OK) status = writer_check_text("metadata value", value, error);
  if (status != SCRIM_OK) return status;

  size_t at = 0;
  while (at < writer->n_meta && strcmp(writer->meta[at].name, name) < 0) at++;
  int exists = at < writer->n_meta && strcmp(writer->meta[at].name, name) == 0;
  writer_pair pair = {exists ? writer->meta[at].name : memory_strdup(name), memory_strdup(value)};
  writer_pair *meta = writer_make_room(writer->meta, writer->n_meta, &writer->meta_capacity, sizeof *meta);
  if (meta != NULL) writer->meta = meta;
  if (pair.name == NULL || pair.value == NULL || meta == NULL) {
    if (!exists) memory_free(pair.name);
    memory_free(pair.value);
    return fail(error, SCRIM_E_MEMORY, "out of memory for metadata '%s'", name);
  }
  if (exists) {
    memory_free(meta[at].value);
  } else {
    memmove(&meta[at + 1], &meta[at], (writer->n_meta - at) * sizeof *meta);
    writer->n_meta++;
  }
  meta[at] = pair;
  return SCRIM_OK;
}

static scrim_status writer_check_tensor(const tensorfile_writer *writer, const writer_tensor *tensor,
                                        scrim_error *error) {
  for (size_t i = 0; i < writer->n_tensors; i++)
    if (strcmp(writer->tensors[i].name, tensor->name) == 0)
      return fail(error, SCRIM_E_ARGUMENT, "tensor '%s' is there already", tensor->name);
  if (strcmp(tensor->name, TENSORFILE_METADATA) == 0)
    return fail(error, SCRIM_E_ARGUMENT, "'%s' is no name for a tensor", tensor->name);
  if (writer->n_tensors == TENSORFILE_MAX_TENSORS)
    return fail(error, SCRIM_E_ARGUMENT, "tensor '%s' is one more than the %d allowed", tensor->name,
                (int)TENSORFILE_MAX_TENSORS);
  if (tensor->data == NULL && tensor->n_bytes > 0)
    return fail(error, SCRIM_E_ARGUMENT, "tensor '%s' has no data", tensor->name);
  return writer_check_text("tensor name", tensor->name, error);
}

/* Wide elements first keeps every tensor aligned without holes. */
static int writer_goes_before(const writer_tensor *a, const writer_tensor *b) {
  size_t a_bytes = tensorfile_dtype_bytes(a->dtype), b_bytes = tensorfile_dtype_bytes(b->dtype);
  return a_bytes != b_bytes ? a_bytes > b_bytes : strcmp(a->name, b->name) < 0;
}

static scrim_status writer_insert(tensorfile_writer *writer, writer_tensor tensor, scrim_error *error) {
  tensor.name = memory_strdup(tensor.name);
  writer_tensor *tensors =
      writer_make_room(writer->tensors, writer->n_tensors, &writer->tensor_capacity, sizeof *tensors);
  if (tensors != NULL) writer->tensors = tensors;
  if (tensor.name == NULL || tensors == NULL) {
    memory_free(tensor.name);
    return fail(error, SCRIM_E_MEMORY, "out of memory for a tensor's entry");
  }
  size_t at = writer->n_tensors++;
  for (; at > 0 && writer_goes_before(&tensor, &tensors[at - 1]); at--) tensors[at] = tensors[at - 1];
  tensors[at] = tensor;
  return SCRIM_OK;
}

scrim_status tensorfile_put(tensorfile_writer *writer, const char *name, tensorfile_dtype dtype, int rank,
                            const int64_t *shape, const void *data, scrim_error *error) {
  if (tensorfile_dtype_bytes(dtype) == 0 || rank < 0 || rank > TENSORFILE_MAX_RANK)
    return fail(error, SCRIM_E_ARGUMENT, "tensor '%s': type %d of rank %d cannot be stored", name, (int)dtype, rank);
  writer_tensor tensor = {.name = (char *)name, .dtype = dtype, .rank = rank, .data = data};
  for (int i = 0; i < rank; i++) tensor.shape[i] = shape[i];
  int fits;
  tensor.n_bytes = tensorfile_size(dtype, rank, shape, &fits);
  if (!fits) return fail(error, SCRIM_E_ARGUMENT, "tensor '%s': negative or overflowing shape", name);
  scrim_status status = writer_check_tensor(writer, &tensor, error);
  return status == SCRIM_OK ? writer_insert(writer, tensor, error) : status;
}

/* ---- the header ---- */

/* Each builder answers 1, or 0 when out of memory; what was built hangs in `header` either way. */

static int writer_build_meta(const tensorfile_writer *writer, cJSON *header) {
  if (writer->n_meta == 0) return 1;
  cJSON *block = cJSON_AddObjectToObject(header, TENSORFILE_METADATA);
  int built = block != NULL;
  for (size_t i = 0; built && i < writer->n_meta; i++)
    built = cJSON_AddStringToObject(block, writer->meta[i].name, writer->meta[i].value) != NULL;
  return built;
}

static int writer_build_numbers(cJSON *entry, const char *name, int n, const int64_t *values) {
  cJSON *array = cJSON_AddArrayToObject(entry, name);
  int built = array != NULL;
  for (int i = 0; built && i < n; i++) {
    cJSON *number = cJSON_CreateNumber((double)values[i]);
    built = number != NULL && cJSON_AddItemToArray(array, number);
  }
  return built;
}

static int writer_build_tensors(const tensorfile_writer *writer, cJSON *header) {
  int built = 1;
  int64_t range[2] = {0, 0};
  for (size_t i = 0; built && i < writer->n_tensors; i++) {
    const writer_tensor *tensor = &writer->tensors[i];
    range[0] = range[1];
    range[1] += (int64_t)tensor->n_bytes;
    cJSON *entry = cJSON_AddObjectToObject(header, tensor->name);
    built = entry != NULL && cJSON_AddStringToObject(entry, "dtype", tensorfile_dtype_name(tensor->dtype)) != NULL &&
            writer_build_numbers(entry, "shape", tensor->rank, tensor->shape) &&
            writer_build_numbers(entry, "data_offsets", 2, range);
  }
  return built;
}

/* The prefix and the header, padded; *bytes is freed with memory_free. */
static scrim_status writer_print(const char *json, unsigned char **bytes, size_t *n_bytes, scrim_error *error) {
  size_t length = strlen(json);
  size_t total = (TENSORFILE_PREFIX + length + DATA_ALIGNMENT - 1) / DATA_ALIGNMENT * DATA_ALIGNMENT;
  if (total - TENSORFILE_PREFIX > TENSORFILE_MAX_HEADER)
    return fail(error, SCRIM_E_ARGUMENT, "header of %zu bytes, at most %d are allowed", total - TENSORFILE_PREFIX,
                (int)TENSORFILE_MAX_HEADER);
  unsigned char *text = memory_alloc(total);
  if (text == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a header");
  uint64_t prefix = total - TENSORFILE_PREFIX;
  memcpy(text, &prefix, sizeof prefix);
  memset(text + TENSORFILE_PREFIX, ' ', total - TENSORFILE_PREFIX);
  memcpy(text + TENSORFILE_PREFIX, json, length);
  *bytes = text;
  *n_bytes = total;
  return SCRIM_OK;
}

static scrim_status writer_header(const tensorfile_writer *writer, unsigned char **bytes, size_t *n_bytes,
                                  scrim_error *error) {
  cJSON *header = cJSON_CreateObject();
  int built = header != NULL && writer_build_meta(writer, header) && writer_build_tensors(writer, header);
  char *json = built ? cJSON_PrintUnformatted(header) : NULL;
  cJSON_Delete(header);
  if (json == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a header");
  scrim_status status = writer_print(json, bytes, n_bytes, error);
  cJSON_free(json);
  return status;
}

/* ---- out ---- */

static scrim_status writer_check_values(const tensorfile_writer *writer, scrim_error *error) {
  for (size_t i = 0; i < writer->n_tensors; i++) {
    const writer_tensor *tensor = &writer->tensors[i];
    size_t n = tensor->n_bytes / tensorfile_dtype_bytes(tensor->dtype);
    size_t wild = tensorfile_first_wild(tensor->dtype, tensor->data, n);
    if (wild < n)
      return fail(error, SCRIM_E_DATA, "tensor '%s': value %zu of %zu is not finite", tensor->name, wild, n);
  }
  return SCRIM_OK;
}

static scrim_status writer_write(const tensorfile_writer *writer, const char *path, const unsigned char *header,
                                 size_t n_header, scrim_error *error) {
  file_draft draft;
  scrim_status status = file_draft_begin(&draft, path, error);
  if (status != SCRIM_OK) return status;
  status = file_draft_write(&draft, header, n_header, error);
  for (size_t i = 0; status == SCRIM_OK && i < writer->n_tensors; i++)
    status = file_draft_write(&draft, writer->tensors[i].data, writer->tensors[i].n_bytes, error);
  if (status == SCRIM_OK) return file_draft_commit(&draft, error);
  file_draft_abandon(&draft);
  return status;
}

scrim_status tensorfile_save(const tensorfile_writer *writer, const char *path, scrim_error *error) {
  unsigned char *header = NULL;
  size_t n_header = 0;
  scrim_status status = writer_check_values(writer, error);
  if (status == SCRIM_OK) status = writer_header(writer, &header, &n_header, error);
  if (status == SCRIM_OK) status = writer_write(writer, path, header, n_header, error);
  memory_free(header);
  return status;
}

/* Puts the tensors behind a header of `n_header` bytes. */
static scrim_status writer_join(const tensorfile_writer *writer, const unsigned char *header, size_t n_header,
                                unsigned char **bytes, size_t *n_bytes, scrim_error *error) {
  size_t total = n_header;
  for (size_t i = 0; i < writer->n_tensors; i++) total += writer->tensors[i].n_bytes;
  unsigned char *joined = memory_alloc(total);
  if (joined == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a filter file of %zu bytes", total);
  memcpy(joined, header, n_header);
  size_t at = n_header;
  for (size_t i = 0; i < writer->n_tensors; i++) {
    if (writer->tensors[i].n_bytes > 0) memcpy(joined + at, writer->tensors[i].data, writer->tensors[i].n_bytes);
    at += writer->tensors[i].n_bytes;
  }
  *bytes = joined;
  *n_bytes = total;
  return SCRIM_OK;
}

scrim_status tensorfile_bytes(const tensorfile_writer *writer, unsigned char **bytes, size_t *n_bytes,
                              scrim_error *error) {
  *bytes = NULL;
  *n_bytes = 0;
  unsigned char *header = NULL;
  size_t n_header = 0;
  scrim_status status = writer_check_values(writer, error);
  if (status == SCRIM_OK) status = writer_header(writer, &header, &n_header, error);
  if (status == SCRIM_OK) status = writer_join(writer, header, n_header, bytes, n_bytes, error);
  memory_free(header);
  return status;
}
