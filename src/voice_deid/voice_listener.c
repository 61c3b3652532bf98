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
  const scrim_status status = speaker_encoder_load(&l->encoder, path, error);
  if (status == SCRIM_OK) l->dim = (size_t)speaker_encoder_about(l->encoder)->dimensions;
  return status;
}

void voice_listener_close(voice_listener *l) {
  judge_free(l->judge);
  speaker_encoder_free(l->encoder);
  *l = (voice_listener){0};
}

scrim_status voice_listener_hear(const voice_listener *l, tape *t, const float *x, size_t n, float *out,
                                 scrim_error *error) {
  return l->judge ? judge_embed(l->judge, t, x, n, out, error)
                  : speaker_encoder_embed_samples(l->encoder, t, x, n, out, error);
}
