/* The strict reader of filter files. */
#include "core/encryption.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/tensorfile_parts.h"
#include <cjson/cJSON.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct reader_tensor {
  const char *name; /* in the header */
  tensorfile_dtype dtype;
  int rank;
  int64_t shape[TENSORFILE_MAX_RANK];
  size_t begin, end; /* bytes, counted from the end of the header */
} reader_tensor;

typedef struct reader_pair {
  const char *name, *value; /* in the header */
} reader_pair;

struct tensorfile {
  const unsigned char *bytes; /* the whole file: mapped, or a copy of the caller's */
  size_t n_bytes;
  int is_mapped;
  size_t data_at;         /* bytes before the data */
  cJSON *header;          /* owns every name and value */
  reader_tensor *tensors; /* [n_tensors], by name */
  size_t n_tensors;
  reader_pair *meta; /* [n_meta], by name */
  size_t n_meta;
};

/* ---- one tensor's entry ---- */

/* cJSON gives numbers as doubles, exact up to 2^53; the text has no sign, point or exponent. */
static int reader_whole(const cJSON *item, int64_t *value) {
  if (!cJSON_IsNumber(item) || item->valuedouble > 0x1p53) return 0;
  *value = (int64_t)item->valuedouble;
  return 1;
}

/* The numbers of an array, at most `capacity`; -1 if it is no such array. */
static int reader_array(const cJSON *array, int64_t *values, int capacity) {
  if (!cJSON_IsArray(array)) return -1;
  int n = 0;
  for (const cJSON *item = array->child; item != NULL; item = item->next, n++)
    if (n == capacity || !reader_whole(item, &values[n])) return -1;
  return n;
}

static scrim_status reader_tensor_parse(reader_tensor *tensor, const cJSON *entry, scrim_error *error) {
  const char *name = entry->string;
  const cJSON *dtype = cJSON_GetObjectItemCaseSensitive(entry, "dtype");
  const cJSON *shape = cJSON_GetObjectItemCaseSensitive(entry, "shape");
  const cJSON *offsets = cJSON_GetObjectItemCaseSensitive(entry, "data_offsets");
  /* Three found among three: none is missing, doubled or unknown. */
  if (!cJSON_IsObject(entry) || !cJSON_IsString(dtype) || shape == NULL || offsets == NULL ||
      cJSON_GetArraySize(entry) != 3)
    return fail(error, SCRIM_E_FORMAT, "tensor '%s' is not an object of dtype, shape and data_offsets", name);

  *tensor = (reader_tensor){.name = name, .dtype = tensorfile_dtype_find(dtype->valuestring)};
  if (tensor->dtype == 0)
    return fail(error, SCRIM_E_FORMAT, "tensor '%s': type '%s' is not supported", name, dtype->valuestring);
  tensor->rank = reader_array(shape, tensor->shape, TENSORFILE_MAX_RANK);
  if (tensor->rank < 0)
    return fail(error, SCRIM_E_FORMAT, "tensor '%s': shape is not a list of at most %d whole numbers", name,
                (int)TENSORFILE_MAX_RANK);
  int64_t range[2];
  if (reader_array(offsets, range, 2) != 2 || range[0] > range[1])
    return fail(error, SCRIM_E_FORMAT, "tensor '%s': data_offsets is not a pair of whole numbers in order", name);
  tensor->begin = (size_t)range[0];
  tensor->end = (size_t)range[1];

  int fits;
  size_t bytes = tensorfile_size(tensor->dtype, tensor->rank, tensor->shape, &fits);
  if (!fits || bytes != tensor->end - tensor->begin)
    return fail(error, SCRIM_E_FORMAT, "tensor '%s': %zu bytes of data do not match its shape", name,
                tensor->end - tensor->begin);
  return SCRIM_OK;
}

/* ---- the header ---- */

