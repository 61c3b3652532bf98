#include "voice_deid/voice_model.h"
#include "core/error.h"
#include "core/memory.h"
#include <stdio.h>

void voice_model_unload(void *model) {
  voice_model *m = model;
  if (m == NULL) return;
  for (int e = 0; e < m->n_encoders; e++) speaker_encoder_free(m->encoder[e]);
  target_sampler_free(m->targets);
  generator_free(m->generator);
  memory_free(m);
}

int voice_model_width(const voice_model *m) {
  int width = 0;
  for (int e = 0; e < m->n_encoders; e++) width += m->dim[e];
  return width;
}

/* "encoder.0.", "encoder.1." and so on, as many as there are. */
static scrim_status load_encoders(voice_model *m, const tensorfile *file, scrim_error *error) {
  char prefix[32] = "encoder.0.";
  scrim_status status = SCRIM_OK;
  while (status == SCRIM_OK && m->n_encoders < TARGET_PARTS && speaker_encoder_is_in(file, prefix)) {
    speaker_encoder *encoder = NULL;
    status = speaker_encoder_get(&encoder, prefix, file, error);
    if (status != SCRIM_OK) break;
    m->dim[m->n_encoders] = speaker_encoder_about(encoder)->dimensions;
    m->encoder[m->n_encoders++] = encoder;
    snprintf(prefix, sizeof prefix, "encoder.%d.", m->n_encoders);
  }
  if (status == SCRIM_OK && m->n_encoders == 0)
    return fail(error, SCRIM_E_FORMAT, "the file has no speaker encoder 'encoder.0.'");
  return status;
}

static scrim_status load_rooms(voice_model *m, const tensorfile *file, scrim_error *error) {
  if (!tensorfile_has(file, "rooms")) return SCRIM_OK;
  int64_t shape[] = {-1, VOICE_ROOM_TAPS};
  const void *data;
  scrim_status status = tensorfile_get(file, "rooms", TENSORFILE_F32, 2, shape, &data, error);
  if (status != SCRIM_OK) return status;
  if (shape[0] > VOICE_ROOMS)
    return fail(error, SCRIM_E_FORMAT, "'rooms' has %lld, %d are the most", (long long)shape[0], VOICE_ROOMS);
  m->n_rooms = (int)shape[0];
  m->rooms = data;
  return SCRIM_OK;
}

scrim_status voice_model_load(void **model, const tensorfile *file, const scrim_config *config, scrim_error *error) {
  (void)config;
  voice_model *m = memory_zalloc(1, sizeof *m);
  if (m == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a voice filter");
  scrim_status status = load_encoders(m, file, error);
  if (status == SCRIM_OK) status = target_sampler_get(&m->targets, m->n_encoders, m->dim, file, error);
  if (status == SCRIM_OK) status = load_rooms(m, file, error);
  if (status == SCRIM_OK) status = generator_get(&m->generator, voice_model_width(m), file, error);
  if (status == SCRIM_OK)
    *model = m;
  else
    voice_model_unload(m);
  return status;
}
