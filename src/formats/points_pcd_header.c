/* PCD headers. */
#include "core/error.h"
#include "formats/points_number.h"
#include "formats/points_pcd.h"
#include "formats/points_token.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- reading ---- */

enum { VERSION, FIELDS, SIZE, TYPE, COUNT, WIDTH, HEIGHT, VIEWPOINT, POINTS, DATA, KEYWORDS };
static const char *const keywords[KEYWORDS] = {"VERSION", "FIELDS", "SIZE",      "TYPE",   "COUNT",
                                               "WIDTH",   "HEIGHT", "VIEWPOINT", "POINTS", "DATA"};

/* What stands behind each keyword, as places in the head, which may still move. */
typedef struct parsed {
  struct {
    size_t from, n; /* in points->head */
    uint64_t line;  /* from 1; 0: it has not come */
  } values[KEYWORDS];
  uint64_t lines;
} parsed;

static points_token value_of(const scrim_points *points, const parsed *p, int keyword) {
  return (points_token){(const char *)points->head.at + p->values[keyword].from, p->values[keyword].n};
}

/* One line, which is on the head from `from` on. */
static scrim_status parse_line(const scrim_points *points, size_t from, size_t n, parsed *p, scrim_error *error) {
  const char *line = (const char *)points->head.at + from, *at = line, *end = line + n;
  char shown[POINTS_TOKEN_SHOWN];
  points_token word;
  int i = 0;
  if (!points_token_next(&at, end, &word) || word.text[0] == '#') return SCRIM_OK;
  while (i < KEYWORDS && !points_token_is(&word, keywords[i])) i++;
  if (i == KEYWORDS)
    return fail(error, SCRIM_E_FORMAT, "'%s' line %" PRIu64 ": '%s' is no keyword of a PCD header", points->name,
                p->lines, points_token_show(&word, shown));
  if (p->values[i].line > 0)
    return fail(error, SCRIM_E_FORMAT, "'%s' line %" PRIu64 ": %s stands in line %" PRIu64 " already", points->name,
                p->lines, keywords[i], p->values[i].line);
  p->values[i].from = from + (size_t)(at - line);
  p->values[i].n = (size_t)(end - at);
  p->values[i].line = p->lines;
  return SCRIM_OK;
}

/* Up to and with the DATA line. */
static scrim_status read_lines(scrim_points_reader *reader, parsed *p, scrim_error *error) {
  scrim_points *points = &reader->points;
  while (p->values[DATA].line == 0) {
    bytes_line line;
    scrim_status status = bytes_in_line(reader->in, POINTS_LINE_MAX, &line, error);
    if (status != SCRIM_OK) return status;
    p->lines++;
    if (line.taken == 0)
      return fail(error, SCRIM_E_FORMAT, "'%s' is truncated: the PCD header ends at line %" PRIu64 " without DATA",
                  points->name, p->lines);
    if (line.n > POINTS_LINE_MAX || line.taken > POINTS_HEADER_MAX - points->head.n)
      return fail(error, SCRIM_E_FORMAT, "'%s' line %" PRIu64 ": the PCD header is longer than %d bytes", points->name,
                  p->lines, line.n > POINTS_LINE_MAX ? POINTS_LINE_MAX : POINTS_HEADER_MAX);
    size_t from = points->head.n;
    status = points_buffer_append(&points->head, line.text, line.taken, error);
    if (status == SCRIM_OK) status = parse_line(points, from, line.n, p, error);
    if (status != SCRIM_OK) return status;
    bytes_in_skip(reader->in, line.taken);
  }
  return SCRIM_OK;
}

/* The whole number that stands alone behind a keyword; `otherwise` where the keyword is missing. */
static scrim_status parse_count(const scrim_points *points, const parsed *p, int keyword, uint64_t otherwise,
                                uint64_t *count, scrim_error *error) {
  points_token value = value_of(points, p, keyword), word = {"", 0}, more;
  const char *at = value.text, *end = at + value.n;
  char shown[POINTS_TOKEN_SHOWN];
  *count = otherwise;
  if (p->values[keyword].line == 0) return SCRIM_OK;
  if (points_token_next(&at, end, &word) && points_token_count(&word, count) && *count <= POINTS_COUNT_MAX &&
      !points_token_next(&at, end, &more))
    return SCRIM_OK;
  return fail(error, SCRIM_E_FORMAT, "'%s' line %" PRIu64 ": %s '%s', expected one whole number up to %" PRIu64,
              points->name, p->values[keyword].line, keywords[keyword], points_token_show(&word, shown),
              POINTS_COUNT_MAX);
}

