/*
 * scrim/filter.h: open a filter, make a session, apply it.
 *
 *     scrim_filter_open(&filter, "letter.scrim", &error);
 *     scrim_key_open(&key, "my.key", &error);
 *     scrim_session_create(&session, filter, key, NULL, &error);
 *     scrim_apply(session, &in, &out, &error);
 *
 * A scrim_filter holds weights and settings; it is immutable and may be shared by threads.
 * A scrim_session holds scratch memory and stream state; it belongs to one thread at a time.
 *
 * Fail closed: on any error the output buffer is wiped, its row count is 0, and nothing raw has passed.
 * Same key, same item, same filter: the same output, bit for bit, whatever the order, batch or number of threads.
 */
#ifndef SCRIM_FILTER_H
#define SCRIM_FILTER_H

#include <scrim/config.h>
#include <scrim/key.h>
#include <scrim/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum scrim_kind {
  SCRIM_SCORES = 1, /* rows: confidence vectors; columns: classes */
  SCRIM_AUDIO = 2,  /* rows: frames; columns: channels; rate in Hz */
  SCRIM_POINTS = 3  /* rows: points; columns: x, y, z in metres and what else the points carry */
} scrim_kind;

/*
 * A view describes memory of the caller's. float32, row major, rows * columns values. Scores and audio are finite and
 * have at least one row; points need not be and need not have any (scrim/cloud.h).
 */
typedef struct scrim_view {
  scrim_kind kind;
  float *data; /* [rows, columns]; read-only where the view is an input */
  size_t rows; /* output views: set by the library to the rows written */
  size_t columns;
  size_t capacity; /* output views: rows that fit in data; ignored for inputs */
  double rate;     /* Hz, audio only; 0 otherwise */
} scrim_view;

typedef struct scrim_filter scrim_filter;
typedef struct scrim_session scrim_session;

/* ---- filters ---- */

/*
 * Opens a filter file. SCRIM_E_IO: it cannot be read, or is no regular file. SCRIM_E_FORMAT: no filter, or a damaged
 * one. SCRIM_E_UNSUPPORTED: a filter of a kind or version that this build does not know. SCRIM_E_KEY: an encrypted one,
 * for scrim_filter_open_encrypted.
 * The file is mapped: while the filter lives it may be replaced, as scrim_filter_save does, but not written into.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_filter_open(scrim_filter **out, const char *path, scrim_error *error);

/* The same from the caller's bytes, which are copied; the same statuses but SCRIM_E_IO. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_filter_open_memory(scrim_filter **out, const void *bytes, size_t n_bytes,
                                                                 scrim_error *error);

/* Writes atomically: a temporary file in the same folder, fsync, rename. SCRIM_E_IO: that failed, or `path` is there
 * and no file. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_filter_save(const scrim_filter *filter, const char *path,
                                                          scrim_error *error);

/* Frees; NULL is fine. All sessions of the filter must be freed first. */
SCRIM_API void scrim_filter_free(scrim_filter *filter);

/* "scores", "voice" or "cloud"; NULL for NULL. Lives as long as the filter. */
SCRIM_API const char *scrim_filter_kind(const scrim_filter *filter);

/* Columns that the filter takes (K for scores); 0 if any number. */
SCRIM_API size_t scrim_filter_columns(const scrim_filter *filter);

/* The settings stored in the filter, as a config to start a session from. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_filter_config(const scrim_filter *filter, scrim_config *config,
                                                            scrim_error *error);

/* Metadata, one pair a call; 0 when `index` is past the end. Strings live as long as the filter. */
SCRIM_API int scrim_filter_info(const scrim_filter *filter, size_t index, const char **name, const char **value);

/* ---- sessions ---- */

/*
 * `filter` and `key` must outlive the session. `config` may be NULL (the filter's own settings); what the caller has
 * set in it overrides the filter's; its `device` says where the session computes. SCRIM_E_PARAM: a parameter whose use
 * is SCRIM_PARAM_TRAIN was set to another value than the filter's. SCRIM_E_KEY: key is NULL, or not the filter's.
 * SCRIM_E_UNSUPPORTED: a setting asks for what the filter was trained without. SCRIM_E_ARGUMENT: `config` is one of
 * another kind of filter. SCRIM_E_DEVICE: the device is not there.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_session_create(scrim_session **out, const scrim_filter *filter,
                                                             const scrim_key *key, const scrim_config *config,
                                                             scrim_error *error);
SCRIM_API void scrim_session_free(scrim_session *session); /* wipes scratch; NULL is fine */

/*
 * Whole items or a batch. `out->data` may be `in->data` (in place; out may then be `in` itself) but must not overlap
 * otherwise; `out->capacity` is at least scrim_bound(session, in->rows). SCRIM_E_ARGUMENT: a view breaks these rules or
 * is of another kind. SCRIM_E_DATA names the row and the value: not finite, not what the filter takes, or the wrong
 * number of columns. SCRIM_E_STATE: in the middle of a stream.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_apply(scrim_session *session, const scrim_view *in, scrim_view *out,
                                                    scrim_error *error);

/*
 * Stream: push rows, take what is ready; flush gives what is left and readies the session for the next item.
 * SCRIM_E_ARGUMENT and SCRIM_E_DATA as for scrim_apply; the stream may go on after them. A failure inside the filter
 * spoils the item: pushes after it, and the flush that ends it and readies the session, are SCRIM_E_STATE.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_push(scrim_session *session, const scrim_view *in, scrim_view *out,
                                                   scrim_error *error);
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_flush(scrim_session *session, scrim_view *out, scrim_error *error);

/* Most rows that apply or push of `rows` rows can write; for 0, flush. */
SCRIM_API size_t scrim_bound(const scrim_session *session, size_t rows);

/* Rows by which push lags behind its input. 0 for scores. */
SCRIM_API size_t scrim_latency(const scrim_session *session);

#ifdef __cplusplus
}
#endif
#endif
