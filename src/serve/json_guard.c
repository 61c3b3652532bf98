/*
 * The pass. What is open is one bit a level; the names of open objects lie in one small table whose entries leave in
 * the reverse order in which they came, so that taking one out never breaks the probing for another.
 */
#include "serve/json_guard.h"

#include "core/error.h"
#include "serve/json_char.h"
#include <string.h>

enum {
  NAME_SLOTS = 4 * JSON_OPEN_NAMES, /* at most a quarter full */
  NAME_PROBES = 64                  /* names that collide more often than that were made to */
};

typedef struct guard {
  const char *at, *end;
  const json_limits *limits;
  size_t depth, values;
  uint64_t is_object;              /* bit d: level d + 1 is an object */
  uint64_t n_objects;              /* so far: tells names of one object from those of another */
  const char *wrong;               /* what rule is broken at `at`; NULL: none */
  scrim_status status;             /* of that */
  uint64_t object[JSON_MAX_DEPTH]; /* number of the object that is open at a level */
  size_t first_name[JSON_MAX_DEPTH];
  size_t n_names;
  uint16_t slot[JSON_OPEN_NAMES]; /* of the names, in the order in which they came */
  uint64_t names[NAME_SLOTS];     /* hashes; 0: free */
} guard;

static int guard_refuse(guard *g, scrim_status status, const char *wrong) {
  g->status = status;
  g->wrong = wrong;
  return 0;
}

static int guard_malformed(guard *g, const char *wrong) {
  return guard_refuse(g, SCRIM_E_FORMAT, wrong);
}

static int guard_beyond(guard *g, const char *wrong) {
  return guard_refuse(g, SCRIM_E_DATA, wrong);
}

/* Mostly there is none, which one comparison shows. */
static void guard_skip_space(guard *g) {
  const char *at = g->at;
  while (at < g->end && *at <= ' ' && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) at++;
  g->at = at;
}

/* The next character that is no space, or 0 at the end. */
static char guard_peek(guard *g) {
  guard_skip_space(g);
  return g->at < g->end ? *g->at : '\0';
}

/* ---- strings, numbers, words ---- */

/* Plain ASCII, of which large strings are made. */
static const char *guard_skip_plain(const char *at, const char *end) {
  while (at < end && *at >= 0x20 && *at != '"' && *at != '\\') at++;
  return at;
}

/* *hash: of the characters, however they are written; may be NULL. */
static int guard_string(guard *g, uint64_t *hash) {
  const char *start = g->at++;
  for (;;) {
    if (hash == NULL) g->at = guard_skip_plain(g->at, g->end);
    if (g->at == g->end) return guard_malformed(g, "the text ends inside a string");
    if (*g->at == '"') break;
    uint32_t code;
    const size_t n = json_char(g->at, g->end, &code);
    if (n == 0) return guard_malformed(g, "no character that a string may hold");
    if (hash != NULL) *hash = (*hash ^ code) * UINT64_C(0x100000001b3);
    g->at += n;
  }
  if ((size_t)(g->at - start) - 1 > g->limits->string_bytes) return guard_beyond(g, "a string longer than allowed");
  g->at++;
  return 1;
}

static const char *guard_skip_digits(const char *at, const char *end) {
  while (at < end && *at >= '0' && *at <= '9') at++;
  return at;
}

static int guard_number(guard *g) {
  const char *start = g->at, *at = start + (*start == '-'), *end = g->end;
  const char *digits = at;
  at = guard_skip_digits(at, end);
  int fine = at > digits && (*digits != '0' || at == digits + 1);
  if (fine && at < end && *at == '.') {
    digits = at + 1;
    at = guard_skip_digits(digits, end);
    fine = at > digits;
  }
  if (fine && at < end && (*at == 'e' || *at == 'E')) {
    digits = at + 1 + (at + 1 < end && (at[1] == '+' || at[1] == '-'));
    at = guard_skip_digits(digits, end);
    fine = at > digits;
  }
  if (!fine) return guard_malformed(g, "a number that JSON does not have");
  if (at - start > JSON_NUMBER_CHARS) return guard_beyond(g, "a number with more characters than allowed");
  g->at = at;
  return 1;
}

static int guard_word(guard *g) {
  static const char *const words[] = {"true", "false", "null"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    const size_t n = strlen(words[i]);
    if ((size_t)(g->end - g->at) < n || memcmp(g->at, words[i], n) != 0) continue;
    g->at += n;
    return 1;
  }
  return guard_malformed(g, g->at == g->end ? "the text ends where a value is due" : "no value that JSON has");
}

