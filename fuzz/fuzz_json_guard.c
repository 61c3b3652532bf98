/*
 * Any bytes as JSON: what the guard passes, a packaged parser reads too, and finds the same values that our walk finds.
 */
#include "serve/json_guard.h"
#include "serve/json_text.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static size_t count_tree(const cJSON *item) {
  size_t n = 1;
  for (const cJSON *child = item->child; child != NULL; child = child->next) n += count_tree(child);
  return n;
}

/* The values inside `value` and itself; each lies within the text. */
static size_t count_text(json_value value, const char *end) {
  size_t n = 1;
  if (value.at >= value.end || value.end > end) abort();
  const json_kind kind = json_kind_of(value);
  if (kind != JSON_ARRAY && kind != JSON_OBJECT) return n;
  for (json_value inside = json_enter(value), name, element; json_next(&inside, &name, &element);) {
    if (kind == JSON_OBJECT && (json_kind_of(name) != JSON_STRING || !json_same(name, name))) abort();
    n += count_text(element, value.end);
  }
  return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
  static const json_limits limits = {.bytes = 1 << 16, .depth = 16, .values = 4096, .string_bytes = 4096};
  scrim_error error = {.message = ""};
  const char *text = (const char *)bytes;
  if (json_guard(text, n, &limits, &error) != SCRIM_OK) {
    if (error.message[0] == '\0') abort();
    return 0;
  }
  cJSON *tree = cJSON_ParseWithLength(text, n);
  if (tree == NULL || count_tree(tree) != count_text(json_root(text, n), text + n)) abort();
  cJSON_Delete(tree);
  return 0;
}
