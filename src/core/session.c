/* Sessions: one filter at work, whole items or a stream, with the gate before and behind it. */
#include "core/error.h"
#include "core/filter_object.h"
#include "core/gate.h"
#include "core/memory.h"
#include "core/settings.h"

struct scrim_session {
  const scrim_filter *filter;
  void *state;
  size_t columns; /* of the filter; 0: any number */
  /* Streams of filters with memory between rows. */
  int is_streaming; /* pushed to and not flushed */
  int is_broken;    /* a push failed inside the filter: this item can no longer come out whole */
};

scrim_status scrim_session_create(scrim_session **out, const scrim_filter *filter, const scrim_key *key,
                                  const scrim_config *config, scrim_error *error) {
  if (out == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_session_create: out is NULL");
  *out = NULL;
  if (filter == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_session_create: filter is NULL");
  if (key == NULL) return fail(error, SCRIM_E_KEY, "a key is needed and none was given");

  scrim_config settings = filter->config;
  scrim_status status = config == NULL ? SCRIM_OK : settings_check(config, filter->table, error);
  if (status == SCRIM_OK && config != NULL) status = settings_override(&settings, config, error);
  if (config != NULL) settings.device = config->device;
  if (status != SCRIM_OK) return status;

  scrim_session *session = memory_zalloc(1, sizeof *session);
  if (session == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a session");
  session->filter = filter;
  session->columns = scrim_filter_columns(filter);
  status = filter->table->open(&session->state, filter->model, key, &settings, error);
  if (status == SCRIM_OK)
    *out = session;
  else
    memory_free(session);
  return status;
}

void scrim_session_free(scrim_session *session) {
  if (session == NULL) return;
  session->filter->table->close(session->state);
  memory_free(session);
}

size_t scrim_bound(const scrim_session *session, size_t rows) {
  if (session == NULL) return 0;
  const filter_table *table = session->filter->table;
  return table->bound == NULL ? rows : table->bound(session->state, rows);
}

size_t scrim_latency(const scrim_session *session) {
  if (session == NULL) return 0;
  const filter_table *table = session->filter->table;
  return table->latency == NULL ? 0 : table->latency(session->state);
}

const void *session_state(const scrim_session *session, const filter_table *table) {
  return session != NULL && session->filter->table == table ? session->state : NULL;
}

/* ---- the way through: gate, filter, gate ---- */

typedef scrim_status (*session_step)(void *state, const scrim_view *in, scrim_view *out, scrim_error *error);

static scrim_status session_check(const scrim_session *session, const scrim_view *in, const scrim_view *out,
                                  scrim_error *error) {
  const filter_table *table = session->filter->table;
  scrim_status status = gate_check_input(in, table->view_kind, session->columns, table->takes, error);
  if (status == SCRIM_OK)
    status = gate_check_output(out, in, table->view_kind, in->columns, scrim_bound(session, in->rows), error);
  if (status == SCRIM_OK && table->check != NULL) status = table->check(session->state, in, error);
  return status;
}

/* `in` and `out` may be one view: what comes in is read from a copy, since the output's row count starts at 0. */
static scrim_status session_run(scrim_session *session, session_step step, const scrim_view *in, scrim_view *out,
                                scrim_error *error) {
  const scrim_view input = *in;
  size_t bound = scrim_bound(session, input.rows);
  out->rows = 0;
  out->rate = input.rate;
  scrim_status status = step(session->state, &input, out, error);
  return status == SCRIM_OK ? gate_check_result(out, bound, session->filter->table->takes, error) : status;
}

scrim_status scrim_apply(scrim_session *session, const scrim_view *in, scrim_view *out, scrim_error *error) {
  scrim_status status;
  if (session == NULL)
    status = fail(error, SCRIM_E_ARGUMENT, "scrim_apply: session is NULL");
  else if (session->is_streaming)
    status = fail(error, SCRIM_E_STATE, "scrim_apply in the middle of a stream: scrim_flush ends it");
  else
    status = session_check(session, in, out, error);
  if (status == SCRIM_OK) status = session_run(session, session->filter->table->apply, in, out, error);
  if (status != SCRIM_OK) gate_close(out);
  return status;
}

/* ---- streams ---- */

/* With memory between rows, a failure inside the filter spoils the item; one at the gate spoils nothing. */
static scrim_status session_push(scrim_session *session, const scrim_view *in, scrim_view *out, scrim_error *error) {
  if (session->is_broken)
    return fail(error, SCRIM_E_STATE, "an earlier push of this stream failed: scrim_flush readies the session again");
  scrim_status status = session_check(session, in, out, error);
  if (status != SCRIM_OK) return status;
  const filter_table *table = session->filter->table;
  if (table->push == NULL) return session_run(session, table->apply, in, out, error);
  session->is_streaming = 1;
  status = session_run(session, table->push, in, out, error);
  session->is_broken = status != SCRIM_OK;
  return status;
}

scrim_status scrim_push(scrim_session *session, const scrim_view *in, scrim_view *out, scrim_error *error) {
  scrim_status status = session == NULL ? fail(error, SCRIM_E_ARGUMENT, "scrim_push: session is NULL")
                                        : session_push(session, in, out, error);
  if (status != SCRIM_OK) gate_close(out);
  return status;
}

/* The filter is flushed even after a failed push, for that is what readies it for the next item. */
static scrim_status session_flush(scrim_session *session, scrim_view *out, scrim_error *error) {
  const filter_table *table = session->filter->table;
  size_t bound = scrim_bound(session, 0);
  scrim_status status = gate_check_output(out, NULL, table->view_kind, session->columns, bound, error);
  if (status != SCRIM_OK) return status;
  out->rows = 0;
  if (table->flush == NULL) return SCRIM_OK;
  status = table->flush(session->state, out, error);
  if (status == SCRIM_OK && session->is_broken)
    status = fail(error, SCRIM_E_STATE, "a push of this stream failed: nothing more comes out of it");
  session->is_streaming = session->is_broken = 0;
  return status == SCRIM_OK ? gate_check_result(out, bound, table->takes, error) : status;
}

scrim_status scrim_flush(scrim_session *session, scrim_view *out, scrim_error *error) {
  scrim_status status = session == NULL ? fail(error, SCRIM_E_ARGUMENT, "scrim_flush: session is NULL")
                                        : session_flush(session, out, error);
  if (status != SCRIM_OK) gate_close(out);
  return status;
}