/* ---- arrays and objects ---- */

/* A name joins the open object, unless it is there already. */
static int guard_add_name(guard *g, uint64_t hash) {
  hash ^= hash >> 29; /* the multiplication before moved bits up only */
  hash = hash * UINT64_C(0xbf58476d1ce4e5b9) | 1;
  if (g->n_names == JSON_OPEN_NAMES) return guard_beyond(g, "more names in open objects than allowed");
  size_t slot = (size_t)(hash >> 32) % NAME_SLOTS, probes = 0;
  for (; g->names[slot] != 0; slot = (slot + 1) % NAME_SLOTS) {
    if (g->names[slot] == hash) return guard_malformed(g, "a name that its object has already");
    if (++probes == NAME_PROBES) return guard_beyond(g, "more names in open objects than allowed");
  }
  g->names[slot] = hash;
  g->slot[g->n_names++] = (uint16_t)slot;
  return 1;
}

/* The name of the next member and the colon behind it. */
static int guard_name(guard *g) {
  if (guard_peek(g) != '"') return guard_malformed(g, "no name where one is due");
  uint64_t hash = g->object[g->depth - 1] * UINT64_C(0x9e3779b97f4a7c15); /* FNV-1a over characters, apart by object */
  if (!guard_string(g, &hash) || !guard_add_name(g, hash)) return 0;
  if (guard_peek(g) != ':') return guard_malformed(g, "no colon behind a name");
  g->at++;
  return 1;
}

static int guard_is_in_object(const guard *g) {
  return (int)(g->is_object >> (g->depth - 1) & 1);
}

static int guard_open(guard *g) {
  if (g->depth == g->limits->depth || g->depth == JSON_MAX_DEPTH) return guard_beyond(g, "nested deeper than allowed");
  const uint64_t bit = (uint64_t)1 << g->depth;
  const int is_object = *g->at++ == '{';
  g->is_object = is_object ? g->is_object | bit : g->is_object & ~bit;
  g->object[g->depth] = g->n_objects += (uint64_t)is_object;
  g->first_name[g->depth++] = g->n_names;
  return 1;
}

static void guard_close(guard *g) {
  g->at++;
  for (g->depth--; g->n_names > g->first_name[g->depth];) g->names[g->slot[--g->n_names]] = 0;
}

static int guard_is_closer(const guard *g, char c) {
  return c == (guard_is_in_object(g) ? '}' : ']');
}

/* A whole scalar, or the opening of an array or object up to where its first element is due. *is_open: that one is. */
static int guard_value(guard *g, int *is_open) {
  const char c = guard_peek(g);
  *is_open = 0;
  if (g->values++ == g->limits->values) return guard_beyond(g, "more values than allowed");
  if (c == '"') return guard_string(g, NULL);
  if (c == '-' || (c >= '0' && c <= '9')) return guard_number(g);
  if (c != '{' && c != '[') return guard_word(g);
  if (!guard_open(g)) return 0;
  if (guard_is_closer(g, guard_peek(g))) {
    guard_close(g);
    return 1;
  }
  *is_open = 1;
  return guard_is_in_object(g) ? guard_name(g) : 1;
}

/* Behind a value: closes what ends here. *more: another element is due, and its name has been read. */
static int guard_behind_value(guard *g, int *more) {
  *more = 0;
  while (g->depth > 0) {
    const char c = guard_peek(g);
    if (guard_is_closer(g, c)) {
      guard_close(g);
      continue;
    }
    if (c != ',') return guard_malformed(g, "neither a comma nor an end behind a value");
    g->at++;
    *more = 1;
    return guard_is_in_object(g) ? guard_name(g) : 1;
  }
  return 1;
}

static int guard_text(guard *g) {
  for (int more = 1; more;)
    if (!guard_value(g, &more) || (!more && !guard_behind_value(g, &more))) return 0;
  guard_skip_space(g);
  return g->at == g->end || guard_malformed(g, "something behind the end of the value");
}

scrim_status json_guard(const char *text, size_t n_bytes, const json_limits *limits, scrim_error *error) {
  if (n_bytes > limits->bytes)
    return fail(error, SCRIM_E_DATA, "JSON of %zu bytes; %zu are allowed", n_bytes, limits->bytes);
  guard g = {.at = text, .end = text + n_bytes, .limits = limits};
  if (guard_text(&g)) return SCRIM_OK;
  return fail(error, g.status, "JSON, byte %zu: %s", (size_t)(g.at - text), g.wrong);
}
