/* scrim scores apply -f FILTER -k KEY [IN [OUT]] */
#include "args.h"
#include "blocks.h"
#include "complain.h"
#include "device_option.h"
#include "filter_file.h"
#include "progress_line.h"
#include <string.h>
#include <unistd.h>

enum { FILTER, KEY, ENCRYPTION_KEY, FORMAT, OUT_FORMAT, JOBS, DEVICE };
static const option options[] = {
    [FILTER] = {"filter", 'f', 1, "FILE", "the filter, made by 'scrim scores train'"},
    [KEY] = {"key", 'k', 1, "FILE", "the key, made by 'scrim key new'"},
    [ENCRYPTION_KEY] = {"encryption-key", 0, 0, "FILE", FILTER_FILE_KEY_HELP},
    [FORMAT] = {"format", 0, 0, "NAME", "of the input: npy, csv, tsv or auto (by extension or first bytes)"},
    [OUT_FORMAT] = {"out-format", 0, 0, "NAME", "of the output (by its extension, else as the input)"},
    [JOBS] = {"jobs", 'j', 0, "N", "threads (one a processor); the output is the same for any number"},
    [DEVICE] = {"device", 0, 0, "NAME", DEVICE_OPTION_HELP},
};

/* Rows in a block: enough that handing it over costs nothing, and never more than about 1 MiB of scores. */
enum { BLOCK_ROWS = 4096, BLOCK_VALUES = 1 << 18, MAX_JOBS = 256 };

/* All that one run holds; freed by close_all whatever happened. */
typedef struct run_state {
  const char *in_name, *out_name;
  scrim_config config;
  scrim_device device;
  scrim_filter *filter;
  scrim_key *key;
  scrim_reader *reader;
  scrim_writer *writer;
  blocks *blocks;
  size_t block_rows;
  int64_t rows_read;
  const char *at_fault; /* the file that an error is about; NULL for the output, which its errors name themselves */
} run_state;

static scrim_status open_all(run_state *s, const args *a, scrim_format in, scrim_format out, unsigned jobs,
                             scrim_error *error) {
  scrim_status status = args_config(a, &s->config, error);
  if (status != SCRIM_OK) return status;
  s->config.device = s->device;
  status = filter_file_open(&s->filter, a->value[FILTER], a->value[ENCRYPTION_KEY], &s->at_fault, error);
  if (status != SCRIM_OK) return status;
  if (strcmp(scrim_filter_kind(s->filter), "scores") != 0)
    return complain_later(error, SCRIM_E_UNSUPPORTED, -1, "a filter for %s, not for scores",
                          scrim_filter_kind(s->filter));
  s->at_fault = a->value[KEY];
  if ((status = scrim_key_open(&s->key, s->at_fault, error)) != SCRIM_OK) return status;
  s->at_fault = s->in_name;
  if ((status = scrim_reader_open(&s->reader, s->in_name, in, error)) != SCRIM_OK) return status;

  size_t columns = scrim_filter_columns(s->filter), found = scrim_reader_info(s->reader)->columns;
  if (found != columns)
    return complain_later(error, SCRIM_E_DATA, -1, "%zu columns, but the filter takes %zu", found, columns);
  size_t rows = BLOCK_VALUES / columns;
  s->block_rows = rows > BLOCK_ROWS ? BLOCK_ROWS : rows > 0 ? rows : 1;
  s->at_fault = a->value[FILTER];
  status = blocks_create(&s->blocks, s->filter, s->key, &s->config, jobs, s->block_rows, error);
  if (status != SCRIM_OK) return status;
  s->at_fault = NULL;
  return scrim_writer_open(&s->writer, s->out_name, out, scrim_reader_info(s->reader), scrim_reader_header(s->reader),
                           error);
}

/* Writes the oldest block, or answers its error; *any = 0 when there was none. */
static scrim_status write_oldest(run_state *s, int *any, scrim_error *error) {
  block *oldest = blocks_oldest(s->blocks);
  *any = oldest != NULL;
  if (!oldest) return SCRIM_OK;
  if (oldest->status != SCRIM_OK) {
    s->at_fault = s->in_name;
    *error = oldest->error;
    return oldest->status;
  }
  s->at_fault = NULL;
  scrim_status status = scrim_writer_write(s->writer, oldest->data, oldest->rows, error);
  blocks_release(s->blocks);
  return status;
}