static scrim_status reader_parse_meta(tensorfile *file, const cJSON *block, scrim_error *error) {
  if (file->meta != NULL) return fail(error, SCRIM_E_FORMAT, "two metadata blocks");
  if (!cJSON_IsObject(block)) return fail(error, SCRIM_E_FORMAT, "metadata is not an object");
  file->meta = memory_zalloc((size_t)cJSON_GetArraySize(block), sizeof *file->meta);
  if (file->meta == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for metadata");
  for (const cJSON *item = block->child; item != NULL; item = item->next) {
    if (!cJSON_IsString(item)) return fail(error, SCRIM_E_FORMAT, "metadata '%s' is not a string", item->string);
    file->meta[file->n_meta++] = (reader_pair){item->string, item->valuestring};
  }
  return SCRIM_OK;
}

static scrim_status reader_parse_entries(tensorfile *file, scrim_error *error) {
  size_t n = (size_t)cJSON_GetArraySize(file->header);
  file->tensors = memory_zalloc(n, sizeof *file->tensors);
  if (file->tensors == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu tensors", n);
  for (const cJSON *entry = file->header->child; entry != NULL; entry = entry->next) {
    int is_meta = strcmp(entry->string, TENSORFILE_METADATA) == 0;
    scrim_status status = is_meta ? reader_parse_meta(file, entry, error)
                                  : reader_tensor_parse(&file->tensors[file->n_tensors++], entry, error);
    if (status != SCRIM_OK) return status;
  }
  if (file->n_tensors > TENSORFILE_MAX_TENSORS)
    return fail(error, SCRIM_E_FORMAT, "%zu tensors, at most %d are allowed", file->n_tensors,
                (int)TENSORFILE_MAX_TENSORS);
  return SCRIM_OK;
}

static scrim_status reader_parse_header(tensorfile *file, scrim_error *error) {
  if (file->n_bytes < TENSORFILE_PREFIX)
    return fail(error, SCRIM_E_FORMAT, "%zu bytes are too few for a filter file", file->n_bytes);
  if (encryption_is_sealed(file->bytes, file->n_bytes))
    return fail(error, SCRIM_E_KEY, "an encrypted file, to be opened with the key that it is encrypted under");
  uint64_t length;
  memcpy(&length, file->bytes, sizeof length);
  if (length > TENSORFILE_MAX_HEADER)
    return fail(error, SCRIM_E_FORMAT,
                "no filter file: read as one, it has a header of %llu bytes, at most %d are allowed",
                (unsigned long long)length, (int)TENSORFILE_MAX_HEADER);
  if (length > file->n_bytes - TENSORFILE_PREFIX)
    return fail(error, SCRIM_E_FORMAT, "header of %llu bytes in a file of %zu", (unsigned long long)length,
                file->n_bytes);

  const char *text = (const char *)file->bytes + TENSORFILE_PREFIX, *end = NULL;
  file->data_at = TENSORFILE_PREFIX + (size_t)length;
  scrim_status status = tensorfile_check_text(text, (size_t)length, error);
  if (status != SCRIM_OK) return status;
  file->header = cJSON_ParseWithLengthOpts(text, (size_t)length, &end, 0);
  if (file->header == NULL)
    return fail(error, SCRIM_E_FORMAT, "header is not valid JSON at byte %zu", end == NULL ? 0 : (size_t)(end - text));
  for (; end < text + length; end++)
    if (*end != ' ')
      return fail(error, SCRIM_E_FORMAT, "header byte %zu: text after its closing brace", (size_t)(end - text));
  return reader_parse_entries(file, error);
}

/* ---- the whole ---- */

static int compare_pairs(const void *a, const void *b) {
  return strcmp(((const reader_pair *)a)->name, ((const reader_pair *)b)->name);
}

static int compare_names(const void *a, const void *b) {
  return strcmp(((const reader_tensor *)a)->name, ((const reader_tensor *)b)->name);
}

/* By place; an empty tensor comes before the one that begins where it stands. */
static int compare_places(const void *a, const void *b) {
  const reader_tensor *x = a, *y = b;
  if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
  return (x->end > y->end) - (x->end < y->end);
}

/* Sorts both lists by name. */
static scrim_status reader_check_names(tensorfile *file, scrim_error *error) {
  qsort(file->tensors, file->n_tensors, sizeof *file->tensors, compare_names);
  for (size_t i = 1; i < file->n_tensors; i++)
    if (compare_names(&file->tensors[i - 1], &file->tensors[i]) == 0)
      return fail(error, SCRIM_E_FORMAT, "two tensors are named '%s'", file->tensors[i].name);
  if (file->n_meta > 0) qsort(file->meta, file->n_meta, sizeof *file->meta, compare_pairs);
  for (size_t i = 1; i < file->n_meta; i++)
    if (compare_pairs(&file->meta[i - 1], &file->meta[i]) == 0)
      return fail(error, SCRIM_E_FORMAT, "two metadata values are named '%s'", file->meta[i].name);
  return SCRIM_OK;
}

/* Each tensor begins where the one before it ends, and the last ends with the file: no hole, no overlap, no tail. */
static scrim_status reader_check_places(tensorfile *file, scrim_error *error) {
  size_t n_data = file->n_bytes - file->data_at, expected = 0;
  qsort(file->tensors, file->n_tensors, sizeof *file->tensors, compare_places);
  for (size_t i = 0; i < file->n_tensors; i++) {
    const reader_tensor *tensor = &file->tensors[i];
    if (tensor->begin != expected)
      return fail(error, SCRIM_E_FORMAT, "tensor '%s' begins at byte %zu of the data where %zu is due", tensor->name,
                  tensor->begin, expected);
    if ((file->data_at + tensor->begin) % tensorfile_dtype_bytes(tensor->dtype) != 0)
      return fail(error, SCRIM_E_FORMAT, "tensor '%s' is not aligned to its %zu-byte values", tensor->name,
                  tensorfile_dtype_bytes(tensor->dtype));
    expected = tensor->end;
  }
  if (expected != n_data)
    return fail(error, SCRIM_E_FORMAT, "%zu bytes of data where the header says %zu", n_data, expected);
  return SCRIM_OK;
}

static scrim_status reader_check_values(const tensorfile *file, scrim_error *error) {
  for (size_t i = 0; i < file->n_tensors; i++) {
    const reader_tensor *tensor = &file->tensors[i];
    size_t n = (tensor->end - tensor->begin) / tensorfile_dtype_bytes(tensor->dtype);
    size_t wild = tensorfile_first_wild(tensor->dtype, file->bytes + file->data_at + tensor->begin, n);
    if (wild < n)
      return fail(error, SCRIM_E_FORMAT, "tensor '%s': value %zu of %zu is not finite", tensor->name, wild, n);
  }
  return SCRIM_OK;
}

static scrim_status reader_parse(tensorfile *file, scrim_error *error) {
  scrim_status status = reader_parse_header(file, error);
  if (status == SCRIM_OK) status = reader_check_places(file, error);
  if (status == SCRIM_OK) status = reader_check_names(file, error);
  if (status == SCRIM_OK) status = reader_check_values(file, error);
  return status;
}

void tensorfile_close(tensorfile *file) {
  if (file == NULL) return;
  cJSON_Delete(file->header);
  memory_free(file->tensors);
  memory_free(file->meta);
  if (file->is_mapped)
    munmap((void *)file->bytes, file->n_bytes);
  else
    memory_free((void *)file->bytes);
  memory_free(file);
}

scrim_status tensorfile_parse(tensorfile **out, const void *bytes, size_t n_bytes, scrim_error *error) {
  *out = NULL;
  tensorfile *file = memory_zalloc(1, sizeof *file);
  unsigned char *copy = memory_alloc(n_bytes);
  if (file == NULL || copy == NULL) {
    memory_free(file);
    memory_free(copy);
    return fail(error, SCRIM_E_MEMORY, "out of memory for a filter file of %zu bytes", n_bytes);
  }
  if (n_bytes > 0) memcpy(copy, bytes, n_bytes);
  file->bytes = copy;
  file->n_bytes = n_bytes;
  scrim_status status = reader_parse(file, error);
  if (status == SCRIM_OK)
    *out = file;
  else
    tensorfile_close(file);
  return status;
}

/* ---- from a path ---- */

static scrim_status reader_map(tensorfile *file, int fd, const char *path, scrim_error *error) {
  struct stat info;
  if (fstat(fd, &info) != 0) return fail_errno(error, SCRIM_E_IO, "cannot examine '%s'", path);
  if (!S_ISREG(info.st_mode)) return fail(error, SCRIM_E_IO, "'%s' is not a regular file", path);
  if (info.st_size == 0) return fail(error, SCRIM_E_FORMAT, "'%s' is empty", path);
  void *bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (bytes == MAP_FAILED) return fail_errno(error, SCRIM_E_IO, "cannot map '%s'", path);
  file->bytes = bytes;
  file->n_bytes = (size_t)info.st_size;
  file->is_mapped = 1;
  return SCRIM_OK;
}

static scrim_status reader_open(tensorfile *file, const char *path, scrim_error *error) {
  /* O_NONBLOCK: a FIFO must not hang the caller; it is refused by its type. */
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return fail_errno(error, SCRIM_E_IO, "cannot open '%s'", path);
  scrim_status status = reader_map(file, fd, path, error);
  close(fd); /* the map stays */
  if (status != SCRIM_OK) return status;
  status = reader_parse(file, error);
  if (status != SCRIM_OK) fail_in_file(error, path);
  return status;
}

scrim_status tensorfile_open(tensorfile **out, const char *path, scrim_error *error) {
  *out = NULL;
  tensorfile *file = memory_zalloc(1, sizeof *file);
  if (file == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for '%s'", path);
  scrim_status status = reader_open(file, path, error);
  if (status == SCRIM_OK)
    *out = file;
  else
    tensorfile_close(file);
  return status;
}

/* ---- looking up ---- */

const char *tensorfile_meta(const tensorfile *file, const char *name) {
  const reader_pair wanted = {.name = name};
  const reader_pair *found =
      file->n_meta == 0 ? NULL : bsearch(&wanted, file->meta, file->n_meta, sizeof wanted, compare_pairs);
  return found == NULL ? NULL : found->value;
}

int tensorfile_meta_at(const tensorfile *file, size_t index, const char **name, const char **value) {
  if (index >= file->n_meta) return 0;
  *name = file->meta[index].name;
  *value = file->meta[index].value;
  return 1;
}

static const reader_tensor *reader_find(const tensorfile *file, const char *name) {
  const reader_tensor wanted = {.name = name};
  return bsearch(&wanted, file->tensors, file->n_tensors, sizeof wanted, compare_names);
}

int tensorfile_has(const tensorfile *file, const char *name) {
  return reader_find(file, name) != NULL;
}

enum { SHAPE_TEXT = 100 }; /* four numbers of 20 digits, commas, brackets */

/* "F32 [3, any]" */
static const char *reader_shape_text(char text[SHAPE_TEXT], tensorfile_dtype dtype, int rank, const int64_t *shape) {
  int at = snprintf(text, SHAPE_TEXT, "%s [", tensorfile_dtype_name(dtype));
  for (int i = 0; i < rank; i++) {
    const char *comma = i == 0 ? "" : ", ";
    at += shape[i] < 0 ? snprintf(text + at, SHAPE_TEXT - (size_t)at, "%sany", comma)
                       : snprintf(text + at, SHAPE_TEXT - (size_t)at, "%s%lld", comma, (long long)shape[i]);
  }
  snprintf(text + at, SHAPE_TEXT - (size_t)at, "]");
  return text;
}

scrim_status tensorfile_get(const tensorfile *file, const char *name, tensorfile_dtype dtype, int rank, int64_t *shape,
                            const void **data, scrim_error *error) {
  *data = NULL;
  const reader_tensor *tensor = reader_find(file, name);
  if (tensor == NULL) return fail(error, SCRIM_E_FORMAT, "tensor '%s' is missing", name);
  int same = tensor->dtype == dtype && tensor->rank == rank;
  for (int i = 0; same && i < rank; i++) same = shape[i] < 0 || shape[i] == tensor->shape[i];
  if (!same) {
    char found[SHAPE_TEXT], wanted[SHAPE_TEXT];
    return fail(error, SCRIM_E_FORMAT, "tensor '%s' is %s where %s is due", name,
                reader_shape_text(found, tensor->dtype, tensor->rank, tensor->shape),
                reader_shape_text(wanted, dtype, rank, shape));
  }
  for (int i = 0; i < rank; i++) shape[i] = tensor->shape[i];
  *data = file->bytes + file->data_at + tensor->begin;
  return SCRIM_OK;
}

const void *tensorfile_raw(const tensorfile *file, size_t *n_bytes) {
  *n_bytes = file->n_bytes;
  return file->bytes;
}
