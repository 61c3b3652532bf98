/* Checkpoints of the training loop. */
#include "nn/checkpoint.h"
#include "core/error.h"
#include "core/number.h"
#include "tensor/backend.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SETTINGS_BYTES = 1024 };

static const char SETTINGS_NAME[] = "nn.settings";

/* Appends "name=value;"; beyond SETTINGS_BYTES only *length grows. */
static void setting(char text[SETTINGS_BYTES], size_t *length, const char *name, const char *value) {
  size_t room = *length < SETTINGS_BYTES ? SETTINGS_BYTES - *length : 0;
  *length += (size_t)snprintf(text + SETTINGS_BYTES - room, room, "%s=%s;", name, value);
}

static void setting_integer(char text[SETTINGS_BYTES], size_t *length, const char *name, uint64_t value) {
  char digits[NUMBER_TEXT];
  snprintf(digits, sizeof digits, "%" PRIu64, value);
  setting(text, length, name, digits);
}

static void setting_real(char text[SETTINGS_BYTES], size_t *length, const char *name, double value) {
  char digits[NUMBER_TEXT];
  number_print(digits, value);
  setting(text, length, name, digits);
}

/* Everything that the result's bits depend on and that the loop knows, as "name=value;" in a fixed order. */
static scrim_status settings_write(const nn_training *t, char text[SETTINGS_BYTES], scrim_error *error) {
  const nn_optimizer_config *c = &t->optimizer;
  size_t n = 0;
  if (t->backend && t->backend->memory) setting(text, &n, "device", t->backend->name);
  setting(text, &n, "stage", t->stage ? t->stage : "");
  setting(text, &n, "data", t->fingerprint ? t->fingerprint : "");
  setting_integer(text, &n, "seed", t->seed);
  setting_integer(text, &n, "rows", t->rows);
  setting_integer(text, &n, "batch", t->batch);
  setting_integer(text, &n, "epochs", t->epochs);
  setting_integer(text, &n, "drop_last", (uint64_t)t->drop_last);
  setting_integer(text, &n, "values", nn_params_values(t->params));
  setting_integer(text, &n, "optimizer", (uint64_t)c->kind);
  setting_real(text, &n, "rate", c->rate);
  setting_real(text, &n, "beta1", c->beta1);
  setting_real(text, &n, "beta2", c->beta2);
  setting_real(text, &n, "epsilon", c->epsilon);
  setting_real(text, &n, "momentum", c->momentum);
  setting_real(text, &n, "weight_decay", c->weight_decay);
  setting_real(text, &n, "clip_norm", c->clip_norm);
  setting_integer(text, &n, "schedule", (uint64_t)t->schedule);
  setting_integer(text, &n, "warmup_steps", t->warmup_steps);
  setting_integer(text, &n, "validate", t->validate != NULL);
  setting_integer(text, &n, "patience", t->patience);
  if (n < SETTINGS_BYTES) return SCRIM_OK;
  return fail(error, SCRIM_E_ARGUMENT, "settings of %zu bytes, a checkpoint takes %d: stage or fingerprint too long", n,
              SETTINGS_BYTES - 1);
}

/* Walks both lists to the first item that differs. */
static scrim_status settings_compare(const char *made, const char *now, const char *path, scrim_error *error) {
  while (*made && *now) {
    int made_length = (int)strcspn(made, ";"), now_length = (int)strcspn(now, ";");
    if (made_length != now_length || memcmp(made, now, (size_t)made_length) != 0) {
      return fail(error, SCRIM_E_STATE, "checkpoint made with %.*s, this run has %.*s: %s", made_length, made,
                  now_length, now, path);
    }
    made += made_length + (made[made_length] == ';');
    now += now_length + (now[now_length] == ';');
  }
  if (*made || *now) return fail(error, SCRIM_E_FORMAT, "settings of the checkpoint are cut short: %s", path);
  return SCRIM_OK;
}

