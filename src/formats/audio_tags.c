/* Tags of files of sound. */
#include "formats/audio_tags.h"
#include <scrim/audio.h>

void audio_tags_copy_layout(SNDFILE *from, SNDFILE *to, int channels) {
  int map[SCRIM_AUDIO_CHANNELS];
  if (sf_command(from, SFC_GET_CHANNEL_MAP_INFO, map, channels * (int)sizeof *map) == SF_TRUE)
    sf_command(to, SFC_SET_CHANNEL_MAP_INFO, map, channels * (int)sizeof *map);
  if (sf_command(from, SFC_WAVEX_GET_AMBISONIC, NULL, 0) == SF_AMBISONIC_B_FORMAT)
    sf_command(to, SFC_WAVEX_SET_AMBISONIC, NULL, SF_AMBISONIC_B_FORMAT);
}

void audio_tags_copy(SNDFILE *from, SNDFILE *to) {
  union {
    SF_BROADCAST_INFO_VAR(16000) broadcast; /* libsndfile takes less than 16 KiB of history */
    SF_CART_INFO_VAR(16000) cart;
    SF_CUES cues;
    SF_INSTRUMENT instrument;
  } held;
  static const struct {
    int get, set, bytes;
  } blocks[] = {
      {SFC_GET_BROADCAST_INFO, SFC_SET_BROADCAST_INFO, sizeof held.broadcast},
      {SFC_GET_CART_INFO, SFC_SET_CART_INFO, sizeof held.cart},
      {SFC_GET_CUE, SFC_SET_CUE, sizeof held.cues},
      {SFC_GET_INSTRUMENT, SFC_SET_INSTRUMENT, sizeof held.instrument},
  };
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
    if (sf_command(from, blocks[i].get, &held, blocks[i].bytes) == SF_TRUE)
      sf_command(to, blocks[i].set, &held, blocks[i].bytes);
  for (int i = SF_STR_FIRST; i <= SF_STR_LAST; i++) {
    const char *text = sf_get_string(from, i);
    if (text != NULL) sf_set_string(to, i, text);
  }
}