static scrim_status parse_size(const scrim_points *points, const parsed *p, pcd_header *header, scrim_error *error) {
  uint64_t n;
  scrim_status status = SCRIM_OK;
  if (p->values[WIDTH].line == 0 && p->values[POINTS].line == 0)
    return fail(error, SCRIM_E_FORMAT, "'%s': the PCD header has neither WIDTH nor POINTS", points->name);
  status = parse_count(points, p, HEIGHT, 1, &header->height, error);
  if (status == SCRIM_OK) status = parse_count(points, p, POINTS, 0, &n, error);
  if (status == SCRIM_OK) status = parse_count(points, p, WIDTH, n, &header->width, error);
  if (status != SCRIM_OK) return status;
  if (header->height > 0 && header->width > POINTS_COUNT_MAX / header->height)
    return fail(error, SCRIM_E_FORMAT, "'%s': WIDTH %" PRIu64 " times HEIGHT %" PRIu64 " passes the limit of %" PRIu64,
                points->name, header->width, header->height, POINTS_COUNT_MAX);
  if (p->values[POINTS].line > 0 && n != header->width * header->height)
    return fail(error, SCRIM_E_FORMAT,
                "'%s' line %" PRIu64 ": POINTS %" PRIu64 ", but WIDTH %" PRIu64 " times HEIGHT %" PRIu64, points->name,
                p->values[POINTS].line, n, header->width, header->height);
  return SCRIM_OK;
}

static scrim_points_type type_of(const points_token *letter, uint64_t size) {
  static const struct {
    char letter;
    uint64_t size;
    scrim_points_type type;
  } types[] = {{'F', 4, SCRIM_POINTS_F32}, {'F', 8, SCRIM_POINTS_F64}, {'U', 1, SCRIM_POINTS_U8},
               {'U', 2, SCRIM_POINTS_U16}, {'U', 4, SCRIM_POINTS_U32}, {'U', 8, SCRIM_POINTS_U64},
               {'I', 1, SCRIM_POINTS_I8},  {'I', 2, SCRIM_POINTS_I16}, {'I', 4, SCRIM_POINTS_I32},
               {'I', 8, SCRIM_POINTS_I64}};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (letter->n == 1 && letter->text[0] == types[i].letter && size == types[i].size) return types[i].type;
  return (scrim_points_type)0;
}

/* The next field's words of the four lines. */
typedef struct field_words {
  points_token name, size, type, count;
} field_words;

static scrim_status add_field(scrim_points *points, const field_words *words, pcd_header *header, scrim_error *error) {
  char name[POINTS_TOKEN_SHOWN], size_shown[POINTS_TOKEN_SHOWN], type_shown[POINTS_TOKEN_SHOWN];
  uint64_t size = 0, count = 0;
  scrim_points_type type = points_token_count(&words->size, &size) ? type_of(&words->type, size) : 0;
  if (type == 0)
    return fail(error, SCRIM_E_FORMAT, "'%s': field '%s' has TYPE '%s' of SIZE '%s', which is no type of PCD",
                points->name, points_token_show(&words->name, name), points_token_show(&words->type, type_shown),
                points_token_show(&words->size, size_shown));
  if (!points_token_count(&words->count, &count) || count == 0 || count > SCRIM_POINTS_RECORD ||
      count * size > SCRIM_POINTS_RECORD - points->info.record_bytes)
    return fail(error, SCRIM_E_FORMAT, "'%s': field '%s' has COUNT '%s': expected 1 or more, and %d bytes a point",
                points->name, points_token_show(&words->name, name), points_token_show(&words->count, size_shown),
                SCRIM_POINTS_RECORD);
  size_t offset = header->data == PCD_ASCII ? header->columns : points->info.record_bytes;
  points->info.record_bytes += (size_t)(count * size);
  header->columns += (size_t)count;
  return points_add_field(points, words->name.text, words->name.n, type, offset, (size_t)count, error);
}

