/*
 * What a domain supplies: one const table. The gate, sessions and files in core know a filter only through it;
 * src/builtin.c lists the tables that this build has.
 */
#ifndef CORE_FILTER_TABLE_H
#define CORE_FILTER_TABLE_H

#include "core/tensorfile.h"
#include <scrim/filter.h>

/* What the gate lets pass for filters that have a policy of their own. */
enum {
  FILTER_TAKES_WILD = 1, /* values that are not finite, in and out */
  FILTER_TAKES_EMPTY = 2 /* items of no rows */
};

typedef struct filter_table {
  const char *kind; /* "scores": the noun of the command, and the metadata value "scrim.kind" of its files */
  scrim_kind view_kind;
  unsigned takes; /* FILTER_TAKES_...; 0: finite values and at least one row */
  const scrim_param *params;
  size_t n_params;

  /* model: weights, immutable. `config`: the settings stored in the file, which load borrows for the model's life. */
  scrim_status (*load)(void **model, const tensorfile *file, const scrim_config *config, scrim_error *error);
  void (*unload)(void *model);
  size_t (*columns)(const void *model);

  /* state: one session's scratch. `config`: the file's settings with the session's overrides. */
  scrim_status (*open)(void **state, const void *model, const scrim_key *key, const scrim_config *config,
                       scrim_error *error);
  void (*close)(void *state);
  /* The domain's part of the gate, after kind, shape, capacity and finiteness: ranges, sums. May be NULL. */
  scrim_status (*check)(const void *state, const scrim_view *in, scrim_error *error);
  scrim_status (*apply)(void *state, const scrim_view *in, scrim_view *out, scrim_error *error);
  /* NULL for filters without memory between rows: push is then apply, flush gives nothing, latency is 0. */
  scrim_status (*push)(void *state, const scrim_view *in, scrim_view *out, scrim_error *error);
  scrim_status (*flush)(void *state, scrim_view *out, scrim_error *error);
  size_t (*bound)(const void *state, size_t rows); /* NULL: rows */
  size_t (*latency)(const void *state);
} filter_table;

/* NULL-terminated; defined in src/builtin.c. */
extern const filter_table *const builtin_filters[];
const filter_table *filter_table_find(const char *kind); /* NULL: no such kind */

/*
 * For a domain's train(): adds kind, version and settings to the domain's tensors and metadata, serialises them and
 * opens the bytes, so that a fresh filter and one read from a file are the same thing. The writer stays the caller's.
 */
scrim_status filter_build(scrim_filter **out, const filter_table *table, tensorfile_writer *writer,
                          const scrim_config *config, scrim_error *error);
/* The domain's model inside a filter of its kind; NULL if the filter is of another. */
const void *filter_model(const scrim_filter *filter, const filter_table *table);
/* The domain's state inside a session of a filter of its kind; NULL if it is of another. */
const void *session_state(const scrim_session *session, const filter_table *table);

#endif
