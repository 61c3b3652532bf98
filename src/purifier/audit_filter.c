/* Filters behind the interface of a defence. */
#include "purifier/audit_filter.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/random.h"
#include <math.h>
#include <string.h>

enum { FEW_EPOCHS = 3 };

/* One party's filter, open under its key. */
typedef struct filter_state {
  const scrim_filter *filter;
  const scrim_key *key;
  scrim_filter *own_filter; /* to free, or NULL: the owner's */
  scrim_key *own_key;
  scrim_config config;
  scrim_device device;
  scrim_session *session;
} filter_state;

static void state_free(void *state) {
  filter_state *s = state;
  if (!s) return;
  scrim_session_free(s->session);
  scrim_filter_free(s->own_filter);
  scrim_key_free(s->own_key);
  memory_free(s);
}

static scrim_status open_session(filter_state *s, scrim_error *error) {
  scrim_session_free(s->session);
  s->session = NULL;
  s->config.device = s->device;
  return scrim_session_create(&s->session, s->filter, s->key, &s->config, error);
}

/* A state without a session yet. The audit works on probabilities throughout, whatever form the filter serves. */
static scrim_status state_make(filter_state **out, const audit_filter *f, scrim_error *error) {
  filter_state *s = memory_zalloc(1, sizeof *s);
  if (!s) return fail(error, SCRIM_E_MEMORY, "out of memory for a filter under audit");
  s->filter = f->filter;
  s->device = f->device;
  scrim_status status = scrim_filter_config(s->filter, &s->config, error);
  if (status == SCRIM_OK) status = scrim_config_set(&s->config, "form", 0, error);
  if (status != SCRIM_OK) {
    state_free(s);
    return status;
  }
  *out = s;
  return SCRIM_OK;
}

/* A key of the party's own, for s->key. */
static scrim_status make_key(filter_state *s, uint64_t seed, scrim_error *error) {
  random_source *random = NULL;
  unsigned char bytes[SCRIM_KEY_BYTES];
  scrim_status status = random_source_from_seed(&random, seed, error);
  if (status == SCRIM_OK) status = random_digest(random, "attacker key", NULL, 0, bytes, error);
  if (status == SCRIM_OK) status = scrim_key_create(&s->own_key, bytes, error);
  s->key = s->own_key;
  random_source_free(random);
  return status;
}

/* ---- the parties ---- */

static scrim_status finish(void **out, filter_state *s, scrim_status status) {
  if (status == SCRIM_OK)
    *out = s;
  else
    state_free(s);
  return status;
}

scrim_status audit_filter_owner(void **state, const audit_filter *f, scrim_error *error) {
  filter_state *s = NULL;
  scrim_status status = state_make(&s, f, error);
  if (status != SCRIM_OK) return status;
  s->key = f->key;
  return finish(state, s, open_session(s, error));
}

scrim_status audit_filter_insider(void **state, const audit_filter *f, uint64_t seed, scrim_error *error) {
  filter_state *s = NULL;
  scrim_status status = state_make(&s, f, error);
  if (status != SCRIM_OK) return status;
  status = make_key(s, seed, error);
  if (status == SCRIM_OK) status = open_session(s, error);
  if (status == SCRIM_E_KEY) {
    s->key = f->key;
    status = open_session(s, error);
  }
  return finish(state, s, status);
}

/* Trains the attacker's filter with the owner's settings. */
static scrim_status filter_fit(void **state, const defence *self, const defence_data *data, uint64_t seed,
                               scrim_error *error) {
  const audit_filter *f = (const audit_filter *)self;
  filter_state *s = NULL;
  scrim_status status = state_make(&s, f, error);
  if (status != SCRIM_OK) return status;
  const scrim_scores_data rows = {.classes = data->classes,
                                  .reference = data->reference,
                                  .n_reference = data->n_reference,
                                  .reference_labels = data->reference_labels,
                                  .members = f->with_members ? data->members : NULL,
                                  .n_members = f->with_members ? data->n_members : 0,
                                  .member_labels = f->with_members ? data->member_labels : NULL};
  const scrim_train_options options = {.seed = seed, .device = f->device};
  if (self->per_member) /* one for each shadow: the reformer, which levels do without, gets little time */
    status = scrim_config_set(&s->config, "epochs", FEW_EPOCHS, error);
  if (status == SCRIM_OK) status = make_key(s, seed, error);
  if (status == SCRIM_OK) status = scrim_scores_train(&s->own_filter, &rows, &s->config, s->own_key, &options, error);
  if (status == SCRIM_OK) {
    s->filter = s->own_filter;
    status = scrim_filter_config(s->filter, &s->config, error); /* with what training chose */
  }
  if (status == SCRIM_OK) status = open_session(s, error);
  return finish(state, s, status);
}

static scrim_status filter_apply(void *state, const float *raw, float *released, size_t n, scrim_error *error) {
  filter_state *s = state;
  size_t k = scrim_filter_columns(s->filter);
  if (n == 0) return SCRIM_OK;
  /* Views share one struct for both directions; an input is only read. */
  if (released != raw) memcpy(released, raw, n * k * sizeof *raw);
  scrim_view in = {.kind = SCRIM_SCORES, .data = released, .rows = n, .columns = k};
  scrim_view out = {.kind = SCRIM_SCORES, .data = released, .columns = k, .capacity = n};
  return scrim_apply(s->session, &in, &out, error);
}

scrim_status audit_filter_strength(void *state, double strength, scrim_error *error) {
  filter_state *s = state;
  scrim_status status = scrim_config_set(&s->config, "strength", strength, error);
  return status == SCRIM_OK ? open_session(s, error) : status;
}

/* Training writes down how many members it was given. */
static int trained_with_members(const scrim_filter *filter) {
  const char *name, *value;
  for (size_t i = 0; scrim_filter_info(filter, i, &name, &value); i++)
    if (strcmp(name, "members") == 0) return strcmp(value, "0") != 0;
  return 0;
}

scrim_status audit_filter_init(audit_filter *f, const scrim_filter *filter, const scrim_key *key, scrim_error *error) {
  scrim_config config;
  double strength, swap;
  scrim_status status = scrim_filter_config(filter, &config, error);
  if (status == SCRIM_OK) status = scrim_config_get(&config, "strength", &strength, error);
  if (status == SCRIM_OK) status = scrim_config_get(&config, "swap", &swap, error);
  if (status != SCRIM_OK) return status;
  *f = (audit_filter){.rule = {.name = "scrim",
                               .setting = strength,
                               .setting_name = "strength",
                               .fit = filter_fit,
                               .apply = filter_apply,
                               .release = state_free,
                               .per_member = swap != 0},
                      .filter = filter,
                      .key = key,
                      .with_members = trained_with_members(filter)};
  return SCRIM_OK;
}