static scrim_status parse_fields(scrim_points *points, const parsed *p, pcd_header *header, scrim_error *error) {
  const char *at[4], *end[4];
  for (int i = 0; i < 4; i++) {
    points_token value = value_of(points, p, FIELDS + i);
    at[i] = value.text;
    end[i] = at[i] + value.n;
    if (p->values[FIELDS + i].line == 0 && FIELDS + i != COUNT)
      return fail(error, SCRIM_E_FORMAT, "'%s': the PCD header has no %s", points->name, keywords[FIELDS + i]);
  }
  field_words words;
  scrim_status status = SCRIM_OK;
  while (status == SCRIM_OK && points_token_next(&at[0], end[0], &words.name)) {
    (void)points_token_next(&at[1], end[1], &words.size);
    (void)points_token_next(&at[2], end[2], &words.type);
    if (p->values[COUNT].line > 0)
      (void)points_token_next(&at[3], end[3], &words.count);
    else
      words.count = (points_token){"1", 1};
    status = add_field(points, &words, header, error);
  }
  for (int i = 1; i < 4 && status == SCRIM_OK; i++)
    if (points_token_next(&at[i], end[i], &words.name))
      status = fail(error, SCRIM_E_FORMAT, "'%s' line %" PRIu64 ": %s has more words than FIELDS, %zu", points->name,
                    p->values[FIELDS + i].line, keywords[FIELDS + i], points->info.n_fields);
  return status == SCRIM_OK ? points_find_axes(points, error) : status;
}

/* The only word behind a keyword, as a choice of `n`; -1: it is none of them. */
static int choose(const scrim_points *points, const parsed *p, int keyword, const char *const *choices, int n,
                  points_token *word) {
  points_token value = value_of(points, p, keyword), more;
  const char *at = value.text, *end = at + value.n;
  if (!points_token_next(&at, end, word) || points_token_next(&at, end, &more)) return -1;
  for (int i = 0; i < n; i++)
    if (points_token_is(word, choices[i])) return i;
  return -1;
}

scrim_status pcd_header_read(scrim_points_reader *reader, pcd_header *header, scrim_error *error) {
  static const char *const kinds[] = {"ascii", "binary", "binary_compressed"}, *const versions[] = {"0.7", ".7"};
  scrim_points *points = &reader->points;
  parsed p = {.lines = 0};
  points_token word;
  char shown[POINTS_TOKEN_SHOWN];
  memset(header, 0, sizeof *header);
  scrim_status status = read_lines(reader, &p, error);
  if (status != SCRIM_OK) return status;
  header->lines = p.lines;
  if (p.values[VERSION].line > 0 && choose(points, &p, VERSION, versions, 2, &word) < 0)
    return fail(error, SCRIM_E_UNSUPPORTED, "'%s' line %" PRIu64 ": PCD version '%s', expected 0.7", points->name,
                p.values[VERSION].line, points_token_show(&word, shown));
  int kind = choose(points, &p, DATA, kinds, 3, &word);
  if (kind < 0)
    return fail(error, SCRIM_E_FORMAT, "'%s' line %" PRIu64 ": DATA '%s', expected ascii, binary or binary_compressed",
                points->name, p.values[DATA].line, points_token_show(&word, shown));
  header->data = (pcd_data)kind;
  status = parse_size(points, &p, header, error);
  return status == SCRIM_OK ? parse_fields(points, &p, header, error) : status;
}

/* ---- changing ---- */

typedef struct pcd_change {
  const char *keyword;
  const char *text;
  int append; /* behind the last word; 0: instead of the only word */
} pcd_change;

/* A line of the old head onto the new one. */
static scrim_status copy_line(points_buffer *to, const char *line, const char *end, const pcd_change *changes, size_t n,
                              scrim_error *error) {
  const char *at = line;
  points_token last, word;
  size_t i = 0;
  int any = points_token_next(&at, end, &last);
  while (any && i < n && !points_token_is(&last, changes[i].keyword)) i++;
  if (!any || i == n) return points_buffer_append(to, line, (size_t)(end - line), error);
  while (points_token_next(&at, end, &word)) last = word;
  const char *rest = last.text + last.n, *before = changes[i].append ? rest : last.text;
  scrim_status status = points_buffer_append(to, line, (size_t)(before - line), error);
  if (status == SCRIM_OK) status = points_buffer_append(to, changes[i].text, strlen(changes[i].text), error);
  return status == SCRIM_OK ? points_buffer_append(to, rest, (size_t)(end - rest), error) : status;
}

/* The head of `points` with changes, onto `to`. */
static scrim_status change_head(const scrim_points *points, const pcd_change *changes, size_t n, points_buffer *to,
                                scrim_error *error) {
  const char *at = (const char *)points->head.at, *end = at + points->head.n;
  scrim_status status = SCRIM_OK;
  while (at < end && status == SCRIM_OK) {
    const char *newline = memchr(at, '\n', (size_t)(end - at)), *next = newline != NULL ? newline + 1 : end;
    status = copy_line(to, at, next, changes, n, error);
    at = next;
  }
  return status;
}