/* Reads a block and hands it over; *more = 0 at the end of the input. */
static scrim_status read_next(run_state *s, block *next, int *more, scrim_error *error) {
  size_t rows = 0;
  s->at_fault = s->in_name;
  scrim_status status = scrim_reader_read(s->reader, next->data, s->block_rows, &rows, error);
  *more = status == SCRIM_OK && rows > 0;
  if (!*more) return status;
  next->rows = rows;
  next->first_row = s->rows_read;
  s->rows_read += (int64_t)rows;
  blocks_submit(s->blocks);
  return SCRIM_OK;
}

/*
 * Keeps all workers busy and writes in order. What fails first in the order of rows is what is reported: a block that
 * cannot be read is an error only when all before it are written, so the answer does not depend on the number of
 * threads.
 */
static scrim_status stream(run_state *s, scrim_error *error) {
  scrim_status status, read_status = SCRIM_OK;
  scrim_error read_error;
  for (int reading = 1, any = 1; reading || any;) {
    if (progress_stopped()) return complain_later(error, SCRIM_E_CANCELLED, -1, "interrupted");
    block *next = reading ? blocks_unused(s->blocks) : NULL;
    if (next) {
      read_status = read_next(s, next, &reading, &read_error);
    } else {
      status = write_oldest(s, &any, error);
      if (status != SCRIM_OK) return status;
    }
  }
  if (read_status != SCRIM_OK) {
    s->at_fault = s->in_name;
    *error = read_error;
  }
  return read_status;
}

/* Frees everything; the output takes its name only if all went well. */
static scrim_status close_all(run_state *s, scrim_status status, scrim_error *error) {
  blocks_free(s->blocks);
  scrim_reader_close(s->reader);
  if (s->writer) {
    scrim_error unused;
    scrim_status closed = scrim_writer_close(s->writer, status == SCRIM_OK, status == SCRIM_OK ? error : &unused);
    if (status == SCRIM_OK && closed != SCRIM_OK) {
      s->at_fault = NULL;
      status = closed;
    }
  }
  scrim_key_free(s->key);
  scrim_filter_free(s->filter);
  return status;
}

static int run(const args *a) {
  run_state s = {.in_name = a->n_operands > 0 ? a->operand[0] : "-",
                 .out_name = a->n_operands > 1 ? a->operand[1] : "-"};
  scrim_format in = SCRIM_FORMAT_AUTO, out = SCRIM_FORMAT_AUTO;
  long processors = sysconf(_SC_NPROCESSORS_ONLN);
  uint64_t jobs = processors > 0 ? (uint64_t)processors : 1;
  scrim_error error;
  int code = args_count(a, JOBS, 1, MAX_JOBS, &jobs);
  if (!code) code = device_option(a, DEVICE, &s.device);
  if (!code) code = args_format(a, FORMAT, &in);
  if (!code) code = args_format(a, OUT_FORMAT, &out);
  if (code) return code;

  /* To stdout there is nothing to put away: the signal may end the process while it waits for input. */
  if (strcmp(s.out_name, "-") != 0) progress_catch_signals();
  scrim_status status = open_all(&s, a, in, out, (unsigned)(jobs < MAX_JOBS ? jobs : MAX_JOBS), &error);
  if (status == SCRIM_OK) status = stream(&s, &error);
  status = close_all(&s, status, &error);
  return status == SCRIM_OK ? 0 : complain(a->command, s.at_fault, &error);
}

const command cmd_scores_apply = {
    .noun = "scores",
    .verb = "apply",
    .operands = "[IN [OUT]]",
    .summary = "Purify confidence vectors: scores in, scores out, same shape, same order",
    .notes =
        "IN and OUT are npy, csv or tsv files; '-', the default of both, is standard input or output.\n"
        "The same scores get the same answer for ever under a key, whatever the order, the batch or the number of\n"
        "threads. Memory is bounded however long the input is. On an error no output file is left behind; on\n"
        "standard output rows before the block at fault may have been released, and nothing of that block is.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .kind = "scores",
    .use = SCRIM_PARAM_APPLY,
    .max_operands = 2,
    .run = run,
};
