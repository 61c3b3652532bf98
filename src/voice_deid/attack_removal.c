/* The attempts, and those that are a way through something else. */
#include "voice_deid/attack_removal.h"
#include "core/error.h"
#include "core/memory.h"
#include "formats/audio_codec.h"
#include "formats/resample.h"
#include "voice_deid/attack_removal_spectrum.h"

enum { RATE = 16000, NARROW = 8000 };

static scrim_status narrow(const float *x, size_t n, const double *clean, float *y, scrim_error *error) {
  (void)clean;
  const size_t length = resample_length(n, RATE, NARROW);
  float *low = memory_alloc(length * sizeof *low);
  if (!low) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu samples", length);
  scrim_status status = resample_all(x, n, 1, RATE, NARROW, low, length, error);
  if (status == SCRIM_OK) status = resample_all(low, length, 1, NARROW, RATE, y, n, error);
  memory_wipe_free(low, length * sizeof *low);
  return status;
}

/* Near the lowest rates that people send speech at. */
static scrim_status through_mp3(const float *x, size_t n, const double *clean, float *y, scrim_error *error) {
  (void)clean;
  return audio_codec_pass(x, n, RATE, AUDIO_CODEC_MP3, 0.9, y, error);
}

static scrim_status through_vorbis(const float *x, size_t n, const double *clean, float *y, scrim_error *error) {
  (void)clean;
  return audio_codec_pass(x, n, RATE, AUDIO_CODEC_VORBIS, 1, y, error);
}

const attack_removal attack_removals[] = {{"inverse filter", attack_removal_inverse},
                                          {"local inverse", attack_removal_local_inverse},
                                          {"dereverberation", attack_removal_dereverberate},
                                          {"denoise", attack_removal_denoise},
                                          {"8 kHz", narrow},
                                          {"mp3", through_mp3},
                                          {"vorbis", through_vorbis},
                                          {0}};
