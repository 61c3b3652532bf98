/* Two kinds of encoders behind one door. */
#include "voice_deid/voice_listener.h"
#include <stdio.h>
#include <string.h>

scrim_status voice_listener_open_judge(voice_listener *l, const char *path, scrim_error *error) {
  *l = (voice_listener){.name = "judge", .dim = JUDGE_DIMENSIONS};
  return judge_load(&l->judge, path, error);
}

scrim_status voice_listener_open_encoder(voice_listener *l, const char *path, scrim_error *error) {
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *end = strrchr(name, '.');
  *l = (voice_listener){0};
  snprintf(l->name, sizeof l->name, "%.*s", end && end > name ? (int)(end - name) : (int)strlen(name), name);
  const scrim_status status = speaker_encoder_load(&l->owned, path, error);
  if (status != SCRIM_OK) return status;
  l->encoder = l->owned;
  l->dim = (size_t)speaker_encoder_about(l->encoder)->dimensions;
  return SCRIM_OK;
}

void voice_listener_borrow(voice_listener *l, const speaker_encoder *encoder, int index) {
  const speaker_encoder_settings *about = speaker_encoder_about(encoder);
  *l = (voice_listener){.dim = (size_t)about->dimensions, .encoder = encoder};
  snprintf(l->name, sizeof l->name, "filter %d (%.32s)", index, about->kind);
}

void voice_listener_close(voice_listener *l) {
  judge_free(l->judge);
  speaker_encoder_free(l->owned);
  *l = (voice_listener){0};
}

scrim_status voice_listener_hear(const voice_listener *l, tape *t, const float *x, size_t n, float *out,
                                 scrim_error *error) {
  return l->judge ? judge_embed(l->judge, t, x, n, out, error)
                  : speaker_encoder_embed_samples(l->encoder, t, x, n, out, error);
}