scrim_status pcd_header_recount(scrim_points *points, size_t n, scrim_error *error) {
  char count[NUMBER_TEXT];
  snprintf(count, sizeof count, "%zu", n);
  const pcd_change changes[] = {{"WIDTH", count, 0}, {"HEIGHT", "1", 0}, {"POINTS", count, 0}};
  points->spare.n = 0;
  scrim_status status = change_head(points, changes, 3, &points->spare, error);
  if (status == SCRIM_OK) points_buffer_swap(&points->head, &points->spare);
  return status;
}

scrim_status pcd_header_extend(const scrim_points *points, points_buffer *head, scrim_error *error) {
  static const pcd_change changes[] = {
      {"FIELDS", " mark", 1}, {"SIZE", " 1", 1}, {"TYPE", " U", 1}, {"COUNT", " 1", 1}};
  return change_head(points, changes, 4, head, error);
}

/* ---- making ---- */

/* One of the four lines that have a word a field; gaps between fields become fields named "_". */
static scrim_status make_line(const scrim_points *points, int keyword, points_buffer *to, scrim_error *error) {
  static const char letters[] = {
      [SCRIM_POINTS_I8] = 'I',  [SCRIM_POINTS_U8] = 'U',  [SCRIM_POINTS_I16] = 'I', [SCRIM_POINTS_U16] = 'U',
      [SCRIM_POINTS_I32] = 'I', [SCRIM_POINTS_U32] = 'U', [SCRIM_POINTS_F32] = 'F', [SCRIM_POINTS_F64] = 'F',
      [SCRIM_POINTS_I64] = 'I', [SCRIM_POINTS_U64] = 'U'};
  scrim_status status = points_buffer_append(to, keywords[keyword], strlen(keywords[keyword]), error);
  size_t end = 0;
  for (size_t i = 0; i <= points->info.n_fields && status == SCRIM_OK; i++) {
    const scrim_points_field *field = &points->fields[i], gap = {.name = "_", .type = SCRIM_POINTS_U8, .offset = end};
    size_t next = i < points->info.n_fields ? field->offset : points->info.record_bytes;
    for (int is_gap = next > end; is_gap >= 0 && status == SCRIM_OK; is_gap--) {
      const scrim_points_field *f = is_gap ? &gap : field;
      size_t count = is_gap ? next - end : field->count;
      char word[SCRIM_POINTS_NAME + 1];
      if (!is_gap && i == points->info.n_fields) break;
      if (keyword == FIELDS) snprintf(word, sizeof word, " %s", f->name);
      if (keyword == SIZE) snprintf(word, sizeof word, " %zu", points_type_bytes(f->type));
      if (keyword == TYPE) snprintf(word, sizeof word, " %c", letters[f->type]);
      if (keyword == COUNT) snprintf(word, sizeof word, " %zu", count);
      status = points_buffer_append(to, word, strlen(word), error);
    }
    if (i < points->info.n_fields) end = next + field->count * points_type_bytes(field->type);
  }
  return status == SCRIM_OK ? points_buffer_append(to, "\n", 1, error) : status;
}

scrim_status pcd_header_make(scrim_points *points, scrim_error *error) {
  static const char first[] = "# .PCD v0.7 - Point Cloud Data file format\nVERSION 0.7\n";
  char rest[200];
  points_buffer *to = &points->spare;
  to->n = 0;
  for (size_t i = 0; i < points->info.n_fields; i++)
    if (strpbrk(points->fields[i].name, " \t\r\n,") != NULL)
      return fail(error, SCRIM_E_UNSUPPORTED, "field '%s' cannot be named in a PCD header", points->fields[i].name);
  int n = snprintf(rest, sizeof rest, "WIDTH %zu\nHEIGHT %zu\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS %zu\nDATA binary\n",
                   points->info.width, points->info.height, points->info.n);
  scrim_status status = points_buffer_append(to, first, sizeof first - 1, error);
  for (int keyword = FIELDS; keyword <= COUNT && status == SCRIM_OK; keyword++)
    status = make_line(points, keyword, to, error);
  if (status == SCRIM_OK) status = points_buffer_append(to, rest, (size_t)n, error);
  if (status == SCRIM_OK) points_buffer_swap(&points->head, to);
  return status;
}