static scrim_status put_place(tensorfile_writer *writer, const checkpoint_place *place, scrim_error *error) {
  const int64_t one = 1;
  scrim_status status = tensorfile_put(writer, "run.epochs_done", TENSORFILE_U64, 1, &one, &place->epochs_done, error);
  if (status == SCRIM_OK) {
    status = tensorfile_put(writer, "run.best_epoch", TENSORFILE_U64, 1, &one, &place->best_epoch, error);
  }
  if (status == SCRIM_OK) {
    status = tensorfile_put(writer, "run.best_figure", TENSORFILE_F64, 1, &one, &place->best_figure, error);
  }
  return status;
}

scrim_status checkpoint_save(const nn_training *t, const checkpoint_place *place, const nn_params *best,
                             const nn_optimizer *o, scrim_error *error) {
  char settings[SETTINGS_BYTES];
  tensorfile_writer *writer = NULL;
  scrim_status status = settings_write(t, settings, error);
  if (status == SCRIM_OK) status = tensorfile_writer_create(&writer, error);
  if (status == SCRIM_OK) status = tensorfile_put_meta(writer, SETTINGS_NAME, settings, error);
  if (status == SCRIM_OK) status = put_place(writer, place, error);
  if (status == SCRIM_OK) status = nn_params_put(t->params, "now.", writer, error);
  if (status == SCRIM_OK && best) status = nn_params_put(best, "best.", writer, error);
  if (status == SCRIM_OK) status = nn_optimizer_put(o, writer, error);
  if (status == SCRIM_OK) status = tensorfile_save(writer, t->checkpoint, error);
  tensorfile_writer_free(writer);
  return status;
}

/* One value of 8 bytes. */
static scrim_status get_value(const tensorfile *file, const char *name, tensorfile_dtype dtype, void *value,
                              scrim_error *error) {
  int64_t one = 1;
  const void *data = NULL;
  scrim_status status = tensorfile_get(file, name, dtype, 1, &one, &data, error);
  if (status == SCRIM_OK) memcpy(value, data, 8);
  return status;
}

static scrim_status get_place(const tensorfile *file, const nn_training *t, checkpoint_place *place,
                              scrim_error *error) {
  scrim_status status = get_value(file, "run.epochs_done", TENSORFILE_U64, &place->epochs_done, error);
  if (status == SCRIM_OK) status = get_value(file, "run.best_epoch", TENSORFILE_U64, &place->best_epoch, error);
  if (status == SCRIM_OK) status = get_value(file, "run.best_figure", TENSORFILE_F64, &place->best_figure, error);
  if (status != SCRIM_OK) return status;
  if (place->epochs_done > t->epochs || place->best_epoch > place->epochs_done) {
    return fail(error, SCRIM_E_FORMAT, "checkpoint of epoch %" PRIu64 " (best %" PRIu64 ") in a run of %zu epochs: %s",
                place->epochs_done, place->best_epoch, t->epochs, t->checkpoint);
  }
  return SCRIM_OK;
}

scrim_status checkpoint_load(const nn_training *t, checkpoint_place *place, nn_params *best, nn_optimizer *o,
                             scrim_error *error) {
  char settings[SETTINGS_BYTES];
  tensorfile *file = NULL;
  scrim_status status = settings_write(t, settings, error);
  if (status == SCRIM_OK) status = tensorfile_open(&file, t->checkpoint, error);
  if (status != SCRIM_OK) return status;
  const char *made = tensorfile_meta(file, SETTINGS_NAME);
  if (made)
    status = settings_compare(made, settings, t->checkpoint, error);
  else
    status = fail(error, SCRIM_E_FORMAT, "not a checkpoint of a training run: %s", t->checkpoint);
  if (status == SCRIM_OK) status = get_place(file, t, place, error);
  if (status == SCRIM_OK) status = nn_params_get(t->params, "now.", file, error);
  if (status == SCRIM_OK && best) status = nn_params_get(best, "best.", file, error);
  if (status == SCRIM_OK) status = nn_optimizer_get(o, file, error);
  tensorfile_close(file);
  return status;
}

int checkpoint_exists(const nn_training *t) {
  return t->checkpoint && access(t->checkpoint, F_OK) == 0;
}

/* The network is trained: a file that cannot be removed is no reason to lose it. Resuming from it would end in the same
 * bits. */
void checkpoint_remove(const nn_training *t) {
  if (t->checkpoint) (void)unlink(t->checkpoint);
}
